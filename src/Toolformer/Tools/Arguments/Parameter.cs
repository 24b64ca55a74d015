using System.Text.Json;

namespace Toolformer.Tools.Arguments;

/// <summary>What a value may be, as far as it decides how the value is written.</summary>
public enum ArgumentShape
{
    Any,
    Text,
    Integer,
    Number,
    Boolean,
    List,
    Object,
}

/// <summary>The type of an argument, read from a JSON schema.</summary>
public sealed record ArgumentType(ArgumentShape Shape)
{
    private const int MaxDepth = 8, MaxReferences = 16, MaxFields = 64;

    public bool IsNullable { get; init; }

    /// <summary>The values of an "enum"; empty: any.</summary>
    public IReadOnlyList<JsonElement> Choices { get; init; } = [];

    /// <summary>What the elements of a list are.</summary>
    public ArgumentType? Items { get; init; }

    /// <summary>The fields of an object that are known.</summary>
    public IReadOnlyList<Parameter> Fields { get; init; } = [];

    /// <summary>"date", "date-time", "email" and the like, for <see cref="ArgumentPattern"/>.</summary>
    public string? Format { get; init; }

    /// <summary>Reads a schema. What it does not know, or what leads in a circle, may be anything.</summary>
    /// <param name="root">The document that "$ref": "#/…" points into.</param>
    public static ArgumentType Of(JsonElement schema, JsonElement root, int depth = 0)
    {
        var any = new ArgumentType(ArgumentShape.Any);
        if (depth > MaxDepth || Resolve(schema, root) is not { ValueKind: JsonValueKind.Object } resolved)
            return any;
        schema = resolved;
        foreach (string union in (string[])["anyOf", "oneOf", "allOf"])
        {
            // "X or null" is X that may be null; other unions may be anything.
            if (!schema.TryGetProperty(union, out var options) || options.ValueKind != JsonValueKind.Array)
                continue;
            var real = options.EnumerateArray().Where(o => TypesOf(o) is not ["null"]).ToList();
            return real.Count == 1
                ? Of(real[0], root, depth + 1) is var only && options.GetArrayLength() > 1
                    ? only with { IsNullable = true } : only
                : any;
        }
        var types = TypesOf(schema);
        var choices = schema.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array
            ? values.EnumerateArray().Where(v => v.ValueKind != JsonValueKind.Null).ToList()
            : schema.TryGetProperty("const", out var constant) ? [constant] : [];
        bool isNullable = types.Contains("null")
            || (schema.TryGetProperty("nullable", out var nullable) && nullable.ValueKind == JsonValueKind.True);
        string[] named = [.. types.Where(t => t != "null")];
        var shape = named switch
        {
            ["string"] => ArgumentShape.Text,
            ["integer"] => ArgumentShape.Integer,
            ["number"] => ArgumentShape.Number,
            ["boolean"] => ArgumentShape.Boolean,
            ["array"] => ArgumentShape.List,
            ["object"] => ArgumentShape.Object,
            [] when choices.Count > 0 && choices.All(c => c.ValueKind == JsonValueKind.String) => ArgumentShape.Text,
            [] when schema.TryGetProperty("properties", out _) => ArgumentShape.Object,
            _ => ArgumentShape.Any,
        };
        return new ArgumentType(shape)
        {
            IsNullable = isNullable,
            Choices = shape is ArgumentShape.Text or ArgumentShape.Integer or ArgumentShape.Number ? choices : [],
            Items = shape == ArgumentShape.List
                ? schema.TryGetProperty("items", out var items) ? Of(items, root, depth + 1) : any
                : null,
            Fields = shape == ArgumentShape.Object ? Parameter.Of(schema, root, depth + 1) : [],
            Format = schema.TryGetProperty("format", out var format) && format.ValueKind == JsonValueKind.String
                ? format.GetString() : null,
        };
    }

    /// <summary>What a schema stands for, its references followed; null: nowhere, or in a circle.</summary>
    public static JsonElement? Resolve(JsonElement schema, JsonElement root)
    {
        for (int i = 0; i < MaxReferences; i++)
        {
            if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("$ref", out var reference))
                return schema;
            if (reference.ValueKind != JsonValueKind.String || reference.GetString() is not ['#', .. var pointer]
                || JsonPointer.Find(root, Uri.UnescapeDataString(pointer)) is not { } target)
                return null;
            schema = target;
        }
        return null;
    }

    internal static IEnumerable<JsonProperty> FieldsOf(JsonElement schema) =>
        schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
            ? properties.EnumerateObject().Take(MaxFields) : [];

    private static string[] TypesOf(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out var type)
            ? type.ValueKind switch
            {
                JsonValueKind.String => [type.GetString()!],
                JsonValueKind.Array => [.. type.EnumerateArray().Select(t => t.ToString())],
                _ => [],
            }
            : [];
}

/// <summary>A named argument.</summary>
/// <param name="Name">As the schema names it.</param>
/// <param name="Written">As calls write it: letters, digits, and "_ . $ -".</param>
public sealed record Parameter(string Name, string Written, ArgumentType Type, bool IsRequired, string Description)
{
    /// <summary>The properties of a schema, those that are required first.</summary>
    internal static IReadOnlyList<Parameter> Of(JsonElement schema, JsonElement root, int depth)
    {
        var required = schema.TryGetProperty("required", out var names) && names.ValueKind == JsonValueKind.Array
            ? names.EnumerateArray().Select(n => n.ToString()).ToHashSet(StringComparer.Ordinal) : [];
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var parameters = new List<Parameter>();
        foreach (var property in ArgumentType.FieldsOf(schema))
        {
            string written = WrittenAs(property.Name);
            for (int i = 2; !taken.Add(written); i++)
                written = $"{WrittenAs(property.Name)}_{i}";
            string description = property.Value.ValueKind == JsonValueKind.Object
                && property.Value.TryGetProperty("description", out var text) && text.ValueKind == JsonValueKind.String
                    ? text.GetString()! : "";
            parameters.Add(new Parameter(property.Name, written, ArgumentType.Of(property.Value, root, depth),
                required.Contains(property.Name), description));
        }
        return [.. parameters.OrderByDescending(p => p.IsRequired)];
    }

    private static string WrittenAs(string name)
    {
        string plain = new string([.. name.Select(c => IsNamePart(c) ? c : '_')]).Trim('_', '-');
        return plain.Length == 0 || !char.IsAsciiLetter(plain[0]) ? "p" + plain : plain;
    }

    internal static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '$' or '-';
}
