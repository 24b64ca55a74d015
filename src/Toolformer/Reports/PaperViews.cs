using System.Globalization;
using Toolformer.Evaluation;
using Toolformer.Pipeline;

namespace Toolformer.Reports;

/// <summary>A model in a panel of figure 4, with mean accuracies in percent; null: not all was measured.</summary>
internal sealed record ScalingPoint(string Model, double Parameters, bool IsPaper, double? Without, double? With);

/// <summary>
/// The tables of the paper as views over results: its numbers, and ours in the same columns. A table of which nothing
/// was measured is left out. What the paper's models were is in <see cref="PaperTables"/>.
/// </summary>
public static class PaperViews
{
    private const string None = MarkdownTable.None;

    /// <summary>What stands in the second column of a row of the paper's.</summary>
    internal const string Paper = "paper";

    /// <summary>What stands in the first column of figure 4 for the paper's model.</summary>
    internal const string GptJ = "GPT-J (paper)";

    /// <summary>All tables of which something was measured.</summary>
    public static IReadOnlyList<ReportTable> Of(EvaluationResults results)
    {
        IEnumerable<ReportTable?> tables =
        [
            Examples(results.KeptPerThreshold),
            .. PaperTables.OfAccuracies.Select(t => Accuracies(t, results.Evaluation)),
            Perplexities(results.Perplexity),
            .. results.Evaluation.Select(r => r.Model).Distinct().Select(m => Decoding(m, results.Evaluation)),
            Scaling(results),
        ];
        return [.. tables.OfType<ReportTable>()];
    }

    /// <summary>A table whose columns are tasks; null: none of them was measured.</summary>
    public static ReportTable? Accuracies(PaperTable table, IReadOnlyList<EvalResult> results)
    {
        // Of the test sets that may stand in a column the first one that was measured.
        var columns = table.Columns.Select(c => c.Tasks.Select(t => results.Where(r => r.Task == t).ToList())
            .FirstOrDefault(of => of.Count > 0) ?? []).ToList();
        if (columns.TrueForAll(c => c.Count == 0))
            return null;
        var rows = new List<string[]>
        {
            Row("model", "mode", table.Columns.Select((c, i) => columns[i].Count == 0 ? c.Title
                : $"{c.Title} (n = {string.Join("/", columns[i].Select(r => r.N).Distinct())})"),
                table.Average ? "mean" : null),
        };
        rows.AddRange(table.Rows.Select(r => Row(r.Model, Paper, r.Values.Select(MarkdownTable.Printed),
            table.Average ? MarkdownTable.Printed(r.Values.Average()) : null)));
        foreach (var arm in columns.SelectMany(c => c).Select(r => (r.Model, r.Mode)).Distinct())
        {
            var own = columns.Select(c => c.FirstOrDefault(r => (r.Model, r.Mode) == arm)).ToList();
            rows.Add(Row(arm.Model, arm.Mode, own.Select(MarkdownTable.Accuracy),
                table.Average ? MarkdownTable.Percent(Mean(own)) : null));
        }
        var others = columns.Zip(table.Columns).Where(c => c.First.Count > 0 && c.First[0].Task != c.Second.Tasks[0])
            .Select(c => $"{c.Second.Title}: {c.First[0].Task}").ToList();
        return Titled(table, rows, others.Count == 0 ? null
            : $"Ours are of another test set than the paper's in {string.Join(", ", others)}.");
    }

    /// <summary>Table 9 of one model; null: neither of its tasks was measured with more than one k.</summary>
    public static ReportTable? Decoding(string model, IReadOnlyList<EvalResult> results)
    {
        var table = PaperTables.Decoding;
        var own = results.Where(r => r.Model == model && r.StartTopK is not null).ToList();
        var columns = table.Columns.Select(c => own.Where(r => c.Tasks.Contains(r.Task))
            .ToDictionary(r => r.StartTopK!.Value)).ToList();
        if (columns.TrueForAll(c => c.Count < 2))
            return null;
        var rows = new List<string[]>
        {
            Row("k", "model", table.Columns.SelectMany(c =>
                (string[])[$"{c.Title} all", "with call", "without", "% calls"]), null),
        };
        rows.AddRange(table.Rows.Select(r => Row(r.Model, Paper, r.Values.Select(MarkdownTable.Printed), null)));
        foreach (int k in columns.SelectMany(c => c.Keys).Distinct().Order())
        {
            rows.Add(Row($"k = {k}", model, columns.SelectMany(c => c.TryGetValue(k, out var r)
                ? (string[])[MarkdownTable.Accuracy(r), MarkdownTable.Percent(r.AccuracyWithCall),
                    MarkdownTable.Percent(r.AccuracyWithoutCall), MarkdownTable.Percent(r.CallRate)]
                : [None, None, None, None]), null));
        }
        return Titled(table, rows, model: $": {model}");
    }

    /// <summary>Table 8; null: no perplexity was measured.</summary>
    public static ReportTable? Perplexities(IReadOnlyList<ModelPerplexity> perplexities)
    {
        var table = PaperTables.Perplexity;
        // Texts without a task are a run's own held-out ones.
        var columns = table.Columns.Select(c => perplexities.Where(p =>
            c.Tasks.Contains(p.Task ?? "texts")).ToList()).ToList();
        if (columns.TrueForAll(c => c.Count == 0))
            return null;
        var rows = new List<string[]> { Row("model", "mode", table.Columns.Select(c => c.Title), null) };
        rows.AddRange(table.Rows.Select(r => Row(r.Model, Paper, r.Values.Select(MarkdownTable.Printed), null)));
        rows.AddRange(columns.SelectMany(c => c).Select(p => (p.Model, p.Mode)).Distinct().Select(arm =>
            Row(arm.Model, arm.Mode, columns.Select(c => c.Find(p => (p.Model, p.Mode) == arm) is { } p
                ? string.Create(CultureInfo.InvariantCulture, $"{p.Perplexity:0.00} ± {p.Stderr:0.00}") : None),
                null)));
        return Titled(table, rows,
            "Perplexities per token compare models of one tokenizer only.");
    }

    /// <summary>Table 2; null: nothing was annotated.</summary>
    public static ReportTable? Examples(IReadOnlyList<ThresholdCount> kept)
    {
        if (kept.Count == 0)
            return null;
        var table = PaperTables.Examples;
        var rows = new List<string[]> { Row("tool", "source", table.Columns.Select(c => c.Title), null) };
        foreach (string tool in table.Rows.Select(r => r.Model).Union(kept.Select(k => k.Tool)))
        {
            if (table.Rows.FirstOrDefault(r => r.Model == tool) is { } published)
                rows.Add(Row(tool, Paper, published.Values.Select(v => MarkdownTable.Number(v, "N0")), null));
            var own = kept.Where(k => k.Tool == tool).ToList();
            if (own.Count > 0)
                rows.Add(Row(tool, "ours", Thresholds.Paper.Select(t => MarkdownTable.Number(
                    own.Find(k => k.Threshold == t)?.Texts, "N0")), null));
        }
        return Titled(table, rows);
    }

    /// <summary>
    /// Table 10 for calls of one's own: the largest gains, those nearest to the threshold and the smallest; null:
    /// no call has a gain.
    /// </summary>
    /// <param name="each">How many of each.</param>
    public static ReportTable? Quality(IEnumerable<FilteredCall> calls, double threshold, int each = 4)
    {
        var measured = calls.Where(c => c.Gain is not null).OrderByDescending(c => c.Gain).ToList();
        if (measured.Count == 0)
            return null;
        var shown = measured.Take(each)
            .Concat(measured.OrderBy(c => Math.Abs(c.Gain!.Value - threshold)).Take(each))
            .Concat(measured.TakeLast(each)).Distinct().OrderByDescending(c => c.Gain);
        var rows = new List<string[]> { (string[])["L⁻ − L⁺", "kept", "call"] };
        rows.AddRange(shown.Select(c => (string[])[MarkdownTable.Number(c.Gain, "0.00"), c.Kept ? "yes" : "no",
            Cell($"{c.Tool}({c.Input}) -> {c.Result}")]));
        string published = string.Join(", ", PaperTables.Quality.Select(q =>
            $"{MarkdownTable.Number(q.Gain, "0.00")} {q.Call}{(q.Useful ? "" : " (not useful)")}"));
        return new("Table 10 · Calls by what they gain (section 5)", rows, $"The paper's examples: {published}.");
    }

    /// <summary>The panels of figure 4 of which something was measured, and the paper's GPT-J in each.</summary>
    internal static IReadOnlyList<(string Panel, IReadOnlyList<ScalingPoint> Points)> ScalingPanels(
        EvaluationResults results)
    {
        var sizes = (results.Models ?? []).OrderBy(m => m.Parameters).ToList();
        var panels = new List<(string, IReadOnlyList<ScalingPoint>)>();
        foreach (var table in PaperTables.OfScaling)
        {
            var columns = table.Columns.Select(c => c.Tasks[0]).Where(t => results.Evaluation.Any(r => r.Task == t))
                .ToList();
            if (columns.Count == 0 || sizes.Count == 0)
                continue;
            panels.Add((columns.Count == table.Columns.Count ? table.Title
                : $"{table.Title} ({string.Join(", ", columns)})",
                [
                    .. sizes.Select(m => new ScalingPoint(m.Model, m.Parameters, false,
                        Of(m.Model, "disabled") ?? Of(m.Model, "base"), Of(m.Model, "enabled"))),
                    new(GptJ, PaperTables.GptJParameters, true,
                        Published("Toolformer (disabled)"), Published("Toolformer")),
                ]));

            double? Of(string model, string mode) => 100 * Mean([.. columns.Select(c =>
                results.Evaluation.FirstOrDefault(r => (r.Model, r.Task, r.Mode) == (model, c, mode)))]);
            double? Published(string row) => table.Rows.First(r => r.Model == row).Values.Average();
        }
        return panels;
    }

    /// <summary>
    /// Figure 4 as a table: the mean accuracy of each panel by model size, with calls, without, and what they bring.
    /// Null: no panel was measured, or no model's size is known.
    /// </summary>
    public static ReportTable? Scaling(EvaluationResults results)
    {
        var panels = ScalingPanels(results);
        var rows = new List<string[]> { (string[])["model", "parameters", "panel", "without calls", "with", "gap"] };
        rows.AddRange(panels.SelectMany(panel => panel.Points.Select(p => (string[])
        [
            p.Model, p.IsPaper ? "6.7 B" : MarkdownTable.Number(p.Parameters / 1e6, "#,0.0") + " M", panel.Panel,
            MarkdownTable.Printed(p.Without), MarkdownTable.Printed(p.With), MarkdownTable.Printed(p.With - p.Without),
        ])));
        return rows.Count == 1 ? null : new("Figure 4 · Accuracy by model size (section 4.4)", rows,
            "Of the smaller models the paper has a plot only; it says that calls begin to help at about 775M "
            + "parameters.");
    }

    /// <summary>The mean accuracy; null: not all were measured.</summary>
    private static double? Mean(IReadOnlyList<EvalResult?> results) =>
        results.Count > 0 && results.All(r => r is not null) ? results.Average(r => r!.Accuracy) : null;

    private static string[] Row(string first, string second, IEnumerable<string> cells, string? last) =>
        last is null ? [first, second, .. cells] : [first, second, .. cells, last];

    private static string Cell(string text) =>
        (text.Length <= 100 ? text : text[..100] + "…").Replace("|", "\\|").Replace('\n', ' ');

    private static ReportTable Titled(
        PaperTable table, IReadOnlyList<string[]> rows, string? ours = null, string model = "") =>
        new($"{table.Name} · {table.Title} (section {table.Section}){model}", rows,
            string.Join(" ", new[] { ours, table.Note }.OfType<string>()));
}
