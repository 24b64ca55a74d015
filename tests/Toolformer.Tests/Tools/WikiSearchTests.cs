using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Tools;

public sealed class WikiSearchTests : IDisposable
{
    private static readonly ToolContext Context = new(new ManualTime());

    private readonly SearchIndex _index = SearchIndex.InMemory(
    [
        new("1", "Flodden", "The battle was fought in 1513. The dead lie near Branxton. A stained-glass window in the "
            + "church of St. James remembers the archers of Middleton.") { Section = "Commemoration" },
        new("2", "Nile", "The Nile is a river in Africa. It is 6,853 km long [1]."),
        new("3", "The Who", "They are a band from London."),
        new("4", "", "Untitled notes on umbrellas."),
        new("5", "Long", string.Join(' ', Enumerable.Range(0, 500).Select(i => $"zebra{i}"))),
    ]);

    [Theory]
    [InlineData("length of the Nile", "Nile > The Nile is a river in Africa. It is 6,853 km long [1].")]
    [InlineData("rivers", "Nile > The Nile is a river in Africa. It is 6,853 km long [1].")]
    [InlineData("The Who", "The Who > They are a band from London.")]
    [InlineData("umbrella", "Untitled notes on umbrellas.")]
    public async Task The_best_passage_answers(string query, string answer) =>
        Assert.Equal(answer, (await Ask(query)).Text);

    [Fact]
    public async Task The_section_stands_between_title_and_text() =>
        Assert.StartsWith("Flodden > Commemoration > The battle", (await Ask("Flodden")).Text);

    [Fact]
    public async Task The_snippet_is_of_the_sentences_that_have_the_words_asked_for()
    {
        var brief = new WikiSearch(_index) { SnippetWords = 18 };
        Assert.Equal(
            "Flodden > Commemoration > A stained-glass window in the church of St. James remembers the archers of "
                + "Middleton.",
            (await brief.CallAsync("stained-glass window", Context, default)).Text);
        Assert.Equal(
            "Flodden > Commemoration > The battle was fought in 1513. The dead lie near Branxton.",
            (await brief.CallAsync("battle", Context, default)).Text);
    }

    [Fact]
    public async Task A_sentence_without_end_is_cut_after_a_word()
    {
        string answer = (await Ask("zebra7")).Text!;
        Assert.Matches(@"^Long > zebra0 .* zebra\d+…$", answer);
        Assert.InRange(answer.Length, 300, CallSyntax.MaxResultLength);
    }

    [Theory]
    [InlineData("xylophone", "No passage has a word of 'xylophone'")]
    [InlineData("?!", "has no word to search for")]
    [InlineData("", "has no word to search for")]
    public async Task Nothing_found_is_a_failure_with_its_reason(string query, string reason) =>
        Assert.Contains(reason, (await Ask(query)).Error);

    [Theory]
    [InlineData("Nile AND")]
    [InlineData("+Nile -\"")]
    [InlineData("title:Nile^2 [a TO z}")]
    [InlineData("(((Nile~ OR *")]
    [InlineData("/Nile/ \\")]
    public async Task No_query_is_malformed(string query) => Assert.Contains("Africa", (await Ask(query)).Text);

    [Fact]
    public async Task Without_an_index_it_says_how_to_get_one() =>
        Assert.Contains("toolformer index", (await new WikiSearch().CallAsync("Nile", Context, default)).Error);

    [Fact]
    public void A_query_is_held_to_the_phrases_of_the_text()
    {
        var pattern = new WikiSearch().InputPattern(
            "The flag of Ghana (1957), designed by \"Theodosia Okoh\", has a red-gold band; it [sic] flies.")!;
        Assert.All(
            ["flag", "flag of Ghana", "Ghana", "1957", "Theodosia Okoh", "red-gold band", "has a red-gold band"],
            p => Assert.True(pattern.Matches(p), p));
        Assert.All(
            ["The flag", "of Ghana", "Ghana 1957", "Okoh has", "band it", "gold", "sic", "flag of France", ""],
            p => Assert.False(pattern.Matches(p), p));
    }

    [Fact]
    public void Phrases_have_at_most_five_words()
    {
        var pattern = new WikiSearch().InputPattern("one two three four five six")!;
        Assert.True(pattern.Matches("two three four five six"));
        Assert.False(pattern.Matches("one two three four five six"));
    }

    public void Dispose() => _index.Dispose();

    private async Task<ToolResult> Ask(string query) => await new WikiSearch(_index).CallAsync(query, Context, default);
}
