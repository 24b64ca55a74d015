using System.CommandLine;
using Toolformer.Cli.Server;

namespace Toolformer.Cli.Commands;

/// <summary>Offers what there is to other programs.</summary>
public sealed class ServeCommand : Verb
{
    private readonly ToolOptions _tools = new();
    private readonly GuardOptions _guard = new();
    private readonly Option<bool> _mcp = new("--mcp")
    {
        Description = "Offers the tools to an MCP client over standard input and output.",
    };

    public override string Name => "serve";

    public override string Description =>
        """
        Offers the tools to other programs.
        With --mcp it speaks the Model Context Protocol over standard input and output until its input ends; a client
        starts it as a server of its own.
        Example: toolformer serve --mcp --tools Calculator,Calendar
        """;

    public override IEnumerable<Option> Options =>
        [_mcp, _tools.Tools, .. _tools.Sources, _tools.Date, .. _guard.All];

    public override async Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        if (!arguments.GetValue(_mcp))
            throw new ArgumentException("`toolformer serve` was not told what to speak.\n  in the arguments\n"
                + "  Give --mcp.");
        await using var opened = await _tools.OpenAsync(arguments, display, cancellation);
        var tools = _guard.Guard(opened.Toolbox, arguments, display);
        display.Note($"Serving {string.Join(", ", tools.Tools.Select(t => t.Name))} over MCP.");
        await McpToolServer.RunAsync(display.InputStream, display.OutputStream, tools,
            _tools.Context(arguments, display), cancellation);
        return CommandLine.Done;
    }
}
