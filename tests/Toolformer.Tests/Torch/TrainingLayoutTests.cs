using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>Ways to make a pass cheaper change nothing that is learned.</summary>
public sealed class TrainingLayoutTests : IDisposable
{
    private static readonly DecoderShape Learned = new()
    {
        VocabularySize = 50,
        ContextLength = 32,
        Width = 16,
        Layers = 3,
        Heads = 2,
        InnerWidth = 32,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    /// <summary>Rotary positions, shared keys, a window, gates: what else attention may depend on.</summary>
    private static readonly DecoderShape Rotated = Learned with
    {
        Heads = 4,
        HeadsPerKey = 2,
        RmsNorm = true,
        GatedMlp = true,
        Activation = Activation.Silu,
        Rotary = new Rotary(4),
        Window = 5,
        Biases = Biases.None,
        TiedHead = false,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("layout").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<bool, bool> Ways =>
        new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory, MemberData(nameof(Ways))]
    public void Packed_or_checkpointed_losses_and_gradients_are_those_of_the_rows_one_by_one(
        bool rotated, bool checkpointed)
    {
        using var decoder = Decoder.Random(rotated ? Rotated : Learned, 4);
        using var parameters = new FlatParameters(decoder, ScalarType.Float32);
        var rows = Rows(9);
        double sum = 0;
        long count = 0;
        foreach (var row in rows)
        {
            var (part, scored) = TrainingLoss.Backward(parameters.Decoder, [row], 100);
            sum += part;
            count += scored;
        }
        using var expected = parameters.Gradients.clone();
        foreach (bool packed in new[] { true, false })
        {
            parameters.Gradients.zero_();
            var layout = new PassLayout(packed, checkpointed);
            var (whole, all) = TrainingLoss.Backward(parameters.Decoder, rows, 100, layout);
            Assert.Equal(count, all);
            Assert.Equal(sum, whole, 1e-3);
            Assert.Equal(sum, TrainingLoss.Evaluate(parameters.Decoder, rows, layout).Sum, 1e-3);
            using var difference = (expected - parameters.Gradients).abs().max();
            Assert.InRange(difference.item<float>(), 0, 2e-5f);
        }
        Assert.NotEqual(0, expected.norm().item<float>());
    }

    [Theory, InlineData(ScalarType.Float32), InlineData(ScalarType.BFloat16)]
    public void Computing_layers_again_gives_the_same_bits(ScalarType type)
    {
        using var decoder = Decoder.Random(Learned, 4);
        using var parameters = new FlatParameters(decoder, type);
        var rows = Rows(5);
        var (sum, _) = TrainingLoss.Backward(parameters.Decoder, rows, 40);
        using var expected = parameters.Gradients.clone();
        parameters.Gradients.zero_();
        var (again, _) = TrainingLoss.Backward(parameters.Decoder, rows, 40, new PassLayout(Checkpointed: true));
        Assert.Equal(sum, again);
        Assert.True(AdapterTests.Same(expected, parameters.Gradients));
    }

    [Fact]
    public void A_token_of_one_packed_row_changes_nothing_in_the_others()
    {
        using var decoder = Decoder.Random(Learned, 4);
        var rows = Rows(3);
        var changed = rows.ToList();
        changed[0] = changed[0] with { Tokens = [.. changed[0].Tokens.Select(t => (t + 7) % 50)] };
        double Others(IReadOnlyList<TrainingRow> all)
        {
            var first = all[0] with { Scored = new bool[all[0].Tokens.Length] };
            return TrainingLoss.Evaluate(decoder, [first, .. all.Skip(1)], new PassLayout(Packed: true)).Sum;
        }

        Assert.Equal(Others(rows), Others(changed));
    }

    [Fact]
    public void Batches_without_padding_hold_each_row_once_and_never_too_many_tokens()
    {
        var random = new Random(3);
        int[] lengths = [.. Enumerable.Range(0, 200).Select(_ => random.Next(1, 300))];
        var batches = Batches.Fill(lengths, 1000).ToList();
        Assert.Equal(Enumerable.Range(0, 200), batches.SelectMany(b => b).Order());
        Assert.All(batches, b => Assert.True(b.Count == 1 || b.Sum(i => lengths[i]) <= 1000));
        Assert.All(batches.SkipLast(1), b => Assert.True(b.Sum(i => lengths[i]) > 700));
    }

    [Fact]
    public void An_update_of_several_passes_learns_what_one_pass_would()
    {
        float[] one = Train("one", Options(new PassLayout(), microBatch: 8192));
        float[] many = Train("many", Options(new PassLayout(), microBatch: 20));
        float[] packed = Train("packed", Options(new PassLayout(Packed: true), microBatch: 45));
        Assert.InRange(AdapterTests.Distance(one, many), 0, 1e-5f);
        Assert.InRange(AdapterTests.Distance(one, packed), 0, 1e-5f);
    }

    [Theory, InlineData(false, false), InlineData(true, true)]
    public void An_adapter_trained_with_dropout_in_several_passes_and_stopped_at_every_step_ends_with_the_same_bytes(
        bool packed, bool checkpointed)
    {
        var options = Options(new PassLayout(packed, checkpointed), microBatch: 30) with
        {
            ComputeType = ScalarType.BFloat16,
        };
        float[] expected = TrainAdapter("whole", options, CancellationToken.None)!;
        float[]? values = null;
        for (int starts = 0; values is null; starts++)
        {
            Assert.True(starts <= options.Steps, "it does not get on");
            using var stop = new CancellationTokenSource();
            values = TrainAdapter("often", options, stop.Token, stop.Cancel);
        }
        Assert.Equal(expected, values);
        foreach (string file in new[] { "state.safetensors", "best.safetensors", "log.jsonl" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "whole", file)),
                File.ReadAllBytes(Path.Combine(_folder, "often", file)));
        }
    }

    [Fact]
    public void An_adapter_learns_while_the_model_stays_and_without_held_out_rows_the_last_step_is_kept()
    {
        using var start = Decoder.Random(Learned, 1);
        // The head is not learned: with its first small weights no token could become likely.
        using (no_grad())
            start.Parameters["embedding"].mul_(20);
        using var before = cat([.. start.Parameters.Values.Select(p => p.flatten())]);
        using var blank = Adapter.Random(AdapterSite.All(new Gpt2(), Learned), new LoraOptions { Rank = 4 }, 1);
        var losses = new List<double>();
        var trainer = new Trainer(Path.Combine(_folder, "learns"), Options(new PassLayout(), 8192) with
        {
            Steps = 40,
            LearningRate = 0.05,
        }, _ => Rows(6))
        {
            Progress = new Listener(p => losses.Add(p.Loss)),
        };
        using var adapter = trainer.Run(start, blank);
        Assert.True(losses[^1] < losses[0] - 0.2, $"{losses[0]} → {losses[^1]}");
        Assert.Null(start.Adapter);
        using var after = cat([.. start.Parameters.Values.Select(p => p.flatten())]);
        Assert.True(AdapterTests.Same(before, after));
        start.Adapter = adapter;
        var (sum, count) = TrainingLoss.Evaluate(start, Rows(6));
        Assert.True(sum / count < losses[0] - 0.2);
    }

    private static TrainingOptions Options(PassLayout layout, int microBatch) => new()
    {
        Steps = 5,
        LearningRate = 0.01,
        ComputeType = ScalarType.Float32,
        MicroBatchTokens = microBatch,
        Layout = layout,
        EvaluateEvery = 2,
        CheckpointEvery = 2,
    };

    private float[] Train(string name, TrainingOptions options)
    {
        using var start = Decoder.Random(Learned, 1);
        using var best = new Trainer(Path.Combine(_folder, name), options, step => Rows(6, (int)step)).Run(start);
        return [.. best.Parameters.Values.SelectMany(p => p.contiguous().data<float>().ToArray())];
    }

    /// <summary>Null: it was stopped.</summary>
    private float[]? TrainAdapter(
        string name, TrainingOptions options, CancellationToken cancellation, Action? report = null)
    {
        using var start = Decoder.Random(Learned, 1);
        using var blank = Adapter.Random(
            AdapterSite.All(new Gpt2(), Learned), new LoraOptions { Rank = 2, Dropout = 0.3 }, 1);
        var trainer = new Trainer(Path.Combine(_folder, name), options, step => Rows(6, (int)step))
        {
            HeldOut = Rows(2, 77),
            Progress = new Listener(_ => report?.Invoke()),
        };
        try
        {
            using var adapter = trainer.Run(start, blank, cancellation);
            return [.. adapter.Parts.SelectMany(
                p => p.Down.data<float>().ToArray().Concat(p.Up.data<float>().ToArray()))];
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Rows of different lengths, two of them alike, one with tokens that are not scored.</summary>
    private static List<TrainingRow> Rows(int count, int seed = 5)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(r =>
        {
            int length = r < 2 ? 11 : random.Next(4, 20);
            bool[]? scored = r == 2 ? [.. Enumerable.Range(0, length).Select(t => t % 3 != 0)] : null;
            return new TrainingRow([.. Enumerable.Range(0, length).Select(_ => random.Next(12))], scored);
        })];
    }

    private sealed class Listener(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
