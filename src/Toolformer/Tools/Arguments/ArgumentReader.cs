using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Toolformer.Tools.Arguments;

/// <summary>What ends a value that is written without quotes.</summary>
internal enum Stop
{
    /// <summary>A comma with the next argument's name and "=" after it, or the end.</summary>
    NextName,

    /// <summary>A comma, or the end.</summary>
    Comma,

    /// <summary>A comma or a closing parenthesis.</summary>
    Item,

    /// <summary>A comma or a closing brace.</summary>
    Field,
}

/// <summary>Reads the values of arguments; linear in the text, and no deeper than a limit.</summary>
/// <param name="names">The names that, with "=" after them, begin the next argument.</param>
internal sealed class ArgumentReader(string text, IReadOnlySet<string> names)
{
    private const int MaxDepth = 32;

    public int At { get; set; }

    public bool IsAtEnd => At >= text.Length;

    public string Slice(int start, int end) => text[start..end];

    public void SkipSpaces()
    {
        while (At < text.Length && char.IsWhiteSpace(text[At]))
            At++;
    }

    /// <summary>Steps over a character, spaces before it too, if it comes next.</summary>
    public bool Take(char c)
    {
        SkipSpaces();
        if (IsAtEnd || text[At] != c)
            return false;
        At++;
        return true;
    }

    /// <summary>Steps over `name =` if a known name comes next.</summary>
    public string? TakeName()
    {
        SkipSpaces();
        if (NameAt(At) is not ({ } name, var after) || !names.Contains(name))
            return null;
        At = after;
        return name;
    }

    /// <summary>`name =` at a place, whether the name is known or not, and where the value begins.</summary>
    public (string? Name, int After) NameAt(int at)
    {
        int end = at;
        while (end < text.Length && Parameter.IsNamePart(text[end]))
            end++;
        int equals = end;
        while (equals < text.Length && text[equals] == ' ')
            equals++;
        return end > at && equals < text.Length && text[equals] == '=' ? (text[at..end], equals + 1) : (null, at);
    }

    /// <summary>Where a value without quotes ends.</summary>
    public int EndOfBare(Stop stop)
    {
        for (int i = At; ; i++)
        {
            int found = stop switch
            {
                Stop.Item => text.AsSpan(i).IndexOfAny(',', ')'),
                Stop.Field => text.AsSpan(i).IndexOfAny(',', '}', ')'),
                _ => text.AsSpan(i).IndexOf(','),
            };
            if (found < 0)
                return text.Length;
            i += found;
            if (stop != Stop.NextName)
                return i;
            int next = i + 1;
            while (next < text.Length && char.IsWhiteSpace(text[next]))
                next++;
            if (NameAt(next).Name is { } name && names.Contains(name))
                return i;
        }
    }

    /// <summary>The next value, of a type.</summary>
    /// <exception cref="FormatException">It is none of that type; the message is a reason for people.</exception>
    public JsonNode? Read(ArgumentType type, Stop stop, int depth = 0)
    {
        if (depth > MaxDepth)
            throw new FormatException($"values are nested more than {MaxDepth} deep");
        SkipSpaces();
        if (IsNull(type, stop))
            return null;
        return type.Shape switch
        {
            ArgumentShape.Text => Choose(type, JsonValue.Create(ReadText(stop))),
            ArgumentShape.Integer or ArgumentShape.Number => Choose(type, ReadNumber(type, stop)),
            ArgumentShape.Boolean => ReadBoolean(stop),
            ArgumentShape.List => ReadList(type.Items!, stop, depth),
            ArgumentShape.Object when !IsAtEnd && text[At] == '{' => ReadObject(depth),
            ArgumentShape.Object => throw new FormatException(
                $"'{Shown(stop)}' is no object: write {{\"name\": value}}"),
            _ => ReadAny(stop, depth),
        };
    }

    private bool IsNull(ArgumentType type, Stop stop)
    {
        if (!type.IsNullable)
            return false;
        int end = EndOfBare(stop);
        if (!text.AsSpan(At, end - At).Trim().SequenceEqual("null"))
            return false;
        At = end;
        return true;
    }

    private string ReadText(Stop stop)
    {
        int start = At;
        if (!IsAtEnd && text[At] == '"')
        {
            if (TryReadQuoted() is { } quoted && IsAtStop(stop))
                return quoted;
            At = start; // a bare text that begins with a quote, such as: "A" or "B"
        }
        return Bare(stop);
    }

    private string Bare(Stop stop)
    {
        int end = EndOfBare(stop), start = At;
        At = end;
        return text[start..end].Trim();
    }

    private string Shown(Stop stop) => text[At..Math.Min(EndOfBare(stop), At + 40)].Trim();

    private bool IsAtStop(Stop stop)
    {
        SkipSpaces();
        return IsAtEnd || EndOfBare(stop) == At;
    }

    private JsonValue ReadNumber(ArgumentType type, Stop stop)
    {
        string shown = Shown(stop), bare = Bare(stop);
        if (Literal(bare) is { ValueKind: JsonValueKind.Number } number
            && (type.Shape == ArgumentShape.Number || number.GetDouble() is var d && Math.Floor(d) == d))
            return JsonValue.Create(number)!;
        throw new FormatException(type.Shape == ArgumentShape.Integer
            ? $"'{shown}' is no whole number" : $"'{shown}' is no number");
    }

    private JsonValue ReadBoolean(Stop stop)
    {
        string shown = Shown(stop);
        return Bare(stop).ToLowerInvariant() switch
        {
            "true" => JsonValue.Create(true),
            "false" => JsonValue.Create(false),
            _ => throw new FormatException($"'{shown}' is neither true nor false"),
        };
    }

    private JsonArray ReadList(ArgumentType items, Stop stop, int depth)
    {
        var list = new JsonArray();
        if (!Take('('))
        {
            // A list at the top may do without its parentheses.
            for (int end = EndOfBare(stop); stop == Stop.NextName && At < end;)
            {
                list.Add(Read(items, Stop.Comma, depth + 1));
                if (At < end)
                    At++;
            }
            return list.Count > 0 ? list : throw new FormatException($"'{Shown(stop)}' is no list: write (a, b)");
        }
        if (Take(')'))
            return list;
        do
        {
            list.Add(Read(items, Stop.Item, depth + 1));
        }
        while (Take(','));
        return Take(')') ? list : throw new FormatException("a list is not closed with ')'");
    }

    private JsonObject ReadObject(int depth)
    {
        var value = new JsonObject();
        Take('{');
        if (Take('}'))
            return value;
        do
        {
            SkipSpaces();
            string name = TryReadQuoted() ?? throw new FormatException("a field's name is not in quotes");
            if (!Take(':'))
                throw new FormatException($"there is no ':' after the field \"{name}\"");
            if (!value.TryAdd(name, Read(new ArgumentType(ArgumentShape.Any), Stop.Field, depth + 1)))
                throw new FormatException($"the field \"{name}\" is there twice");
        }
        while (Take(','));
        return Take('}') ? value : throw new FormatException("an object is not closed with '}'");
    }

    private JsonNode? ReadAny(Stop stop, int depth)
    {
        if (IsAtEnd)
            return JsonValue.Create("");
        switch (text[At])
        {
            case '{':
                return ReadObject(depth);
            case '(':
                return ReadList(new ArgumentType(ArgumentShape.Any), Stop.Item, depth);
            case '"':
                return JsonValue.Create(ReadText(stop));
        }
        string bare = Bare(stop);
        return Literal(bare) is { } literal ? JsonValue.Create(literal) : JsonValue.Create(bare);
    }

    /// <summary>A string as JSON writes it; null, and nowhere, if it is none.</summary>
    private string? TryReadQuoted()
    {
        if (IsAtEnd || text[At] != '"')
            return null;
        var value = new StringBuilder();
        for (int i = At + 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                At = i + 1;
                return value.ToString();
            }
            if (text[i] != '\\')
            {
                value.Append(text[i]);
                continue;
            }
            if (++i == text.Length)
                return null;
            if (text[i] == 'u')
            {
                if (i + 4 >= text.Length || !ushort.TryParse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out ushort unit))
                    return null;
                value.Append((char)unit);
                i += 4;
                continue;
            }
            int known = "\"\\/bfnrt".IndexOf(text[i]);
            if (known < 0)
                return null;
            value.Append("\"\\/\b\f\n\r\t"[known]);
        }
        return null;
    }

    /// <summary>A number, true, false or null as JSON has it; null: something else.</summary>
    internal static JsonElement? Literal(string text)
    {
        if (text is not ("true" or "false" or "null") && !(text.Length is > 0 and < 400
            && (char.IsAsciiDigit(text[0]) || text[0] == '-') && char.IsAsciiDigit(text[^1])))
            return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null; // "1-2", "007"
        }
    }

    private static JsonNode Choose(ArgumentType type, JsonNode value)
    {
        if (type.Choices.Count == 0)
            return value;
        string text = value.ToString();
        var exact = type.Choices.Where(c => JsonPointer.Text(c) == text).Take(1).ToList();
        if (exact.Count == 0)
            exact = [.. type.Choices.Where(c =>
                JsonPointer.Text(c).Equals(text, StringComparison.OrdinalIgnoreCase)).Take(2)];
        return exact.Count == 1
            ? JsonValue.Create(exact[0])!
            : throw new FormatException(Spelling.Unknown("choice", text, type.Choices.Select(JsonPointer.Text)));
    }
}
