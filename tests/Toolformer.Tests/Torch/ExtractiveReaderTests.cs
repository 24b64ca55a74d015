using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Reading;
using Toolformer.Tools.Searching;
using Toolformer.Torch.Reading;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Tests.Torch;

/// <summary>From question and passages to an answer, with the reference's small model and made-up words.</summary>
public sealed class ExtractiveReaderTests : IDisposable
{
    private const int Words = 252;

    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-reader").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_answer_is_the_span_of_a_passage_that_is_most_likelier_than_none()
    {
        MakeFolder();
        using var reader = ExtractiveReader.Open(_folder, new ExtractiveReaderOptions { MinMargin = -100 });
        Passage[] passages = [Text(1, 12), Text(2, 5), Text(3, 9)];
        var result = await reader.AnswerAsync("w3 w4 w5?", passages, Cancellation);
        // The same by hand: [CLS] question [SEP] passage [SEP], the pieces being words.
        using var model = SpanModel.Open(_folder);
        var tokenizer = Tokenizer.Load(_folder);
        int[] question = [.. tokenizer.Encode("w3 w4 w5?").Select(t => t.Id)];
        var best = passages.Select(p =>
        {
            int[] ids = [.. tokenizer.Encode(p.Text).Select(t => t.Id)];
            int start = question.Length + 2;
            var logits = model.Read([new([2, .. question, 3, .. ids, 3],
                [.. Enumerable.Repeat(0, start), .. Enumerable.Repeat(1, ids.Length + 1)])])[0];
            var span = logits.Best(start, start + ids.Length, 30)!;
            string[] words = p.Text.Split(' ');
            return (Margin: span.Score - logits.NoAnswer,
                Answer: string.Join(' ', words[(span.First - start)..(span.Last - start + 1)]));
        }).MaxBy(a => a.Margin);
        Assert.Equal(best.Answer, result.Text);
        using var shy = ExtractiveReader.Open(_folder, new ExtractiveReaderOptions { MinMargin = best.Margin + 0.01 });
        Assert.Contains("None of 3 passages",
            (await shy.AnswerAsync("w3 w4 w5?", passages, Cancellation)).Error);
    }

    [Fact]
    public async Task A_passage_that_does_not_fit_is_read_in_parts_that_overlap()
    {
        MakeFolder();
        var options = new ExtractiveReaderOptions { MinMargin = -100, MaxAnswerTokens = 1, Overlap = 10 };
        using var reader = ExtractiveReader.Open(_folder, options);
        var whole = Text(7, 300);
        var result = await reader.AnswerAsync("w3?", [whole], Cancellation);
        Assert.Matches(@"^w\d+$", result.Text);
        // Whatever the part, its best word is found: the parts one by one give the same as the whole.
        Assert.Contains(result.Text!, whole.Text.Split(' '));
        using var cut = ExtractiveReader.Open(_folder, options with { MaxPassageTokens = 40 });
        Assert.Contains((await cut.AnswerAsync("w3?", [whole], Cancellation)).Text!, whole.Text.Split(' ')[..40]);
    }

    [Fact]
    public async Task A_tools_file_makes_it_the_reader_of_questions()
    {
        MakeFolder();
        using var index = SearchIndex.InMemory([Text(1, 12), Text(2, 12)]);
        ReaderKind[] readers = [new ExtractiveReaderKind()];
        async Task<ToolSet> Open(string reader) => await ToolsFile
            .Parse($$"""{"tools": {"QA": {"reader": {{reader}} } } }""", Path.Combine(_folder, "tools.json"))
            .OpenAsync(Catalog.Find<ToolKind>(index, readers), [], null, Secrets.None, new ManualTime(), Cancellation);

        await using var tools = await Open("""{"kind": "extractive", "folder": ".", "min_margin": -100}""");
        string asked = Text(1, 12).Text.Split(' ')[0];
        var result = await tools.Toolbox.CallAsync("QA", asked, new ToolContext(new ManualTime()), Cancellation);
        Assert.Matches(@"^w\d+( w\d+)*$", result.Text);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() =>
            Open("""{"kind": "extractive", "folder": "elsewhere"}"""));
        Assert.Contains("elsewhere", error.Message);
        Assert.Contains("tool QA", error.Message);
    }

    [Theory]
    [InlineData("", 1, "no question")]
    [InlineData("w1", 0, "None of 0 passages")]
    public async Task Nothing_to_read_is_a_reason(string question, int passages, string reason)
    {
        MakeFolder();
        using var reader = ExtractiveReader.Open(_folder);
        var result = await reader.AnswerAsync(question, [.. Enumerable.Repeat(Text(1, 5), passages)], Cancellation);
        Assert.Contains(reason, result.Error);
    }

    [Fact]
    public async Task Hostile_questions_and_passages_are_answered_or_refused()
    {
        MakeFolder();
        using var reader = ExtractiveReader.Open(_folder, new ExtractiveReaderOptions { MinMargin = -100 });
        string[] texts = ["\0\u202e", "\ud800", new string('x', 100_000), "w1 " + new string('.', 5000)];
        foreach (string text in texts)
        {
            var result = await reader.AnswerAsync(
                text, [Text(1, 5), new("x", "", text), new("e", "", "")], Cancellation);
            Assert.NotEmpty(result.Text ?? result.Error!);
        }
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await reader.AnswerAsync("w1", [Text(1, 5)], new CancellationToken(canceled: true)));
    }

    private static Passage Text(int seed, int words)
    {
        var dice = new Random(seed);
        return new($"{seed}", "", string.Join(' ', Enumerable.Range(0, words).Select(_ => $"w{dice.Next(Words)}")));
    }

    private void MakeFolder()
    {
        string source = Shared.Need("golden", "bert_qa");
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(source, file), Path.Combine(_folder, file));
        File.WriteAllLines(Path.Combine(_folder, "vocab.txt"),
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Enumerable.Range(0, Words).Select(i => $"w{i}")]);
    }
}
