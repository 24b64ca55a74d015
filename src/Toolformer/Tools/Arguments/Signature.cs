using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Tools.Arguments;

/// <summary>
/// The named parameters of a tool, and how arguments for them are written as a call's one text input. One text
/// parameter: the bare text. Several: <c>city=Paris, days=3</c>; lists <c>(a, b)</c>, objects <c>{"a": 1}</c>, and any
/// text may be quoted as in JSON. No value brings a bracket, a line break or an arrow into a call. What is printed is
/// read back as the same arguments. <c>spec/markup.md</c> has the rules as examples.
/// </summary>
public sealed class Signature
{
    private const int MaxInput = 100_000;

    private readonly HashSet<string> _names;
    private readonly Parameter? _main;

    private Signature(JsonElement schema)
    {
        Schema = schema;
        Parameters = schema.ValueKind == JsonValueKind.Object ? Parameter.Of(schema, schema, 0) : [];
        _names = Parameters.Select(p => p.Written).ToHashSet(StringComparer.Ordinal);
        // The parameter that needs no name: the only one, or the only one that has to be given.
        _main = Parameters.Count == 1 ? Parameters[0]
            : Parameters.Count(p => p.IsRequired) == 1 ? Parameters.Single(p => p.IsRequired)
            : null;
    }

    /// <summary>The JSON schema of the arguments: an object.</summary>
    public JsonElement Schema { get; }

    /// <summary>Those that are required first.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>How an input is written, for instructions: "city, days=…".</summary>
    public string Usage => string.Join(", ", Parameters
        .Where(p => p.IsRequired || Parameters.Count == 1)
        .Select(p => p == _main ? p.Written : $"{p.Written}=…"));

    /// <summary>The parameters of a JSON schema; references may point into it.</summary>
    public static Signature Of(JsonElement schema) => new(schema.Clone());

    /// <summary>One required text.</summary>
    public static Signature OfText(string name, string description = "") => Of(JsonSerializer.SerializeToElement(new
    {
        type = "object",
        properties = new Dictionary<string, object> { [name] = new { type = "string", description } },
        required = new[] { name },
    }));

    /// <summary>What an input may look like; every such input can be read.</summary>
    public TokenPattern Pattern() => ArgumentPattern.Of(Parameters, _main);

    /// <summary>The arguments of an input, or a reason for people why it has none.</summary>
    public (JsonObject? Arguments, string? Error) Parse(string input)
    {
        if (input.Length > MaxInput)
            return (null, $"The input has {input.Length:N0} characters; at most {MaxInput:N0} are read.");
        var arguments = new JsonObject();
        try
        {
            if (ReadObject(input) is { } whole)
                input = Print(whole);
            Read(new ArgumentReader(input, _names), arguments);
        }
        catch (ArgumentException e)
        {
            return (null, Unreadable(input, e.Message));
        }
        catch (FormatException e)
        {
            return (null, Unreadable(input, e.Message));
        }
        return Parameters.FirstOrDefault(p => p.IsRequired && !arguments.ContainsKey(p.Name)) is { } missing
            ? (null, $"The input '{Shown(input)}' lacks {missing.Written}: write {Usage}.")
            : (arguments, null);
    }

    /// <summary>The input that gives these arguments.</summary>
    /// <exception cref="ArgumentException">An argument is unknown, missing, or not of its type.</exception>
    public string Print(JsonObject arguments)
    {
        foreach (var (name, _) in arguments)
        {
            if (Parameters.All(p => p.Name != name))
                throw new ArgumentException(Spelling.Unknown("argument", name, Parameters.Select(p => p.Name)));
        }
        if (Parameters.FirstOrDefault(p => p.IsRequired && !arguments.ContainsKey(p.Name)) is { } missing)
            throw new ArgumentException($"The argument {missing.Name} is missing.");
        string text = Print(arguments, bareMain: true);
        // Outer quotes of an input do not count, so it must not look as if it had some.
        return CallSyntax.NormaliseInput(text) == text ? text : Print(arguments, bareMain: false);
    }

    private string Print(JsonObject arguments, bool bareMain)
    {
        var text = new StringBuilder();
        foreach (var parameter in Parameters.Where(p => arguments.ContainsKey(p.Name)))
        {
            if (text.Length > 0)
                text.Append(", ");
            var value = arguments[parameter.Name];
            if (!(bareMain && parameter == _main && IsBare(value)))
                text.Append(parameter.Written).Append('=');
            try
            {
                ArgumentWriter.Write(text, value, parameter.Type, Stop.NextName, _names);
            }
            catch (ArgumentException e)
            {
                throw new ArgumentException($"The argument {parameter.Name} can't be written: {e.Message}.", e);
            }
        }
        return text.ToString();
    }

    /// <summary>Whether a value of the main parameter can stand without its name.</summary>
    private bool IsBare(JsonNode? value)
    {
        if (_main!.Type.Shape != ArgumentShape.Text)
            return _main.Type.Shape is ArgumentShape.Integer or ArgumentShape.Number or ArgumentShape.Boolean;
        return value?.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is var text
            && ArgumentWriter.IsPlain(text, _main.Type, Stop.NextName, _names)
            && new ArgumentReader(text, _names).NameAt(0).Name is var name
            && (name is null || (!_names.Contains(name) && Spelling.Nearest(name, _names) is null));
    }

    /// <summary>
    /// All arguments as one object, as JSON has it, which many write: <c>{"city": "Paris", "days": 3}</c>. Not where
    /// it may be the text of the only parameter that is needed.
    /// </summary>
    private JsonObject? ReadObject(string input)
    {
        if (_main is { Type.Shape: ArgumentShape.Text } || !input.StartsWith('{') || !input.EndsWith('}'))
            return null;
        var reader = new ArgumentReader(input, _names);
        return reader.Read(new ArgumentType(ArgumentShape.Object), Stop.NextName) is JsonObject whole && reader.IsAtEnd
            && whole.Count > 0 && whole.All(f => Parameters.Any(p => p.Name == f.Key))
                ? whole : null;
    }

    private void Read(ArgumentReader reader, JsonObject arguments)
    {
        reader.SkipSpaces();
        int positional = 0;
        for (bool first = true; !reader.IsAtEnd; first = false)
        {
            if (!first && !reader.Take(','))
                throw new FormatException($"there is no comma before '{Rest(reader)}'");
            var parameter = Next(reader, ref positional);
            var value = reader.Read(parameter.Type, positional > 0 && _main is null ? Stop.Comma : Stop.NextName);
            if (!arguments.TryAdd(parameter.Name, value))
                throw new FormatException($"{parameter.Written} is given twice");
            reader.SkipSpaces();
        }
    }

    /// <summary>The parameter of the next value: by its name, or by its place while none was named.</summary>
    private Parameter Next(ArgumentReader reader, ref int positional)
    {
        if (reader.TakeName() is { } name)
        {
            positional = -1;
            return Parameters.First(p => p.Written == name);
        }
        if (Parameters.Count == 0)
            throw new FormatException("it takes no input");
        if (reader.NameAt(reader.At).Name is { } unknown && (_main is null || positional < 0
            || _main.Type.Shape != ArgumentShape.Text || Spelling.Nearest(unknown, _names) is not null))
            throw new FormatException(Spelling.Unknown("parameter", unknown, _names));
        if (positional < 0)
            throw new FormatException($"after a named value all need their names: {Usage}");
        if (_main is not null)
            return positional++ == 0 ? _main : throw new FormatException("only the first value needs no name");
        return positional < Parameters.Count
            ? Parameters[positional++]
            : throw new FormatException($"there are more than {Parameters.Count} values");
    }

    private static string Rest(ArgumentReader reader)
    {
        int end = reader.EndOfBare(Stop.Comma);
        int start = reader.At;
        return reader.Slice(start, Math.Min(end, start + 40));
    }

    private static string Unreadable(string input, string reason) =>
        $"The input '{Shown(input)}' can't be read: {reason}{(reason[^1] is '.' or '?' ? "" : ".")}";

    private static string Shown(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
