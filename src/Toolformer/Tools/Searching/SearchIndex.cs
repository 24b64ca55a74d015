using Lucene.Net.Analysis.En;
using Lucene.Net.Analysis.Util;
using Lucene.Net.Documents;
using Lucene.Net.Index;
using Lucene.Net.Search;
using Lucene.Net.Search.Similarities;
using Lucene.Net.Store;
using LuceneDirectory = Lucene.Net.Store.Directory;

namespace Toolformer.Tools.Searching;

/// <summary>The two numbers of BM25; the paper names none, these are those of Robertson and of Lucene.</summary>
/// <param name="K1">How fast further occurrences of a word stop to count, ≥ 0.</param>
/// <param name="B">How much long passages are held against their length, from 0 to 1.</param>
public sealed record Bm25Options(float K1 = 1.2f, float B = 0.75f);

/// <summary>
/// Passages to be searched by BM25 (Robertson), with Lucene: words are stemmed as English. In a folder or in memory.
/// Thread-safe. Passages of equal score keep the order in which they were added.
/// </summary>
public sealed class SearchIndex : PassageSearch
{
    private const string Words = "words";

    private readonly LuceneDirectory _directory;
    private readonly DirectoryReader _reader;
    private readonly IndexSearcher _searcher;

    private SearchIndex(LuceneDirectory directory, Bm25Options? options)
    {
        options ??= new();
        _directory = directory;
        _reader = DirectoryReader.Open(directory);
        _searcher = new IndexSearcher(_reader) { Similarity = new BM25Similarity(options.K1, options.B) };
    }

    /// <summary>The number of passages.</summary>
    public int Count => _reader.NumDocs;

    /// <summary>
    /// Writes an index of the passages to a folder, in place of one that may be there; that one stays as it was until
    /// the new one is complete, also if this is interrupted.
    /// </summary>
    /// <param name="progress">Gets the number of passages so far, every thousand and at the end.</param>
    /// <returns>The number of passages.</returns>
    /// <exception cref="IOException">The folder can't be written, or another process writes an index there.</exception>
    public static int Build(
        string folder, IEnumerable<Passage> passages, IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        System.IO.Directory.CreateDirectory(folder);
        using var directory = FSDirectory.Open(folder);
        try
        {
            return Write(directory, passages, progress, cancellation);
        }
        catch (LockObtainFailedException e)
        {
            throw new IOException($"The search index in {folder} is being written by another process: wait for it to "
                + $"end, or delete {Path.Combine(folder, IndexWriter.WRITE_LOCK_NAME)} if none runs.", e);
        }
    }

    /// <summary>Opens the index in a folder for searching.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no index in that folder.</exception>
    /// <exception cref="InvalidDataException">The index is damaged or of another version.</exception>
    public static SearchIndex Open(string folder, Bm25Options? options = null)
    {
        const string remedy = "build one with `toolformer index`.";
        if (!System.IO.Directory.Exists(folder))
            throw new DirectoryNotFoundException($"No search index: the folder {folder} does not exist: {remedy}");
        var directory = FSDirectory.Open(folder);
        try
        {
            return DirectoryReader.IndexExists(directory)
                ? new SearchIndex(directory, options)
                : throw new DirectoryNotFoundException($"No search index is in the folder {folder}: {remedy}");
        }
        catch (Exception e) when (e is CorruptIndexException or IndexNotFoundException or EndOfStreamException
            or IndexFormatTooOldException or IndexFormatTooNewException or FileNotFoundException or ArgumentException)
        {
            directory.Dispose();
            throw new InvalidDataException($"The search index in {folder} can't be read ({e.Message}): {remedy}", e);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>An index that is gone with the process: for tests and small collections.</summary>
    public static SearchIndex InMemory(IEnumerable<Passage> passages, Bm25Options? options = null)
    {
        var directory = new RAMDirectory();
        Write(directory, passages, null, CancellationToken.None);
        return new SearchIndex(directory, options);
    }

    /// <summary>The best passages, best first; none if no word of the query occurs anywhere.</summary>
    /// <param name="query">Words. Nothing in it has a meaning of its own, so no query is malformed.</param>
    public IReadOnlyList<SearchHit> Search(string query, int count = 1)
    {
        var terms = QueryTerms(query);
        if (terms.Count == 0)
            return [];
        var any = new BooleanQuery();
        foreach (string term in terms)
            any.Add(new TermQuery(new Term(Words, term)), Occur.SHOULD);
        return [.. _searcher.Search(any, count).ScoreDocs.Select(hit => new SearchHit(Passage(hit.Doc), hit.Score))];
    }

    public override ValueTask<SearchAnswer> FindAsync(string query, int count, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(new SearchAnswer(Search(query, count)));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _reader.Dispose();
            _directory.Dispose();
        }
        base.Dispose(disposing);
    }

    private static int Write(
        LuceneDirectory directory, IEnumerable<Passage> passages, IProgress<int>? progress,
        CancellationToken cancellation)
    {
        using var analyzer = new EnglishAnalyzer(Version, CharArraySet.Empty);
        // Merging neighbours only keeps the passages in order, and so the order of equal scores.
        var config = new IndexWriterConfig(Version, analyzer)
        {
            OpenMode = OpenMode.CREATE,
            MergePolicy = new LogByteSizeMergePolicy(),
            RAMBufferSizeMB = 64,
            WriteLockTimeout = 0, // a second writer would only wait for a lock that is held for minutes
        };
        using var writer = new IndexWriter(directory, config);
        int count = 0;
        try
        {
            foreach (var passage in passages)
            {
                cancellation.ThrowIfCancellationRequested();
                writer.AddDocument(Fields(passage));
                if (++count % 1000 == 0)
                    progress?.Report(count);
            }
            writer.Commit();
        }
        catch
        {
            writer.Rollback(); // disposing would commit what is there
            throw;
        }
        progress?.Report(count);
        return count;
    }

    private static IEnumerable<IIndexableField> Fields(Passage passage)
    {
        yield return new StoredField("id", passage.Id);
        yield return new StoredField("title", passage.Title);
        if (passage.Section is not null)
            yield return new StoredField("section", passage.Section);
        yield return new StoredField("text", passage.Text);
        yield return new TextField(
            Words, Spaced($"{passage.Title}\n{passage.Section}\n{passage.Text}"), Field.Store.NO);
    }

    private Passage Passage(int number)
    {
        var stored = _searcher.Doc(number);
        return new(stored.Get("id"), stored.Get("title"), stored.Get("text")) { Section = stored.Get("section") };
    }
}
