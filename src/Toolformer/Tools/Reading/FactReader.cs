using Lucene.Net.Analysis.En;
using Toolformer.Tools.Searching;

namespace Toolformer.Tools.Reading;

/// <summary>
/// Looks the answer up in passages that are questions with their answers (see <see cref="Passage.OfFact"/>): the one
/// whose question asks the same. No model is needed, and a false answer is rare: names and numbers must be the same on
/// both sides, and most other words.
/// </summary>
public sealed class FactReader : AnswerReader
{
    // What a question may be asked with: the same is asked with and without them.
    private static readonly HashSet<string> QuestionWords = new(
        [
            "what", "which", "who", "whom", "whose", "when", "where", "how", "did", "do", "does", "has", "have", "had",
            "were", "name", "called", "can", "could", "would", "you", "me", "tell", "so",
        ], StringComparer.Ordinal);

    /// <summary>
    /// The least share of words that both questions have among those that either has, from 0 to 1. Words that several
    /// of the candidates share count less.
    /// </summary>
    public double MinOverlap { get; init; } = 0.6;

    public override ValueTask<ToolResult> AnswerAsync(
        string question, IReadOnlyList<Passage> passages, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var asked = Words(question);
        var facts = passages.Where(p => p.IsFact).Select(p => (Passage: p, Words: Words(p.Title))).ToList();
        if (asked.Count == 0 || facts.Count == 0)
            return new(ToolResult.Failure(asked.Count == 0
                ? "The question has no word to look up: ask for a thing or a name."
                : "Nothing that is known is like this question."));
        var best = facts.Select(f => (f.Passage, Overlap: Overlap(asked, f.Words))).MaxBy(f => f.Overlap);
        return new(best.Overlap >= MinOverlap
            ? ToolResult.Success(best.Passage.Text)
            : ToolResult.Failure($"Nothing that is known answers this; the nearest is '{best.Passage.Title}'."));

        double Overlap(Dictionary<string, bool> one, Dictionary<string, bool> other)
        {
            if (one.Any(w => w.Value && !other.ContainsKey(w.Key))
                || other.Any(w => w.Value && !one.ContainsKey(w.Key)))
                return 0;
            double Weight(string word) => 1.0 / (1 + Math.Log(1 + facts.Count(f => f.Words.ContainsKey(word))));
            return one.Keys.Intersect(other.Keys).Sum(Weight) / one.Keys.Union(other.Keys).Sum(Weight);
        }
    }

    /// <summary>The stems of a question's words, and whether each must be in both: a number, or a name.</summary>
    private static Dictionary<string, bool> Words(string question)
    {
        var words = new Dictionary<string, bool>(StringComparer.Ordinal);
        bool first = true;
        foreach (string written in Sentences.Words(question.Length <= 2000 ? question : question[..2000]))
        {
            string word = new([.. written.Where(char.IsLetterOrDigit)]);
            string lower = word.ToLowerInvariant();
            bool possessive = written.EndsWith("'s", StringComparison.Ordinal)
                || written.EndsWith("’s", StringComparison.Ordinal);
            if (word.Length > 0 && !QuestionWords.Contains(lower) && !EnglishAnalyzer.DefaultStopSet.Contains(lower))
            {
                bool isName = char.IsDigit(word[0]) || (char.IsUpper(word[0]) && !first);
                string stem = Stem(possessive ? lower[..^1] : lower);
                words[stem] = isName || words.GetValueOrDefault(stem);
            }
            first = false;
        }
        return words;
    }

    // Plurals and verb endings; names of things are more alike than Porter's stems make them.
    private static string Stem(string word)
    {
        var stemmer = new EnglishMinimalStemmer();
        char[] letters = word.ToCharArray();
        return new string(letters, 0, stemmer.Stem(letters, letters.Length));
    }
}

/// <summary>The reader of facts in a tools file: <c>{"kind": "facts", "min_overlap": 0.6}</c>.</summary>
public sealed class FactReaderKind : ReaderKind
{
    private sealed record Options(double MinOverlap = 0.6);

    public override string Kind => "facts";

    public override AnswerReader Open(ToolSettings settings)
    {
        double overlap = settings.Read<Options>().MinOverlap;
        return overlap is > 0 and <= 1
            ? settings.Own(new FactReader { MinOverlap = overlap })
            : throw settings.Bad($"\"min_overlap\" is {overlap}.", "Write a share above 0 and up to 1.");
    }
}
