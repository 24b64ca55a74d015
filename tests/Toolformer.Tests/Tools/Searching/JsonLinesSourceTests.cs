using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Tools.Searching;

public sealed class JsonLinesSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-lines-").FullName;

    private List<SourceDocument> Read(
        string name, string content, SourcePosition from = default, List<string>? skipped = null)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return [.. PassageSource.For(path).Read(path, from, skipped is null ? Assert.Fail : skipped.Add)];
    }

    [Fact]
    public void Articles_of_KILT_are_read_by_sections()
    {
        var document = Assert.Single(Read("kilt.json", """
            {"_id": "17", "wikipedia_id": "17", "wikipedia_title": "Zorn", "text": ["Zorn\n", "Zorn is a lake.\n",
            "Section::::Nature.\n", "Section::::Nature:Fish.\n", "BULLET::::- Eels live here.\n", "Trout do not.\n",
            "Section::::References.\n", "A list of sources.\n"], "anchors": []}
            """.ReplaceLineEndings("")));
        Assert.Equal(
            [
                new Passage("17#1", "Zorn", "Zorn is a lake."),
                new Passage("17#2", "Zorn", "Eels live here. Trout do not.") { Section = "Fish" },
            ],
            document.Passages);
    }

    [Fact]
    public void Facts_are_questions_with_answers()
    {
        var documents = Read("facts.jsonl", """
            {"question": "capital of Zorn", "answer": "Velim"}
            {"question": "Who swims?", "golden_answers": ["The eel", "eels"]}
            """);
        Assert.Equal([("capital of Zorn?", "Velim"), ("Who swims?", "The eel")],
            documents.Select(d => (d.Passages[0].Title, d.Passages[0].Text)));
        Assert.All(documents, d => Assert.True(d.Passages[0].IsFact));
    }

    [Fact]
    public void Long_records_are_cut_into_passages_and_short_ones_stay()
    {
        string text = string.Join(' ', Enumerable.Repeat("One two three four five.", 60));
        var documents = Read("long.jsonl", $$"""
            {"id": "a", "title": "T", "text": "{{text}}"}
            {"id": "b", "title": "T", "text": "short"}
            """);
        Assert.Equal(["a#1", "a#2", "a#3"], documents[0].Passages.Select(p => p.Id));
        Assert.Equal("b", documents[1].Passages[0].Id);
    }

    [Theory]
    [InlineData("a.jsonl", "{\"text\": \"ä one\"}\n\nno JSON\n{\"text\": \"two\"}\r\n{\"text\": \"three\"}")]
    [InlineData("a.txt", "ä one\nmore\n\n\ntwo\n\nthree")]
    public void Reading_goes_on_after_any_line(string name, string content)
    {
        var all = Read(name, content, skipped: []);
        Assert.Equal(3, all.Count);
        foreach (var (i, document) in all.Index())
            Assert.Equal(all.Skip(i + 1).Select(d => d.Passages[0]),
                Read(name, content, document.Next, []).Select(d => d.Passages[0]));
    }

    [Fact]
    public void What_can_not_be_used_is_named_by_line()
    {
        var skipped = new List<string>();
        string lines = "[1]\n{\"title\": \"x\"}\n{\"wikipedia_title\": 3, \"text\": [1]}\nnull\n{";
        Assert.Empty(Read("bad.jsonl", lines, skipped: skipped));
        Assert.Equal([1, 2, 3, 4, 5], skipped.Select(s => int.Parse(s.Split("bad.jsonl:")[1].Split(':')[0])));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
