using Toolformer.Corpora.Quickstart;
using Toolformer.Pipeline;
using Toolformer.Tools;
using Toolformer.Torch;

namespace Toolformer.Bench;

/// <summary>What it costs to annotate a text of the quickstart with the shipped model.</summary>
internal static class PipelineBench
{
    private const int Texts = 24;

    public static IEnumerable<Measure> Run(string folder)
    {
        using var model = ModelFolder.Open(folder).ReadModel();
        var options = new QuickstartOptions
        {
            Texts = 8 * Texts,
            PlainShare = 0,
            HeldOutPerKind = 1,
            OtherPassages = 1,
        };
        var tool = new TaughtTool(new Calculator(), new AnnotationOptions
        {
            StartThreshold = 0,
            Positions = 8,
            CallsPerPosition = 6,
            FilterThreshold = 0.5,
            MaxCallTokens = 32,
        });
        List<TokenisedDocument> documents = [.. QuickstartCorpus.Generate(1, options).Training.Select(t => t.Document)
            .Where(tool.Tool.IsWorthAnnotating).Take(Texts)
            .Select(d => new TokenisedDocument(d, model.Tokenizer.Encode(d.Text)))];

        using var sample = new SampleCalls(model, new SampleOptions { Seed = 1, Constrained = true });
        sample.Sample([documents[0]], tool, (_, _) => { }, CancellationToken.None);
        List<SampledCall>[] sampled = [];
        long before = model.ForwardTokens;
        var (cpu, wall) = Stopclock.Costs(
            () => sampled = sample.Sample(documents, tool, (_, _) => { }, CancellationToken.None).Calls);
        int calls = sampled.Sum(c => c.Count);
        yield return new($"sampling, {documents.Count} texts, {calls} calls: CPU a text",
            $"{cpu / documents.Count:0.000} s");
        yield return new("  wall time a text", $"{wall / documents.Count:0.000} s");
        yield return new("  forward tokens a text", $"{(double)(model.ForwardTokens - before) / documents.Count:N0}");

        var filter = new FilterCalls(model, [tool], new FilterOptions());
        var executed = documents.Zip(sampled, (d, sampledCalls) => (
            new DocumentRecord(d.Document.Id, d.Document.Text, [.. d.Tokens.Select(t => t.Id)]),
            sampledCalls.Select(c => new ExecutedCall(c) { Result = "42" }).ToList())).ToList();
        before = model.ForwardTokens;
        (cpu, wall) = Stopclock.Costs(() => filter.Score([.. executed]));
        yield return new($"filtering, {calls} calls: CPU a text", $"{cpu / documents.Count:0.000} s");
        yield return new("  wall time a text", $"{wall / documents.Count:0.000} s");
        yield return new("  forward tokens a text", $"{(double)(model.ForwardTokens - before) / documents.Count:N0}");
    }
}
