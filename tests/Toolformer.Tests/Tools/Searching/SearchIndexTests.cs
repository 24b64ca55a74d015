using Toolformer.Tools;
using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Tools.Searching;

public sealed class SearchIndexTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-index-").FullName;

    private string Build(int count)
    {
        string file = Path.Combine(_folder, "passages.jsonl"), index = Path.Combine(_folder, "index");
        File.WriteAllLines(file, Enumerable.Range(0, count).Select(i =>
            $$"""{"id": "{{i}}", "title": "Title {{i}}", "text": "the same text"}"""));
        using var builder = new IndexBuilder(index);
        builder.Add(file);
        return index;
    }

    [Fact]
    public void Other_passages_have_another_fingerprint_and_with_it_their_tool_another_version()
    {
        using var one = SearchIndex.InMemory([new("1", "Kiel", "A town by the sea.")]);
        using var other = SearchIndex.InMemory([new("1", "Kiel", "A town by a lake.")]);
        Assert.NotEqual(one.Fingerprint, other.Fingerprint);
        Assert.NotEqual(new WikiSearch(one).Version, new WikiSearch(other).Version);
        Assert.NotEqual(new WikiSearch(one).Version, new WikiSearch(one) { SnippetWords = 5 }.Version);
    }

    [Fact]
    public void What_was_built_is_found_again()
    {
        using var index = SearchIndex.Open(Build(2500));
        Assert.Equal(2500, index.Count);
        Assert.Equal(new Passage("1234", "Title 1234", "the same text"), index.Search("1234").Single().Passage);
        Assert.Equal(["0", "1", "2"], index.Search("text", 3).Select(h => h.Passage.Id));
    }

    [Fact]
    public void A_second_writer_is_told_of_the_first()
    {
        using var first = new IndexBuilder(_folder);
        var error = Assert.Throws<IOException>(() => new IndexBuilder(_folder));
        Assert.Contains("another process", error.Message);
    }

    [Fact]
    public void A_missing_index_is_named_with_the_remedy()
    {
        foreach (string folder in (string[])[_folder, Path.Combine(_folder, "none")])
        {
            var error = Assert.Throws<DirectoryNotFoundException>(() => SearchIndex.Open(folder));
            Assert.Contains(folder, error.Message);
            Assert.Contains("toolformer index", error.Message);
        }
    }

    [Fact]
    public void A_damaged_index_is_named_with_the_remedy()
    {
        string folder = Build(10);
        foreach (string file in Directory.GetFiles(folder, "segments*"))
            File.WriteAllBytes(file, File.ReadAllBytes(file)[..8]);
        foreach (var open in (Func<IDisposable>[])[() => SearchIndex.Open(folder), () => new IndexBuilder(folder)])
        {
            var error = Assert.Throws<InvalidDataException>(open);
            Assert.Contains(folder, error.Message);
            Assert.Contains("build", error.Message);
        }
    }

    [Fact]
    public void Rare_words_weigh_more_and_length_is_held_against_a_passage()
    {
        Passage[] passages =
        [
            new("common", "", "river river river bank"), new("rare", "", "river okapi"),
            new("long", "", "okapi " + string.Join(' ', Enumerable.Repeat("filler", 50))),
        ];
        using var index = SearchIndex.InMemory(passages);
        Assert.Equal("rare", index.Search("river okapi")[0].Passage.Id);
        Assert.Equal(["rare", "long"], index.Search("okapi", 3).Select(h => h.Passage.Id));
        using var flat = SearchIndex.InMemory(passages, new Bm25Options(B: 0));
        Assert.Equal(flat.Search("okapi", 2)[0].Score, flat.Search("okapi", 2)[1].Score);
    }

    [Fact]
    public void Scores_are_those_of_BM25()
    {
        // N = 2 passages, n = 1 of them with the word, f = 2 times; k1 = 1.2, b = 0.75. Both passages have 3 words, the
        // average, but Lucene keeps lengths in one byte, which makes 4 of 3.
        using var index = SearchIndex.InMemory([new("a", "", "okapi okapi river"), new("b", "", "bank bank river")]);
        double idf = Math.Log(1 + ((2 - 1 + 0.5) / (1 + 0.5)));
        double expected = idf * 2 * 2.2 / (2 + (1.2 * (0.25 + (0.75 * 4 / 3))));
        Assert.Equal(expected, index.Search("okapi").Single().Score, 1e-6);
    }

    [Fact]
    public void Real_passages_are_found_by_what_they_say()
    {
        string file = Shared.Need("data", "wiki_passages", "dpr_wiki_passages.jsonl");
        using var index = SearchIndex.InMemory(Passage.ReadFile(file).Take(500));
        var best = index.Search("Syd Gregory and George Giffen in the First Test at Sydney")[0];
        Assert.Equal("The Ashes", best.Passage.Title);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
