using System.Globalization;
using System.Text;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>Values as JSON, as Python's json.dumps writes it with ensure_ascii off (chats' "tojson").</summary>
internal sealed class JsonText(Run run, string? indent, MarkedText between, MarkedText after, bool sorts, bool ascii)
{
    private readonly MarkedText.Builder _text = new();

    public static MarkedText Of(Run run, Arguments given)
    {
        object?[] bound = given.Bind("value", "ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = bound[2] switch
        {
            null or Undefined => null,
            MarkedText text => text.Text,
            var number => new string(' ', (int)Math.Clamp(Values.Integer(number), 0, 100)),
        };
        var (between, after) = bound[3] is Sequence { Items: [MarkedText item, MarkedText key] } ? (item, key)
            : (MarkedText.Plain(indent is null ? ", " : ","), MarkedText.Plain(": "));
        var json = new JsonText(run, indent, between, after, Values.IsTrue(bound[4]), Values.IsTrue(bound[1]));
        json.Write(bound[0], 0);
        return json._text.ToText();
    }

    private void Write(object? value, int depth)
    {
        Values.Deeper(run);
        switch (value)
        {
            case MarkedText text:
                run.Spend(text.Length / 16);
                Quote(text);
                break;
            case Sequence list:
                Enclose("[", "]", list.Items, depth, item => Write(item, depth + 1));
                break;
            case Mapping { IsNamespace: false } fields:
                var all = sorts ? fields.OrderBy(f => f.Key.Text, StringComparer.Ordinal) : fields.AsEnumerable();
                Enclose("{", "}", [.. all], depth, field =>
                {
                    Quote(field.Key);
                    _text.Append(after);
                    Write(field.Value, depth + 1);
                });
                break;
            default:
                _text.Append(value switch
                {
                    null => "null",
                    bool truth => truth ? "true" : "false",
                    long number => number.ToString(CultureInfo.InvariantCulture),
                    double number => double.IsNaN(number) ? "NaN"
                        : double.IsInfinity(number) ? number > 0 ? "Infinity" : "-Infinity" : Values.Print(number),
                    _ => throw new TemplateException($"{Values.Kind(value)} can't be written as JSON."),
                });
                break;
        }
    }

    private void Enclose<T>(string open, string close, IReadOnlyList<T> items, int depth, Action<T> write)
    {
        _text.Append(open);
        foreach (var (i, item) in items.Index())
        {
            if (i > 0)
                _text.Append(between);
            Break(depth + 1);
            write(item);
        }
        if (items.Count > 0)
            Break(depth);
        _text.Append(close);
    }

    private void Break(int depth)
    {
        if (indent is null)
            return;
        run.Spend(depth);
        _text.Append("\n" + string.Concat(Enumerable.Repeat(indent, depth)));
    }

    private void Quote(MarkedText text)
    {
        _text.Append("\"");
        foreach (var (start, end, isMarked) in text.Runs())
        {
            var escaped = new StringBuilder();
            foreach (char c in text.Text.AsSpan(start, end - start))
            {
                escaped.Append(c switch
                {
                    '"' => "\\\"",
                    '\\' => @"\\",
                    '\n' => @"\n",
                    '\r' => @"\r",
                    '\t' => @"\t",
                    '\b' => @"\b",
                    '\f' => @"\f",
                    _ when c < ' ' || (ascii && c > '~') => $"\\u{(int)c:x4}",
                    _ => c.ToString(),
                });
            }
            _text.Append(escaped.ToString(), isMarked);
        }
        _text.Append("\"");
    }
}
