using Toolformer.Modeling;

namespace Toolformer.Tests.Torch;

/// <summary>Numbers of the reference implementation, within the tolerances stated beside them.</summary>
public class GoldenTests
{
    public static TheoryData<string> Models => ["gpt2", "gpt2_hubstyle", "gpt2_fp16"];

    [Theory, MemberData(nameof(Models))]
    public void Log_probabilities_of_whole_sequences_equal_the_reference(string name)
    {
        using var golden = new GoldenModel(name);
        foreach (var sequence in golden.Expected.GetProperty("sequences").EnumerateArray())
        {
            int[] ids = GoldenModel.Integers(sequence.GetProperty("input_ids"));
            float[][] ours = golden.AllLogProbabilities(ids);
            using var logits = golden.Logits[sequence.GetProperty("name").GetString()!];
            using var expected = logits.view(ids.Length, -1).log_softmax(1);
            float[] reference = [.. expected.data<float>()];
            Assert.Equal(reference.Length, ours.Sum(row => row.Length));
            AssertClose(reference, [.. ours.SelectMany(row => row)], 1e-4);
            var result = golden.Model.Forward([new ForwardInput(ids) { Argmax = true }])[0];
            Assert.Equal(GoldenModel.Integers(sequence.GetProperty("argmax")), result.Argmax);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void A_batch_of_different_lengths_equals_the_reference(string name)
    {
        using var golden = new GoldenModel(name);
        var batch = golden.Expected.GetProperty("batch_right");
        var ids = batch.GetProperty("input_ids").EnumerateArray().Select(GoldenModel.Integers).ToArray();
        var masks = batch.GetProperty("attention_mask").EnumerateArray();
        int[] lengths = [.. masks.Select(m => GoldenModel.Integers(m).Sum())];
        var inputs = ids.Select((row, r) => new ForwardInput(row[..lengths[r]])
        {
            Argmax = true,
            Targets = [.. Enumerable.Range(1, lengths[r] - 1).Select(p => new Target(p, row[p]))],
        }).ToList();
        var results = golden.Model.Forward(inputs);
        for (int r = 0; r < ids.Length; r++)
        {
            int[] argmax = GoldenModel.Integers(batch.GetProperty("argmax")[r]);
            Assert.Equal(argmax[..lengths[r]], results[r].Argmax);
            float[] expected = [.. batch.GetProperty("next_token_logprobs")[r].EnumerateArray()
                .Take(lengths[r] - 1).Select(e => e.GetSingle())];
            AssertClose(expected, results[r].LogProbabilities, 1e-4);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Greedy_continuations_equal_the_reference(string name)
    {
        using var golden = new GoldenModel(name);
        var greedy = golden.Expected.GetProperty("greedy");
        foreach (var c in greedy.GetProperty("cases").EnumerateArray())
        {
            int[] expected = GoldenModel.Integers(c.GetProperty("continuation"));
            Assert.Equal(expected, golden.Greedy(GoldenModel.Integers(c.GetProperty("prompt_ids")), expected.Length));
        }
        var stop = greedy.GetProperty("with_eos");
        int[] prompt = golden.Sequence(stop.GetProperty("prompt").GetString()!);
        Assert.Equal(GoldenModel.Integers(stop.GetProperty("continuation")),
            golden.Greedy(prompt, 16, stop.GetProperty("eos_token_id").GetInt32()));
    }

    [Theory, MemberData(nameof(Models))]
    public void A_ragged_batch_of_rows_decodes_as_the_reference_does(string name)
    {
        using var golden = new GoldenModel(name);
        var batch = golden.Expected.GetProperty("batch_right");
        int[][] prompts = [.. batch.GetProperty("input_ids").EnumerateArray().Select((row, r) =>
            GoldenModel.Integers(row)[..GoldenModel.Integers(batch.GetProperty("attention_mask")[r]).Sum()])];
        int[][] expected = [.. golden.Expected.GetProperty("greedy").GetProperty("batch_left")
            .GetProperty("continuations").EnumerateArray().Select(GoldenModel.Integers)];
        var prefixes = golden.Model.Forward(
            [.. prompts.Select(p => new ForwardInput(p[..1]) { Keep = true })]).Select(r => r.Prefix!).ToList();
        using var rows = golden.Model.Fork([.. prefixes.Select(p => new ForkPoint(p))]);
        var logits = rows.Step([.. prompts.Select(p => p[1..])]);
        var written = prompts.Select(_ => new List<int>()).ToList();
        for (int step = 0; step < expected[0].Length; step++)
        {
            for (int r = 0; r < prompts.Length; r++)
                written[r].Add(System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits[r].Span));
            logits = rows.Step([.. written.Select(w => new[] { w[^1] })]);
        }
        Assert.Equal(expected, written.Select(w => w.ToArray()));
        prefixes.ForEach(p => p.Dispose());
    }

    private static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(worst <= tolerance, $"largest difference {worst:G3} exceeds {tolerance:G3}");
    }
}
