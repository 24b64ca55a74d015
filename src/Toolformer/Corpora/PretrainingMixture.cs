namespace Toolformer.Corpora;

/// <summary>One kind of text of a pretraining mixture.</summary>
/// <param name="Kind">invented_tools, noted_texts, copying, number_prose or prose.</param>
/// <param name="Weight">Share of this kind among the texts, relative to the other weights.</param>
/// <param name="Path">For prose: the JSON Lines file it comes from.</param>
public sealed record MixturePart(string Kind, double Weight, string? Path = null);

/// <summary>
/// An endless stream of pretraining texts. Text number n depends only on the seed and n, so a resumed run goes on at any
/// number without making those before it.
/// </summary>
public sealed class PretrainingMixture
{
    private static readonly Dictionary<string, Func<Random, string>> Generated = new()
    {
        ["invented_tools"] = random => InventedTools.Prompt(random).ToString(),
        ["noted_texts"] = NotedTexts.Text,
        ["copying"] = CopyingText.Text,
        ["number_prose"] = NumberProse.Text,
    };

    private readonly int seed;
    private readonly List<(double UpTo, Func<Random, string> Text)> parts = [];
    private readonly double total;

    /// <summary>Reads the files of the prose parts.</summary>
    /// <exception cref="ArgumentException">An unknown kind, a weight below zero, prose without a path.</exception>
    public PretrainingMixture(IReadOnlyList<MixturePart> mixture, int seed)
    {
        this.seed = seed;
        foreach (var part in mixture)
        {
            if (!(part.Weight >= 0))
                throw new ArgumentException($"Weight {part.Weight} of '{part.Kind}' in the mixture: give zero or more.");
            if (part.Weight == 0) continue;
            total += part.Weight;
            parts.Add((total, Source(part)));
        }
        if (parts.Count == 0) throw new ArgumentException("The mixture is empty: give at least one part a weight.");
    }

    /// <summary>The kinds a recipe may name.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. Generated.Keys, "prose"];

    private static Func<Random, string> Source(MixturePart part)
    {
        if (Generated.TryGetValue(part.Kind, out var text)) return text;
        if (part.Kind != "prose")
            throw new ArgumentException($"Unknown kind '{part.Kind}' in the mixture: there are {string.Join(", ", Kinds)}.");
        return part.Path is { } path
            ? ProseExcerpts.Read(path).Text
            : throw new ArgumentException("The mixture's part 'prose' has no path: name a JSON Lines file with texts.");
    }

    /// <summary>Text number <paramref name="index"/> (from 0) of the stream.</summary>
    public string Text(long index)
    {
        var random = Dice.At(seed, index);
        var at = random.NextDouble() * total;
        foreach (var (upTo, text) in parts)
            if (at < upTo) return text(random);
        return parts[^1].Text(random);
    }

    /// <summary>The stream from text number <paramref name="first"/> on.</summary>
    public IEnumerable<string> Texts(long first = 0)
    {
        for (var index = first; ; index++) yield return Text(index);
    }
}
