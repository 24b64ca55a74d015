using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Toolformer.Tools.Arguments;

namespace Toolformer.Tools;

/// <summary>
/// A C# method, a lambda, or any <see cref="AIFunction"/> as a tool. Its parameters are those of the method; one of
/// type <see cref="ToolContext"/> is given the context, one of type <see cref="CancellationToken"/> the cancellation.
/// </summary>
/// <remarks><see cref="ToolFunction"/> is the way back: a tool as an <see cref="AIFunction"/>.</remarks>
public sealed class FunctionTool : StructuredTool
{
    private readonly AIFunction _function;

    /// <param name="texts">Name, description, demonstrations; null: the function's name and description.</param>
    public FunctionTool(AIFunction function, ToolTexts? texts = null)
        : base(texts ?? new ToolTexts(function.Name, function.Description), Signature.Of(function.JsonSchema)) =>
        _function = function;

    /// <summary>Whether the method changes something in the world, so that calls need approval.</summary>
    public bool Changes { get; init; }

    /// <summary>
    /// A tool from a method: <c>FunctionTool.Of((string city) =&gt; Mayor(city), new("Mayor", "Names a city's
    /// mayor."))</c>. What a parameter is can be said with <see cref="System.ComponentModel.DescriptionAttribute"/>.
    /// </summary>
    public static FunctionTool Of(Delegate method, ToolTexts texts) => new(
        AIFunctionFactory.Create(method, new AIFunctionFactoryOptions
        {
            Name = texts.Name,
            Description = texts.Description,
            ConfigureParameterBinding = static parameter => parameter.ParameterType == typeof(ToolContext)
                ? new()
                {
                    ExcludeFromSchema = true,
                    BindParameter = static (_, arguments) => arguments.Context?[typeof(ToolContext)],
                }
                : default,
        }),
        texts);

    public override bool ChangesSomething(string input) => Changes;

    /// <summary>The context is among what the answer may depend on, so the day and the document are its key.</summary>
    public override string ContextKey(ToolContext context) =>
        $"{context.Clock.GetLocalNow():yyyy-MM-dd}|{context.Document?.Id}";

    protected override async ValueTask<ToolResult> AnswerAsync(
        JsonObject arguments, ToolContext context, CancellationToken cancellation)
    {
        var given = new AIFunctionArguments(arguments.ToDictionary(
            a => a.Key, object? (a) => a.Value is { } value ? JsonSerializer.SerializeToElement(value) : null))
        {
            Context = new Dictionary<object, object?> { [typeof(ToolContext)] = context },
        };
        try
        {
            string text = Text(await _function.InvokeAsync(given, cancellation));
            return text.Length > 0 ? ToolResult.Success(text) : ToolResult.Failure($"{Name} answered with nothing.");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            return ToolResult.Failure($"{Name} failed: {e.GetType().Name}: {e.Message}",
                isTransient: e is HttpRequestException or TimeoutException);
        }
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.Object or JsonValueKind.Array } json =>
            JsonSerializer.Serialize(json, JsonLines.Format),
        JsonElement json => JsonPointer.Text(json),
        JsonNode node => Text(JsonSerializer.SerializeToElement(node)),
        TextContent content => content.Text,
        IEnumerable<AIContent> contents => string.Join(" ", contents.OfType<TextContent>().Select(c => c.Text)),
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "",
    };
}
