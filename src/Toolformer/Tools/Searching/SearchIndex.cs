using System.Security.Cryptography;
using System.Text;
using Lucene.Net.Index;
using Lucene.Net.Search;
using Lucene.Net.Search.Similarities;
using Lucene.Net.Store;
using LuceneDirectory = Lucene.Net.Store.Directory;

namespace Toolformer.Tools.Searching;

/// <summary>The numbers of BM25; the paper names none, k1 and b are those of Robertson and of Lucene.</summary>
/// <param name="K1">How fast further occurrences of a word stop to count, ≥ 0.</param>
/// <param name="B">How much long passages are held against their length, from 0 to 1.</param>
/// <param name="TitleWeight">
/// How much the BM25 of the title alone adds to that of title, section and text together, ≥ 0.
/// </param>
public sealed record Bm25Options(float K1 = 1.2f, float B = 0.75f, float TitleWeight = 0.2f);

/// <summary>
/// Passages to be searched by BM25 (Robertson), with Lucene: words are stemmed as English. In a folder or in memory.
/// Thread-safe. Passages of equal score keep the order in which they were added.
/// </summary>
public sealed class SearchIndex : PassageSearch
{
    private readonly LuceneDirectory _directory;
    private readonly DirectoryReader _reader;
    private readonly IndexSearcher _searcher;
    private readonly float _titleWeight;
    private readonly Lazy<string> _fingerprint;

    private SearchIndex(LuceneDirectory directory, Bm25Options? options)
    {
        options ??= new();
        _directory = directory;
        _titleWeight = options.TitleWeight;
        _reader = DirectoryReader.Open(directory);
        _searcher = new IndexSearcher(_reader) { Similarity = new BM25Similarity(options.K1, options.B) };
        _fingerprint = new Lazy<string>(() => FingerprintOf(options));
    }

    /// <summary>The number of passages.</summary>
    public int Count => _reader.NumDocs;

    /// <summary>A hash of the names, lengths and checksums of the index's files.</summary>
    public override string Fingerprint => _fingerprint.Value;

    /// <summary>What was read into the index, in order of the names; nothing for one in memory.</summary>
    public IReadOnlyList<IndexedSource> Sources =>
        IndexedSources.Read(_reader.IndexCommit.UserData) is { } sources ? [.. sources.Values] : [];

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
        catch (Exception e) when (IsDamage(e))
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

    /// <summary>Whether an error of Lucene says that its files are damaged or of another version.</summary>
    internal static bool IsDamage(Exception e) =>
        e is (IOException and not DirectoryNotFoundException) or ArgumentException;

    /// <summary>An index that is gone with the process: for tests and small collections.</summary>
    public static SearchIndex InMemory(IEnumerable<Passage> passages, Bm25Options? options = null)
    {
        var directory = new RAMDirectory();
        using var analyzer = IndexedPassage.Analyzer();
        using (var writer = new IndexWriter(directory, IndexedPassage.Writing(analyzer)))
        {
            foreach (var passage in passages)
                writer.AddDocument(IndexedPassage.Fields(passage));
        }
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
        {
            any.Add(new TermQuery(new Term(IndexedPassage.Words, term)), Occur.SHOULD);
            if (_titleWeight > 0)
                any.Add(new TermQuery(new Term(IndexedPassage.Title, term)) { Boost = _titleWeight }, Occur.SHOULD);
        }
        return [.. _searcher.Search(any, count).ScoreDocs
            .Select(hit => new SearchHit(IndexedPassage.Read(_searcher.Doc(hit.Doc)), hit.Score))];
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

    private string FingerprintOf(Bm25Options options)
    {
        var files = new StringBuilder($"{options}\n");
        foreach (string name in _reader.IndexCommit.FileNames.Order(StringComparer.Ordinal))
        {
            using var file = _directory.OpenInput(name, IOContext.READ_ONCE);
            file.Seek(Math.Max(0, file.Length - sizeof(long))); // Lucene ends its files with a checksum
            long checksum = file.Length < sizeof(long) ? 0 : file.ReadInt64();
            files.Append(name).Append(' ').Append(file.Length).Append(' ').Append(checksum).Append('\n');
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(files.ToString())))[..16];
    }
}
