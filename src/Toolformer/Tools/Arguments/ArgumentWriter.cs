using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Markup;

namespace Toolformer.Tools.Arguments;

/// <summary>Writes the values of arguments so that <see cref="ArgumentReader"/> reads the same values.</summary>
internal static class ArgumentWriter
{
    /// <exception cref="ArgumentException">The value is not of the type; the message says what it is.</exception>
    public static void Write(
        StringBuilder to, JsonNode? value, ArgumentType type, Stop stop, IReadOnlySet<string> names)
    {
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        bool fits = type.Shape switch
        {
            ArgumentShape.Any => true,
            _ when kind == JsonValueKind.Null => type.IsNullable,
            ArgumentShape.Text => kind == JsonValueKind.String,
            ArgumentShape.Integer or ArgumentShape.Number => kind == JsonValueKind.Number,
            ArgumentShape.Boolean => kind is JsonValueKind.True or JsonValueKind.False,
            ArgumentShape.List => kind == JsonValueKind.Array,
            _ => kind == JsonValueKind.Object,
        };
        if (!fits)
            throw new ArgumentException($"the value is {kind}, but should be {type.Shape}");
        switch (kind)
        {
            case JsonValueKind.Array:
                to.Append('(');
                for (int i = 0; i < value!.AsArray().Count; i++)
                {
                    to.Append(i == 0 ? "" : ", ");
                    Write(to, value[i], type.Items ?? new ArgumentType(ArgumentShape.Any), Stop.Item, names);
                }
                to.Append(')');
                break;
            case JsonValueKind.Object:
                to.Append('{');
                foreach (var (i, (name, field)) in value!.AsObject().Index())
                {
                    to.Append(i == 0 ? "" : ", ");
                    Quote(to, name);
                    to.Append(": ");
                    Write(to, field, new ArgumentType(ArgumentShape.Any), Stop.Field, names);
                }
                to.Append('}');
                break;
            case JsonValueKind.String when value!.GetValue<string>() is var text:
                if (type.Shape == ArgumentShape.Text && IsPlain(text, type, stop, names))
                    to.Append(text);
                else
                    Quote(to, text);
                break;
            default:
                to.Append(value?.ToJsonString() ?? "null");
                break;
        }
    }

    /// <summary>Whether a text can stand without quotes.</summary>
    public static bool IsPlain(string text, ArgumentType type, Stop stop, IReadOnlySet<string> names)
    {
        if (text.Length == 0 || text[0] == '"' || char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1])
            || (type.IsNullable && text == "null") || !CallSyntax.IsInput(text) || text.AsSpan().ContainsAny("\n\r"))
            return false;
        for (int i = 0; i < text.Length; i++)
        {
            if (NeedsEscape(text, i))
                return false;
        }
        return stop == Stop.NextName
            ? new ArgumentReader(text, names).EndOfBare(Stop.NextName) == text.Length
            : text.AsSpan().IndexOfAny(",(){}") < 0;
    }

    /// <summary>A JSON string in which all is escaped that can't stand in a call.</summary>
    private static void Quote(StringBuilder to, string text)
    {
        to.Append('"');
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is '"' or '\\')
                to.Append('\\').Append(c);
            else if (c is '\n' or '\r' or '\t')
                to.Append('\\').Append(c switch { '\n' => 'n', '\r' => 'r', _ => 't' });
            else if (c is '[' or ']' || (c == '>' && i > 0 && text[i - 1] == '-') || NeedsEscape(text, i))
                to.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            else
                to.Append(c);
        }
        to.Append('"');
    }

    /// <summary>What is no visible character: controls, marks of direction, line separators, lone surrogates.</summary>
    private static bool NeedsEscape(string text, int i) => char.GetUnicodeCategory(text[i]) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator => true,
        UnicodeCategory.Surrogate => char.IsHighSurrogate(text[i])
            ? i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])
            : i == 0 || !char.IsHighSurrogate(text[i - 1]),
        _ => false,
    };
}
