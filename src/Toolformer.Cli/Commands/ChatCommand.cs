using System.CommandLine;
using System.Runtime.InteropServices;
using Toolformer.Cli.Chat;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Inference;
using Toolformer.Tools;
using Toolformer.Torch.Chat;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Cli.Commands;

/// <summary>A conversation in the terminal.</summary>
public sealed class ChatCommand : Verb
{
    private readonly CommonOptions _common = new();
    private readonly ToolOptions _tools = new() { HasDisplay = true };
    private readonly GuardOptions _guard = new();
    private readonly Option<string> _endpoint = new("--endpoint")
    {
        Description = "OpenAI-compatible address such as https://api.example.org/v1; --model is then a name there. The "
            + "model needs no teaching: a prompt tells it of the tools.",
        HelpName = "URL",
    };
    private readonly Option<string> _key = new("--api-key-env")
    {
        Description = "Environment variable that holds the endpoint's key.",
        HelpName = "NAME",
    };
    private readonly WritingOptions _writing = new()
    {
        NoCalls = { Description = "Begins with calls off." },
        MaxCalls = { Description = "Most calls per answer; without it 1, and 8 with an endpoint." },
        MaxNewTokens =
        {
            Description = "Most new tokens per answer; without it 128. With an endpoint: at once; without it 1024.",
        },
        Temperature = { Description = "0: the most likely token. Without it 0; an endpoint decides itself." },
    };
    private readonly Option<double?> _budget = new("--budget")
    {
        Description = "What all calls of an answer may cost; `tools describe NAME` tells of costs.",
        HelpName = "N",
    };
    private readonly Option<bool> _prefix = new("--continue-prefix")
    {
        Description = "The endpoint goes on writing the last message if that is its own (vLLM, llama.cpp): results are "
            + "put into it, not into a new turn.",
    };

    public override string Name => "chat";

    public override string Description =>
        """
        A conversation in the terminal, with calls inside the answers.
        With a model folder, or with any chat model behind an OpenAI-compatible endpoint. Where standard input is no
        terminal, each of its lines is a message. /help in the conversation lists its commands; Ctrl+C stops an answer.
        Example: toolformer chat --model models/nano --document manual.txt
        """;

    public override IEnumerable<Option> Options =>
    [
        .. _common.Engine, _endpoint, _key, _tools.Tools, .. _tools.Sources, _tools.Date, .. _writing.All, _budget,
        _prefix, .. _guard.All, _common.Seed,
    ];

    /// <summary>With an endpoint it names no folder.</summary>
    public override bool TakesModelFromHub => false;

    public override bool HandlesInterrupts => true;

    public override async Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        var context = _tools.Context(arguments, display);
        double budget = arguments.GetValue(_budget) ?? double.PositiveInfinity;
        if (!(budget >= 0))
            throw new ArgumentException($"--budget is {budget}.\n  in the arguments\n  Give 0 or more.");
        // What stands under --model with an endpoint is a name there.
        await using var opened = await _tools.OpenAsync(arguments, display, cancellation,
            arguments.GetValue(_endpoint) is null ? arguments.GetValue(_common.Model) : null);
        var tools = _guard.Guard(opened.Toolbox, arguments, display);
        using var source = await OpenAsync(arguments, tools, display, cancellation);
        var settings = new ChatSettings(
            !arguments.GetValue(_writing.NoCalls), arguments.GetValue(_writing.StartTopK));
        var loop = new ChatLoop(display, source, tools, context, settings, budget);
        // Where nobody is at a terminal Ctrl+C ends the program, as it does others.
        using var interrupts = !display.InputIsTerminal ? null : PosixSignalRegistration.Create(
            PosixSignal.SIGINT, signal => signal.Cancel = loop.Interrupt());
        return await loop.RunAsync(Input(display), cancellation);
    }

    private async Task<ChatSource> OpenAsync(
        ParseResult arguments, Toolbox tools, Display display, CancellationToken cancellation)
    {
        string name = arguments.GetValue(_common.Model)!;
        if (arguments.GetValue(_endpoint) is { } url)
        {
            var client = new EndpointChatClient(url, name, Key(arguments, display));
            return new EndpointChat(client, $"{name} at {url}", tools,
                new PromptedOptions
                {
                    MaxCalls = arguments.GetValue(_writing.MaxCalls) ?? new PromptedOptions().MaxCalls,
                    MaxOutputTokens = arguments.GetValue(_writing.MaxNewTokens)
                        ?? new PromptedOptions().MaxOutputTokens,
                    Temperature = (float?)arguments.GetValue(_writing.Temperature),
                    Continuation = arguments.GetValue(_prefix)
                        ? ContinuationForm.AssistantPrefix : ContinuationForm.NewTurn,
                }, display.Clock);
        }
        _common.SetThreads(arguments);
        string path = await Models.LocateAsync(name, display, cancellation);
        var (model, folder) = _common.Compute(arguments).Open(
            CommonOptions.WithAdapter(Models.OpenFolder(path), arguments.GetValue(_common.Adapter)));
        try
        {
            if (model.Tokenizer is NoTokenizer)
                throw new ArgumentException($"A conversation can't be held without a tokenizer.\n  in {folder.Path}\n"
                    + "  Put the tokenizer's files (tokenizer.json, …) beside the weights.");
            var template = ChatTemplate.Of(folder.Path, (Torch.Tokenizers.Tokenizer)model.Tokenizer);
            return new LocalChat(model, name, template, tools, _writing.Read(arguments),
                arguments.GetValue(_common.Seed), display.Clock);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private string? Key(ParseResult arguments, Display display)
    {
        if (arguments.GetValue(_key) is not { } variable)
            return null;
        return display.Variable(variable) is { Length: > 0 } key ? key : throw new ArgumentException(
            $"The environment has no variable {variable}.\n  in --api-key-env\n  Set it to the endpoint's key.");
    }

    /// <summary>On a terminal lines are edited where they are typed.</summary>
    private static ChatInput Input(Display display)
    {
        if (display.InputIsTerminal && display.ReadKey is { } readKey)
        {
            var editor = new LineEditor(
                readKey, text => display.Write(display.Error, text), () => display.Width);
            return new ChatInput((prompt, _) =>
            {
                display.CatchKeys?.Invoke(true);
                try
                {
                    return Task.FromResult(editor.Read(prompt));
                }
                finally
                {
                    display.CatchKeys?.Invoke(false);
                }
            });
        }
        return new ChatInput(async (prompt, cancellation) =>
        {
            if (display.InputIsTerminal)
                display.Write(display.Error, prompt);
            return await display.Input.ReadLineAsync(cancellation);
        });
    }
}
