using Toolformer.Inference;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Torch;
using Toolformer.Torch.Reading;
using Toolformer.Torch.Seq2Seq;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>Tests that count the live tensors of the whole process: no other test may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone in the process";
}

[Collection(Alone.Name)]
public class LiveTensorTests
{
    private static readonly DecoderShape Shape = new()
    {
        VocabularySize = 259,
        ContextLength = 96,
        Width = 32,
        Layers = 3,
        Heads = 4,
        InnerWidth = 64,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    /// <summary>What other tests have dropped without disposing would go away in the midst of counting.</summary>
    public LiveTensorTests()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [Fact]
    public void Decoding_leaves_no_tensor_behind()
    {
        using var model = new TorchLanguageModel(Decoder.Random(Shape, 5), new ByteTokenizer(), null, null);
        long before = 0;
        for (int round = 0; round < 4; round++)
        {
            using (var prefix = model.Forward([new ForwardInput([1, 2, 3]) { Keep = true }])[0].Prefix!)
            using (var rows = model.Fork([new ForkPoint(prefix), new ForkPoint(prefix, 2)]))
            {
                for (int step = 0; step < 40; step++)
                    rows.Step([[1], [2]]);
                rows.Retain([1]);
                rows.Step([[5]]);
            }
            long now = Tensor.TotalCount;
            if (round > 0)
                Assert.Equal(before, now);
            before = now;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Twenty_training_steps_with_measurements_and_checkpoints_leave_no_tensor_behind(bool muon)
    {
        string folder = Directory.CreateTempSubdirectory("live-tensors").FullName;
        try
        {
            using var start = Decoder.Random(Shape, 1);
            var random = new Random(2);
            TrainingRow[] rows = [.. Enumerable.Range(0, 3).Select(n =>
                new TrainingRow([.. Enumerable.Range(0, 10 + n).Select(_ => random.Next(259))]))];
            var counts = new List<long>();
            var trainer = new Trainer(folder, new TrainingOptions
            {
                Steps = 22,
                Muon = muon,
                MicroBatchTokens = 24,
                EvaluateEvery = 5,
                CheckpointEvery = 3,
            }, _ => rows)
            {
                HeldOut = rows[..1],
                Progress = new Listener(() => counts.Add(Tensor.TotalCount)),
            };
            long before = Tensor.TotalCount;
            using (var best = trainer.Run(start))
                Assert.Equal(before + best.Parameters.Count, Tensor.TotalCount);
            Assert.Equal(22, counts.Count);
            Assert.All(counts.Skip(1), count => Assert.Equal(counts[1], count));
            Assert.Equal(before, Tensor.TotalCount);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Translating_and_reading_leave_no_tensor_behind(int beams)
    {
        var translating = new Seq2SeqShape
        {
            VocabularySize = 40,
            ContextLength = 32,
            Width = 12,
            Encoder = new(1, 2, 16),
            Decoder = new(2, 3, 16),
            Activation = Activation.Relu,
            EmbeddingScale = 1,
            PaddingId = 1,
            DecoderStart = 2,
        };
        var reading = new ReaderShape
        {
            VocabularySize = 40,
            ContextLength = 32,
            TypeCount = 2,
            Width = 12,
            Layers = 2,
            Heads = 2,
            InnerWidth = 16,
            Activation = Activation.Gelu,
            NormEpsilon = 1e-12,
            PaddingId = 0,
        };
        Dictionary<string, Tensor> Weights(IEnumerable<(string Name, long[] Shape)> parameters) =>
            parameters.ToDictionary(p => p.Name, p => ones(p.Shape));
        using var translator = new Seq2SeqModel(
            new EncoderDecoder(translating, Weights(translating.Parameters())));
        using var reader = new SpanModel(reading, Weights(reading.Parameters()));
        var options = new Seq2SeqOptions { Beams = beams, MaxNewTokens = 8, EndOfText = 3 };
        long before = 0;
        for (int round = 0; round < 4; round++)
        {
            translator.Generate([[4, 5], [6, 7, 8]], options);
            translator.Score([([4, 5], [6]), ([4], [7, 8])]);
            reader.Read([new([1, 2, 3], [0, 0, 1]), new([1], [1])]);
            long now = Tensor.TotalCount;
            if (round > 0)
                Assert.Equal(before, now);
            before = now;
        }
    }

    [Fact]
    public async Task Texts_of_many_clients_some_of_whom_leave_leave_no_tensor_behind()
    {
        using var model = new TorchLanguageModel(Decoder.Random(Shape, 5), new ByteTokenizer(), null, null);
        var failing = new FakeTool("Fail", (_, _, _) => throw new InvalidOperationException("always"));
        var options = new GenerationOptions { StartTopK = 100, MaxNewTokens = 24, MaxInputLength = 4 };
        var context = new ToolContext(TimeProvider.System);
        long before = Tensor.TotalCount;
        await using (var queue = new GenerationQueue(
            model, new Toolbox([failing]), new() { Rows = 5, PrefixCacheBytes = 60_000 }))
        {
            await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
            {
                using var leave = new CancellationTokenSource();
                int heard = 0;
                try
                {
                    var request = new GenerationRequest($"A beginning that all share, and {i}", context);
                    await queue.RunAsync([request], options, $"{i % 3}",
                        (_, _) =>
                        {
                            if (i % 2 == 0 && ++heard == i / 4)
                                _ = leave.CancelAsync();
                        }, leave.Token);
                }
                catch (OperationCanceledException)
                {
                    Assert.Equal(0, i % 2);
                }
            }));
            Assert.InRange(queue.Status.CacheBytes, 1, 60_000);
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    private sealed class Listener(Action report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report();
    }
}
