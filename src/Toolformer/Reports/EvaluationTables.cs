using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>Everything that an evaluation has found, as Markdown: tables.md.</summary>
public static class EvaluationTables
{
    public const string FileName = "tables.md";

    /// <param name="quality">Table 10, where something was annotated.</param>
    public static string Of(EvaluationResults results, string quality = "")
    {
        var parts = new List<string>
        {
            $"## Results\n\n{Accuracies(results.Evaluation)}\nAccuracy in % ± standard error; seed {results.Seed}, "
                + $"commit {results.Commit}, device {results.Device}.\n",
            Perplexities(results.Perplexity),
        };
        string paper = PaperViews.Of(results);
        if (paper.Length + quality.Length > 0)
            parts.Add($"## Beside the paper\n\n{paper}" + (quality.Length > 0 ? $"\n{quality}" : ""));
        parts.Add(Comparisons(results.Comparisons ?? []));
        parts.Add(Noise(results.NoiseFloors ?? []));
        parts.Add(Overlaps(results.Overlaps ?? []));
        parts.Add(Skipped(results.Skipped ?? []));
        return string.Join("\n", parts.Where(p => p.Length > 0));
    }

    private static string Accuracies(IReadOnlyList<EvalResult> results)
    {
        var rows = new List<string[]>
        {
            (string[])["task", "model", "mode", "n", "accuracy", "% calls", "with call", "without", "calls per tool",
                "tokens per right answer"],
        };
        rows.AddRange(results.OrderBy(r => r.Task, StringComparer.Ordinal).Select(r => (string[])
        [
            $"{r.Task} v{r.TaskVersion}", r.Model, r.Mode, $"{r.N}", MarkdownTable.Accuracy(r),
            r.StartTopK is null ? MarkdownTable.None : MarkdownTable.Percent(r.CallRate),
            MarkdownTable.Percent(r.AccuracyWithCall), MarkdownTable.Percent(r.AccuracyWithoutCall),
            r.PerTool.Count == 0 ? MarkdownTable.None : string.Join(", ", r.PerTool.Select(t => $"{t.Key} {t.Value}")),
            MarkdownTable.Number(r.TokensPerCorrect, "N0"),
        ]));
        return MarkdownTable.Of(rows);
    }

    private static string Perplexities(IReadOnlyList<ModelPerplexity> perplexities)
    {
        if (perplexities.Count == 0)
            return "";
        var rows = new List<string[]> { (string[])["texts", "model", "mode", "n", "tokens", "perplexity", "per word",
            "per byte"] };
        rows.AddRange(perplexities.Select(p => (string[])
        [
            p.Task ?? "held out", p.Model, p.Mode, $"{p.Texts}", MarkdownTable.Number(p.Tokens, "N0"),
            $"{MarkdownTable.Number(p.Perplexity, "0.00")} ± {MarkdownTable.Number(p.Stderr, "0.00")}",
            MarkdownTable.Number(p.PerWord, "0.0"), MarkdownTable.Number(p.PerByte, "0.000"),
        ]));
        return MarkdownTable.Of(rows);
    }

    private static string Comparisons(IReadOnlyList<PairedComparison> comparisons)
    {
        if (comparisons.Count == 0)
            return "";
        var rows = new List<string[]>
        {
            (string[])["task", "A", "B", "n", "only A", "only B", "B − A", "95 %", "p (bootstrap)", "p (McNemar)"],
        };
        rows.AddRange(comparisons.Select(c => (string[])
        [
            c.Task, $"{c.A.Model} ({c.A.Mode})", $"{c.B.Model} ({c.B.Mode})", $"{c.N}", $"{c.OnlyA}", $"{c.OnlyB}",
            Signed(c.Difference), $"{Signed(c.Low)} … {Signed(c.High)}", MarkdownTable.Number(c.BootstrapP, "0.000"),
            MarkdownTable.Number(c.McNemarP, "0.000"),
        ]));
        return $"## Differences\n\n{MarkdownTable.Of(rows)}\nIn percentage points, on the same examples: paired "
            + $"bootstrap of {PairedComparison.Resamples:N0} resamples, exact test of McNemar. "
            + $"{comparisons.Count} comparisons: at a level of 5 % one in twenty would seem significant by chance.\n";
    }

    private static string Noise(IReadOnlyList<NoiseFloor> floors)
    {
        if (floors.Count == 0)
            return "";
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
        return $"## Noise floor\n\n{MarkdownTable.Of(rows)}\nThe same model with two seeds, which draw the examples "
            + "and their company: a smaller difference between models says nothing.\n";
    }

    private static string Overlaps(IReadOnlyList<TestSetOverlap> overlaps)
    {
        if (overlaps.Count == 0)
            return "";
        var rows = new List<string[]> { (string[])["task", "examples", "too short", "in training text", "ids"] };
        rows.AddRange(overlaps.Select(o => (string[])
            [o.Task, $"{o.Examples}", $"{o.TooShort}", $"{o.Overlapping}", string.Join(" ", o.Ids.Take(5))]));
        return $"## Overlap with the training text\n\n{MarkdownTable.Of(rows)}\nExamples that share "
            + $"{TestSetOverlap.Words} words in a row with it; shorter ones can't be found.\n";
    }

    private static string Skipped(IReadOnlyList<SkippedTask> skipped) => skipped.Count == 0 ? ""
        : "## Not run\n\n" + string.Concat(skipped.Select(s => $"- {s.Task}: {s.Reason}\n"));

    private static string Signed(double share) => MarkdownTable.Number(100 * share, "+0.0;−0.0;0.0");
}
