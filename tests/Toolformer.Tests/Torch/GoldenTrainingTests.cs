using System.Text.Json;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

public class GoldenTrainingTests
{
    [Theory, InlineData("gpt2"), InlineData("gpt2_hubstyle")]
    public void Loss_gradients_and_three_AdamW_steps_equal_the_reference(string name)
    {
        using var golden = new GoldenModel(name);
        var train = golden.Expected.GetProperty("train");
        var rows = Rows(train.GetProperty("batch"));
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
        foreach (var (parameter, _) in golden.Source.Shape.Parameters())
        {
            double norm = expected.GetProperty("param_l2_after_step_3")
                .GetProperty(golden.Source.Architecture.Locate(parameter).FileName).GetDouble();
            // A key bias has no gradient but rounding noise, which AdamW turns into steps.
            double tolerance = parameter.EndsWith("qkv.bias") ? 2e-2 : 5e-5;
            Assert.Equal(norm, parameters.Decoder.Parameters[parameter].norm().item<float>(), norm * tolerance);
        }
    }

    [Fact]
    public void Two_accumulated_halves_give_the_gradient_of_the_whole_batch()
    {
        using var golden = new GoldenModel("gpt2");
        var rows = Rows(golden.Expected.GetProperty("train").GetProperty("batch"));
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
        foreach (var (parameter, _) in golden.Source.Shape.Parameters())
        {
            var (file, transposed) = golden.Source.Architecture.Locate(parameter);
            using var gradient = parameters.Decoder.Parameters[parameter].grad!;
            double norm = expected.GetProperty("grad_l2_at_step_1").GetProperty(file).GetDouble();
            Assert.Equal(norm, gradient.norm().item<float>(), norm * 1e-4 + 1e-5);
            using var oriented = transposed ? gradient.t().contiguous() : gradient.contiguous();
            float[] first = GoldenModel.Floats(expected.GetProperty("grad_first4_at_step_1").GetProperty(file));
            float[] ours = [.. oriented.view(-1).data<float>().Take(4)];
            for (int i = 0; i < first.Length; i++)
                Assert.Equal(first[i], ours[i], Math.Abs(first[i]) * 1e-3 + 1e-5);
        }
    }

    private static List<TrainingRow> Rows(JsonElement batch) =>
        [.. batch.GetProperty("input_ids").EnumerateArray().Select((ids, r) => new TrainingRow(
            GoldenModel.Integers(ids),
            [.. GoldenModel.Integers(batch.GetProperty("labels")[r]).Select(l => l != -100)]))];
}
