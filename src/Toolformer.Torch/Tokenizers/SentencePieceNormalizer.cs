using System.Text;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// SentencePiece's normaliser: the character map, then spaces: one at the beginning, runs of them joined, '▁' in their
/// places.
/// </summary>
internal sealed class SentencePieceNormalizer : Normalizer
{
    public CharacterMap? Map { get; init; }

    /// <summary>Pieces that stay as they are.</summary>
    public CharacterTrie UserDefined { get; init; } = new();

    public Prepending Prefix { get; init; }

    public bool JoinsSpaces { get; init; }
    public bool EscapesSpaces { get; init; } = true;

    public override AlignedText Apply(AlignedText text, TextPlace place)
    {
        char space = EscapesSpaces ? '▁' : ' ';
        bool prefixed = (place, Prefix) is (TextPlace.Beginning, not Prepending.Never)
            or (TextPlace.AfterToken, Prepending.Always);
        bool skipping = JoinsSpaces && place != TextPlace.Continuation;
        bool begun = !prefixed; // the prefix comes before the first character that is left
        var builder = new AlignedText.Builder(text);
        for (int i = 0, length; i < text.Text.Length; i += length)
        {
            ReadOnlySpan<char> rest = text.Text.AsSpan(i);
            length = UserDefined.Longest(rest, out _);
            string? mapped = null;
            if (length == 0 && Map is not null)
                length = Map.Match(rest, out mapped);
            if (length == 0)
            {
                Rune.DecodeFromUtf16(rest, out _, out length);
                mapped = null;
            }
            ReadOnlySpan<char> added = mapped ?? rest[..length];
            if (skipping)
                added = added.TrimStart(' ');
            if (added.IsEmpty)
                continue;
            if (!begun)
                builder.Put([space], i, i);
            begun = true;
            foreach (char c in added)
                builder.Put([c == ' ' ? space : c], i, i + length);
            skipping = JoinsSpaces && added[^1] == ' ';
        }
        if (JoinsSpaces && place != TextPlace.Continuation)
        {
            while (builder.Length > 0 && builder[builder.Length - 1] == space)
                builder.Length--;
        }
        return builder.Build();
    }
}
