using Toolformer.Modeling;

namespace Toolformer.Tests.Fakes;

/// <summary>Whether a text is of a pattern's language, by definition: sets of places where a part may end.</summary>
public static class PatternMatch
{
    public static bool Matches(this TokenPattern pattern, string text) =>
        Ends(pattern, text, [0]).Contains(text.Length);

    private static HashSet<int> Ends(TokenPattern pattern, string text, HashSet<int> starts) => pattern switch
    {
        TokenPattern.Literal l =>
            [.. starts.Where(s => text.AsSpan(s).StartsWith(l.Text)).Select(s => s + l.Text.Length)],
        TokenPattern.Choice c => [.. c.Options.SelectMany(o => Ends(o, text, starts))],
        TokenPattern.Sequence s => s.Parts.Aggregate(starts, (at, part) => Ends(part, text, at)),
        TokenPattern.AnyExcept a =>
            [.. starts.Where(s => s < text.Length && !a.Characters.Contains(text[s])).Select(s => s + 1)],
        TokenPattern.Repeat r => Repeated(r, text, starts),
        _ => throw new ArgumentException($"unknown pattern {pattern}"),
    };

    private static HashSet<int> Repeated(TokenPattern.Repeat repeat, string text, HashSet<int> starts)
    {
        var ends = new HashSet<int>();
        for (int i = 0; i <= repeat.Max && starts.Count > 0; i++)
        {
            if (i >= repeat.Min)
                ends.UnionWith(starts);
            starts = Ends(repeat.Part, text, starts);
        }
        return ends;
    }
}
