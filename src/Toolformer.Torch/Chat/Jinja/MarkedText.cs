using System.Text;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>
/// A text that remembers which of its characters come from the conversation, not from the template. Cutting and joining
/// keep the marks, so that at the end a special token that somebody wrote into a message is told from the template's.
/// </summary>
internal sealed class MarkedText
{
    // Offsets at which marking begins and ends, in turn.
    private readonly int[] _edges;

    private MarkedText(string text, int[] edges) => (Text, _edges) = (text, edges);

    public static MarkedText Empty { get; } = new("", []);

    public string Text { get; }

    public int Length => Text.Length;

    /// <summary>Where the last marked character ends; 0 where none is.</summary>
    public int LastMarkedEnd => _edges.Length == 0 ? 0 : _edges[^1];

    /// <summary>Words of the template.</summary>
    public static MarkedText Plain(string text) => text.Length == 0 ? Empty : new(text, []);

    /// <summary>Words of the conversation.</summary>
    public static MarkedText Marked(string text) => text.Length == 0 ? Empty : new(text, [0, text.Length]);

    public static MarkedText Join(MarkedText separator, IEnumerable<MarkedText> parts)
    {
        var builder = new Builder();
        bool isFirst = true;
        foreach (var part in parts)
        {
            if (!isFirst)
                builder.Append(separator);
            isFirst = false;
            builder.Append(part);
        }
        return builder.ToText();
    }

    public static MarkedText operator +(MarkedText left, MarkedText right) =>
        left.Length == 0 ? right : right.Length == 0 ? left : Join(Empty, [left, right]);

    /// <summary>The characters [start, end).</summary>
    public MarkedText Slice(int start, int end)
    {
        if (start == 0 && end == Length)
            return this;
        if (start >= end)
            return Empty;
        int before = Array.BinarySearch(_edges, start);
        before = before < 0 ? ~before : before + 1;
        var edges = new List<int>();
        if (before % 2 == 1)
            edges.Add(0);
        for (; before < _edges.Length && _edges[before] < end; before++)
            edges.Add(_edges[before] - start);
        if (edges.Count % 2 == 1)
            edges.Add(end - start);
        return new MarkedText(Text[start..end], [.. edges]);
    }

    /// <summary>The text with other characters in the same places.</summary>
    public MarkedText With(string text) => text.Length == Length
        ? new MarkedText(text, _edges)
        : throw new ArgumentException($"A text of {text.Length} characters can't stand for one of {Length}.");

    /// <summary>Each of <paramref name="old"/> replaced, at most <paramref name="count"/> times.</summary>
    public MarkedText Replace(string old, MarkedText by, long count)
    {
        var builder = new Builder();
        int from = 0;
        for (; count > 0; count--)
        {
            // Between all characters, as Python does it, where nothing is replaced by something.
            int at = old.Length > 0 ? Text.IndexOf(old, from, StringComparison.Ordinal) : from <= Length ? from : -1;
            if (at < 0)
                break;
            builder.Append(Slice(from, at)).Append(by);
            if (old.Length == 0 && at < Length)
                builder.Append(Slice(at, at + 1));
            from = at + Math.Max(1, old.Length);
        }
        return from >= Length ? builder.ToText() : builder.Append(Slice(from, Length)).ToText();
    }

    /// <summary>The text in runs of characters of one origin.</summary>
    public IEnumerable<(int Start, int End, bool IsMarked)> Runs()
    {
        int from = 0;
        for (int i = 0; i <= _edges.Length; i++)
        {
            int to = i < _edges.Length ? _edges[i] : Length;
            if (to > from)
                yield return (from, to, i % 2 == 1);
            from = to;
        }
    }

    public override string ToString() => Text;

    /// <summary>Puts a marked text together.</summary>
    public sealed class Builder
    {
        private readonly StringBuilder _text = new();
        private readonly List<int> _edges = [];

        public int Length => _text.Length;

        private bool IsMarking => _edges.Count % 2 == 1;

        public Builder Append(ReadOnlySpan<char> text, bool isMarked)
        {
            if (text.IsEmpty)
                return this;
            if (isMarked != IsMarking)
            {
                if (_edges.Count > 0 && _edges[^1] == _text.Length)
                    _edges.RemoveAt(_edges.Count - 1);
                else
                    _edges.Add(_text.Length);
            }
            _text.Append(text);
            return this;
        }

        public Builder Append(string text) => Append(text, false);

        public Builder Append(MarkedText text)
        {
            foreach (var (start, end, isMarked) in text.Runs())
                Append(text.Text.AsSpan(start, end - start), isMarked);
            return this;
        }

        public MarkedText ToText()
        {
            int[] edges = IsMarking ? [.. _edges, _text.Length] : [.. _edges];
            return _text.Length == 0 ? Empty : new MarkedText(_text.ToString(), edges);
        }
    }
}
