using System.Runtime.InteropServices;
using Toolformer.Inference;
using Toolformer.Modeling;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Torch;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>Memory that runs out at chosen batches: the work goes on in smaller ones, to the same end.</summary>
public class OutOfMemoryTests
{
    private static readonly DecoderShape Shape = Families.Open("llama").Shape with { ContextLength = 512 };

    [Fact]
    public void Scoring_goes_on_with_half_the_batch_and_gives_the_same_numbers()
    {
        using var model = Model();
        var random = new Random(1);
        var inputs = Enumerable.Range(3, 20).Select(n => new ForwardInput(Tokens(random, n))
        {
            Targets = [new Target(n, 7), new Target(1, 8)],
            Argmax = true,
            Keep = n % 5 == 0,
        }).ToList();
        var expected = model.Forward(inputs);
        long once = model.ForwardTokens;
        var failed = new List<long>();
        model.Decoder.BeforeBatch = positions => FailIf(positions > 50, positions, failed);
        var results = model.Forward(inputs);
        Assert.NotEmpty(failed);
        Assert.Equal(2 * once, model.ForwardTokens);
        for (int i = 0; i < inputs.Count; i++)
        {
            Assert.Equal(expected[i].Argmax, results[i].Argmax);
            Assert.Equal(expected[i].LogProbabilities[0], results[i].LogProbabilities[0], 1e-4f);
            Assert.Equal(expected[i].Prefix?.Length, results[i].Prefix?.Length);
            expected[i].Prefix?.Dispose();
            results[i].Prefix?.Dispose();
        }
        // What did not fit once is not tried again and again.
        failed.Clear();
        foreach (var result in model.Forward(inputs))
            result.Prefix?.Dispose();
        Assert.Empty(failed);
    }

    [Fact]
    public void A_sequence_that_does_not_fit_alone_is_an_error_that_says_what_to_do()
    {
        using var model = Model();
        model.Decoder.BeforeBatch = positions => FailIf(positions > 8, positions, []);
        var error = Assert.Throws<InsufficientMemoryException>(
            () => model.Forward([new ForwardInput([1, 2]) { Keep = true }, new ForwardInput(new int[30])]));
        Assert.Contains("30 tokens", error.Message);
        Assert.Contains("cpu", error.Message);
        Assert.Contains("--dtype", error.Message);
    }

    [Fact]
    public void Sampling_goes_on_with_fewer_rows_and_writes_the_same_calls()
    {
        var calculator = new Calculator();
        var tool = new TaughtTool(calculator, calculator.Annotation with
        {
            StartThreshold = 0,
            Positions = 4,
            CallsPerPosition = 3,
            MaxCallTokens = 24,
        });
        var tokenizer = new ByteTokenizer();
        var documents = new[] { "12 and 30 make 42", "7 times 8 is 56" }.Select((text, i) =>
            new TokenisedDocument(new Document($"d{i}", text), tokenizer.Encode(text))).ToList();
        var failed = new List<long>();
        string Sample(bool scarce)
        {
            using var model = new TorchLanguageModel(
                Families.Decoder(Shape with { ContextLength = 2048 }), tokenizer, null, null);
            // Only the steps of the rows, 24 at first, are this small.
            if (scarce)
                model.Decoder.BeforeBatch = positions => FailIf(positions is > 5 and <= 24, positions, failed);
            using var sample = new SampleCalls(model, new SampleOptions { Constrained = true, Rows = 24 });
            var counts = new SortedDictionary<string, int>();
            var (calls, _) = sample.Sample(documents, tool,
                (what, n) => counts[what] = counts.GetValueOrDefault(what) + n, CancellationToken.None);
            Assert.Equal(24, counts["samples"]);
            Assert.NotEmpty(calls.SelectMany(c => c));
            // A product of many probabilities, in millionths, tells batches of different sizes apart.
            counts.Remove("free_well_formed_millionths");
            return string.Join("; ", counts) + string.Join("; ", calls.SelectMany(c => c)
                .Select(c => $"{c.DocId} {c.Position} {c.Input}"));
        }
        string expected = Sample(scarce: false);
        Assert.Equal(expected, Sample(scarce: true));
        Assert.NotEmpty(failed);
    }

    [Fact]
    public async Task Generation_goes_on_with_fewer_rows_and_writes_the_same_texts()
    {
        var failed = new List<long>();
        async Task<string[]> Write(bool scarce)
        {
            using var model = Model();
            if (scarce)
                model.Decoder.BeforeBatch = positions => FailIf(positions is > 2 and <= 8, positions, failed);
            var writer = new ToolUsingModel(model, new Toolbox([]));
            var context = new ToolContext(TimeProvider.System);
            var requests = Enumerable.Range(0, 8).Select(n => new GenerationRequest("", context)
            {
                PromptTokens = Tokens(new Random(n), 20 + n),
                Seed = n,
            });
            var results = await writer.GenerateAsync([.. requests],
                new GenerationOptions { Rows = 8, MaxNewTokens = 12, Sampling = new SamplingOptions() });
            return [.. results.Select(r => string.Join(' ', r.TokenIds))];
        }
        string[] expected = await Write(scarce: false);
        Assert.Equal(expected, await Write(scarce: true));
        Assert.NotEmpty(failed);
    }

    [Fact]
    public void Training_goes_on_with_half_the_rows_and_learns_the_same()
    {
        string folder = Directory.CreateTempSubdirectory("out-of-memory").FullName;
        try
        {
            var random = new Random(3);
            TrainingRow[] rows = [.. Enumerable.Range(0, 8).Select(n => new TrainingRow(Tokens(random, 10 + n)))];
            var failed = new List<long>();
            List<double> Train(bool scarce)
            {
                var losses = new List<double>();
                using var start = Families.Decoder(Shape);
                var options = new TrainingOptions { Steps = 4, LearningRate = 1e-3, ComputeType = ScalarType.Float32 };
                var trainer = new Trainer(Path.Combine(folder, scarce ? "scarce" : "ample"), options, _ => rows)
                {
                    HeldOut = rows[..4],
                    BeforeBatch = scarce ? positions => FailIf(positions > 40, positions, failed) : null,
                    Progress = new Listener(p => losses.AddRange([p.Loss, p.GradientNorm, p.Perplexity ?? 0])),
                };
                using var best = trainer.Run(start);
                return losses;
            }
            var expected = Train(scarce: false);
            var actual = Train(scarce: true);
            Assert.NotEmpty(failed);
            Assert.Equal(expected.Count, actual.Count);
            for (int i = 0; i < expected.Count; i++)
                Assert.Equal(expected[i], actual[i], 1e-3 * (1 + Math.Abs(expected[i])));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", true)]
    [InlineData("MPS backend out of memory (MPS allocated: 8 GB)", true)]
    [InlineData("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.", true)]
    [InlineData("mat1 and mat2 shapes cannot be multiplied", false)]
    public void What_libtorch_says_when_memory_runs_out_is_known(string message, bool expected) =>
        Assert.Equal(expected, DeviceMemory.RanOut(new ExternalException(message)));

    private static void FailIf(bool tooMany, long positions, List<long> failed)
    {
        if (!tooMany)
            return;
        failed.Add(positions);
        throw new ExternalException("CUDA out of memory. Tried to allocate 2.00 GiB");
    }

    private static TorchLanguageModel Model() => new(Families.Decoder(Shape), new ByteTokenizer(), null, null);

    private static int[] Tokens(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(256))];

    private sealed class Listener(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
