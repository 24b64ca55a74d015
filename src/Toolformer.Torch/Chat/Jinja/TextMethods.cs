using System.Globalization;
using System.Text;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>What Python does with texts, done so that every character keeps its mark.</summary>
internal static class TextMethods
{
    /// <summary>Python's white space, which has four control characters more than .NET's.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>Characters counted as Python counts them: a pair of surrogates is one.</summary>
    public static long Length(MarkedText text)
    {
        long pairs = 0;
        for (int i = 1; i < text.Length; i++)
            pairs += char.IsSurrogatePair(text.Text[i - 1], text.Text[i]) ? 1 : 0;
        return text.Length - pairs;
    }

    public static List<MarkedText> Characters(MarkedText text)
    {
        var characters = new List<MarkedText>(text.Length);
        for (int i = 0; i < text.Length;)
        {
            int size = IsPair(text.Text, i) ? 2 : 1;
            characters.Add(text.Slice(i, i + size));
            i += size;
        }
        return characters;
    }

    /// <summary>text[from:to:step].</summary>
    /// <param name="single">text[from] instead: empty where there is no such character.</param>
    public static MarkedText Slice(MarkedText text, long? from, long? to, long step, bool single = false)
    {
        int count = (int)Length(text);
        if (single)
        {
            from = from < 0 ? from + count : from;
            if (from < 0 || from >= count)
                return MarkedText.Empty;
            to = from + 1;
        }
        if (step == 1)
        {
            long start = Math.Clamp(from < 0 ? from.Value + count : from ?? 0, 0, count);
            long end = Math.Clamp(to < 0 ? to.Value + count : to ?? count, start, count);
            return text.Slice(Offset(text, start, count), Offset(text, end, count));
        }
        var characters = Characters(text);
        return MarkedText.Join(
            MarkedText.Empty, SliceOf.Indices(count, from, to, step).Select(i => characters[i]));
    }

    /// <param name="characters">Which to take away; null: white space.</param>
    public static MarkedText Strip(MarkedText text, string? characters, bool atStart, bool atEnd)
    {
        bool Goes(char c) => characters is null ? IsSpace(c) : characters.Contains(c);
        int start = 0, end = text.Length;
        while (atStart && start < end && Goes(text.Text[start]))
            start++;
        while (atEnd && end > start && Goes(text.Text[end - 1]))
            end--;
        return text.Slice(start, end);
    }

    /// <param name="separator">Null: runs of white space, and none at the ends.</param>
    /// <param name="most">Cuts at most so often; negative: everywhere.</param>
    public static List<MarkedText> Split(MarkedText text, string? separator, long most, bool fromEnd)
    {
        if (separator is "")
            throw new TemplateException("An empty text can't separate.");
        var parts = new List<MarkedText>();
        int start = 0, end = text.Length;
        while (most < 0 || parts.Count < most)
        {
            int length = separator?.Length ?? 0;
            int at = separator is null ? FindSpace(text.Text, ref start, ref end, fromEnd, out length)
                : fromEnd ? text.Text.AsSpan(start, end - start).LastIndexOf(separator)
                : text.Text.AsSpan(start, end - start).IndexOf(separator);
            if (at < 0)
                break;
            at += separator is null ? 0 : start;
            parts.Add(fromEnd ? text.Slice(at + length, end) : text.Slice(start, at));
            (start, end) = fromEnd ? (start, at) : (at + length, end);
        }
        var rest = text.Slice(start, end);
        if (separator is null)
            rest = Strip(rest, null, !fromEnd, fromEnd);
        if (separator is not null || rest.Length > 0)
            parts.Add(rest);
        if (fromEnd)
            parts.Reverse();
        return parts;
    }

    public static List<MarkedText> Lines(MarkedText text)
    {
        var lines = new List<MarkedText>();
        int from = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text.Text[i] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85'
                or '\u2028' or '\u2029'))
                continue;
            lines.Add(text.Slice(from, i));
            i += text.Text[i] == '\r' && i + 1 < text.Length && text.Text[i + 1] == '\n' ? 1 : 0;
            from = i + 1;
        }
        if (from < text.Length)
            lines.Add(text.Slice(from, text.Length));
        return lines;
    }

    public static MarkedText Upper(MarkedText text) => text.With(text.Text.ToUpperInvariant());

    public static MarkedText Lower(MarkedText text) => text.With(text.Text.ToLowerInvariant());

    public static MarkedText Capitalised(MarkedText text) => text.Length == 0 ? text
        : text.With(char.ToUpperInvariant(text.Text[0]) + text.Text[1..].ToLowerInvariant());

    /// <param name="startsWord">Whether a character after this one begins a word.</param>
    public static MarkedText Title(MarkedText text, Func<char, bool> startsWord) =>
        text.With(string.Concat(text.Text.Select((c, i) => i == 0 || startsWord(text.Text[i - 1])
            ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c))));

    /// <summary>A text as Python writes it within a list: in quotes, what can't be printed escaped.</summary>
    public static void Quote(MarkedText text, MarkedText.Builder into)
    {
        char quote = text.Text.Contains('\'') && !text.Text.Contains('"') ? '"' : '\'';
        into.Append(quote.ToString());
        foreach (var (start, end, isMarked) in text.Runs())
        {
            var run = new StringBuilder();
            for (int i = start; i < end; i++)
            {
                char c = text.Text[i];
                run.Append(c switch
                {
                    '\\' => @"\\",
                    '\n' => @"\n",
                    '\r' => @"\r",
                    '\t' => @"\t",
                    _ when c == quote => "\\" + c,
                    < ' ' or (>= '\x7f' and <= '\xa0') or '\xad' => $"\\x{(int)c:x2}",
                    _ => c.ToString(),
                });
            }
            into.Append(run.ToString(), isMarked);
        }
        into.Append(quote.ToString());
    }

    /// <summary>Python's "%s and %d" % (a, b).</summary>
    public static MarkedText Percent(Run run, MarkedText format, object? value)
    {
        var values = value is Sequence { IsTuple: true } several ? several.Items : [value];
        var builder = new MarkedText.Builder();
        int next = 0, from = 0;
        for (int at = format.Text.IndexOf('%'); at >= 0; at = format.Text.IndexOf('%', from))
        {
            builder.Append(format.Slice(from, at));
            int end = at + 1;
            while (end < format.Length && (char.IsAsciiDigit(format.Text[end]) || format.Text[end] == '.'))
                end++;
            string width = format.Text[(at + 1)..end];
            char kind = end < format.Length ? format.Text[end] : ' ';
            from = Math.Min(end + 1, format.Length);
            if (kind == '%')
            {
                builder.Append("%");
                continue;
            }
            if (next >= values.Count)
                throw new TemplateException($"The format has more places than the {values.Count} values given.");
            builder.Append(kind switch
            {
                's' when width.Length == 0 => Values.Print(run, values[next++]),
                'd' or 'i' when Digits(width) is { } digits => MarkedText.Plain(((long)Values.Number(values[next++]))
                    .ToString((width.StartsWith('0') ? "D" + digits : ""), CultureInfo.InvariantCulture)
                    .PadLeft(digits)),
                'f' when width.Length == 0 || (width[0] == '.' && Digits(width[1..]) is not null) =>
                    MarkedText.Plain(Values.Number(values[next++]).ToString(
                        "F" + (width.Length == 0 ? 6 : Digits(width[1..])), CultureInfo.InvariantCulture)),
                _ => throw new TemplateException($"The format has '%{width}{kind}'; it can have %s, %d, %.2f and %%."),
            });
        }
        if (next < values.Count)
            throw new TemplateException($"{values.Count} values are given to a format with {next} places.");
        return builder.Append(format.Slice(from, format.Length)).ToText();
    }

    private static int? Digits(string width) => width.Length == 0 ? 0
        : width.Length <= 2 && int.TryParse(width, NumberStyles.None, CultureInfo.InvariantCulture, out int digits)
            ? digits : null;

    private static bool IsPair(string text, int at) =>
        at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]);

    private static int Offset(MarkedText text, long characters, int count)
    {
        if (count == text.Length)
            return (int)characters;
        int at = 0;
        for (; characters > 0; characters--)
            at += IsPair(text.Text, at) ? 2 : 1;
        return at;
    }

    /// <summary>The next run of white space after the next word, or before the last one; −1: there is none.</summary>
    private static int FindSpace(string text, ref int start, ref int end, bool fromEnd, out int length)
    {
        while (!fromEnd && start < end && IsSpace(text[start]))
            start++;
        while (fromEnd && end > start && IsSpace(text[end - 1]))
            end--;
        int from = fromEnd ? end - 1 : start, step = fromEnd ? -1 : 1;
        while (from >= start && from < end && !IsSpace(text[from]))
            from += step;
        int to = from;
        while (to >= start && to < end && IsSpace(text[to]))
            to += step;
        length = Math.Abs(to - from);
        return length == 0 ? -1 : Math.Min(from, to + (fromEnd ? 1 : 0));
    }
}
