using System.Security.Cryptography;
using System.Text;
using Lucene.Net.Analysis;
using Lucene.Net.Index;
using Lucene.Net.Search;
using Lucene.Net.Store;
using Lucene.Net.Util;

namespace Toolformer.Tools.Searching;

/// <summary>How far the reading of a file is.</summary>
/// <param name="BytesRead">Of the file as it lies on the disk.</param>
/// <param name="Passages">All that are in the index now.</param>
public readonly record struct IndexProgress(string Path, long BytesRead, long Length, long Passages);

/// <summary>What was done with a file.</summary>
/// <param name="Unchanged">Documents that were in the index already.</param>
public readonly record struct IndexOutcome(long Added, long Unchanged, long Removed);

/// <summary>
/// Brings the index in a folder up to date with files: adds those it does not have, and of those that have changed only
/// what has changed. A process that is killed goes on, when the same is asked again, with the document after the last
/// that was committed. One builder at a time; searches may go on meanwhile, on what was committed when they opened it.
/// </summary>
public sealed class IndexBuilder : IDisposable
{
    /// <summary>So many passages may have to be read again after a kill.</summary>
    private const int CommitEvery = 20_000;

    private const string FirstCommit = "segments_1";

    private readonly FSDirectory _directory;
    private readonly Analyzer _analyzer;
    private readonly IndexWriter _writer;
    private readonly SortedDictionary<string, IndexedSource> _sources;

    /// <param name="folder">Made if it is not there.</param>
    /// <exception cref="IOException">The folder can't be written, or another process writes an index there.</exception>
    /// <exception cref="InvalidDataException">There is an index that can't be added to.</exception>
    public IndexBuilder(string folder)
    {
        System.IO.Directory.CreateDirectory(folder);
        _directory = FSDirectory.Open(folder);
        _analyzer = IndexedPassage.Analyzer();
        try
        {
            var sources = Sources(_directory, folder);
            _sources = sources ?? new(StringComparer.Ordinal);
            _writer = new IndexWriter(_directory, IndexedPassage.Writing(_analyzer));
            // Lucene writes a commit in place, and falls back to the one before where it died in it: so there is one.
            if (sources is null)
                Commit();
        }
        catch (LockObtainFailedException e)
        {
            Close();
            throw new IOException($"The search index in {folder} is being written by another process: wait for it to "
                + $"end, or delete {Path.Combine(folder, IndexWriter.WRITE_LOCK_NAME)} if none runs.", e);
        }
        catch (Exception e) when (SearchIndex.IsDamage(e))
        {
            Close();
            throw new InvalidDataException($"The search index in {folder} is damaged ({e.Message}): delete the folder "
                + "and build it anew.", e);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>What is in the index, in order of the paths.</summary>
    public IReadOnlyList<IndexedSource> Contents => [.. _sources.Values];

    /// <summary>The number of passages.</summary>
    public int Count => _writer.NumDocs;

    /// <summary>
    /// Reads a file into the index, or goes on with it. What is in the index of an earlier state of the file and not in
    /// the file any more is removed at the end.
    /// </summary>
    /// <param name="source">What reads it; null: <see cref="PassageSource.For"/>.</param>
    /// <param name="skipped">Gets the reason for each part that can't be used.</param>
    /// <exception cref="OperationCanceledException">What was read is kept; the same call goes on.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is broken (what was read before is kept), or there is no passage in it (nothing is changed).
    /// </exception>
    public IndexOutcome Add(
        string path, PassageSource? source = null, IProgress<IndexProgress>? progress = null,
        Action<string>? skipped = null, CancellationToken cancellation = default)
    {
        source ??= PassageSource.For(path);
        var file = new FileInfo(Path.GetFullPath(path));
        string name = file.FullName;
        var known = _sources.GetValueOrDefault(name);
        if (known is { IsComplete: true } && known.IsUnchanged(file))
            return new(0, known.Documents, 0);

        bool goesOn = known is { IsUpdate: false } && known.IsUnchanged(file);
        var state = goesOn ? known! : new IndexedSource(name, file.Length, file.LastWriteTimeUtc)
        {
            IsUpdate = known is not null,
        };
        using var before = state.IsUpdate ? new KnownDocuments(_writer, name) : null;
        long added = 0, same = 0, uncommitted = 0;
        using var documents = source.Read(path, state.Next, skipped ?? (_ => { })).GetEnumerator();
        while (Next())
        {
            var document = documents.Current;
            string key = KeyOf(name, document.Passages);
            if (before?.IsThere(key) == true)
            {
                same++;
            }
            else
            {
                _writer.AddDocuments(document.Passages.Select(p => IndexedPassage.Fields(p, name, key)));
                added++;
                uncommitted += document.Passages.Count;
            }
            state = state with { Documents = state.Documents + 1, Next = document.Next };
            progress?.Report(new(name, document.BytesRead, file.Length, Count));
            if (uncommitted >= CommitEvery)
                Commit();
        }
        if (state.Documents == 0)
            throw new InvalidDataException($"There is no passage to index.\n  in {path}\n"
                + "  Give lines with a field \"text\", paragraphs of text, or a dump with articles.");
        long removed = before?.RemoveTheOthers() ?? 0;
        state = state with { IsComplete = true, IsUpdate = false, Next = default };
        Commit();
        progress?.Report(new(name, file.Length, file.Length, Count));
        return new(added, same, removed);

        bool Next()
        {
            try
            {
                cancellation.ThrowIfCancellationRequested();
                return documents.MoveNext();
            }
            catch when (state.Documents > 0)
            {
                Commit();
                throw;
            }
        }

        void Commit()
        {
            _sources[name] = state;
            this.Commit();
            uncommitted = 0;
        }
    }

    /// <summary>Takes a file's passages out of the index; false where it has none.</summary>
    public bool Remove(string path)
    {
        string name = Path.GetFullPath(path);
        if (!_sources.Remove(name))
            return false;
        _writer.DeleteDocuments(new Term(IndexedPassage.Source, name));
        Commit();
        return true;
    }

    public void Dispose()
    {
        // What was not committed is of no use: the sources would not know of it.
        if (!_writer.IsClosed)
            _writer.Rollback();
        Close();
    }

    private void Commit()
    {
        _writer.SetCommitData(IndexedSources.Write(_sources));
        _writer.Commit();
    }

    private void Close()
    {
        _analyzer.Dispose();
        _directory.Dispose();
    }

    /// <summary>What is in the index; null: there is none.</summary>
    private static SortedDictionary<string, IndexedSource>? Sources(FSDirectory directory, string folder)
    {
        if (!DirectoryReader.IndexExists(directory))
            return null;
        try
        {
            using var reader = DirectoryReader.Open(directory);
            return IndexedSources.Read(reader.IndexCommit.UserData)
                ?? throw new InvalidDataException($"The search index in {folder} was made by another version or "
                    + "program, and does not say what is in it: delete the folder and build it anew.");
        }
        catch (Exception e) when (SearchIndex.IsDamage(e)
            && directory.ListAll().Where(f => f.StartsWith("segments_", StringComparison.Ordinal)) is var commits
            && commits.SequenceEqual([FirstCommit]))
        {
            directory.DeleteFile(FirstCommit); // died in the very first: there is nothing to lose
            return null;
        }
    }

    /// <summary>
    /// What a document is known by: its content, so that it need not have an id, and may be anywhere in its file.
    /// </summary>
    private static string KeyOf(string source, IReadOnlyList<Passage> passages)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(source);
        foreach (var passage in passages)
        {
            Append(passage.Title);
            Append(passage.Section ?? "");
            Append(passage.Text);
        }
        return Convert.ToBase64String(hash.GetHashAndReset(), 0, 15);

        void Append(string text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text));
            hash.AppendData("\0"u8);
        }
    }

    /// <summary>The documents of a file's earlier state, and which of them are still in the file.</summary>
    private sealed class KnownDocuments : IDisposable
    {
        private readonly IndexWriter _writer;
        private readonly DirectoryReader _reader;
        private readonly Term _source;
        private readonly FixedBitSet _stillThere; // by Lucene's numbers in this reader

        public KnownDocuments(IndexWriter writer, string source)
        {
            _writer = writer;
            _reader = DirectoryReader.Open(writer, applyAllDeletes: true);
            _source = new Term(IndexedPassage.Source, source);
            _stillThere = new FixedBitSet(_reader.MaxDoc);
        }

        public bool IsThere(string key)
        {
            bool any = false;
            foreach (int document in Numbers(new Term(IndexedPassage.Key, key)))
            {
                any = true;
                _stillThere.Set(document);
            }
            return any;
        }

        /// <summary>Deletes those that were not asked for; returns how many passages they were.</summary>
        public long RemoveTheOthers()
        {
            long removed = 0;
            foreach (int document in Numbers(_source))
            {
                if (_stillThere.Get(document))
                    continue;
                string key = _reader.Document(document).Get(IndexedPassage.Key);
                _writer.DeleteDocuments(new Term(IndexedPassage.Key, key));
                removed++;
            }
            return removed;
        }

        public void Dispose() => _reader.Dispose();

        private IEnumerable<int> Numbers(Term term)
        {
            foreach (var leaf in _reader.Leaves)
            {
                var postings = leaf.AtomicReader.GetTermDocsEnum(term);
                if (postings is null)
                    continue;
                var live = leaf.AtomicReader.LiveDocs;
                for (int d; (d = postings.NextDoc()) != DocIdSetIterator.NO_MORE_DOCS;)
                {
                    if (live is null || live.Get(d))
                        yield return leaf.DocBase + d;
                }
            }
        }
    }
}
