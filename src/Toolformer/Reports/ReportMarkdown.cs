using System.Text;
using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>The report as Markdown: the same figures, no plots.</summary>
internal static class ReportMarkdown
{
    /// <summary>What means something in Markdown or in HTML inside it.</summary>
    private const string Special = "\\`*_{}[]<>#|~$@^";

    public static string Of(RunFindings run, RunFindings? other)
    {
        var text = new StringBuilder();
        var headline = Headline.Of(run);
        text.Append($"# What the tools did for run {Safe(run.Name)}\n\n{Safe(headline.Whole)}\n\n");
        foreach (var tool in headline.Tools)
            text.Append($"- **{Safe(tool.Tool)}: {Safe(tool.Verdict)}.** {Safe(tool.Sentence)} {Safe(tool.Dropped)}\n");
        if (run.Missing.Count > 0)
            text.Append("\nNot everything is here:\n\n");
        foreach (string missing in run.Missing)
            text.Append($"- {Safe(missing)}\n");
        if (other is not null)
            Compare(text, run, other);
        Results(text, run.Results);
        Evaluated(text, run.Results.Whole);
        foreach (var tool in run.Tools)
            Tool(text, tool);
        text.Append("\n## How it was made\n\n");
        Table(text, ["stage", "seconds", "complete"], run.Stages.Select(s => new[]
        {
            s.Key, FormattableString.Invariant($"{s.Value.Seconds:0.0}"), s.Value.Complete ? "yes" : "no",
        }));
        text.Append($"\nCommit {Safe(run.Manifest?.Commit ?? "unknown")}, seed {Safe($"{run.Manifest?.Seed}")}, device "
            + $"{Safe(run.Results.Device ?? "unknown")}.\n");
        foreach (var file in run.Manifest?.Inputs.Take(64) ?? [])
            text.Append(FormattableString.Invariant(
                $"{Safe(Path.GetFileName(file.Path))}: {file.Bytes:N0} bytes, SHA-256 {Safe(file.Sha256)}.\n"));
        return text.ToString();
    }

    private static void Results(StringBuilder text, ReportedResults results)
    {
        if (results.Arms.Count == 0)
            return;
        text.Append("\n## Results\n\nAccuracy ± standard error in percent; perplexity of held-out texts.\n\n");
        Table(text, ["model", "mode", .. results.Tasks, "perplexity"], results.Arms.Select(arm => (string[])
        [
            arm.Model, arm.Mode,
            .. results.Tasks.Select(t => results.Find(arm, t) is { } r ? FormattableString.Invariant(
                $"{100 * r.Accuracy:0.0} ± {100 * r.Stderr:0.0} (n = {r.N}, calls {100 * r.CallRate:0} %)") : "–"),
            results.Perplexity.FirstOrDefault(p => (p.Model, p.Mode) == arm) is { } p
                ? FormattableString.Invariant($"{p.Perplexity:0.00} ± {p.Stderr:0.00}") : "–",
        ]));
    }

    private static void Evaluated(StringBuilder text, EvaluationResults? results)
    {
        if (results is null)
            return;
        foreach (var table in PaperViews.Of(results).Concat(EvaluationTables.Judgements(results)))
        {
            text.Append($"\n## {Safe(table.Title)}\n\n");
            Table(text, table.Rows[0], table.Rows.Skip(1));
            if (table.Note.Length > 0)
                text.Append($"\n{Safe(table.Note)}\n");
        }
        if (results.Skipped is { Count: > 0 } skipped)
            text.Append("\n## Not run\n\n")
                .AppendJoin("", skipped.Select(s => $"- {Safe(s.Task)}: {Safe(s.Reason)}\n"));
    }

    private static void Tool(StringBuilder text, ToolFindings tool)
    {
        text.Append($"\n## {Safe(tool.Tool)}\n\n");
        Table(text, ["step", "number", "lost before it"], tool.Funnel.Select(s => new[]
        {
            s.Name, ComparisonView.Number(s.Count),
            string.Join("; ", s.Losses.Select(l => FormattableString.Invariant($"{l.Count:N0} {l.Reason}"))),
        }));
        if (tool.Gains.Scored > 0)
        {
            text.Append("\nCalls that a threshold keeps, texts in brackets: ");
            text.AppendJoin(", ", new[] { 0, 5, 10, 20 }.Select(t => (t, Kept: tool.Gains.KeptAt(t))).Select(k =>
                FormattableString.Invariant($"τ_f = {k.t / 10.0:0.0}: {k.Kept.Calls:N0} ({k.Kept.Texts:N0})")));
            text.Append(".\n");
        }
        foreach (var (title, calls) in new[] { ("Best", tool.Best), ("On the border", tool.Borderline),
            ("Worst", tool.Worst) })
        {
            if (calls.Count > 0)
                text.Append($"\n{title}:\n\n");
            foreach (var shown in calls)
                text.Append(FormattableString.Invariant(
                    $"- {Safe(shown.Before)} **{Safe(CallView.Printed(shown))}**{Safe(shown.After)} ")
                    + FormattableString.Invariant($"(losses {shown.Call.LossNone:0.000}, {shown.Call.LossCall:0.000}, ")
                    + FormattableString.Invariant($"{shown.Call.LossResult:0.000}; gain {shown.Call.Gain:0.000}; ")
                    + $"{(shown.Call.Kept ? "kept" : "dropped")})\n");
        }
    }

    private static void Compare(StringBuilder text, RunFindings run, RunFindings other)
    {
        text.Append($"\n## Compared with {Safe(other.Name)}\n\n{Safe(ComparisonView.Whole(run, other))} "
            + $"{ComparisonView.Explained}\n\n");
        foreach (string missing in other.Missing)
            text.Append($"- {Safe(other.Name)}: {Safe(missing)}\n");
        foreach (var rows in new[] { ComparisonView.Results(run, other), ComparisonView.Funnels(run, other),
            ComparisonView.Options(run, other) }.Where(r => r.Count > 0))
        {
            text.Append('\n');
            Table(text, ["what", run.Name, other.Name, "difference"],
                rows.Select(r => new[] { r.What, r.First, r.Second, r.Difference }));
        }
    }

    private static void Table(StringBuilder text, string[] header, IEnumerable<string[]> rows)
    {
        text.Append("| ").AppendJoin(" | ", header.Select(Safe)).Append(" |\n|");
        text.Insert(text.Length, " --- |", header.Length).Append('\n');
        foreach (string[] row in rows)
            text.Append("| ").AppendJoin(" | ", row.Select(Safe)).Append(" |\n");
    }

    /// <summary>Text in one line in which nothing means anything to Markdown.</summary>
    private static string Safe(string text)
    {
        var safe = new StringBuilder(text.Length + 8);
        foreach (char c in Html.Visible(text))
        {
            if (c is '\n' or '\t')
                safe.Append(' ');
            else if (c is '<' or '&')
                safe.Append(c == '<' ? "&lt;" : "&amp;");
            else if (IsSpecial(c))
                safe.Append('\\').Append(c);
            else
                safe.Append(c);
        }
        return safe.ToString();
    }

    // A dash, a sign or a bracket inside a line means nothing, and reads better bare.
    private static bool IsSpecial(char c) => Special.Contains(c);
}
