using Toolformer.Torch;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

public sealed class TrainerTests : IDisposable
{
    private static readonly DecoderShape Shape = new()
    {
        VocabularySize = 50,
        ContextLength = 32,
        Width = 16,
        Layers = 2,
        Heads = 2,
        InnerWidth = 32,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    private static readonly string[] Files = ["state.safetensors", "best.safetensors", "log.jsonl"];

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<ScalarType, bool> Ways => new()
    {
        { ScalarType.BFloat16, false },
        { ScalarType.Float32, true },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_run_killed_after_any_step_ends_with_the_same_parameters_log_and_best_step(ScalarType type, bool muon)
    {
        var options = Options(type, muon);
        var snapshots = new List<string>();
        // A kill leaves the files as they are at some moment; these are the moments between two writes.
        byte[] expected = Train("whole", options, _ => Snapshot(), (_, _) => Snapshot());
        byte[][] files = Contents("whole");
        foreach (string snapshot in snapshots)
        {
            File.AppendAllText(Path.Combine(_folder, snapshot, "log.jsonl"), """{"step":99,"lo""");
            File.WriteAllText(Path.Combine(_folder, snapshot, "state.safetensors.tmp"), "half of a st");
            Assert.Equal(expected, Train(snapshot, options));
            Assert.Equal(files, Contents(snapshot));
        }
        Assert.Equal(options.Steps + 3, snapshots.Count);

        void Snapshot()
        {
            string name = $"after {snapshots.Count}";
            Directory.CreateDirectory(Path.Combine(_folder, name));
            foreach (string file in Directory.GetFiles(Path.Combine(_folder, "whole")))
                File.Copy(file, Path.Combine(_folder, name, Path.GetFileName(file)));
            snapshots.Add(name);
        }
    }

    [Fact]
    public void A_run_cancelled_at_every_step_ends_with_the_same_files()
    {
        var options = Options(ScalarType.BFloat16, muon: false);
        byte[] expected = Train("whole", options);
        byte[]? parameters = null;
        int starts = 0;
        for (; parameters is null; starts++)
        {
            Assert.True(starts <= options.Steps, "it does not get on");
            using var stop = new CancellationTokenSource();
            try
            {
                parameters = Train("often", options, _ => stop.Cancel(), cancellation: stop.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.True(File.Exists(Path.Combine(_folder, "often", "state.safetensors")));
            }
        }
        Assert.Equal(options.Steps, starts);
        Assert.Equal(expected, parameters);
        Assert.Equal(Contents("whole"), Contents("often"));
    }

    [Fact]
    public void The_state_of_another_model_is_refused()
    {
        var options = Options(ScalarType.Float32, muon: false);
        Train("run", options);
        using var other = Decoder.Random(Shape with { Layers = 3 }, 1);
        var trainer = new Trainer(Path.Combine(_folder, "run"), options, Batch);
        var error = Assert.Throws<InvalidDataException>(() => trainer.Run(other));
        Assert.Contains("state.safetensors", error.Message);
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_the_run_and_says_at_which_step()
    {
        using var start = Decoder.Random(Shape, 1);
        using (no_grad())
            start.Parameters["norm.bias"][3] = float.NaN;
        var trainer = new Trainer(Path.Combine(_folder, "run"), Options(ScalarType.Float32, muon: false), Batch);
        var error = Assert.Throws<InvalidOperationException>(() => trainer.Run(start));
        Assert.Contains("loss of step 0", error.Message);
        Assert.Contains("learning rate", error.Message);
    }

    private static TrainingOptions Options(ScalarType type, bool muon) => new()
    {
        Steps = 7,
        LearningRate = 0.01,
        ComputeType = type,
        Muon = muon,
        MicroBatchTokens = 40,
        EvaluateEvery = 3,
        CheckpointEvery = 4,
    };

    /// <summary>The bytes of the best parameters.</summary>
    private byte[] Train(string name, TrainingOptions options, Action<long>? report = null,
        Action<long, Decoder>? probe = null, CancellationToken cancellation = default)
    {
        using var start = Decoder.Random(Shape, 1);
        var trainer = new Trainer(Path.Combine(_folder, name), options, Batch)
        {
            HeldOut = Batch(1000),
            Probe = probe,
            Progress = report is null ? null : new Listener(report),
        };
        using var best = trainer.Run(start, cancellation);
        return [.. Shape.Parameters().SelectMany(p => best.Parameters[p.Name].contiguous().bytes.ToArray())];
    }

    /// <summary>Rows of different lengths, so that a step is several passes.</summary>
    private static IReadOnlyList<TrainingRow> Batch(long step)
    {
        var random = new Random((int)step);
        return [.. Enumerable.Range(0, 4).Select(_ => new TrainingRow(
            [.. Enumerable.Range(0, random.Next(5, 20)).Select(_ => random.Next(Shape.VocabularySize / 4))]))];
    }

    private byte[][] Contents(string name) =>
        [.. Files.Select(f => File.ReadAllBytes(Path.Combine(_folder, name, f)))];

    private sealed class Listener(Action<long> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value.Step);
    }
}
