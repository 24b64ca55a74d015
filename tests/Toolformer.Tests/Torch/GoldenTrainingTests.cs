using System.Text.Json;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

public class GoldenTrainingTests
{
    private static readonly string[] KeyBiases = ["c_attn.bias", "query_key_value.bias", "k_proj.bias"];

    public static TheoryData<string> Models => GoldenModel.Trained;

    [Theory, MemberData(nameof(Models))]
    public void Loss_gradients_and_three_AdamW_steps_equal_the_reference(string name)
    {
        using var golden = new GoldenModel(name);
        var train = golden.Expected.GetProperty("train");
        var rows = GoldenModel.Rows(train.GetProperty("batch"));
        var expected = train.GetProperty("float32");
        float[] losses = GoldenModel.Floats(expected.GetProperty("loss_before_step_1_2_3_and_after_step_3"));
        using var parameters = new FlatParameters(golden.Model.Decoder, ScalarType.Float32);
        using var optimiser = new AdamW(
            parameters.Values, parameters.Gradients, new AdamWOptions { WeightDecay = 0.01 });
        long scored = rows.Sum(r => (long)r.Scored!.Skip(1).Count(s => s));
        for (int step = 0; step < 3; step++)
        {
            parameters.Gradients.zero_();
            var (sum, count) = TrainingLoss.Backward(parameters.Decoder, rows, scored);
            Assert.Equal(scored, count);
            Assert.Equal(losses[step], sum / count, 1e-4);
            float norm = parameters.Gradients.norm().item<float>();
            float[] norms = GoldenModel.Floats(expected.GetProperty("global_grad_l2_at_step_1_2_3"));
            Assert.Equal(norms[step], norm, norm * 2e-4);
            if (step == 0)
                CheckGradients(golden, parameters, expected);
            optimiser.Step(1e-3);
        }
        var (after, total) = TrainingLoss.Evaluate(parameters.Decoder, rows);
        Assert.Equal(losses[3], after / total, 1e-4);
        foreach (var (stored, value) in Stored(golden, p => parameters.Decoder.Parameters[p]))
        {
            double norm = expected.GetProperty("param_l2_after_step_3").GetProperty(stored).GetDouble();
            // A key bias that is not turned has no gradient but rounding noise, which AdamW turns into steps.
            var shape = golden.Source.Shape;
            bool noisy = KeyBiases.Any(stored.EndsWith) && shape.Rotary?.Dimensions != shape.HeadWidth;
            Assert.Equal(norm, value.norm().item<float>(), norm * (noisy ? 2e-2 : 5e-5));
        }
    }

    [Fact]
    public void Two_accumulated_halves_give_the_gradient_of_the_whole_batch()
    {
        using var golden = new GoldenModel("gpt2");
        var rows = GoldenModel.Rows(golden.Expected.GetProperty("train").GetProperty("batch"));
        using var whole = new FlatParameters(golden.Model.Decoder, ScalarType.Float32);
        using var halves = new FlatParameters(golden.Model.Decoder, ScalarType.Float32);
        TrainingLoss.Backward(whole.Decoder, rows, 11);
        TrainingLoss.Backward(halves.Decoder, [rows[0]], 11);
        TrainingLoss.Backward(halves.Decoder, [.. rows.Skip(1)], 11);
        using var difference = (whole.Gradients - halves.Gradients).abs().max();
        Assert.True(difference.item<float>() < 1e-5);
    }

    private static void CheckGradients(GoldenModel golden, FlatParameters parameters, JsonElement expected)
    {
        foreach (var (stored, gradient) in Stored(golden, p => parameters.Decoder.Parameters[p].grad!))
        {
            double norm = expected.GetProperty("grad_l2_at_step_1").GetProperty(stored).GetDouble();
            Assert.Equal(norm, gradient.norm().item<float>(), norm * 1e-4 + 1e-5);
            float[] first = GoldenModel.Floats(expected.GetProperty("grad_first4_at_step_1").GetProperty(stored));
            float[] ours = [.. gradient.contiguous().view(-1).data<float>().Take(4)];
            for (int i = 0; i < first.Length; i++)
                Assert.Equal(first[i], ours[i], Math.Abs(first[i]) * 1e-3 + 1e-5);
        }
    }

    /// <summary>What belongs to each tensor of the family's files, laid out as there.</summary>
    private static IEnumerable<(string Name, Tensor Value)> Stored(GoldenModel golden, Func<string, Tensor> find)
    {
        using var guard = no_grad();
        foreach (var (parameter, _) in golden.Source.Shape.Parameters())
        {
            foreach (var stored in golden.Source.Architecture.Locate(parameter, golden.Source.Shape))
            {
                using var scope = NewDisposeScope();
                yield return (stored.Name, stored.Write(find(parameter)));
            }
        }
    }
}
