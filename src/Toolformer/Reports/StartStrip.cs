using Toolformer.Pipeline;

namespace Toolformer.Reports;

/// <summary>A place at which calls were sampled.</summary>
internal sealed record StartPlace(int Offset, double PStart, bool Kept);

/// <summary>A piece of a text, with the probability that a call starts before it.</summary>
/// <param name="Sampled">Whether calls were sampled there; else it was not among the likeliest places.</param>
/// <param name="Kept">Whether one of them was kept.</param>
internal readonly record struct StripPiece(string Text, double PStart, bool Sampled, bool Kept);

/// <summary>A text, token by token, with the probability of a call before each.</summary>
/// <param name="Whole">False: an older run, which says it of the places sampled only.</param>
internal sealed record StartStrip(IReadOnlyList<StripPiece> Pieces, bool Whole)
{
    private const int Longest = 700;

    /// <param name="places">Where calls were sampled, in the order of the text.</param>
    public static StartStrip Of(DocumentRecord document, string tool, IReadOnlyList<StartPlace> places)
    {
        string text = ReportPage.Cut(document.Text, Longest);
        var tokens = Tokens(document, tool);
        var starts = tokens ?? Words(text, places);
        var sampled = places.ToLookup(p => p.Offset);
        var pieces = new List<StripPiece>();
        int at = 0;
        foreach (var (i, (start, p)) in starts.Index())
        {
            int end = Math.Min(text.Length, i + 1 < starts.Count ? starts[i + 1].Start : text.Length);
            // Tokens inside one character have no text of their own: the last of them stands for it.
            if (start < at || end <= start)
                continue;
            if (start > at)
                pieces.Add(new(text[at..start], 0, false, false));
            pieces.Add(new(text[start..end], p, sampled.Contains(start), sampled[start].Any(s => s.Kept)));
            at = end;
        }
        return new([.. pieces, .. at < text.Length ? [new StripPiece(text[at..], 0, false, false)]
            : Array.Empty<StripPiece>()], tokens is not null);
    }

    /// <summary>Where each token begins, with its p; null: the run does not say.</summary>
    private static List<(int Start, double P)>? Tokens(DocumentRecord document, string tool) =>
        document.Offsets is { } offsets && document.PStart?.GetValueOrDefault(tool) is { } starts
        && offsets.Count == starts.Count ? [.. offsets.Zip(starts, (offset, p) => (offset, (double)p))] : null;

    /// <summary>The words at which calls were sampled, and what stands between them with no p.</summary>
    private static List<(int Start, double P)> Words(string text, IReadOnlyList<StartPlace> places)
    {
        var words = new List<(int, double)>();
        foreach (var place in places.Where(p => p.Offset >= 0 && p.Offset < text.Length))
        {
            int end = place.Offset + 1;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
                end++;
            words.Add((place.Offset, place.PStart));
            words.Add((end, 0));
        }
        // A word may end where the next place begins: the place has a probability.
        return [.. words.OrderBy(w => w.Item1).ThenByDescending(w => w.Item2).DistinctBy(w => w.Item1)];
    }
}
