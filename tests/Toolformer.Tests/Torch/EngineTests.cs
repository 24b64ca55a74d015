using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>What must hold whatever the weights are: caches, batches and forks change nothing but the cost.</summary>
public class EngineTests
{
    public static TheoryData<string> Models => Families.Names;

    [Theory, MemberData(nameof(Models))]
    public void Rows_that_fork_off_a_text_after_a_prompt_equal_whole_sequences(string name)
    {
        using var model = Families.Model(name);
        var random = new Random(1);
        int[] prompt = Tokens(random, 17);
        int[][] texts = [Tokens(random, 9), Tokens(random, 5), Tokens(random, 13)];
        using var head = model.Forward([new ForwardInput(prompt) { Keep = true }])[0].Prefix!;
        var branches = model.Forward([.. texts.Select(t => new ForwardInput(t, head) { Keep = true })]);
        // Rows over different texts, unequal in number, each seeing its text up to a place of its own.
        (int Text, int Visible)[] places = [(0, 9), (0, 3), (1, 5), (2, 0), (0, 1), (2, 13), (2, 7)];
        using var rows = model.Fork(
            [.. places.Select(p => new ForkPoint(branches[p.Text].Prefix!, prompt.Length + p.Visible))]);
        var written = places.Select(_ => new List<int>()).ToList();
        for (int step = 0; step < 4; step++)
        {
            int[][] next = [.. places.Select((_, r) => Tokens(random, (r + step) % 3 == 0 ? 2 : 1))];
            var logits = rows.Step(next);
            for (int r = 0; r < places.Length; r++)
            {
                written[r].AddRange(next[r]);
                int[] whole = [.. prompt, .. texts[places[r].Text][..places[r].Visible], .. written[r]];
                AssertSame(Whole(model, whole), logits[r].Span);
            }
        }
        foreach (var branch in branches)
            branch.Prefix!.Dispose();
    }

    [Theory, MemberData(nameof(Models))]
    public void Rows_may_leave_and_join_without_touching_the_others(string name)
    {
        using var model = Families.Model(name);
        var random = new Random(2);
        int[][] prompts = [Tokens(random, 6), Tokens(random, 3), Tokens(random, 8), Tokens(random, 4)];
        var prefixes = model.Forward([.. prompts.Select(p => new ForwardInput(p) { Keep = true })])
            .Select(r => r.Prefix!).ToList();
        using var rows = model.Fork([.. prefixes.Take(3).Select(p => new ForkPoint(p))]);
        rows.Step([[1], [2], [3]]);
        rows.Retain([2, 0]);
        rows.Join([new ForkPoint(prefixes[3])]);
        var logits = rows.Step([[4], [], [6, 7]]);
        AssertSame(Whole(model, [.. prompts[2], 3, 4]), logits[0].Span);
        Assert.True(logits[1].IsEmpty);
        AssertSame(Whole(model, [.. prompts[3], 6, 7]), logits[2].Span);
        logits = rows.Step([[8], [9], [10]]);
        AssertSame(Whole(model, [.. prompts[0], 1, 9]), logits[1].Span);
        rows.Retain([]);
        rows.Join([new ForkPoint(prefixes[1], 2)]);
        AssertSame(Whole(model, [.. prompts[1][..2], 5]), rows.Step([[5]])[0].Span);
        prefixes.ForEach(p => p.Dispose());
    }

    [Theory, MemberData(nameof(Models))]
    public void A_batch_gives_what_single_sequences_give(string name)
    {
        using var model = Families.Model(name);
        var random = new Random(3);
        var inputs = Enumerable.Range(1, 12).Select(n =>
        {
            int[] tokens = Tokens(random, n * 5);
            return new ForwardInput(tokens)
            {
                Targets = [new Target(1, 7), new Target(tokens.Length, 9)],
                Argmax = true,
            };
        }).ToList();
        var together = model.Forward(inputs);
        for (int i = 0; i < inputs.Count; i++)
        {
            var alone = model.Forward([inputs[i]])[0];
            Assert.Equal(alone.Argmax, together[i].Argmax);
            for (int t = 0; t < 2; t++)
                Assert.Equal(alone.LogProbabilities[t], together[i].LogProbabilities[t], 1e-4f);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Text_read_in_pieces_equals_the_text_read_at_once(string name)
    {
        using var model = Families.Model(name);
        int[] text = Tokens(new Random(4), 40);
        float[] expected = Whole(model, text);
        foreach (int cut in new[] { 1, 6, 20, 39 })
        {
            using var head = model.Forward([new ForwardInput(text[..cut]) { Keep = true }])[0].Prefix!;
            using var twice = model.Forward([new ForwardInput(text[cut..(cut + 1)], head) { Keep = true }])[0].Prefix!;
            using var rows = model.Fork([new ForkPoint(head)]);
            AssertSame(expected, rows.Step([text[cut..]])[0].Span);
            if (cut == 39)
                continue;
            var read = model.Forward([new ForwardInput(text[(cut + 1)..], twice)
            {
                Targets = [.. Enumerable.Range(0, 259).Select(v => new Target(39 - cut, v))],
            }])[0];
            for (int v = 0; v < 259; v++)
                Assert.Equal(expected[v], read.LogProbabilities[v], 1e-4f);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Bfloat16_stays_near_float32_in_reading_and_in_decoding(string name)
    {
        // Weights of the usual size: the sharp ones would turn a rounding into another text.
        using var exact = new TorchLanguageModel(
            Decoder.Random(Families.Open(name).Shape, 6), new ByteTokenizer(), null, null);
        using var coarse = new TorchLanguageModel(
            exact.Decoder.To(ScalarType.BFloat16, CPU), new ByteTokenizer(), null, null);
        int[] text = Tokens(new Random(6), 24);
        float[] expected = Whole(exact, text), actual = Whole(coarse, text);
        for (int v = 0; v < expected.Length; v++)
            Assert.Equal(expected[v], actual[v], 0.05f);
        using var prefix = coarse.Forward([new ForwardInput(text[..9]) { Keep = true }])[0].Prefix!;
        using var rows = coarse.Fork([new ForkPoint(prefix)]);
        AssertSame(expected, rows.Step([text[9..]])[0].Span, 0.05);
    }

    [Theory, MemberData(nameof(Models))]
    public void Packed_matrices_give_what_plain_ones_give(string name)
    {
        using var model = Families.Model(name);
        int[] text = Tokens(new Random(7), 30);
        float[] expected = Whole(model, text);
        model.Decoder.Pack();
        float[] actual = Whole(model, text);
        for (int v = 0; v < expected.Length; v++)
            Assert.Equal(expected[v], actual[v], 1e-4f);
    }

    [Fact]
    public void A_window_hides_what_lies_before_it_and_nothing_else()
    {
        var shape = Families.Open("mistral").Shape with { Layers = 1, Window = 4 };
        using var model = new TorchLanguageModel(Families.Decoder(shape), new ByteTokenizer(), null, null);
        int[] text = [10, 11, 12, 13, 14, 15, 16];
        float[] expected = Whole(model, text);
        AssertSame(expected, Whole(model, [90, 91, 92, .. text[3..]]));
        Assert.NotEqual(expected[20], Whole(model, [.. text[..3], 93, .. text[4..]])[20], 1e-3f);
    }

    [Fact]
    public void Only_real_tokens_count_as_forward_tokens()
    {
        using var model = Families.Model("gpt2");
        model.Forward([new ForwardInput([1, 2, 3]), new ForwardInput([1])]);
        Assert.Equal(4, model.ForwardTokens);
    }

    [Fact]
    public void What_does_not_fit_the_context_is_refused_with_both_lengths()
    {
        using var model = Families.Model("gpt2");
        var error = Assert.Throws<ArgumentException>(() => model.Forward([new ForwardInput(new int[97])]));
        Assert.Contains("97", error.Message);
        Assert.Contains("96", error.Message);
        Assert.Throws<ArgumentException>(() => model.Forward([new ForwardInput([259])]));
    }

    private static int[] Tokens(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(256))];

    private static float[] Whole(TorchLanguageModel model, int[] ids)
    {
        var targets = Enumerable.Range(0, model.VocabularySize).Select(v => new Target(ids.Length, v)).ToList();
        return model.Forward([new ForwardInput(ids) { Targets = targets }])[0].LogProbabilities;
    }

    private static void AssertSame(float[] logProbabilities, ReadOnlySpan<float> logits, double tolerance = 1e-4)
    {
        double normaliser = 0, worst = 0;
        foreach (float logit in logits)
            normaliser += Math.Exp(logit);
        normaliser = Math.Log(normaliser);
        for (int v = 0; v < logits.Length; v++)
            worst = Math.Max(worst, Math.Abs(logits[v] - normaliser - logProbabilities[v]));
        Assert.True(worst < tolerance, $"largest difference {worst:G3}");
    }
}
