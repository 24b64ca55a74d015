using System.Text;
using Toolformer.Markup;

namespace Toolformer.Tools.Searching;

/// <summary>A text by its lines, which are counted from 0 here and from 1 in what is shown.</summary>
internal sealed class TextLines
{
    private readonly string _text;
    private readonly List<int> _starts = [0];

    public TextLines(string text)
    {
        _text = text.TrimEnd('\r', '\n');
        for (int at = 0; (at = _text.IndexOf('\n', at)) >= 0;)
            _starts.Add(++at);
    }

    public int Count => _starts.Count;

    /// <summary>In UTF-16 units.</summary>
    public int Length => _text.Length;

    private ReadOnlySpan<char> Line(int line) => _text.AsSpan(_starts[line], End(line) - _starts[line]);

    private int End(int line) => line + 1 < _starts.Count ? _starts[line + 1] - 1 : _text.Length;

    /// <summary>A line without the spaces around it; of a very long one the beginning.</summary>
    public string Trimmed(int line)
    {
        var text = Line(line).Trim();
        return (text.Length <= 1000 ? text : text[..1000]).ToString();
    }

    /// <summary>The lines that contain all queries as they are written, in upper or lower case.</summary>
    public IReadOnlyList<int> WithAll(IReadOnlyList<string> queries)
    {
        var lines = new List<int>();
        for (int i = 0; i < Count; i++)
        {
            var line = Line(i);
            int found = 0;
            while (found < queries.Count && line.Contains(queries[found], StringComparison.OrdinalIgnoreCase))
                found++;
            if (found == queries.Count)
                lines.Add(i);
        }
        return lines;
    }

    /// <summary>Where to read from so that a line is seen with those before it, if these are short.</summary>
    public int Around(int line, int lines, int maxBefore)
    {
        int first = line;
        while (first > 0 && line - first < lines && _starts[line] - _starts[first - 1] <= maxBefore)
            first--;
        return _starts[first];
    }

    /// <summary>The text from an offset on, each line with its number, and where it goes on.</summary>
    public (string Text, int Next) Page(int offset, int length)
    {
        int line = _starts.BinarySearch(offset) is var found && found >= 0 ? found : ~found - 1;
        var page = new StringBuilder();
        int last = Math.Min(_text.Length, offset + length);
        for (; line < Count && (offset < last || page.Length == 0); line++)
        {
            int end = Cut(offset, End(line), last - offset);
            if (end == offset && end < End(line) && page.Length > 0)
                break;
            if (end == offset && end < End(line))
                end = offset + System.Globalization.StringInfo.GetNextTextElementLength(_text, offset);
            string text = _text[offset..end].Trim();
            if (text.Length > 0)
                page.Append(page.Length > 0 ? " | " : "").Append($"{line + 1}: {text}");
            offset = end;
            if (end < End(line))
                break;
            offset = Math.Min(end + 1, _text.Length);
        }
        return (page.Length > 0 ? page.ToString() : "(empty lines)", offset);
    }

    /// <summary>The end of what fits, which cuts no character, as people see it, in two.</summary>
    private int Cut(int from, int end, int room)
    {
        const int longestCharacter = 64;
        return end - from <= room ? end
            : from + CallSyntax.CutPoint(_text.Substring(from, Math.Min(end - from, room + longestCharacter)), room);
    }
}
