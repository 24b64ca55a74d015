using System.Text;

namespace Toolformer.Torch.Tokenizers;

/// <summary>A text on its way to the tokens, and which characters of the original each of its characters is.</summary>
/// <param name="Origins">Per UTF-16 unit of <paramref name="Text"/>; null: it is the original.</param>
internal readonly record struct AlignedText(string Text, (int Start, int End)[]? Origins = null)
{
    /// <summary>
    /// The characters of the original that the characters [start, end) come from; empty for what was put in.
    /// </summary>
    public (int Start, int End) Origin(int start, int end)
    {
        if (Origins is null)
            return (start, end);
        return Origins.Length == 0 ? (0, 0) : (Origins[start].Start, Origins[end - 1].End);
    }

    public AlignedText Slice(int start, int end)
    {
        if (start == 0 && end == Text.Length)
            return this;
        var origins = new (int, int)[end - start];
        for (int i = 0; i < origins.Length; i++)
            origins[i] = Origins?[start + i] ?? (start + i, start + i + 1);
        return new AlignedText(Text[start..end], origins);
    }

    /// <summary>This text with each character replaced by what <paramref name="change"/> makes of it.</summary>
    /// <param name="change">Null: the character stays; else what takes its place, maybe nothing.</param>
    public AlignedText Replace(Func<Rune, string?> change)
    {
        Builder? changed = null; // as long as nothing has changed, there is no copy
        for (int i = 0; i < Text.Length;)
        {
            Rune.DecodeFromUtf16(Text.AsSpan(i), out Rune rune, out int units);
            string? other = change(rune);
            if (other is not null && changed is null)
            {
                changed = new Builder(this);
                changed.Keep(0, i);
            }
            if (other is not null)
                changed!.Put(other, i, i + units);
            else
                changed?.Keep(i, i + units);
            i += units;
        }
        return changed?.Build() ?? this;
    }

    /// <summary>Makes a text out of pieces of another one and of what takes other pieces' places.</summary>
    public sealed class Builder(AlignedText source)
    {
        private readonly StringBuilder _text = new(source.Text.Length + 8);
        private readonly List<(int Start, int End)> _origins = new(source.Text.Length + 8);

        public int Length
        {
            get => _text.Length;
            set
            {
                _text.Length = value;
                _origins.RemoveRange(value, _origins.Count - value);
            }
        }

        public char this[int index] => _text[index];

        /// <summary>Adds the source's characters [start, end).</summary>
        public void Keep(int start, int end)
        {
            _text.Append(source.Text, start, end - start);
            for (int i = start; i < end; i++)
                _origins.Add(source.Origins?[i] ?? (i, i + 1));
        }

        /// <summary>Adds what stands for the source's characters [start, end), which may be none.</summary>
        public void Put(ReadOnlySpan<char> text, int start, int end)
        {
            (int Start, int End) origin = start < end ? source.Origin(start, end) : Nothing(start);
            _text.Append(text);
            for (int i = 0; i < text.Length; i++)
                _origins.Add(origin);
        }

        public AlignedText Build() => new(_text.ToString(), [.. _origins]);

        private (int, int) Nothing(int before)
        {
            int length = source.Text.Length;
            int at = length == 0 ? 0
                : before < length ? source.Origin(before, before + 1).Start
                : source.Origin(length - 1, length).End;
            return (at, at);
        }
    }
}

/// <summary>Where in a text a part of it stands, which decides about the space before its first word.</summary>
internal enum TextPlace
{
    /// <summary>It begins the text.</summary>
    Beginning,

    /// <summary>An added token stands before it.</summary>
    AfterToken,

    /// <summary>It goes on in a text that was encoded before it.</summary>
    Continuation,
}
