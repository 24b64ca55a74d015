using Toolformer.Pipeline;
using Toolformer.Tools;
using static TorchSharp.torch;

namespace Toolformer.Bench;

/// <summary>
/// Sampling and filtering at GPT-2 small's shape: texts of 72 tokens after a prompt of about 230, 25 calls of 20 tokens
/// each. With random weights no sample ends early, so this is the dearest that such texts can be.
/// </summary>
internal static class AnnotationBench
{
    private const int Texts = 12, TextTokens = 72, PromptTokens = 230, CallTokens = 20, Each = 5;

    public static IEnumerable<Measure> Run()
    {
        foreach (var (name, type, sampling) in new[]
            { ("f32", ScalarType.Float32, "≤ 3.5 s"), ("bf16", ScalarType.BFloat16, "≤ 2 s") })
        {
            using var model = BenchModel.Of(type);
            var tool = new TaughtTool(new Prompt(), new AnnotationOptions
            {
                StartThreshold = 0,
                Positions = Each,
                CallsPerPosition = Each,
                MaxCallTokens = CallTokens,
            });
            var documents = Enumerable.Range(0, Texts).Select(d =>
            {
                string text = model.Tokenizer.Decode(BenchModel.Tokens(100 + d, TextTokens));
                return new TokenisedDocument(new Document($"{d}", text), model.Tokenizer.Encode(text));
            }).ToList();
            int prompt = model.Tokenizer.Encode(tool.PromptHead).Count;

            using var sample = new SampleCalls(model, new SampleOptions { Seed = 1 });
            sample.Sample([documents[0]], tool, (_, _) => { }, CancellationToken.None);
            long before = model.ForwardTokens;
            var (cpu, wall) = Stopclock.Costs(
                () => sample.Sample(documents, tool, (_, _) => { }, CancellationToken.None));
            yield return new(
                $"sampling, prompt {prompt}, k = m = 5, {name}: CPU a text", $"{cpu / Texts:0.00} s", sampling);
            yield return new("  wall time a text", $"{wall / Texts:0.00} s");
            yield return new("  forward tokens a text", $"{(double)(model.ForwardTokens - before) / Texts:N0}");

            var filter = new FilterCalls(model, [tool], new FilterOptions());
            var executed = documents.ConvertAll(d => (
                new DocumentRecord(d.Document.Id, d.Document.Text, [.. d.Tokens.Select(t => t.Id)]), Calls(d, tool)));
            filter.Score(executed[..1]);
            before = model.ForwardTokens;
            (cpu, wall) = Stopclock.Costs(() => filter.Score(executed));
            yield return new($"filtering, 25 candidates, {name}: CPU a text", $"{cpu / Texts:0.00} s", "≤ 0.3 s");
            yield return new("  wall time a text", $"{wall / Texts:0.00} s");
            yield return new("  forward tokens a text", $"{(double)(model.ForwardTokens - before) / Texts:N0}");
        }
    }

    /// <summary>25 distinct calls at five positions, 12 tokens of input and 6 of result.</summary>
    private static IReadOnlyList<ExecutedCall> Calls(TokenisedDocument document, TaughtTool tool) =>
        [.. Enumerable.Range(0, Each * Each).Select(c => new ExecutedCall
        {
            DocId = document.Document.Id,
            Tool = tool.Name,
            Position = TextTokens / (Each + 1) * (1 + c / Each),
            Offset = 0,
            PStart = 0.1,
            Input = $"{c}",
            CallIds = BenchModel.Tokens(1000 + c, 12),
            Result = $"{c:00000} {c:00000} {c:00000} {c:00000} {c:00000} {c:00000}",
        })];

    /// <summary>A tool whose prompt has the tokens wanted.</summary>
    private sealed class Prompt : Tool
    {
        public override string Name => "Bench";
        public override string Description => "Measures.";
        public override string Instruction { get; } =
            new BenchModel.Words().Decode(BenchModel.Tokens(7, PromptTokens - 60));
        public override IReadOnlyList<string> Demonstrations { get; } =
            [new BenchModel.Words().Decode(BenchModel.Tokens(8, 20)) + " [Bench(00009)]"];

        public override ValueTask<ToolResult> CallAsync(
            string input, ToolContext context, CancellationToken cancellation) => new(ToolResult.Success("42"));
    }
}
