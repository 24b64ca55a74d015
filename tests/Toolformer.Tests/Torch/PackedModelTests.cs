using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

public class PackedModelTests
{
    [Theory]
    [InlineData(Activation.GeluTanh, ScalarType.Float32, 1e-5)]
    [InlineData(Activation.Gelu, ScalarType.Float32, 1e-5)]
    [InlineData(Activation.Relu, ScalarType.Float32, 1e-5)]
    [InlineData(Activation.Silu, ScalarType.Float32, 1e-5)]
    [InlineData(Activation.GeluTanh, ScalarType.BFloat16, 0.05)]
    [InlineData(Activation.Silu, ScalarType.BFloat16, 0.05)]
    public void A_packed_model_scores_and_decodes_like_one_that_is_not(
        Activation activation, ScalarType type, double tolerance)
    {
        var shape = new DecoderShape
        {
            VocabularySize = 259,
            ContextLength = 32,
            Width = 32,
            Layers = 2,
            Heads = 4,
            InnerWidth = 72,
            NormEpsilon = 1e-5,
            Activation = activation,
            GatedMlp = activation == Activation.Silu,
            TiedHead = activation != Activation.Relu,
        };
        using var random = Decoder.Random(shape, 5);
        using var plain = new TorchLanguageModel(random.To(type, CPU), new ByteTokenizer(), null, null);
        var decoder = random.To(type, CPU);
        decoder.Pack();
        Assert.DoesNotContain("layers.1.down.weight", decoder.Parameters.Keys);
        Assert.Contains("embedding", decoder.Parameters.Keys);
        using var packed = new TorchLanguageModel(decoder, new ByteTokenizer(), null, null);

        var input = new ForwardInput([5, 6, 7, 8, 9])
        {
            Targets = [.. Enumerable.Range(1, 5).Select(p => new Target(p, p))],
            Keep = true,
        };
        var (expected, got) = (plain.Forward([input])[0], packed.Forward([input])[0]);
        foreach (var (a, b) in expected.LogProbabilities.Zip(got.LogProbabilities))
            Assert.Equal(a, b, tolerance);
        using var one = new Rows(plain, expected.Prefix!);
        using var other = new Rows(packed, got.Prefix!);
        foreach (var (a, b) in one.Step().Zip(other.Step()))
            Assert.Equal(a, b, tolerance);
    }

    private sealed class Rows(ILanguageModel model, IPrefix prefix) : IDisposable
    {
        private readonly IDecodeBatch _batch = model.Fork([new ForkPoint(prefix), new ForkPoint(prefix, 2)]);

        public float[] Step() => [.. _batch.Step([[3, 4], [1]]).SelectMany(logits => logits.ToArray())];

        public void Dispose()
        {
            _batch.Dispose();
            prefix.Dispose();
        }
    }
}
