namespace Toolformer.Corpora.Pretraining;

/// <summary>One kind of text of a pretraining mixture.</summary>
/// <param name="Kind">invented_tools, noted_texts, copying, number_prose or prose.</param>
/// <param name="Weight">Share of this kind among the texts, relative to the other weights.</param>
/// <param name="Path">For prose: the JSON Lines file it comes from.</param>
public sealed record MixturePart(string Kind, double Weight, string? Path = null);

/// <summary>
/// An endless stream of pretraining texts. The generated kinds take real sentences from the first prose part, if there
/// is one.
/// Text number n depends only on the seed and n, so a resumed run goes on at any
/// number without making those before it.
/// </summary>
public sealed class PretrainingMixture
{
    private static readonly Dictionary<string, Func<Random, ProseExcerpts?, string>> Generated = new()
    {
        ["invented_tools"] = (random, prose) => InventedTools.Prompt(random, prose: prose).ToString(),
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
        var read = new Dictionary<string, ProseExcerpts>();
        foreach (var part in mixture)
        {
            if (!(part.Weight >= 0))
                throw new ArgumentException(
                    $"Weight {part.Weight} of '{part.Kind}' in the mixture: give zero or more.");
            if (part.Weight > 0 && part.Kind == "prose" && !read.ContainsKey(PathOf(part)))
                read[PathOf(part)] = ProseExcerpts.Read(PathOf(part));
        }
        foreach (var part in mixture.Where(part => part.Weight > 0))
        {
            total += part.Weight;
            parts.Add((total, Source(part, read)));
        }
        if (parts.Count == 0) throw new ArgumentException("The mixture is empty: give at least one part a weight.");
    }

    /// <summary>The kinds a recipe may name.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. Generated.Keys, "prose"];

    private static Func<Random, string> Source(MixturePart part, Dictionary<string, ProseExcerpts> read)
    {
        if (part.Kind == "prose") return read[PathOf(part)].Text;
        return Generated.TryGetValue(part.Kind, out var text)
            ? random => text(random, read.Values.FirstOrDefault())
            : throw new ArgumentException(
                $"Unknown kind '{part.Kind}' in the mixture: there are {string.Join(", ", Kinds)}.");
    }

    private static string PathOf(MixturePart part) => part.Path
        ?? throw new ArgumentException("The mixture's part 'prose' has no path: name a JSON Lines file with texts.");

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
