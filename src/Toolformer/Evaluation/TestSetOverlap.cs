using Toolformer.Corpora;

namespace Toolformer.Evaluation;

/// <summary>How much of a test set stands in training text, by runs of 13 words.</summary>
/// <param name="Examples">Examples of the test set.</param>
/// <param name="TooShort">
/// Those with fewer than 13 words beside the prompt's own: they can't be found, and are not checked.
/// </param>
/// <param name="Overlapping">Those that share 13 words in a row with a training text.</param>
/// <param name="Ids">The ids of the first of them.</param>
/// <param name="Shared">The shared words of the first one; null: there is none.</param>
public sealed record TestSetOverlap(
    string Task, int Examples, int TooShort, int Overlapping, IReadOnlyList<string> Ids, string? Shared)
{
    /// <summary>Words in a row.</summary>
    public const int Words = 13;

    private const int ShownIds = 20;

    /// <summary>
    /// Looks for the examples of each task in training texts, which are read once, one at a time. The words that all
    /// prompts of a task begin with do not count.
    /// </summary>
    public static IReadOnlyList<TestSetOverlap> Of(
        IEnumerable<(string Task, IReadOnlyList<EvalExample> Examples)> tests, IEnumerable<string> training,
        CancellationToken cancellation = default)
    {
        var sets = tests.Select(t => new TestSet(t.Task, t.Examples)).ToList();
        var ngrams = new NGramOverlap(Words);
        var places = new Dictionary<string, List<(TestSet Set, int Example)>>();
        foreach (var set in sets)
        {
            foreach (var (i, text) in set.Texts.Index())
            {
                string[] grams = [.. ngrams.Whole(text)];
                set.TooShort += grams.Length == 0 ? 1 : 0;
                ngrams.Add(grams.Length == 0 ? "" : text);
                foreach (string gram in grams)
                {
                    if (!places.TryGetValue(gram, out var at))
                        places[gram] = at = [];
                    at.Add((set, i));
                }
            }
        }
        foreach (string text in training)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (string gram in ngrams.Shared(text))
            {
                foreach (var (set, example) in places[gram])
                {
                    set.Shared ??= gram;
                    set.Found.Add(example);
                }
            }
        }
        return [.. sets.Select(s => new TestSetOverlap(s.Task, s.Examples.Count,
            s.TooShort, s.Found.Count,
            [.. s.Found.Take(ShownIds).Select(i => s.Examples[i].Id)], s.Shared))];
    }

    private sealed class TestSet(string task, IReadOnlyList<EvalExample> examples)
    {
        public string Task => task;
        public IReadOnlyList<EvalExample> Examples => examples;
        public IReadOnlyList<string> Texts { get; } = WithoutSharedBeginning([.. examples.Select(e => e.Prompt)]);
        public SortedSet<int> Found { get; } = [];
        public int TooShort { get; set; }
        public string? Shared { get; set; }
    }

    private static IReadOnlyList<string> WithoutSharedBeginning(IReadOnlyList<string> prompts)
    {
        if (prompts.Count < 2)
            return prompts;
        string[][] words = [.. prompts.Select(p => p.Split(' '))];
        int shared = 0;
        while (words.All(w => w.Length > shared && w[shared] == words[0][shared]))
            shared++;
        return [.. words.Select(w => string.Join(' ', w.Skip(shared)))];
    }
}
