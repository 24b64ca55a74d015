using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Markup;
using Toolformer.Tools;
using Toolformer.Tools.Arguments;

namespace Toolformer.Evaluation.Tasks;

/// <summary>A function of a test set as a tool: it notes its arguments and answers nothing that could help.</summary>
/// <param name="function">Its name in the test set: "math.factorial".</param>
internal sealed class AskedFunction(string function, ToolTexts texts, Signature signature)
    : StructuredTool(texts, signature)
{
    public string Function => function;

    protected override ValueTask<ToolResult> AnswerAsync(
        JsonObject arguments, ToolContext context, CancellationToken cancellation) =>
        new(ToolResult.Success("done"));
}

/// <summary>Reads functions as BFCL describes them, and tells a model of them.</summary>
internal static class FunctionSchemas
{
    /// <summary>The functions of a record as tools, with names that can stand in a call.</summary>
    /// <param name="truth">
    /// The possible answers. Where none of them is of a parameter's type, such as a variable "data['sales']" for a list
    /// of numbers, the parameter takes any value, as in BFCL's own checker.
    /// </param>
    public static IReadOnlyList<AskedFunction> Read(DataItem item, string truth)
    {
        using var answers = JsonDocument.Parse(truth);
        var possible = PossibleAnswers.ByArgument(answers.RootElement);
        if (!item.Json.TryGetProperty("function", out var functions))
            throw item.Bad("it has no function", "Give a file of BFCL's questions.");
        var tools = new List<AskedFunction>();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        IEnumerable<JsonElement> all =
            functions.ValueKind == JsonValueKind.Array ? functions.EnumerateArray() : [functions];
        foreach (var function in all)
        {
            var inner = item with { Json = function };
            if (function.ValueKind != JsonValueKind.Object)
                throw item.Bad("a function is no object", "Give a file of BFCL's questions.");
            string name = inner.Need("name");
            string written = new([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);
            if (!CallSyntax.IsName(written))
                written = $"f_{written}";
            string unique = written;
            for (int i = 2; !taken.Add(unique); i++)
                unique = $"{written}_{i}";
            var parameters = function.TryGetProperty("parameters", out var schema)
                && schema.ValueKind == JsonValueKind.Object ? JsonObject.Create(schema)! : [];
            Standardise(parameters);
            foreach (var (parameter, type) in parameters["properties"] as JsonObject ?? [])
            {
                if (type is JsonObject any && possible[(name, parameter)].Any(values =>
                    values.Count > 0 && !values.Any(v => PossibleAnswers.Fits(v, any))))
                {
                    any.Remove("type");
                }
            }
            tools.Add(new AskedFunction(name, new ToolTexts(unique, (inner.Text("description") ?? "").Trim()),
                Signature.Of(JsonSerializer.SerializeToElement(parameters))));
        }
        return tools;
    }

    /// <summary>What stands before the question: how each function is called, and what it is for.</summary>
    public static string Tell(IEnumerable<AskedFunction> tools)
    {
        var text = new StringBuilder("Functions can be called inside a text by writing a call in square brackets:\n");
        foreach (var tool in tools)
        {
            text.Append('[').Append(tool.Name).Append('(').Append(tool.Signature.Usage).Append(")] ")
                .Append(tool.Description);
            foreach (var parameter in tool.Signature.Parameters)
            {
                text.Append(' ').Append(parameter.Written).Append(parameter.IsRequired ? ": " : " (optional): ")
                    .Append(parameter.Description);
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    /// <summary>Python's names of types become those of JSON schema; "any" becomes none.</summary>
    private static void Standardise(JsonObject schema)
    {
        if (schema["type"] is JsonValue type && type.GetValueKind() == JsonValueKind.String)
        {
            switch (type.GetValue<string>())
            {
                case "dict":
                    schema["type"] = "object";
                    break;
                case "float" or "double":
                    schema["type"] = "number";
                    break;
                case "tuple":
                    schema["type"] = "array";
                    break;
                case "any":
                    schema.Remove("type");
                    break;
            }
        }
        if (schema["properties"] is JsonObject properties)
        {
            foreach (var inner in properties.Select(p => p.Value).OfType<JsonObject>())
                Standardise(inner);
        }
        if (schema["items"] is JsonObject items)
            Standardise(items);
    }
}

/// <summary>
/// Whether arguments are among BFCL's possible ones: per argument a list of values, "" where it may be left out; inside
/// objects again a list per field. Texts are compared without case, spaces and ,./-_*^ as BFCL does.
/// </summary>
internal static class PossibleAnswers
{
    /// <summary>Whether each argument has a possible value, and none is missing that has to be there.</summary>
    public static bool Allow(JsonObject arguments, JsonElement possible)
    {
        if (arguments.Any(a => !possible.TryGetProperty(a.Key, out _)))
            return false;
        return possible.EnumerateObject().All(p => arguments.TryGetPropertyValue(p.Name, out var value)
            ? Options(p.Value).Any(option => Same(value, option))
            : Options(p.Value).Any(IsLeftOut));
    }

    /// <summary>The first possible arguments, without those that may be left out.</summary>
    public static JsonObject First(JsonElement possible, IReadOnlySet<string> required)
    {
        var arguments = new JsonObject();
        foreach (var argument in possible.EnumerateObject())
        {
            var given = Options(argument.Value).Where(o => !IsLeftOut(o)).Take(1).ToList();
            bool mayBeLeftOut = Options(argument.Value).Any(IsLeftOut) && !required.Contains(argument.Name);
            if (given.Count > 0 && !mayBeLeftOut)
                arguments[argument.Name] = Concrete(given[0]);
        }
        return arguments;
    }

    /// <summary>The possible values of each argument of each function, call by call.</summary>
    public static ILookup<(string Function, string Argument), List<JsonElement>> ByArgument(JsonElement truth) => (
        from call in truth.EnumerateArray()
        from function in call.EnumerateObject()
        from argument in function.Value.EnumerateObject()
        let values = Options(argument.Value).Where(o => !IsLeftOut(o)).ToList()
        select (Key: (function.Name, argument.Name), values)).ToLookup(p => p.Key, p => p.values);

    /// <summary>Whether a value is of the type that a standard schema names; null is of any.</summary>
    public static bool Fits(JsonElement value, JsonObject schema) => value.ValueKind == JsonValueKind.Null
        || (schema["type"] as JsonValue)?.ToString() switch
        {
            "string" => value.ValueKind == JsonValueKind.String,
            "integer" or "number" => value.ValueKind == JsonValueKind.Number,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "array" => value.ValueKind == JsonValueKind.Array && (schema["items"] is not JsonObject items
                || value.EnumerateArray().All(v => Fits(v, items))),
            _ => true,
        };

    private static IEnumerable<JsonElement> Options(JsonElement possible) =>
        possible.ValueKind == JsonValueKind.Array ? possible.EnumerateArray() : [possible];

    private static bool IsLeftOut(JsonElement option) =>
        option.ValueKind == JsonValueKind.String && option.GetString()!.Length == 0;

    private static JsonNode? Concrete(JsonElement option) => option.ValueKind switch
    {
        JsonValueKind.Object => First(option, new HashSet<string>()),
        JsonValueKind.Array => new JsonArray([.. option.EnumerateArray().Select(Concrete)]),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(option),
    };

    private static bool Same(JsonNode? value, JsonElement option)
    {
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        return option.ValueKind switch
        {
            JsonValueKind.String => kind == JsonValueKind.String
                && Plain(value!.GetValue<string>()) == Plain(option.GetString()!),
            JsonValueKind.Number => kind == JsonValueKind.Number
                && value!.AsValue().TryGetValue(out JsonElement number)
                && number.GetDouble().Equals(option.GetDouble()),
            JsonValueKind.Array => value is JsonArray array && array.Count == option.GetArrayLength()
                && array.Zip(option.EnumerateArray()).All(pair => Same(pair.First, pair.Second)),
            JsonValueKind.Object => value is JsonObject inner && Allow(inner, option),
            _ => kind == option.ValueKind,
        };
    }

    private static string Plain(string text) => new([.. text.ToLowerInvariant().Replace('\'', '"')
        .Where(c => !char.IsWhiteSpace(c) && !",./-_*^".Contains(c))]);
}
