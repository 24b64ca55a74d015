using System.Globalization;

namespace Toolformer.Reports;

/// <summary>What a run found about a tool, in one sentence.</summary>
/// <param name="Verdict">"helped", "hurt", "no clear difference", or "not measured".</param>
/// <param name="Sentence">How much, with its standard error.</param>
/// <param name="Dropped">Why calls were dropped.</param>
internal sealed record ToolHeadline(string Tool, string Verdict, string Sentence, string Dropped)
{
    /// <summary>The largest difference that it made on a task of its own.</summary>
    public double Difference { get; init; }
}

/// <summary>The run in a few sentences, all of them computed.</summary>
internal sealed record Headline(string Whole, IReadOnlyList<ToolHeadline> Tools)
{
    public const string Helped = "helped", Hurt = "hurt", Unclear = "no clear difference", Unmeasured = "not measured";

    private static CultureInfo Culture => CultureInfo.InvariantCulture;

    public static Headline Of(RunFindings run)
    {
        var pairs = Pairs(run.Results);
        return new Headline(Overall(run, pairs), [.. run.Tools.Select(tool => Of(tool, run.Results, pairs))
            .OrderBy(h => Array.IndexOf([Helped, Hurt, Unclear, Unmeasured], h.Verdict))
            .ThenByDescending(h => h.Difference)]);
    }

    /// <summary>Each task without and with calls, of the same model.</summary>
    private static List<(ReportedResult Without, ReportedResult With)> Pairs(ReportedResults results) =>
        [.. from with in results.Evaluation
            where with.Mode.StartsWith("enabled", StringComparison.Ordinal)
            group with by with.Task into task
            // Of several ways to decode, or several models, the one that calls most.
            let with = task.MaxBy(r => r.Calls)!
            let without = results.Evaluation.FirstOrDefault(r =>
                r.Task == with.Task && r.Model == with.Model && r.Mode is "disabled")
            where without is not null
            select (without, with)];

    private static string Overall(RunFindings run, List<(ReportedResult Without, ReportedResult With)> pairs)
    {
        if (pairs.Count == 0)
            return run.Tools.Sum(t => t.Count(Funnel.Kept) ?? 0) is var kept and > 0
                ? string.Create(Culture, $"{kept:N0} calls were kept. No model was measured with and without them yet.")
                : "Nothing was measured in this run yet.";
        long n = pairs.Sum(p => (long)p.With.N);
        double with = pairs.Sum(p => p.With.Correct), without = pairs.Sum(p => p.Without.Correct);
        if (n <= 0)
            return "Nothing was measured in this run yet.";
        double a = without / n, b = with / n;
        double error = Math.Sqrt(((a * (1 - a)) + (b * (1 - b))) / n);
        return string.Create(Culture, $"With calls the taught model answered {with:N0} of {n:N0} held-out questions "
            + $"right ({b:0.0%}), with calls disabled {without:N0} ({a:0.0%}): {Points(new(b - a, error))}.");
    }

    private static ToolHeadline Of(
        ToolFindings tool, ReportedResults results, List<(ReportedResult Without, ReportedResult With)> pairs)
    {
        var own = pairs.Where(p => p.With.PerTool.Count > 0
            && p.With.PerTool.MaxBy(t => t.Value) is { Value: > 0 } most && most.Key == tool.Tool).ToList();
        string dropped = Dropped(tool);
        if (pairs.Count == 0)
            return new(tool.Tool, Unmeasured, "No model was measured with it yet.", dropped);
        if (own.Count == 0)
        {
            long calls = results.Evaluation.Sum(r => r.PerTool.GetValueOrDefault(tool.Tool));
            return new(tool.Tool, Unmeasured, string.Create(Culture,
                $"On no task was it the tool called most ({calls:N0} calls in all), so its part can't be told."),
                dropped);
        }
        var signs = own.Select(p => Difference.Of(p.Without, p.With).Sign).ToList();
        string verdict = signs.Any(s => s > 0) ? Helped : signs.Any(s => s < 0) ? Hurt : Unclear;
        return new(tool.Tool, verdict, string.Join(" ", own.Select(p => string.Create(Culture,
            $"On {p.With.Task}, where {p.With.PerTool[tool.Tool]:N0} of {p.With.Calls:N0} calls went to it, "
            + $"{p.With.Accuracy:0.0%} were right with calls and {p.Without.Accuracy:0.0%} without: "
            + $"{Points(Difference.Of(p.Without, p.With))} (n = {p.With.N:N0})."))), dropped)
        {
            Difference = own.Max(p => p.With.Accuracy - p.Without.Accuracy),
        };
    }

    /// <summary>Where the samples went.</summary>
    private static string Dropped(ToolFindings tool)
    {
        if (tool.Count(Funnel.Samples) is not { } samples || tool.Count(Funnel.Kept) is not { } kept)
            return "The run was not filtered yet.";
        long Lost(string step) => tool.Funnel.Single(s => s.Name == step).Losses.Sum(l => l.Count);
        var reasons = new List<string>();
        void Because(long number, string reason)
        {
            if (number > 0)
                reasons.Add(string.Create(Culture, $"{number:N0} {reason}"));
        }
        Because(Lost(Funnel.Parsed), "were no calls or repeated another");
        Because(Lost(Funnel.Executed), "had no result");
        Because(Lost(Funnel.Kept), string.Create(Culture,
            $"did not make the next words likelier by τ_f = {tool.Threshold:0.0#} nats"));
        string why = reasons.Count > 0 ? ": " + string.Join(", ", reasons) : "";
        return string.Create(Culture, $"Of {samples:N0} samples {kept:N0} were kept{why}.");
    }

    public static string Points(Difference difference) => string.Create(Culture,
        $"{100 * difference.Value:+0.0;−0.0;0.0} ± {100 * difference.Stderr:0.0} points");
}
