using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Toolformer.Tools.Arguments;

namespace Toolformer.Tools;

/// <summary>
/// A tool of a toolbox as an <see cref="AIFunction"/>, for any chat client that calls functions; guarded as all calls
/// of the toolbox are. A tool without named parameters has one, "input". A failure is answered as "Error: reason".
/// </summary>
public sealed class ToolFunction : AIFunction
{
    private static readonly Signature Plain = Signature.OfText("input", "What the tool is asked.");

    private readonly Toolbox _toolbox;
    private readonly Tool _tool;
    private readonly ToolContext _context;
    private readonly Signature _signature;

    /// <exception cref="KeyNotFoundException">There is no such tool.</exception>
    public ToolFunction(Toolbox toolbox, string name, ToolContext context)
    {
        (_toolbox, _tool, _context) = (toolbox, toolbox[name], context);
        _signature = (_tool as StructuredTool)?.Signature ?? Plain;
    }

    /// <summary>All tools of a toolbox.</summary>
    public static IReadOnlyList<AIFunction> Of(Toolbox toolbox, ToolContext context) =>
        [.. toolbox.Tools.Select(tool => new ToolFunction(toolbox, tool.Name, context))];

    public override string Name => _tool.Name;

    public override string Description => _tool.Description;

    public override JsonElement JsonSchema => _signature.Schema;

    protected override async ValueTask<object?> InvokeCoreAsync(
        AIFunctionArguments arguments, CancellationToken cancellationToken)
    {
        string input;
        try
        {
            var given = new JsonObject(arguments.Select(a =>
                KeyValuePair.Create(a.Key, JsonSerializer.SerializeToNode(a.Value, JsonSerializerOptions))));
            input = _tool is StructuredTool
                ? _signature.Print(given)
                : given["input"]?.ToString() ?? "";
        }
        catch (Exception e) when (e is ArgumentException or JsonException or NotSupportedException)
        {
            return $"Error: {e.Message}";
        }
        var result = await _toolbox.CallAsync(Name, input, _context, cancellationToken);
        return result.Error is { } error ? $"Error: {error}" : result.Text;
    }
}
