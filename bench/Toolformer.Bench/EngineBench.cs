using Toolformer.Modeling;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Bench;

/// <summary>The engine against what libtorch's matrix product alone can do on this machine.</summary>
internal static class EngineBench
{
    private const int Length = 256, Sequences = 8, Rows = 16, Steps = 16;

    private static readonly DecoderShape Shape = new()
    {
        VocabularySize = 50_257,
        ContextLength = 1024,
        Width = 768,
        Layers = 12,
        Heads = 12,
        InnerWidth = 3072,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    public static IEnumerable<(string What, string Result)> Run()
    {
        foreach (var (name, type) in new[] { ("f32", ScalarType.Float32), ("bf16", ScalarType.BFloat16) })
        {
            double limit = MatmulGigaflops(type);
            yield return ($"matrix product (2048 × 768)·(768 × 3072), {name}", $"{limit:N0} GFLOP/s");
            using var model = Model(type);
            double scored = ScoredTokensPerSecond(model);
            double gigaflops = scored * FlopsPerToken / 1e9;
            yield return ($"scoring, {Sequences} × {Length} tokens, 5 targets each, {name}", $"{scored:N0} tokens/s");
            yield return ("  of the matrix product's speed", $"{gigaflops / limit:P0}");
            yield return ($"decoding, {Rows} rows over one prefix of {Length}, {name}",
                $"{DecodedTokensPerSecond(model):N0} tokens/s");
        }
    }

    /// <summary>Two per weight of the layers' matrices, and the products of attention at the mean distance.</summary>
    private static double FlopsPerToken => Shape.Layers * (2.0 * 12 * Shape.Width * Shape.Width
        + 2 * 2.0 * Shape.Width * Length / 2);

    private static double MatmulGigaflops(ScalarType type)
    {
        const int rows = 2048, inner = 768, columns = 3072, times = 4;
        using var a = ones(rows, inner, type);
        using var b = ones(inner, columns, type);
        double seconds = Stopclock.Seconds(() =>
        {
            for (int i = 0; i < times; i++)
                a.mm(b).Dispose();
        });
        return times * 2.0 * rows * inner * columns / seconds / 1e9;
    }

    private static TorchLanguageModel Model(ScalarType type)
    {
        using var random = Decoder.Random(Shape, seed: 1);
        var weights = random.Parameters.ToDictionary(p => p.Key, p => p.Value.to(type, copy: true));
        return new TorchLanguageModel(
            new Decoder(Shape, weights), new NoTokenizer("random weights", Shape.VocabularySize), null, null);
    }

    private static double ScoredTokensPerSecond(TorchLanguageModel model)
    {
        var inputs = Enumerable.Range(0, Sequences).Select(s => new ForwardInput(Tokens(s))
        {
            Targets = [.. Enumerable.Range(Length - 5, 5).Select(p => new Target(p, p))],
        }).ToList();
        return Sequences * Length / Stopclock.Seconds(() => model.Forward(inputs));
    }

    private static double DecodedTokensPerSecond(TorchLanguageModel model)
    {
        using var prefix = model.Forward([new ForwardInput(Tokens(0)) { Keep = true }])[0].Prefix!;
        double seconds = Stopclock.Seconds(() =>
        {
            using var batch = model.Fork([.. Enumerable.Repeat(new ForkPoint(prefix), Rows)]);
            for (int step = 0; step < Steps; step++)
                batch.Step([.. Enumerable.Range(0, Rows).Select(r => (IReadOnlyList<int>)[r + step])]);
        });
        return Rows * Steps / seconds;
    }

    private static int[] Tokens(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Length).Select(_ => random.Next(Shape.VocabularySize))];
    }
}
