using System.CommandLine;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Inference;
using Toolformer.Modeling;
using Toolformer.Tools;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Cli.Commands;

/// <summary>Writes on after a prompt, with calls.</summary>
public sealed class GenerateCommand : Verb
{
    private readonly CommonOptions _common = new();
    private readonly ToolOptions _tools = new();
    private readonly GuardOptions _guard = new();
    private readonly Option<string> _prompt = new("--prompt") { Description = "Text to write on.", HelpName = "TEXT" };
    private readonly WritingOptions _writing = new()
    {
        Temperature =
        {
            Description = "0: the most likely token. Without it: 0, or 1 where --top-k or --top-p is given.",
        },
    };
    private readonly Option<int?> _topK = new("--top-k")
    {
        Description = "Draws among the K most likely tokens.",
        HelpName = "K",
    };
    private readonly Option<double?> _topP = new("--top-p")
    {
        Description = "Draws among the fewest tokens whose probabilities sum to P.",
        HelpName = "P",
    };
    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "Text that ends a completion; may be given several times.",
        HelpName = "TEXT",
    };
    private readonly Option<bool> _constrain = new("--constrain-inputs")
    {
        Description = "Holds a call's input to what its tool takes from the text so far.",
    };
    private readonly Option<bool> _free = new("--free-inputs")
    {
        Description = "Holds a call's input to no more than the markup, not to what its tool takes.",
    };

    public override string Name => "generate";

    public override string Description =>
        """
        Writes on after a prompt, calling tools in the text.
        With --prompt the text is shown as it is written. With --input, or with --json, it reads lines {"id"?, "prompt"}
        or {"id"?, "input_ids"} and writes {"id", "prompt", "completion", "token_ids", "sampled", "calls",
        "finish_reason"} in the same order; sampled is false for tokens that a tool's answer put in.
        Example: toolformer generate --model models/nano --prompt "Of 1400 people 400 came, that is"
        """;

    public override IEnumerable<Option> Options =>
    [
        .. _common.Engine, _prompt, _common.Input, _tools.Tools, .. _writing.All, _topK, _topP, _stop,
        _constrain, _free, .. _tools.Sources, _tools.Date, .. _guard.All, _common.Seed, _common.Json,
    ];

    public override async Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        var options = GenerationOptionsOf(arguments);
        var context = _tools.Context(arguments, display);
        string? prompt = arguments.GetValue(_prompt), input = arguments.GetValue(_common.Input);
        if (prompt is not null && input is not null)
            throw new ArgumentException("--prompt and --input are both given.\n  in the arguments\n"
                + "  Give one prompt, or a file of prompts.");
        await using var opened = await _tools.OpenAsync(
            arguments, display, cancellation, arguments.GetValue(_common.Model));
        var tools = _guard.Guard(opened.Toolbox, arguments, display);
        var (model, folder) = _common.OpenModel(arguments);
        using var _ = model;
        if (model.Tokenizer is NoTokenizer && tools.Names.Count > 0)
        {
            if (arguments.GetValue(_tools.Tools) is not null)
                throw new ArgumentException($"Calls can't be written without a tokenizer.\n  in {folder.Path}\n"
                    + "  Put the tokenizer's files (tokenizer.json, …) beside the weights, or give --tools none.");
            display.Note($"No tokenizer in {folder.Path}: writing token ids, without calls.");
            tools = tools.Only([]);
        }
        var writer = new ToolUsingModel(model, tools, display.Clock);
        int seed = arguments.GetValue(_common.Seed);
        if (prompt is null || arguments.GetValue(_common.Json))
        {
            var lines = prompt is null
                ? InputLine.Read(input, display, cancellation)
                : [new InputLine(1, "--prompt", JsonSerializer.SerializeToElement(new { prompt }))];
            await WriteEachAsync([.. lines], writer, model, options, context, seed, display, cancellation);
        }
        else
        {
            var line = new InputLine(1, "--prompt", JsonSerializer.SerializeToElement(new { prompt }));
            await StreamAsync(Request(line, model, context, seed), writer, options, display, cancellation);
        }
        return CommandLine.Done;
    }

    private GenerationOptions GenerationOptionsOf(ParseResult arguments)
    {
        int? topK = arguments.GetValue(_topK);
        double? topP = arguments.GetValue(_topP);
        return _writing.Read(arguments) with
        {
            Sampling = new SamplingOptions
            {
                Temperature = arguments.GetValue(_writing.Temperature) ?? (topK is null && topP is null ? 0 : 1),
                TopK = topK ?? 0,
                TopP = topP ?? 1,
            },
            StopStrings = arguments.GetValue(_stop) ?? [],
            ConstrainInputs = arguments.GetValue(_constrain),
            FreeInputs = arguments.GetValue(_free),
        };
    }

    private static GenerationRequest Request(InputLine line, ILanguageModel model, ToolContext context, int seed)
    {
        int[]? ids = line.Ids("input_ids", model.VocabularySize);
        string text = ids is null
            ? line.TextFor(model, "prompt") ?? throw line.Bad("The line has neither \"prompt\" nor \"input_ids\"")
            : model.Tokenizer.Decode(ids);
        if (ids is { Length: 0 } || (text == "" && ids is null && model.BeginningOfText is null))
            throw line.Bad("There is nothing to write on from", "Give at least one token.");
        return new GenerationRequest(text, context) { PromptTokens = ids, Seed = seed };
    }

    /// <summary>All lines in shared batches; a result is written as soon as those before it are.</summary>
    private static async Task WriteEachAsync(List<InputLine> lines, ToolUsingModel writer, ILanguageModel model,
        GenerationOptions options, ToolContext context, int seed, Display display, CancellationToken cancellation)
    {
        // Each line draws from a seed of its own, so that its text does not depend on which others are asked for.
        var requests = lines.Select(line => Request(line, model, context, seed + (int)line.Number - 1)).ToList();
        var waiting = new Dictionary<int, GenerationResult>();
        using var progress = display.Progress("generating", "texts", lines.Count);
        int next = 0, done = 0, calls = 0;
        long tokens = 0;
        await foreach (var (index, result) in writer.GenerateEachAsync(requests, options, cancellation))
        {
            waiting[index] = result;
            tokens += result.TokenIds.Count;
            calls += result.Calls.Count;
            for (; waiting.Remove(next, out var ready); next++)
                display.Result(Written(lines[next], ready, model.Tokenizer is not NoTokenizer));
            progress.Report(++done, $"{tokens:N0} tokens, {calls:N0} calls");
        }
    }

    private static object Written(InputLine line, GenerationResult result, bool hasText) => new
    {
        line.Id,
        Prompt = hasText ? result.Request.Prompt : null,
        Completion = hasText ? result.Text : null,
        result.TokenIds,
        result.Sampled,
        Calls = result.Calls.Select(c => new
        {
            c.Call.Tool,
            c.Call.Input,
            Result = c.Error is null ? c.Call.Result : null,
            c.Error,
            Milliseconds = Math.Round(c.Duration.TotalMilliseconds, 3),
        }),
        FinishReason = JsonNamingPolicy.SnakeCaseLower.ConvertName(result.FinishReason.ToString()),
    };

    /// <summary>The prompt and its completion as it is written; on a terminal calls have a colour.</summary>
    private static async Task StreamAsync(GenerationRequest request, ToolUsingModel writer, GenerationOptions options,
        Display display, CancellationToken cancellation)
    {
        bool coloured = display.OutputIsTerminal && display.Colours;
        display.Write(display.Output, request.Prompt);
        await foreach (var happened in writer.StreamAsync(request, options, cancellation: cancellation))
        {
            if (happened is GenerationEvent.TextDelta delta)
                display.Write(display.Output, coloured && delta.InCall ? Display.Coloured(delta.Text) : delta.Text);
            if (happened is not GenerationEvent.Finished { Result: var result })
                continue;
            display.Result("");
            foreach (var call in result.Calls.Where(c => c.Error is not null))
                display.Note($"{call.Call.Tool}({call.Call.Input}) failed: {call.Error}");
            if (result.FinishReason == FinishReason.ContextFull)
                display.Note("The text ends here because the model's context is full.");
        }
    }
}
