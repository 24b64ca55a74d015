using System.Globalization;
using System.Text;

namespace Toolformer.Torch.Tokenizers;

/// <summary>The way back, token by token: the bytes that each stands for in a text.</summary>
/// <param name="Of">From a token's spelling, and whether it is an added token.</param>
/// <param name="Leading">What becomes of the space with which a text's first token may begin.</param>
internal sealed record TokenBytes(Func<string, bool, byte[]> Of, LeadingSpace Leading = LeadingSpace.Kept)
{
    // What the cleaning after WordPiece joins again, in Hugging Face's order.
    private static readonly (string, string)[] Cleaned =
        [(" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
            (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re")];

    /// <summary>Spellings in GPT-2's byte alphabet; an added token stands for itself.</summary>
    public static TokenBytes ByteLevel { get; } = new((spelling, added) =>
        (added ? null : ByteAlphabet.Parse(spelling)) ?? Encoding.UTF8.GetBytes(spelling));

    /// <summary>Spellings in which some strings stand for others, '▁' for a space.</summary>
    /// <param name="byteFallback">Whether "&lt;0x0A&gt;" is a byte.</param>
    public static TokenBytes Pieces(
        IReadOnlyList<(string From, string To)> replacements, bool byteFallback, LeadingSpace leading) =>
        new((spelling, added) =>
        {
            if (byteFallback && ByteOf(spelling) is { } value)
                return [value];
            return Encoding.UTF8.GetBytes(replacements.Aggregate(spelling, (s, r) => s.Replace(r.From, r.To)));
        }, leading);

    /// <summary>Words with a space before each, and parts of words with a mark ("##") that goes.</summary>
    /// <param name="clean">Whether the spaces before punctuation go.</param>
    public static TokenBytes WordPiece(string mark, bool clean) => new((spelling, _) =>
    {
        bool continues = mark.Length > 0 && spelling.StartsWith(mark, StringComparison.Ordinal);
        string text = continues ? spelling[mark.Length..] : " " + spelling;
        return Encoding.UTF8.GetBytes(clean ? Cleaned.Aggregate(text, (t, c) => t.Replace(c.Item1, c.Item2)) : text);
    }, LeadingSpace.DroppedOnce);

    /// <summary>The byte that "&lt;0x0A&gt;" and its like spell; null for any other spelling.</summary>
    public static byte? ByteOf(string spelling) =>
        spelling is ['<', '0', 'x', _, _, '>'] && byte.TryParse(
            spelling.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            ? value
            : null;
}

/// <summary>What becomes of the space with which a text's first token may begin.</summary>
internal enum LeadingSpace
{
    /// <summary>It is text.</summary>
    Kept,

    /// <summary>One goes: the encoder has put it there.</summary>
    DroppedOnce,

    /// <summary>All of the first token's go.</summary>
    AllOfFirstToken,

    /// <summary>One of each token goes until there is text: the encoder has joined runs of spaces.</summary>
    DroppedUntilText,
}
