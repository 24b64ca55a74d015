using Toolformer.Modeling;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Bench;

/// <summary>The engine against what libtorch's matrix product and the memory can do on this machine.</summary>
internal static class EngineBench
{
    private const int Length = 256, Sequences = 8, Rows = 16, Steps = 16;

    public static IEnumerable<Measure> Run()
    {
        double f32Scoring = 0;
        foreach (var (name, type) in new[] { ("f32", ScalarType.Float32), ("bf16", ScalarType.BFloat16) })
        {
            double limit = MatmulGigaflops(type), bytes = ReadGigabytes();
            yield return new($"all matrix products of {Sequences} × {Length} tokens, {name}",
                $"{limit:N0} GFLOP/s");
            yield return new("reading memory", $"{bytes:0.0} GB/s");
            using var model = BenchModel.Of(type);
            double scored = ScoredTokensPerSecond(model);
            double gigaflops = scored * BenchModel.FlopsPerToken(Length) / 1e9;
            yield return new(
                $"scoring, {Sequences} × {Length} tokens, 5 targets each, {name}", $"{scored:N0} tokens/s");
            yield return new("  of the matrix products' speed", $"{gigaflops / limit:P0}", "≥ 90 %");
            if (type == ScalarType.Float32)
                f32Scoring = scored;
            else
                yield return new("  bf16 against f32", $"{scored / f32Scoring:0.00} ×", "≥ 1.6 ×");
            yield return new($"decoding, {Rows} rows over one prefix of {Length}, {name}",
                $"{DecodedTokensPerSecond(model, Rows):N0} tokens/s");
            double single = DecodedTokensPerSecond(model, 1);
            yield return new($"decoding, one row after {Length}, {name}", $"{single:0.0} tokens/s");
            yield return new("  of the memory's speed",
                $"{single * BenchModel.BytesPerStep(type) / 1e9 / bytes:P0}", "≥ 70 %");
        }
    }

    /// <summary>All products of a pass over the batch, nothing else: the layers' four, and attention's two.</summary>
    private static double MatmulGigaflops(ScalarType type)
    {
        const int rows = Sequences * Length;
        int width = BenchModel.Shape.Width, heads = BenchModel.Shape.Heads;
        (int In, int Out)[] sizes = [(width, 3 * width), (width, width), (width, 4 * width), (4 * width, width)];
        using var scope = NewDisposeScope();
        var pairs = sizes.Select(s => (A: randn(rows, s.In).to(type), B: randn(s.Out, s.In).to(type))).ToArray();
        var q = randn(Sequences, heads, Length, width / heads).to(type);
        var weights = randn(Sequences, heads, Length, Length).to(type);
        double seconds = Stopclock.Seconds(() =>
        {
            using var inner = NewDisposeScope();
            foreach (var (a, b) in pairs)
                nn.functional.linear(a, b).Dispose();
            q.matmul(q.transpose(2, 3)).Dispose();
            weights.matmul(q).Dispose();
        });
        // Half of attention's products are masked away: a pass that skips them does fewer than this counts.
        return rows * BenchModel.FlopsPerToken(Length) / BenchModel.Shape.Layers / seconds / 1e9;
    }

    /// <summary>How fast the memory gives a gigabyte's half to all threads.</summary>
    private static double ReadGigabytes()
    {
        using var large = ones(128 << 20);
        return large.numel() * 4 / Stopclock.Seconds(() => large.sum().Dispose()) / 1e9;
    }

    private static double ScoredTokensPerSecond(TorchLanguageModel model)
    {
        var inputs = Enumerable.Range(0, Sequences).Select(s => new ForwardInput(BenchModel.Tokens(s, Length))
        {
            Targets = [.. Enumerable.Range(Length - 5, 5).Select(p => new Target(p, p))],
        }).ToList();
        return Sequences * Length / Stopclock.Seconds(() => model.Forward(inputs));
    }

    private static double DecodedTokensPerSecond(TorchLanguageModel model, int rows)
    {
        using var prefix = model.Forward([new ForwardInput(BenchModel.Tokens(0, Length)) { Keep = true }])[0].Prefix!;
        double seconds = Stopclock.Seconds(() =>
        {
            using var batch = model.Fork([.. Enumerable.Repeat(new ForkPoint(prefix), rows)]);
            for (int step = 0; step < Steps; step++)
                batch.Step([.. Enumerable.Range(0, rows).Select(r => (IReadOnlyList<int>)[r + step])]);
        });
        return rows * Steps / seconds;
    }
}
