using System.Diagnostics;
using Toolformer.Torch;
using TorchSharp;

int width = int.Parse(args[0]), layers = int.Parse(args[1]), heads = int.Parse(args[2]), window = int.Parse(args[3]), rows = int.Parse(args[4]);
var type = args[5] == "bf16" ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32;
if (args.Length > 6) torch.set_num_threads(int.Parse(args[6]));
var shape = new DecoderShape { VocabularySize = 4096, ContextLength = 1024, Width = width, Layers = layers, Heads = heads, InnerWidth = 4 * width, NormEpsilon = 1e-5, Activation = Activation.GeluTanh, TiedHead = true };
using var start = Decoder.Random(shape, 1);
using var flat = new FlatParameters(start, type);
using var adam = new AdamW(flat.Values, flat.Gradients, new AdamWOptions());
var random = new Random(1);
Console.WriteLine($"{shape.ParameterCount:N0} parameters");
for (int s = 0; s < 6; s++)
{
    var batch = Enumerable.Range(0, rows).Select(_ => new TrainingRow([.. Enumerable.Range(0, window).Select(_ => random.Next(4096))])).ToList();
    var watch = Stopwatch.StartNew();
    flat.Gradients.zero_();
    var (sum, n) = TrainingLoss.Backward(flat.Decoder, batch, rows * (window - 1));
    var t1 = watch.Elapsed.TotalSeconds;
    adam.Step(1e-3);
    Console.WriteLine($"loss {sum / n:F3} {rows * window / watch.Elapsed.TotalSeconds:F0} tok/s; backward {t1:F2}s adam {watch.Elapsed.TotalSeconds - t1:F3}s");
}
