using Lucene.Net.Analysis;
using Lucene.Net.Analysis.En;
using Lucene.Net.Analysis.Util;
using Lucene.Net.Documents;
using Lucene.Net.Index;
using Lucene.Net.Util;

namespace Toolformer.Tools.Searching;

/// <summary>How a passage stands in Lucene's index.</summary>
internal static class IndexedPassage
{
    /// <summary>The fields that are searched: all words, and those of the title.</summary>
    public const string Words = "words", Title = "title_words";

    /// <summary>The fields that say which file and which document of it a passage is of.</summary>
    public const string Source = "source", Key = "key";

    private const LuceneVersion Version = LuceneVersion.LUCENE_48;

    /// <summary>All words are in the index, also those that a query is better without.</summary>
    public static Analyzer Analyzer() => new EnglishAnalyzer(Version, CharArraySet.Empty);

    // Merging neighbours only keeps the passages in order, and so the order of equal scores.
    public static IndexWriterConfig Writing(Analyzer analyzer) => new(Version, analyzer)
    {
        OpenMode = OpenMode.CREATE_OR_APPEND,
        MergePolicy = new LogByteSizeMergePolicy(),
        RAMBufferSizeMB = 64,
        WriteLockTimeout = 0, // a second writer would only wait for a lock that is held for hours
    };

    public static IEnumerable<IIndexableField> Fields(Passage passage)
    {
        yield return new StoredField("id", passage.Id);
        yield return new StoredField("title", passage.Title);
        if (passage.Section is not null)
            yield return new StoredField("section", passage.Section);
        yield return new StoredField("text", passage.Text);
        string all = $"{passage.Title}\n{passage.Section}\n{passage.Text}";
        yield return new TextField(Words, PassageSearch.Spaced(all), Field.Store.NO);
        if (passage.Title.Length > 0)
            yield return new TextField(Title, PassageSearch.Spaced(passage.Title), Field.Store.NO);
    }

    public static IEnumerable<IIndexableField> Fields(Passage passage, string source, string key) =>
    [
        .. Fields(passage), new StringField(Source, source, Field.Store.NO), new StringField(Key, key, Field.Store.YES),
    ];

    public static Passage Read(Lucene.Net.Documents.Document stored) =>
        new(stored.Get("id"), stored.Get("title"), stored.Get("text")) { Section = stored.Get("section") };
}
