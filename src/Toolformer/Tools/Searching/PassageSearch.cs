using Lucene.Net.Analysis;
using Lucene.Net.Analysis.En;
using Lucene.Net.Analysis.TokenAttributes;
using Lucene.Net.Analysis.Util;
using Lucene.Net.Util;

namespace Toolformer.Tools.Searching;

/// <summary>A passage and its score; scores of different searches can't be compared.</summary>
public readonly record struct SearchHit(Passage Passage, float Score);

/// <summary>What a search found, best first, or the reason why it could not search.</summary>
/// <param name="IsTransient">Whether the same search may succeed later.</param>
public readonly record struct SearchAnswer(
    IReadOnlyList<SearchHit> Hits, string? Error = null, bool IsTransient = false)
{
    public static SearchAnswer Failure(string error, bool isTransient = false) => new([], error, isTransient);
}

/// <summary>
/// Passages that can be searched: a <see cref="SearchIndex"/> on this machine, or an <c>OpenSearchIndex</c> on others.
/// Thread-safe.
/// </summary>
public abstract class PassageSearch : IDisposable
{
    /// <summary>No more of a query is read, so that nobody has to wait for a query of a megabyte.</summary>
    private const int MaxQueryLength = 2000, MaxQueryTerms = 64;

    private protected const LuceneVersion Version = LuceneVersion.LUCENE_48;

    // As Lucene stems them. They tell nothing of what is asked for, but are rare enough in texts to count much.
    private static readonly HashSet<string> QuestionWords = new(
        ["what", "which", "who", "whom", "whose", "when", "where", "how", "did", "do", "doe"], StringComparer.Ordinal);

    // All words are in the index; those that every text contains are left out of queries that have others.
    private readonly EnglishAnalyzer _allWords = new(Version, CharArraySet.Empty);
    private readonly EnglishAnalyzer _contentWords = new(Version);

    /// <summary>Another one for other passages, where that is known; part of a tool's version.</summary>
    public virtual string Fingerprint => "";

    /// <summary>The best passages, best first; none if no word of the query occurs anywhere.</summary>
    /// <param name="query">Words. Nothing in it has a meaning of its own, so no query is malformed.</param>
    public abstract ValueTask<SearchAnswer> FindAsync(string query, int count, CancellationToken cancellation);

    /// <summary>
    /// The distinct words of a query as an English index knows them, without articles, question words and the like, as
    /// long as there are others.
    /// </summary>
    public IReadOnlyList<string> QueryTerms(string query)
    {
        string read = query.Length <= MaxQueryLength ? query : query[..MaxQueryLength];
        var terms = Terms(_contentWords, read);
        if (terms.Count == 0)
            terms = Terms(_allWords, read);
        var telling = terms.Where(t => !QuestionWords.Contains(t)).ToList();
        return [.. (telling.Count > 0 ? telling : terms).Distinct(StringComparer.Ordinal).Take(MaxQueryTerms)];
    }

    /// <summary>All words of a text as an English index knows them.</summary>
    public IReadOnlyList<string> Terms(string text) => Terms(_allWords, text);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        _allWords.Dispose();
        _contentWords.Dispose();
    }

    // Lucene would read "Flag:Ghana" and "Kiel_Canal" as one word each.
    internal static string Spaced(string text) => text.Replace(':', ' ').Replace('_', ' ');

    private static List<string> Terms(Analyzer analyzer, string text)
    {
        var terms = new List<string>();
        using var stream = analyzer.GetTokenStream("words", Spaced(text));
        var term = stream.AddAttribute<ICharTermAttribute>();
        stream.Reset();
        while (stream.IncrementToken())
            terms.Add(term.ToString()!);
        stream.End();
        return terms;
    }
}
