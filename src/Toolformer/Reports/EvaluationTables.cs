using System.Globalization;
using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>Everything that an evaluation has found, as Markdown: tables.md.</summary>
public static class EvaluationTables
{
    public const string FileName = "tables.md";

    /// <param name="quality">Table 10, where something was annotated.</param>
    public static string Of(EvaluationResults results, ReportTable? quality = null)
    {
        var parts = new List<string>
        {
            Accuracies(results).ToMarkdown(2), Perplexities(results.Perplexity)?.ToMarkdown(2) ?? "",
        };
        var paper = PaperViews.Of(results).Concat(quality is null ? [] : [quality]).Select(t => t.ToMarkdown())
            .ToList();
        if (paper.Count > 0)
            parts.Add($"## Beside the paper\n\n{string.Join("\n", paper)}");
        parts.AddRange(Judgements(results).Select(t => t.ToMarkdown(2)));
        if (results.Skipped is { Count: > 0 } skipped)
            parts.Add("## Not run\n\n" + string.Concat(skipped.Select(s => $"- {s.Task}: {s.Reason}\n")));
        return string.Join("\n", parts.Where(p => p.Length > 0));
    }

    /// <summary>What tells differences from chance, and learning from having seen: as far as it was measured.</summary>
    internal static IReadOnlyList<ReportTable> Judgements(EvaluationResults results) =>
        [.. new[] { Comparisons(results.Comparisons ?? []), Noise(results.NoiseFloors ?? []),
            Overlaps(results.Overlaps ?? []) }.OfType<ReportTable>()];

    private static ReportTable Accuracies(EvaluationResults results)
    {
        var rows = new List<string[]>
        {
            (string[])["task", "model", "mode", "n", "accuracy", "% calls", "with call", "without", "calls per tool",
                "tokens per right answer"],
        };
        rows.AddRange(results.Evaluation.OrderBy(r => r.Task, StringComparer.Ordinal).Select(r => (string[])
        [
            $"{r.Task} v{r.TaskVersion}", r.Model, r.Mode, $"{r.N}", MarkdownTable.Accuracy(r),
            r.StartTopK is null ? MarkdownTable.None : MarkdownTable.Percent(r.CallRate),
            MarkdownTable.Percent(r.AccuracyWithCall), MarkdownTable.Percent(r.AccuracyWithoutCall),
            r.PerTool.Count == 0 ? MarkdownTable.None : string.Join(", ", r.PerTool.Select(t => $"{t.Key} {t.Value}")),
            MarkdownTable.Number(r.TokensPerCorrect, "N0"),
        ]));
        return new("Results", rows, $"Accuracy in % ± standard error; seed {results.Seed}, commit {results.Commit}, "
            + $"device {results.Device}.");
    }

    internal static ReportTable? Perplexities(IReadOnlyList<ModelPerplexity> perplexities)
    {
        if (perplexities.Count == 0)
            return null;
        var rows = new List<string[]> { (string[])["texts", "model", "mode", "n", "tokens", "perplexity", "per word",
            "per byte"] };
        rows.AddRange(perplexities.Select(p => (string[])
        [
            p.Task ?? "held out", p.Model, p.Mode, $"{p.Texts}", MarkdownTable.Number(p.Tokens, "N0"),
            $"{MarkdownTable.Number(p.Perplexity, "0.00")} ± {MarkdownTable.Number(p.Stderr, "0.00")}",
            MarkdownTable.Number(p.PerWord, "0.0"), MarkdownTable.Number(p.PerByte, "0.000"),
        ]));
        return new("Perplexity", rows);
    }

    private static ReportTable? Comparisons(IReadOnlyList<PairedComparison> comparisons)
    {
        if (comparisons.Count == 0)
            return null;
        var rows = new List<string[]>
        {
            (string[])["task", "A", "B", "n", "only A", "only B", "B − A", "95 %", "p (bootstrap)", "p (McNemar)"],
        };
        // Between models that get nothing right there is nothing to read.
        var different = comparisons.Where(c => c.OnlyA + c.OnlyB > 0).ToList();
        rows.AddRange(different.Select(c => (string[])
        [
            c.Task, $"{c.A.Model} ({c.A.Mode})", $"{c.B.Model} ({c.B.Mode})", $"{c.N}", $"{c.OnlyA}", $"{c.OnlyB}",
            $"{Signed(c.Difference)} ± {MarkdownTable.Percent(c.Stderr)}",
            $"{Signed(c.Low)} … {Signed(c.High)}", MarkdownTable.Number(c.BootstrapP, "0.000"),
            MarkdownTable.Number(c.McNemarP, "0.000"),
        ]));
        return new("Differences", rows, string.Create(CultureInfo.InvariantCulture,
            $"In percentage points, on the same examples, ± standard error: paired bootstrap of "
            + $"{PairedComparison.Resamples:N0} resamples, exact test of McNemar. {comparisons.Count:N0} comparisons, "
            + $"{comparisons.Count - different.Count:N0} without any difference left out: at a level of 5 % one in "
            + $"twenty would seem significant by chance."));
    }

    private static ReportTable? Noise(IReadOnlyList<NoiseFloor> floors)
    {
        if (floors.Count == 0)
            return null;
        var rows = new List<string[]>
        {
            (string[])["task", "model", "mode", "seeds", "accuracies", "difference", "expected", "flipped of shared"],
        };
        rows.AddRange(floors.Select(f => (string[])
        [
            f.Task, f.Model, f.Mode, string.Join(", ", f.Seeds),
            string.Join(", ", f.Accuracies.Select(a => MarkdownTable.Percent(a))),
            MarkdownTable.Percent(f.Difference), MarkdownTable.Percent(f.Expected), $"{f.Flipped} of {f.Shared}",
        ]));
        return new("Noise floor", rows, "The same model with two seeds, which draw the examples and their company: a "
            + "smaller difference between models says nothing.");
    }

    private static ReportTable? Overlaps(IReadOnlyList<TestSetOverlap> overlaps)
    {
        if (overlaps.Count == 0)
            return null;
        var rows = new List<string[]> { (string[])["task", "examples", "too short", "in training text", "ids"] };
        rows.AddRange(overlaps.Select(o => (string[])
            [o.Task, $"{o.Examples}", $"{o.TooShort}", $"{o.Overlapping}", string.Join(" ", o.Ids.Take(5))]));
        return new("Overlap with the training text", rows,
            $"Examples that share {TestSetOverlap.Words} words in a row with it; shorter ones can't be found.");
    }

    private static string Signed(double share) => MarkdownTable.Number(100 * share, "+0.0;−0.0;0.0");
}
