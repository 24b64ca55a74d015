using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>What must hold whatever the weights are: caches, batches and forks change nothing but the cost.</summary>
public class EngineTests
{
    private static readonly DecoderShape Shape = new()
    {
        VocabularySize = 259,
        ContextLength = 96,
        Width = 32,
        Layers = 3,
        Heads = 4,
        InnerWidth = 64,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    [Fact]
    public void Rows_that_fork_off_a_text_after_a_prompt_equal_whole_sequences()
    {
        using var model = Model();
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

    [Fact]
    public void Rows_may_leave_and_join_without_touching_the_others()
    {
        using var model = Model();
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

    [Fact]
    public void A_batch_gives_what_single_sequences_give()
    {
        using var model = Model();
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

    [Fact]
    public void Only_real_tokens_count_as_forward_tokens()
    {
        using var model = Model();
        model.Forward([new ForwardInput([1, 2, 3]), new ForwardInput([1])]);
        Assert.Equal(4, model.ForwardTokens);
    }

    [Fact]
    public void What_does_not_fit_the_context_is_refused_with_both_lengths()
    {
        using var model = Model();
        var error = Assert.Throws<ArgumentException>(() => model.Forward([new ForwardInput(new int[97])]));
        Assert.Contains("97", error.Message);
        Assert.Contains("96", error.Message);
        Assert.Throws<ArgumentException>(() => model.Forward([new ForwardInput([259])]));
    }

    private static TorchLanguageModel Model() => new(Sharp(Decoder.Random(Shape, 5)), new ByteTokenizer(), null, null);

    /// <summary>Larger weights than a fresh model has, so that what a row sees makes a difference.</summary>
    private static Decoder Sharp(Decoder decoder)
    {
        using var guard = no_grad();
        foreach (var (name, value) in decoder.Parameters)
        {
            if (name.EndsWith("weight") && !name.Contains("norm") || name is "embedding" or "positions")
                value.mul_(8);
        }
        return decoder;
    }

    private static int[] Tokens(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(256))];

    private static float[] Whole(TorchLanguageModel model, int[] ids)
    {
        var targets = Enumerable.Range(0, model.VocabularySize).Select(v => new Target(ids.Length, v)).ToList();
        return model.Forward([new ForwardInput(ids) { Targets = targets }])[0].LogProbabilities;
    }

    private static void AssertSame(float[] logProbabilities, ReadOnlySpan<float> logits)
    {
        double normaliser = 0, worst = 0;
        foreach (float logit in logits)
            normaliser += Math.Exp(logit);
        normaliser = Math.Log(normaliser);
        for (int v = 0; v < logits.Length; v++)
            worst = Math.Max(worst, Math.Abs(logits[v] - normaliser - logProbabilities[v]));
        Assert.True(worst < 1e-4, $"largest difference {worst:G3}");
    }
}
