namespace Toolformer.Tests;

public sealed class PassageTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void Passages_of_several_makers_are_read()
    {
        File.WriteAllText(_file, """
            {"id": 7, "title": "Ghana", "section": "Flag", "text": "Red, gold and green."}

            {"_id": "b", "text": "No title.", "score": 1.5}
            {"id": "c", "contents": "\"Nile\"\nA river."}
            {"passage": "Only words."}
            """);
        Assert.Equal(
            [
                new Passage("7", "Ghana", "Red, gold and green.") { Section = "Flag" },
                new Passage("b", "", "No title."),
                new Passage("c", "Nile", "A river."),
                new Passage($"{_file}:5", "", "Only words."),
            ],
            Passage.ReadFile(_file));
    }

    [Theory]
    [InlineData("not json", "not valid JSON")]
    [InlineData("[1]", "no passage, but a JSON Array")]
    [InlineData("""{"title": "x", "text": " "}""", "a passage without text")]
    public void A_bad_line_is_named_and_may_be_skipped(string line, string reason)
    {
        File.WriteAllText(_file, "{\"text\": \"good\"}\n" + line + "\n");
        var error = Assert.Throws<InvalidDataException>(() => Passage.ReadFile(_file).ToList());
        Assert.StartsWith($"{_file}:2: {reason}", error.Message);

        var skipped = new List<string>();
        Assert.Single(Passage.ReadFile(_file, skipped.Add));
        Assert.Equal(error.Message, Assert.Single(skipped));
    }

    public void Dispose() => File.Delete(_file);
}
