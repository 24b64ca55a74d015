using Lucene.Net.Analysis.Core;
using Lucene.Net.Index;
using Lucene.Net.Store;
using Lucene.Net.Util;
using Toolformer.Tools.Searching;
using Directory = System.IO.Directory;

namespace Toolformer.Tests.Tools.Searching;

public sealed class IndexBuilderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-build-").FullName;

    private string Index => Path.Combine(_folder, "index");

    private string Write(string name, IEnumerable<string> texts, int day = 1)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllLines(path, texts.Select(t => $$"""{"text": "{{t}}"}"""));
        File.SetLastWriteTimeUtc(path, new DateTime(2024, 1, day, 0, 0, 0, DateTimeKind.Utc));
        return path;
    }

    private IndexOutcome Add(string path, PassageSource? source = null, CancellationToken cancellation = default)
    {
        using var builder = new IndexBuilder(Index);
        return builder.Add(path, source, cancellation: cancellation);
    }

    private string[] Found(string query)
    {
        using var index = SearchIndex.Open(Index);
        return [.. index.Search(query, 100).Select(h => h.Passage.Text)];
    }

    [Fact]
    public void Only_what_has_changed_is_indexed_again()
    {
        string a = Write("a.jsonl", ["lake one", "lake two", "lake three"]), b = Write("b.jsonl", ["lake other"]);
        Assert.Equal(new IndexOutcome(3, 0, 0), Add(a));
        Assert.Equal(new IndexOutcome(1, 0, 0), Add(b));
        Assert.Equal(new IndexOutcome(0, 3, 0), Add(a));
        // A document added before the others, one changed, one removed.
        Write("a.jsonl", ["lake zero", "lake one", "lake 2"], day: 2);
        Assert.Equal(new IndexOutcome(2, 1, 2), Add(a));
        Assert.Equal(["lake 2", "lake one", "lake other", "lake zero"], Found("lake").Order());
        using var index = SearchIndex.Open(Index);
        Assert.Equal([(a, 3L, true), (b, 1L, true)], index.Sources.Select(s => (s.Path, s.Documents, s.IsComplete)));
    }

    [Fact]
    public void A_file_is_taken_out()
    {
        string a = Write("a.jsonl", ["lake one"]), b = Write("b.jsonl", ["lake other"]);
        using var builder = new IndexBuilder(Index);
        builder.Add(a);
        builder.Add(b);
        Assert.True(builder.Remove(a));
        Assert.False(builder.Remove(a));
        Assert.Equal(["lake other"], Found("lake"));
    }

    [Fact]
    public void A_file_without_a_passage_changes_nothing()
    {
        string a = Write("a.jsonl", ["lake one"]);
        Add(a);
        Write("a.jsonl", [], day: 2);
        Assert.Contains("no passage", Assert.Throws<InvalidDataException>(() => Add(a)).Message);
        Assert.Equal(["lake one"], Found("lake"));
    }

    [Fact]
    public void An_interrupted_build_goes_on_with_the_next_document()
    {
        string a = Write("a.jsonl", Enumerable.Range(0, 20).Select(i => $"lake {i}"));
        using var cancel = new CancellationTokenSource();
        var source = new Watched(after: 7, cancel.Cancel);
        Assert.Throws<OperationCanceledException>(() => Add(a, source, cancel.Token));
        Assert.Equal(8, Found("lake").Length); // the one at hand is finished
        using (var index = SearchIndex.Open(Index))
            Assert.False(index.Sources.Single().IsComplete);

        var rest = new Watched(after: 100, () => { });
        Assert.Equal(new IndexOutcome(12, 0, 0), Add(a, rest));
        Assert.Equal(12, rest.Passed); // none was read twice
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"lake {i}"), Found("lake"));
    }

    [Fact]
    public void An_interrupted_update_is_made_again_and_ends_the_same()
    {
        string a = Write("a.jsonl", ["lake 1", "lake 2", "lake 3"]);
        Add(a);
        Write("a.jsonl", ["lake 2", "lake 4", "lake 5", "lake 6"], day: 2);
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Add(a, new Watched(1, cancel.Cancel), cancel.Token));
        // What was there before is there until the update is whole.
        Assert.Equal(["lake 1", "lake 2", "lake 3", "lake 4"], Found("lake").Order());
        Assert.Equal(new IndexOutcome(2, 2, 2), Add(a));
        Assert.Equal(["lake 2", "lake 4", "lake 5", "lake 6"], Found("lake").Order());
    }

    [Fact]
    public void What_was_read_before_a_file_breaks_off_is_kept()
    {
        string a = Write("a.jsonl", ["lake 1", "lake 2"]);
        Assert.Throws<InvalidDataException>(() => Add(a, new Watched(1, () => throw new InvalidDataException("cut"))));
        Assert.Equal(["lake 1"], Found("lake"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void A_commit_that_was_cut_short_is_as_if_it_had_not_begun(int length)
    {
        string a = Write("a.jsonl", ["lake 1"]), b = Write("b.jsonl", ["lake 2"]);
        Cut("segments_1");
        Assert.Equal(new IndexOutcome(1, 0, 0), Add(a));
        Cut("segments_3");
        Assert.Equal(["lake 1"], Found("lake"));
        Assert.Equal(new IndexOutcome(1, 0, 0), Add(b));
        Assert.Equal(["lake 1", "lake 2"], Found("lake").Order());

        void Cut(string commit)
        {
            Directory.CreateDirectory(Index);
            Assert.False(File.Exists(Path.Combine(Index, commit)));
            byte[] begun = [0x3f, 0xd7, 0x6c, 0x17, .. new byte[16]];
            File.WriteAllBytes(Path.Combine(Index, commit), begun[..length]);
        }
    }

    [Fact]
    public void An_index_of_another_version_is_not_added_to()
    {
        using (var directory = FSDirectory.Open(Index))
        using (var analyzer = new WhitespaceAnalyzer(LuceneVersion.LUCENE_48))
        using (var writer = new IndexWriter(directory, new(LuceneVersion.LUCENE_48, analyzer)))
            writer.Commit();
        string error = Assert.Throws<InvalidDataException>(() => Add(Write("a.jsonl", ["x"]))).Message;
        Assert.Contains(Index, error);
        Assert.Contains("delete the folder", error);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Reads lines, counts them, and does something after one of them.</summary>
    private sealed class Watched(int after, Action action) : PassageSource
    {
        private readonly JsonLinesSource _lines = new();

        public int Passed { get; private set; }

        public override IReadOnlyList<string> Endings => [];

        public override IEnumerable<SourceDocument> Read(string path, SourcePosition from, Action<string> skipped)
        {
            foreach (var document in _lines.Read(path, from, skipped))
            {
                if (Passed == after)
                    action();
                Passed++;
                yield return document;
            }
        }
    }
}
