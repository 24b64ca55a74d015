using Toolformer.Torch;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Bench;

/// <summary>A training step against three times the forward pass, which is what its operations come to.</summary>
internal static class TrainingBench
{
    private const int Sequences = 8, Length = 256;

    public static IEnumerable<Measure> Run()
    {
        foreach (var (name, type) in new[] { ("f32", ScalarType.Float32), ("bf16", ScalarType.BFloat16) })
        {
            using var start = Decoder.Random(BenchModel.Shape, seed: 1);
            using var parameters = new FlatParameters(start, type);
            using var optimizer = new AdamW(parameters.Values, parameters.Gradients, new AdamWOptions());
            TrainingRow[] rows =
                [.. Enumerable.Range(0, Sequences).Select(s => new TrainingRow(BenchModel.Tokens(s, Length)))];
            double forward = Stopclock.Seconds(() => TrainingLoss.Evaluate(parameters.Decoder, rows));
            double both = Stopclock.Seconds(() => TrainingLoss.Backward(parameters.Decoder, rows, 2040));
            double update = Stopclock.Seconds(() => optimizer.Step(1e-5));
            int tokens = Sequences * Length;
            yield return new($"training: forward with the loss, {name}", $"{tokens / forward:N0} tokens/s");
            yield return new($"  forward and backward, {name}", $"{tokens / both:N0} tokens/s");
            yield return new("  AdamW", $"{update:0.00} s");
            yield return new("  a step in forward passes", $"{(both + update) / forward:0.00} ×", "≤ 3.6 ×");
        }
    }
}
