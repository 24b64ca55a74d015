using System.Globalization;
using System.Text.Json;

namespace Toolformer.Tools.Mcp;

/// <summary>
/// How a call's one text becomes the arguments of a tool with a JSON schema: nothing for a tool without parameters, the
/// value itself for a tool with one, or with one that it needs, else a JSON object.
/// </summary>
internal sealed class McpInput
{
    private readonly string? _single;
    private readonly string _type = "string";
    private readonly bool _isRequired;
    private readonly IReadOnlyList<string> _names;

    public McpInput(JsonElement schema)
    {
        bool isObject = schema.ValueKind == JsonValueKind.Object;
        var properties = isObject && schema.TryGetProperty("properties", out var given)
            && given.ValueKind == JsonValueKind.Object ? given.EnumerateObject().ToList() : [];
        string[] required = isObject && schema.TryGetProperty("required", out var list)
            && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.String).Select(r => r.GetString()!)]
            : [];
        _names = [.. properties.Select(p => p.Name)];
        _single = properties.Count == 1 ? _names[0] : required.Length == 1 ? required[0] : null;
        _isRequired = _single is not null && required.Contains(_single);
        if (properties.FirstOrDefault(p => p.Name == _single).Value is { ValueKind: JsonValueKind.Object } property
            && property.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String)
            _type = type.GetString()!;
        if (_type is "object" or "array")
            _single = null;
    }

    /// <summary>One sentence about the input.</summary>
    public string Description => _names.Count == 0 ? "It takes no input."
        : _single is not null ? $"Its input is \"{_single}\" ({_type})."
        : $"Its input is a JSON object with {string.Join(", ", _names.Take(12))}.";

    /// <summary>What stands between the parentheses.</summary>
    public string Example => _names.Count == 0 ? "" : _single ?? $"{{\"{_names[0]}\": …}}";

    /// <summary>The arguments, or why the input is none.</summary>
    public (IReadOnlyDictionary<string, object?> Arguments, string? Problem) Read(string input)
    {
        var arguments = new Dictionary<string, object?>();
        if (_names.Count == 0)
            return (arguments, string.IsNullOrWhiteSpace(input) ? null : "it takes no input.");
        if (_single is not null)
        {
            if (input.Length == 0 && !_isRequired)
                return (arguments, null);
            object? value = _type switch
            {
                "integer" when long.TryParse(input, CultureInfo.InvariantCulture, out long whole) => whole,
                "number" when double.TryParse(input, CultureInfo.InvariantCulture, out double number)
                    && double.IsFinite(number) => number,
                "boolean" when bool.TryParse(input, out bool truth) => truth,
                "integer" or "number" or "boolean" => null,
                _ => input,
            };
            arguments[_single] = value;
            return (arguments, value is null ? $"it is no {_type}." : null);
        }
        try
        {
            var json = JsonSerializer.Deserialize<JsonElement>(input.Length == 0 ? "{}" : input);
            if (json.ValueKind != JsonValueKind.Object)
                return (arguments, "it is no JSON object.");
            foreach (var property in json.EnumerateObject())
                arguments[property.Name] = property.Value;
            return (arguments, null);
        }
        catch (JsonException)
        {
            return (arguments, $"it is no JSON object with {string.Join(", ", _names.Take(12))}.");
        }
    }
}
