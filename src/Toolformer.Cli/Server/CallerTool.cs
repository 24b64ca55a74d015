using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Markup;
using Toolformer.Tools;
using Toolformer.Tools.Arguments;

namespace Toolformer.Cli.Server;

/// <summary>A function that a client brings along and runs itself; the model writes its call as any other's.</summary>
public sealed class CallerTool(string functionName, ToolTexts texts, Signature signature, JsonElement sent)
    : StructuredTool(texts, signature)
{
    /// <summary>What the client calls it: names of calls have letters, digits and underscores only.</summary>
    public string FunctionName => functionName;

    /// <summary>The tool as the client sent it.</summary>
    public JsonNode Sent => JsonObject.Create(sent)!;

    /// <summary>Reads the "tools" of a request.</summary>
    public static IReadOnlyList<CallerTool> Read(RequestFields request, int most)
    {
        var tools = new List<CallerTool>();
        foreach (var (i, element) in (request.List("tools", most) ?? []).Index())
        {
            string path = $"tools[{i}].";
            var entry = RequestFields.Of(element, path);
            if (entry.Text("type") is var type && type != "function")
                throw ApiException.Bad($"{path}type is '{type}'; only \"function\" can be called.", path + "type");
            var function = entry.Object("function")
                ?? throw ApiException.Bad($"{path}function is missing.", path + "function");
            string name = function.Text("name") ?? throw Bad("is missing");
            string written = Written(name);
            if (!CallSyntax.IsName(written) || name.Length > 64)
                throw Bad($"is '{name}', which can't be written in a call: use at most 64 letters, digits, underscores "
                    + "and hyphens, a letter first");
            if (tools.Any(t => t.Name == written))
                throw Bad($"is '{name}', which another tool has");
            var schema = function.Object("parameters") is null
                ? JsonSerializer.SerializeToElement(new { })
                : function.Value("parameters")!.Value;
            tools.Add(new CallerTool(name, new ToolTexts(written, function.Text("description") ?? ""),
                Signature.Of(schema), element));

            ApiException Bad(string why) => ApiException.Bad($"{path}function.name {why}.", path + "function.name");
        }
        return tools;
    }

    /// <summary>How a function's name stands in a call.</summary>
    public static string Written(string functionName) => functionName.Replace('-', '_').Replace('.', '_');

    /// <summary>The arguments of a call as JSON.</summary>
    public string ArgumentsOf(ApiCall call) =>
        Signature.Parse(CallSyntax.NormaliseInput(call.Input)).Arguments?.ToJsonString(JsonLines.Format)
            ?? new JsonObject { ["input"] = call.Input }.ToJsonString(JsonLines.Format);

    protected override ValueTask<ToolResult> AnswerAsync(
        JsonObject arguments, ToolContext context, CancellationToken cancellation) =>
        new(ToolResult.Failure($"{Name} is run by the client."));
}
