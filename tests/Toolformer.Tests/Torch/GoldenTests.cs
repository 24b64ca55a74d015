using System.Text.Json;
using Toolformer.Modeling;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>Numbers of the reference implementation, within the tolerances stated beside them.</summary>
public class GoldenTests
{
    public static TheoryData<string> Models => GoldenModel.Decoders;

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
            AssertClose(reference, [.. ours.SelectMany(row => row)], golden.Tolerance);
            AssertClose(GoldenModel.Floats(sequence.GetProperty("next_token_logprobs")),
                [.. ids.Skip(1).Select((id, t) => ours[t][id])], golden.Tolerance);
            var result = golden.Model.Forward([new ForwardInput(ids) { Argmax = true }])[0];
            Assert.Equal(GoldenModel.Integers(sequence.GetProperty("argmax")), result.Argmax);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Logits_of_sequences_that_are_decoded_token_by_token_equal_the_reference(string name)
    {
        using var golden = new GoldenModel(name);
        string[] names = ["len1", "len7", "len33"];
        var rows = golden.SteppedLogits([.. names.Select(golden.Sequence)]);
        foreach (var (sequence, ours) in names.Zip(rows))
            AssertClose(golden.Logits[sequence], ours, 0, golden.Tolerance);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_batch_of_different_lengths_equals_the_reference_s_padded_on_either_side(string name)
    {
        using var golden = new GoldenModel(name);
        foreach (string side in new[] { "batch_right", "batch_left" })
        {
            var batch = golden.Expected.GetProperty(side);
            var (rows, starts) = Unpadded(batch);
            var results = golden.Model.Forward([.. rows.Select(row => new ForwardInput(row)
            {
                Argmax = true,
                Targets = [.. Enumerable.Range(1, row.Length - 1).Select(p => new Target(p, row[p]))],
            })]);
            var logits = golden.SteppedLogits(rows);
            for (int r = 0; r < rows.Length; r++)
            {
                int[] argmax = GoldenModel.Integers(batch.GetProperty("argmax")[r]);
                Assert.Equal(argmax[starts[r]..(starts[r] + rows[r].Length)], results[r].Argmax);
                float[] expected = [.. batch.GetProperty("next_token_logprobs")[r].EnumerateArray()
                    .Skip(starts[r]).Take(rows[r].Length - 1).Select(e => e.GetSingle())];
                AssertClose(expected, results[r].LogProbabilities, golden.Tolerance);
                using var reference = golden.Logits[side][r];
                AssertClose(reference, logits[r], starts[r], golden.Tolerance);
            }
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void The_loss_of_a_labelled_batch_equals_the_reference(string name)
    {
        using var golden = new GoldenModel(name);
        var loss = golden.Expected.GetProperty("loss");
        var (sum, count) = TrainingLoss.Evaluate(golden.Model.Decoder, GoldenModel.Rows(loss));
        Assert.Equal(loss.GetProperty("num_targets").GetInt64(), count);
        double expected = loss.GetProperty("loss").GetDouble();
        Assert.Equal(expected, sum / count, expected * 1e-5);
    }

    [Theory, MemberData(nameof(Models))]
    public void Greedy_continuations_equal_the_reference(string name)
    {
        using var golden = new GoldenModel(name);
        var greedy = golden.Expected.GetProperty("greedy");
        foreach (var c in greedy.GetProperty("cases").EnumerateArray())
        {
            int[] prompt = GoldenModel.Integers(c.GetProperty("prompt_ids"));
            int[] expected = GoldenModel.Integers(c.GetProperty("continuation"));
            Assert.Equal(expected, golden.Greedy(prompt, expected.Length));
            float[][] logs = golden.AllLogProbabilities([.. prompt, .. expected]);
            AssertClose(GoldenModel.Floats(c.GetProperty("logprobs")),
                [.. expected.Select((id, t) => logs[prompt.Length - 1 + t][id])], golden.Tolerance);
        }
        var stop = greedy.GetProperty("with_eos");
        int[] stopped = golden.Sequence(stop.GetProperty("prompt").GetString()!);
        Assert.Equal(GoldenModel.Integers(stop.GetProperty("continuation")),
            golden.Greedy(stopped, 16, stop.GetProperty("eos_token_id").GetInt32()));
    }

    [Theory, MemberData(nameof(Models))]
    public void A_ragged_batch_of_rows_decodes_as_the_reference_does(string name)
    {
        using var golden = new GoldenModel(name);
        var (prompts, _) = Unpadded(golden.Expected.GetProperty("batch_right"));
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

    /// <summary>The real tokens of a padded batch, and where each row's begin.</summary>
    private static (int[][] Rows, int[] Starts) Unpadded(JsonElement batch)
    {
        int[][] masks = [.. batch.GetProperty("attention_mask").EnumerateArray().Select(GoldenModel.Integers)];
        int[] starts = [.. masks.Select(m => Array.IndexOf(m, 1))];
        int[][] rows = [.. batch.GetProperty("input_ids").EnumerateArray().Select((row, r) =>
            GoldenModel.Integers(row)[starts[r]..(starts[r] + masks[r].Sum())])];
        return (rows, starts);
    }

    /// <param name="expected">(T, V).</param>
    /// <param name="start">The place in <paramref name="expected"/> of what stands first in the row.</param>
    private static void AssertClose(Tensor expected, float[][] row, int start, double tolerance)
    {
        float[] flat = [.. expected.contiguous().data<float>()];
        int vocabulary = (int)expected.shape[^1];
        for (int t = 1; t < row.Length; t++)
            AssertClose(flat[((start + t) * vocabulary)..((start + t + 1) * vocabulary)], row[t], tolerance);
    }

    private static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = expected.Zip(actual).Select(pair => Math.Abs(pair.First - pair.Second)).Append(0).Max();
        Assert.True(worst <= tolerance, $"largest difference {worst:G3} exceeds {tolerance:G3}");
    }
}
