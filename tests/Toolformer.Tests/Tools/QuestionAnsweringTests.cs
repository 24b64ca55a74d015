using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Reading;
using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Tools;

public sealed class QuestionAnsweringTests : IDisposable
{
    private static readonly ToolContext Context = new(new ManualTime());

    private readonly SearchIndex _index = SearchIndex.InMemory(
    [
        Passage.OfFact("1", "What is the capital of Zorn?", "Velim"), new("2", "Ost", "The Ost is a river of Zorn."),
    ]);

    private async Task<ToolResult> Ask(string question, AnswerReader? reader = null) =>
        await new QuestionAnswering(_index, reader).CallAsync(question, Context, default);

    [Fact]
    public async Task It_answers_in_a_few_words() =>
        Assert.Equal("Velim", (await Ask("What is the capital of Zorn?")).Text);

    [Theory]
    [InlineData("What is the capital of Ost?", "nearest")]
    [InlineData("xylophone?", "No passage has a word of 'xylophone?'")]
    [InlineData("?!", "no word to search for")]
    public async Task It_says_why_it_has_no_answer(string question, string reason) =>
        Assert.Contains(reason, (await Ask(question)).Error);

    [Fact]
    public async Task The_reader_gets_the_best_passages_and_a_question_of_one_line()
    {
        var reader = new Seen("answer");
        Assert.Equal("answer", (await Ask("river of\nZorn", reader)).Text);
        Assert.Equal("river of Zorn", reader.Question);
        Assert.Equal(["2", "1"], reader.Passages.Select(p => p.Id));
    }

    [Fact]
    public async Task A_reader_that_says_nothing_abstains() =>
        Assert.Contains("None of 2 passages", (await Ask("capital of Zorn", new Seen(" "))).Error);

    [Fact]
    public async Task Without_an_index_it_says_how_to_get_one() =>
        Assert.Contains("toolformer index", (await new QuestionAnswering().CallAsync("Nile?", Context, default)).Error);

    [Fact]
    public void A_question_is_held_to_phrases_of_the_text()
    {
        var pattern = new QuestionAnswering().InputPattern(
            "The capital of Zorn, built by Ila Marn, lies at the river Ost.")!;
        Assert.All(
            [
                "What is the capital of Zorn?", "Who built the capital of Zorn?", "Where is the river Ost?",
                "When was the capital of Zorn built?", "Who is Ila Marn?",
            ],
            q => Assert.True(pattern.Matches(q), q));
        Assert.All(
            ["What is the capital of Ghana?", "What is?", "Zorn?", "What is the capital of Zorn", ""],
            q => Assert.False(pattern.Matches(q), q));
    }

    [Fact]
    public async Task A_tools_file_chooses_the_reader()
    {
        async Task<ToolSet> Open(string reader) => await ToolsFile
            .Parse($$"""{"tools": {"QA": {"passages": 3, "reader": {{reader}} } } }""", "tools.json")
            .OpenAsync(Catalog.Find<ToolKind>(_index), [], null, Secrets.None, TimeProvider.System, default);

        await using var tools = await Open("""{"kind": "facts", "min_overlap": 1}""");
        Assert.Equal("Velim", (await tools.Toolbox.CallAsync("QA", "What is the capital of Zorn?", Context)).Text);
        foreach (var (reader, reason) in new[]
        {
            ("""{"kind": "fact"}""", "Did you mean facts?"), ("""{"kind": "facts", "min": 1}""", "min_overlap"),
            ("""{"kind": "facts", "min_overlap": 2}""", "min_overlap"), ("3", "kind"),
            ("""{"kind": "endpoint", "url": "nowhere", "model": "m"}""", "nowhere"),
        })
            Assert.Contains(reason, (await Assert.ThrowsAsync<InvalidDataException>(() => Open(reader))).Message);
    }

    public void Dispose() => _index.Dispose();

    private sealed class Seen(string answer) : AnswerReader
    {
        public string Question { get; private set; } = "";
        public IReadOnlyList<Passage> Passages { get; private set; } = [];

        public override ValueTask<ToolResult> AnswerAsync(
            string question, IReadOnlyList<Passage> passages, CancellationToken cancellation)
        {
            (Question, Passages) = (question, passages);
            return new(ToolResult.Success(answer));
        }
    }
}
