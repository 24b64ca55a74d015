using System.CommandLine;
using System.Net;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Cli.Runs;
using Toolformer.Cli.Server;
using Toolformer.Torch;
using Toolformer.Torch.Chat;
using Toolformer.Torch.Hub;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Cli.Commands;

/// <summary>Offers a model to other programs, or its tools.</summary>
public sealed class ServeCommand : Verb
{
    private readonly CommonOptions _common = new();
    private readonly ToolOptions _tools = new();
    private readonly GuardOptions _guard = new();
    private readonly ServeOptions _serve = new();

    public ServeCommand() => _common.Model.Required = false;

    public override string Name => "serve";

    public override string Description =>
        """
        Serves a model over HTTP as OpenAI's clients expect it, with tools and a web page.
        It listens on this machine only; for another address (--host) keys are needed: --create-key makes one, --keys
        reads them. Calls that change something fail unless --allow or --yes. MCP clients find the tools at /mcp; with
        --mcp it offers them alone, without a model, on standard input and output.
        Example: toolformer serve --model models/nano --tools Calculator,Calendar
        """;

    public override IEnumerable<Option> Options =>
    [
        .. _common.Engine, .. _serve.All, _tools.Tools, .. _tools.Sources, _tools.Date, .. _guard.All,
    ];

    public override async Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        if (arguments.GetValue(_serve.CreateKey) is { } name)
        {
            string file = arguments.GetValue(_serve.Keys) ?? throw new ArgumentException(
                "There is no file for the key.\n  in the arguments\n  Give --keys FILE.");
            display.Result(ApiKeys.Create(file, name, display.Clock));
            display.Note($"This is the only time that the key is shown; {file} keeps its hash.");
            return CommandLine.Done;
        }
        bool speaksMcp = arguments.GetValue(_serve.Mcp);
        if (!speaksMcp && arguments.GetValue(_common.Model) is null)
            throw new ArgumentException("`toolformer serve` was told neither a model nor what else to speak.\n"
                + "  in the arguments\n  Give --model MODEL, or --mcp.");
        var options = speaksMcp ? null : _serve.Read(arguments, ModelName(arguments));
        options?.Check();
        await using var opened = await _tools.OpenAsync(
            arguments, display, cancellation, arguments.GetValue(_common.Model));
        var tools = _guard.Guard(opened.Toolbox, arguments, display);
        if (options is null)
        {
            display.Note($"Serving {string.Join(", ", tools.Tools.Select(t => t.Name))} over MCP.");
            await McpToolServer.RunAsync(display.InputStream, display.OutputStream, tools,
                _tools.Context(arguments, display), cancellation);
            return CommandLine.Done;
        }
        var (model, folder) = _common.OpenModel(arguments);
        using var _ = model;
        if (model.Tokenizer is not Tokenizer tokenizer)
            throw new ArgumentException($"A model without a tokenizer can't be served.\n  in {folder.Path}\n"
                + "  Put the tokenizer's files (tokenizer.json, …) beside the weights.");
        var (template, reason) = Template(folder, tokenizer);
        if (reason is not null)
            display.Note(reason);
        var served = new ServedModel(model, tools, template, reason, _tools.Context(arguments, display));
        using var log = _serve.OpenLog(arguments, display);
        await using var server = new ToolformerServer(served, options, log.Log, display.Note, display.Clock,
            _serve.Queue(arguments));
        await ServeAsync(server, options, tools, display, cancellation);
        return CommandLine.Done;
    }

    /// <summary>Serves until it is interrupted, which is how a server ends well.</summary>
    private static async Task ServeAsync(ToolformerServer server, ServerOptions options, Tools.Toolbox tools,
        Display display, CancellationToken cancellation)
    {
        try
        {
            await server.StartAsync(cancellation);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException($"{new IPEndPoint(options.Address, options.Port)} can't be listened "
                + $"on: {e.Message}\n  in --port\n  Take another port, or 0 for any that is free.", e);
        }
        display.Note($"Serving {options.ModelName} with {string.Join(", ", tools.Tools.Select(t => t.Name))} at "
            + $"{server.Url} until Ctrl+C.");
        var interrupted = new TaskCompletionSource();
        using (cancellation.Register(interrupted.SetResult))
            await interrupted.Task;
        display.Note("Stopping: texts that were begun are finished.");
        int cut = await server.StopAsync();
        display.Note(cut == 0 ? "Stopped; nothing was cut off." : $"Stopped; {cut} requests were cut off.");
    }

    private static (ChatTemplate, string?) Template(ModelFolder folder, Tokenizer tokenizer)
    {
        try
        {
            return (ChatTemplate.Of(folder.Path, tokenizer), null);
        }
        catch (NotSupportedException e)
        {
            return (ChatTemplate.Plain, e.Message);
        }
    }

    private string ModelName(ParseResult arguments)
    {
        string path = arguments.GetValue(_common.Model)!;
        return arguments.GetValue(_serve.ModelName) ?? HubCache.IdOf(path) ?? TaughtTools.RunOf(path)
            ?? Path.GetFileName(Path.GetFullPath(path).TrimEnd('/', '\\'));
    }
}
