using System.Text.Json.Nodes;

namespace Toolformer.Pipeline;

/// <summary>
/// How many of a tool's samples were no call of it: cut off, of another tool, or not `Tool(input)`. A constrained run
/// measures what it has sampled and estimates what free sampling would have given at the same places; a free run has
/// only what it has sampled.
/// </summary>
/// <param name="Share">Of the samples of this run.</param>
/// <param name="IfFree">
/// One minus the probability that a free sample keeps to the tool's pattern; the same as the share in a free run.
/// </param>
public sealed record IllFormedShare(string Tool, bool Constrained, long Samples, double Share, double IfFree)
{
    /// <summary>The shares of a run's tools, from the counts of its sampling.</summary>
    public static IReadOnlyList<IllFormedShare> Of(Manifest manifest)
    {
        if (manifest.Stages.GetValueOrDefault("sample") is not { } stage)
            return [];
        bool constrained = stage.Options["constrained"]?.GetValue<bool>() ?? false;
        var tools = (stage.Options["tools"] as JsonObject)?.Select(t => t.Key) ?? [];
        return [.. tools.Select(tool => Of(tool, constrained, name => stage.Counts.GetValueOrDefault($"{tool}.{name}")))
            .Where(share => share.Samples > 0)];
    }

    private static IllFormedShare Of(string tool, bool constrained, Func<string, long> count)
    {
        long samples = count("samples"), probes = count(SampleCalls.FreeProbes);
        double share = samples == 0 ? 0
            : SampleCalls.IllFormed.Sum(reason => count("discarded." + reason)) / (double)samples;
        double free = probes == 0 ? share : 1 - count(SampleCalls.FreeWellFormed) / 1e6 / probes;
        return new IllFormedShare(tool, constrained, samples, share, free);
    }
}
