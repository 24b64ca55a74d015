using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>What a pass needs, measured; no other test may run beside it.</summary>
[Collection(Alone.Name)]
public class TrainingMemoryTests
{
    private const double Margin = 0.25;

    /// <summary>Code that is compiled meanwhile, small objects, the kernels' own buffers: what is no tensor.</summary>
    private const long Noise = 16 << 20;

    private const int Tokens = 1024;

    private static readonly DecoderShape Shape = new()
    {
        VocabularySize = 1024,
        ContextLength = 128,
        Width = 128,
        Layers = 6,
        Heads = 4,
        InnerWidth = 512,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    private static readonly DecoderShape Gated = Shape with
    {
        HeadsPerKey = 2,
        RmsNorm = true,
        GatedMlp = true,
        Activation = Activation.Silu,
        Rotary = new Rotary(32),
        Biases = Biases.None,
    };

    [Fact]
    public void The_logits_of_1024_tokens_over_50257_never_stand_whole()
    {
        var shape = Shape with { VocabularySize = 50_257, Width = 16, Heads = 1, InnerWidth = 16, Layers = 1 };
        using var decoder = Decoder.Random(shape, 1);
        using var parameters = new FlatParameters(decoder, ScalarType.Float32);
        var rows = Rows(1025 / 41, 42, shape.VocabularySize);
        Assert.True(rows.Sum(r => r.Tokens.Length - 1) >= 1024);
        long peak = PeakMemory.Of(() => TrainingLoss.Backward(parameters.Decoder, rows, 1024));
        // Logits, their log-softmax and its gradient would be three times as much.
        Assert.InRange(peak, 1, 1024L * shape.VocabularySize * sizeof(float) * 3 / 4);
    }

    public static TheoryData<string, ScalarType, bool, bool> Ways => new()
    {
        { "gpt2", ScalarType.Float32, false, false },
        { "gpt2", ScalarType.Float32, true, false },
        { "gpt2", ScalarType.BFloat16, false, false },
        { "gpt2", ScalarType.BFloat16, true, true },
        { "gated", ScalarType.BFloat16, true, false },
    };

    [Theory, MemberData(nameof(Ways))]
    public void The_estimate_is_what_is_measured_within_a_quarter(
        string kind, ScalarType type, bool checkpointed, bool lora)
    {
        var (measured, estimate) = Measure(kind == "gpt2" ? Shape : Gated, type, checkpointed, lora);
        Assert.True(Math.Abs(measured - estimate.Peak) < Margin * measured + Noise,
            $"measured {measured:N0}, estimated {estimate.Peak:N0} bytes: {estimate}");
    }

    [Fact]
    public void Computing_layers_again_needs_less_than_half()
    {
        var (plain, _) = Measure(Shape, ScalarType.Float32, checkpointed: false, lora: true);
        var (again, _) = Measure(Shape, ScalarType.Float32, checkpointed: true, lora: true);
        Assert.True(again - Noise < plain / 2, $"{again:N0} of {plain:N0} bytes");
    }

    /// <summary>A model read, trained for one update and let go.</summary>
    private static (long Measured, MemoryEstimate Estimate) Measure(
        DecoderShape shape, ScalarType type, bool checkpointed, bool lora)
    {
        var rows = Rows(Tokens / 128, 128, shape.VocabularySize);
        var sites = AdapterSite.All(new Gpt2(), shape with { GatedMlp = false });
        var options = new TrainingOptions
        {
            Steps = 1,
            ComputeType = type,
            MicroBatchTokens = Tokens,
            Layout = new PassLayout(Checkpointed: checkpointed),
        };
        var adapter = new LoraOptions();
        var estimate = MemoryEstimate.Of(shape, options, 128, lora ? sites : null, lora ? adapter : null);
        using var source = Decoder.Random(shape, 1);
        using var narrow = source.To(type, CPU);
        using var blank = Adapter.Random(sites, adapter, 1);
        string folder = Directory.CreateTempSubdirectory("memory").FullName;
        try
        {
            long measured = PeakMemory.Of(() =>
            {
                Directory.Delete(folder, recursive: true);
                var trainer = new Trainer(folder, options, _ => rows);
                if (lora)
                    trainer.Run(narrow, blank).Dispose();
                else
                    trainer.Run(source).Dispose();
            });
            // The frozen model was there before.
            long frozen = lora ? shape.ParameterCount * (type == ScalarType.Float32 ? 4 : 2) : 0;
            return (measured + frozen, estimate);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<TrainingRow> Rows(int count, int length, int vocabulary)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ =>
            new TrainingRow([.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))]))];
    }
}
