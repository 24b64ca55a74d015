using System.Globalization;

namespace Toolformer.Reports;

/// <summary>What a run found about a tool, in one sentence.</summary>
/// <param name="Verdict">One of the constants of <see cref="Headline"/>.</param>
/// <param name="Sentence">How much, with its standard error.</param>
/// <param name="Dropped">Why calls were dropped; empty: the run holds no samples.</param>
internal sealed record ToolHeadline(string Tool, string Verdict, string Sentence, string Dropped)
{
    /// <summary>The tasks on which it was the tool called most, without and with calls, in a sentence each.</summary>
    public IReadOnlyList<(ReportedResult Without, ReportedResult With, string Sentence)> Own { get; init; } = [];
}

/// <summary>What became of a tool's samples, for a bar: kept first.</summary>
internal readonly record struct SampleFate(string Name, string Class, long Count);

/// <summary>The run in a few sentences, all of them computed.</summary>
internal sealed record Headline(string Whole, IReadOnlyList<ToolHeadline> Tools)
{
    private const int MostTools = 64, MostTasks = 3;

    public const string Helped = "helped", Mixed = "helped here, hurt there", Hurt = "hurt",
        Unclear = "no clear difference", Unmeasured = "not measured";

    private static CultureInfo Culture => CultureInfo.InvariantCulture;

    /// <summary>Whether all differences are of the same questions.</summary>
    public bool AllPaired { get; private init; }

    public static Headline Of(RunFindings run)
    {
        var pairs = Pairs(run.Results);
        // An evaluation knows of tools by their calls only.
        var tools = run.Tools.Select(t => t.Tool).Union(run.Results.Evaluation.SelectMany(r => r.PerTool.Keys));
        return new Headline(Overall(run, pairs), [.. tools.Take(MostTools).Select(tool => Of(tool, run, pairs))
            .OrderBy(h => Array.IndexOf([Helped, Mixed, Hurt, Unclear, Unmeasured], h.Verdict))
            .ThenByDescending(h => h.Own.Select(p => p.With.Accuracy - p.Without.Accuracy).DefaultIfEmpty().Max())])
        {
            AllPaired = pairs.All(p => Difference.Of(p.Without, p.With, run.Answers, run.Answers).Paired is not null),
        };
    }

    /// <summary>Each task without and with calls, of the model that calls most.</summary>
    private static List<(ReportedResult Without, ReportedResult With)> Pairs(ReportedResults results)
    {
        var enabled = results.Evaluation.Where(r => r.N > 0
            && r.Mode.StartsWith("enabled", StringComparison.Ordinal)).ToList();
        string? model = enabled.GroupBy(r => r.Model).MaxBy(m => (m.Sum(r => r.Calls), m.Sum(r => r.Correct)))?.Key;
        return [.. from result in enabled
            where result.Model == model
            group result by result.Task into task
            // Of several ways to decode the one that calls most.
            let with = task.MaxBy(r => r.Calls)!
            let without = results.Evaluation.FirstOrDefault(r =>
                r.Task == with.Task && r.Model == with.Model && r.Mode is "disabled" && r.N > 0)
            where without is not null
            select (without, with)];
    }

    private static string Overall(RunFindings run, List<(ReportedResult Without, ReportedResult With)> pairs)
    {
        if (pairs.Count == 0)
            return run.Tools.Sum(t => t.Count(Funnel.Kept) ?? 0) is var kept and > 0
                ? string.Create(Culture, $"{kept:N0} calls were kept. No model was measured with and without them yet.")
                : run.Results.Arms.Count > 0 ? "No model was measured both with calls and with calls disabled."
                : "Nothing was measured in this run yet.";
        double n = pairs.Sum(p => (double)p.With.N), m = pairs.Sum(p => (double)p.Without.N);
        double with = pairs.Sum(p => p.With.Correct), without = pairs.Sum(p => p.Without.Correct);
        string of = n == m ? "" : string.Create(Culture, $" of {m:N0}");
        return string.Create(Culture, $"With calls the model “{pairs[0].With.Model}” answered {with:N0} of {n:N0} "
            + $"questions right ({with / n:0.0%}), with calls disabled {without:N0}{of} ({without / m:0.0%}): "
            + $"{Difference.Of(pairs, run.Answers, run.Answers)}.");
    }

    private static ToolHeadline Of(
        string tool, RunFindings run, List<(ReportedResult Without, ReportedResult With)> pairs)
    {
        var own = pairs.Where(p => p.With.PerTool.Count > 0
            && p.With.PerTool.MaxBy(t => t.Value) is { Value: > 0 } most && most.Key == tool).ToList();
        string dropped = run.Tools.FirstOrDefault(t => t.Tool == tool) is { } found ? Dropped(found) : "";
        if (pairs.Count == 0)
            return new(tool, Unmeasured, "No model was measured with it and without it yet.", dropped);
        if (own.Count == 0)
        {
            long calls = pairs.Sum(p => p.With.PerTool.GetValueOrDefault(tool));
            return new(tool, Unmeasured, string.Create(Culture,
                $"On no task was it the tool called most ({calls:N0} calls in all), so its part can't be told."),
                dropped);
        }
        var differences = own.ConvertAll(p => Difference.Of(p.Without, p.With, run.Answers, run.Answers));
        string more = own.Count <= MostTasks ? "" : string.Create(Culture,
            $" It was called most on {own.Count - MostTasks:N0} more tasks, where less changed.");
        string verdict = (differences.Any(d => d.Sign > 0), differences.Any(d => d.Sign < 0)) switch
        {
            (true, true) => Mixed,
            (true, false) => Helped,
            (false, true) => Hurt,
            _ => Unclear,
        };
        var order = Enumerable.Range(0, own.Count).OrderByDescending(i => Math.Abs(differences[i].Value))
            .Take(MostTasks).ToList();
        (own, differences) = (order.ConvertAll(i => own[i]), order.ConvertAll(i => differences[i]));
        var sentences = own.Zip(differences, (p, d) => string.Create(Culture,
            $"On {p.With.Task} {p.With.Accuracy:0.0%} were right with calls and {p.Without.Accuracy:0.0%} without: "
            + $"{d}{Only(d)}. Of {p.With.Calls:N0} calls there {p.With.PerTool[tool]:N0} went to it "
            + $"(n = {p.With.N:N0}).")).ToList();
        sentences[^1] += more;
        return new(tool, verdict, string.Join(" ", sentences), dropped)
        {
            Own = [.. own.Zip(sentences, (p, sentence) => (p.Without, p.With, sentence))],
        };
    }

    private static string Only(Difference difference) => difference.Paired is not { } only ? ""
        : string.Create(Culture, $"; {only.OnlyTo:N0} right only with, {only.OnlyFrom:N0} only without");

    /// <summary>Where the samples went.</summary>
    private static string Dropped(ToolFindings tool)
    {
        var fates = Fates(tool);
        if (fates.Count == 0)
            return "The run was not filtered yet.";
        var lost = fates.Skip(1).Where(f => f.Count > 0).Select(f => string.Create(Culture, $"{f.Count:N0} {f.Name}"));
        string why = lost.Any() ? ": " + string.Join(", ", lost) : "";
        return string.Create(Culture,
            $"Of {tool.Count(Funnel.Samples):N0} samples {fates[0].Count:N0} were kept{why}.");
    }

    /// <summary>What became of a tool's samples; empty: they were not filtered yet.</summary>
    public static IReadOnlyList<SampleFate> Fates(ToolFindings tool)
    {
        if (tool.Count(Funnel.Samples) is null || tool.Count(Funnel.Kept) is not { } kept)
            return [];
        long Lost(string step) => tool.Funnel.Single(s => s.Name == step).Losses.Sum(l => l.Count);
        return
        [
            new("were kept", "kept", kept),
            new(string.Create(Culture, $"did not make the next words likelier by τ_f = {tool.Threshold:0.0#} nats"),
                "weak", Lost(Funnel.Kept)),
            new("had no result", "failed", Lost(Funnel.Executed)),
            new("were no calls or repeated another", "repeated", Lost(Funnel.Parsed)),
        ];
    }
}
