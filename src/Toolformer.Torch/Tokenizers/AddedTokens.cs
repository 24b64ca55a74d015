using System.Text.RegularExpressions;

namespace Toolformer.Torch.Tokenizers;

/// <summary>A token that is found in the text before anything else happens to it.</summary>
/// <param name="Special">Whether it is no text but a mark: found only where the caller allows special tokens.</param>
/// <param name="StripLeft">Whether it takes in the white space before it.</param>
/// <param name="StripRight">Whether it takes in the white space after it.</param>
/// <param name="SingleWord">Whether it must not touch a letter, digit or underscore.</param>
/// <param name="Normalized">Whether it is looked for in the normalised text, and normalised itself.</param>
public sealed record AddedToken(
    int Id,
    string Content,
    bool Special = false,
    bool StripLeft = false,
    bool StripRight = false,
    bool SingleWord = false,
    bool Normalized = false);

/// <summary>Finds the leftmost and, of those, longest added token, again and again.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<string, AddedToken> _byContent;
    private readonly Regex? _always;
    private readonly Regex? _withSpecial;

    /// <param name="tokens">With their contents as they stand in the text that is searched.</param>
    public AddedTokenFinder(IReadOnlyList<AddedToken> tokens)
    {
        _byContent = tokens.Where(t => t.Content.Length > 0).DistinctBy(t => t.Content)
            .ToDictionary(t => t.Content, StringComparer.Ordinal);
        _always = Pattern(_byContent.Values.Where(t => !t.Special));
        _withSpecial = Pattern(_byContent.Values);
    }

    /// <summary>The text [from, to) in pieces: added tokens, and what stands between them with the id −1.</summary>
    public IEnumerable<(int Start, int End, int Id)> Pieces(string text, int from, int to, bool allowSpecial)
    {
        if ((allowSpecial ? _withSpecial : _always) is not { } pattern)
            return from < to ? [(from, to, -1)] : [];
        var pieces = new List<(int, int, int)>();
        int done = from;
        foreach (ValueMatch match in pattern.EnumerateMatches(text.AsSpan(from, to - from)))
        {
            int start = from + match.Index, end = start + match.Length;
            var found = _byContent.GetAlternateLookup<ReadOnlySpan<char>>()[text.AsSpan(start, match.Length)];
            if (end <= done)
                continue; // white space that the token before has taken in
            while (found.StripLeft && start > done && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (found.StripRight && end < to && char.IsWhiteSpace(text[end]))
                end++;
            start = Math.Max(start, done);
            if (start > done)
                pieces.Add((done, start, -1));
            pieces.Add((start, end, found.Id));
            done = end;
        }
        if (done < to)
            pieces.Add((done, to, -1));
        return pieces;
    }

    private static Regex? Pattern(IEnumerable<AddedToken> tokens)
    {
        var alternatives = tokens.OrderByDescending(t => t.Content.Length).Select(t =>
            t.SingleWord ? $@"(?<!\w){Regex.Escape(t.Content)}(?!\w)" : Regex.Escape(t.Content)).ToList();
        return alternatives.Count == 0
            ? null
            : new Regex(string.Join('|', alternatives), RegexOptions.CultureInvariant);
    }
}
