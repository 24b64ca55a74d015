using Toolformer.Evaluation;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Evaluation;

public class PerplexityTests
{
    /// <summary>Next-token logits that depend on the last four tokens only.</summary>
    private static FakeModel Model(int context = 4096) => new(tokens =>
    {
        var random = new Random(tokens.TakeLast(4).Aggregate(17, (sum, t) => sum * 31 + t));
        return [.. Enumerable.Range(0, 259).Select(_ => (float)random.NextDouble() * 6)];
    })
    { ContextLength = context };

    private static readonly string[] Texts = ["The quick brown fox jumps over the lazy dog.", "Well.", "No [ here"];

    [Fact]
    public void Perplexity_is_the_exponential_of_the_mean_loss_per_token()
    {
        using var model = Model();
        double sum = 0;
        int count = 0;
        foreach (string text in Texts)
        {
            int[] ids = [ByteTokenizer.EndOfText, .. model.Tokenizer.Encode(text).Select(t => t.Id)];
            var targets = Enumerable.Range(1, ids.Length - 1).Select(i => new Target(i, ids[i])).ToList();
            sum -= model.Forward([new ForwardInput(ids) { Targets = targets }])[0].LogProbabilities.Sum(p => (double)p);
            count += ids.Length - 1;
        }
        var measured = Perplexity.Measure(model, Texts, open: null);
        Assert.Equal(count, measured.Tokens);
        Assert.Equal(3, measured.Texts);
        Assert.Equal(sum / count, measured.MeanLoss, 6);
        Assert.Equal(Math.Exp(sum / count), measured.Value, 4);
        Assert.True(measured.Stderr > 0);
    }

    [Fact]
    public void The_error_of_texts_of_one_length_is_that_of_their_mean_carried_over_to_the_exponential()
    {
        using var model = Model();
        string[] texts = ["The quick", "brown fox", "jumps lit", "over lazy", "dogs here"];
        double[] losses = [.. texts.Select(text => Perplexity.Measure(model, [text], open: null).MeanLoss)];
        double mean = losses.Average();
        double deviation = Math.Sqrt(losses.Sum(l => (l - mean) * (l - mean)) / (losses.Length - 1));
        var measured = Perplexity.Measure(model, texts, open: null);
        Assert.Equal(Math.Exp(mean) * deviation / Math.Sqrt(losses.Length), measured.Stderr, 1e-6 * measured.Value);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(11)]
    public void Windows_over_long_texts_predict_every_token_once_with_the_context_that_the_stride_promises(int stride)
    {
        // Four tokens before each prediction decide it, and each window shows at least context - stride of them.
        using FakeModel whole = Model(), windowed = Model(context: stride + 5);
        var expected = Perplexity.Measure(whole, Texts, open: null);
        var measured = Perplexity.Measure(windowed, Texts, open: null, stride);
        Assert.Equal(expected.Tokens, measured.Tokens);
        Assert.Equal(expected.MeanLoss, measured.MeanLoss, 6);
    }

    [Fact]
    public void With_calls_disabled_the_other_tokens_share_the_probability_of_the_call_token()
    {
        var without = new FakeModel(context => Logits(context, masked: true));
        var with = new FakeModel(context => Logits(context, masked: false));
        string[] texts = [Texts[0], Texts[1]];
        var expected = Perplexity.Measure(without, texts, open: null);
        Assert.Equal(expected.MeanLoss, Perplexity.Measure(with, texts, ByteTokenizer.Open).MeanLoss, 5);
        Assert.True(Perplexity.Measure(with, texts, open: null).MeanLoss > expected.MeanLoss + 0.1);

        static float[] Logits(IReadOnlyList<int> context, bool masked)
        {
            var logits = new float[259];
            logits[context[^1]] = 2;
            logits[ByteTokenizer.Open] = masked ? -1e9f : 4;
            return logits;
        }
    }

    [Fact]
    public void Per_word_and_per_byte_share_the_same_loss()
    {
        using var model = Model();
        var measured = Perplexity.Measure(model, ["Ys  lies on\nthe Ysel.", "Nö."], open: null);
        Assert.Equal(6, measured.Words);
        Assert.Equal(21 + 4, measured.Bytes);
        Assert.Equal(measured.Tokens * measured.MeanLoss, measured.Words * Math.Log(measured.PerWord), 1e-9);
        Assert.Equal(measured.Tokens * measured.MeanLoss, measured.Bytes * Math.Log(measured.PerByte), 1e-9);
        Assert.Equal(measured.PerByte, Math.Pow(2, measured.BitsPerByte), 1e-9);
        Assert.Equal(measured.Value, measured.PerByte, 1e-9); // a token of this model is a byte
    }

    [Fact]
    public async Task Perplexity_of_a_file_equals_the_exponential_of_what_score_writes()
    {
        using var model = new TinyModel();
        string[] texts = ["The cat sat on the mat.", "12 + 30 = 42, naïve café", "The mat [x] -> 5", "cat"];
        string file = model.File("texts.jsonl");
        await File.WriteAllLinesAsync(file, texts.Select(t => $$"""{"text": "{{t}}"}"""),
            TestContext.Current.CancellationToken);
        var run = await Cli.ToolformerRun.Of("score", "--model", model.Folder, "--input", file);
        double[] losses = [.. run.Records.SelectMany(r => r.GetProperty("token_logprobs").EnumerateArray())
            .Where(p => p.ValueKind == System.Text.Json.JsonValueKind.Number).Select(p => -p.GetDouble())];
        using var opened = Toolformer.Torch.ModelFolder.Open(model.Folder).ReadModel();
        var measured = new Toolformer.Evaluation.Tasks.OwnTexts().Measure(opened, file, open: null);
        Assert.Equal(losses.Length, measured.Tokens);
        Assert.Equal(Math.Exp(losses.Average()), measured.Value, 1e-6 * measured.Value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_measurement_that_goes_on_ends_with_the_losses_of_one_that_was_not_cut(int done)
    {
        // Contexts of 8 tokens: 64 tokens make a batch, here the first four texts; the fifth is alone.
        string[] texts = [.. Texts, Texts[0], Texts[1]];
        using FakeModel whole = Model(context: 8), goesOn = Model(context: 8);
        var expected = Perplexity.Losses(whole, texts, ByteTokenizer.Open, null, []).ToList();
        var losses = Perplexity.Losses(goesOn, texts, ByteTokenizer.Open, null, [.. expected.Take(done)]).ToList();
        Assert.Equal(expected, losses);
        Assert.Equal(5, losses.Count);
        Assert.Equal(done switch { < 4 => 2, 4 => 1, _ => 0 }, goesOn.ForwardCalls);
    }

    [Fact]
    public void Losses_of_other_texts_are_refused()
    {
        using var model = Model();
        var losses = Perplexity.Losses(model, Texts, null, null, []).ToList();
        string said = Assert.Throws<InvalidDataException>(() =>
            Perplexity.Losses(model, [Texts[0] + "!", .. Texts[1..]], null, null, losses).ToList()).Message;
        Assert.Contains("Text 1 has 45 tokens", said);
    }

    [Fact]
    public void Nothing_to_predict_and_an_impossible_stride_are_said()
    {
        using var model = Model(context: 8);
        Assert.Throws<ArgumentException>(() => Perplexity.Measure(model, [""], open: null));
        Assert.Throws<ArgumentOutOfRangeException>(() => Perplexity.Measure(model, Texts, open: null, stride: 8));
    }
}
