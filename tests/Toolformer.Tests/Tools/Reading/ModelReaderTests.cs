using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Reading;

namespace Toolformer.Tests.Tools.Reading;

public class ModelReaderTests
{
    private static readonly Passage[] Passages =
    [
        new("1", "Zorn", "The capital of Zorn is Velim."), new("2", "Ost", "The Ost is a river."),
    ];

    /// <summary>A model that writes an answer where the text so far has certain words, and else "no".</summary>
    private static FakeModel Writes(string answer, string where, int context = 4096)
    {
        var tokenizer = new ByteTokenizer();
        return new FakeModel(read =>
        {
            string text = tokenizer.Decode(read.Skip(1));
            string wanted = (text.Contains(where) ? answer : " no") + "\n";
            string written = text[(text.LastIndexOf("Answer:", StringComparison.Ordinal) + 7)..];
            var logits = new float[tokenizer.VocabularySize];
            logits[wanted.StartsWith(written) && written.Length < wanted.Length ? wanted[written.Length] : '\n'] = 9;
            return logits;
        })
        { ContextLength = context };
    }

    private static async Task<ToolResult> Ask(FakeModel model, ModelReaderOptions? options = null)
    {
        using var reader = new ModelReader(model, options);
        var result = await reader.AnswerAsync("What is the capital of Zorn?", Passages, default);
        Assert.Equal(0, model.OpenBatches);
        return result;
    }

    [Fact]
    public async Task The_answer_is_the_line_that_the_model_writes() =>
        Assert.Equal("Velim", (await Ask(Writes(" Velim", "is Velim"))).Text);

    [Fact]
    public async Task What_stands_in_no_passage_is_no_answer() =>
        Assert.Contains("stands in none", (await Ask(Writes(" Lima", "is Velim"))).Error);

    [Fact]
    public async Task What_the_model_would_say_without_the_passages_is_a_guess() =>
        Assert.Contains("is a guess", (await Ask(Writes(" Velim", "What"))).Error);

    [Fact]
    public async Task An_empty_line_is_no_answer() =>
        Assert.Contains("no answer", (await Ask(Writes("", "is Velim"))).Error);

    [Fact]
    public async Task Extracting_holds_the_answer_to_phrases_of_the_passages()
    {
        var options = new ModelReaderOptions { Extract = true, MinGain = -100, MinLogProbability = -100 };
        // It wants "river Velim", which is no phrase: after " river" only the end may follow.
        Assert.Equal("river", (await Ask(Writes(" river Velim", "is Velim"), options)).Text);
    }

    [Fact]
    public async Task Of_passages_that_do_not_fit_the_best_are_read()
    {
        // Introduction and question take about 90 bytes, the best passage 37, the other 26.
        var model = Writes(" Velim", "is Velim", context: 173);
        Assert.Equal("Velim", (await Ask(model)).Text);
        Assert.Contains("do not fit", (await Ask(Writes(" Velim", "is Velim", context: 100))).Error);
    }

    [Fact]
    public async Task A_cancelled_question_is_not_read()
    {
        using var reader = new ModelReader(Writes(" Velim", "x"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await reader.AnswerAsync("?", Passages, new CancellationToken(canceled: true)));
    }
}
