using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>Accuracies and perplexities with their standard errors, as bars and as a table.</summary>
internal static class ResultsView
{
    public static Html Of(RunFindings run)
    {
        var results = run.Results;
        if (results.Arms.Count == 0)
            return Html.Of($"""
                <section id="results" aria-labelledby="results-title"><h2 id="results-title">Results</h2>
                <p>Nothing was measured in this run yet.</p></section>
                """);
        // One scale for all tasks: bars of two tasks can be compared.
        double most = Math.Clamp(
            results.Evaluation.Select(r => r.Accuracy + r.Stderr).DefaultIfEmpty().Max() * 1.05, 0.05, 1);
        return Html.Of($"""
            <section id="results" aria-labelledby="results-title"><h2 id="results-title">Results</h2>
            <p class="soft">Share of questions answered right, with one standard error to each side. “disabled”: the
            taught model may not call; “enabled”: it may.</p>
            <div class="tasks">{results.Tasks.Select(task => Bars(results, task, most))}</div>
            <div class="wide" tabindex="0" role="region" aria-label="Accuracies and perplexities">
            <table><caption>Accuracy ± standard error, in percent; calls: share of questions with one</caption>
            <thead><tr><th scope="col">model, mode</th>{results.Tasks.Select(t => Html.Of(
                $"<th scope=\"col\" class=\"n\">{t}</th>"))}<th scope="col" class="n">perplexity</th></tr></thead>
            <tbody>{results.Arms.Select(arm => Html.Of($"""
                <tr><th scope="row">{arm.Model}, {arm.Mode}</th>{results.Tasks.Select(t =>
                    Cell(results.Find(arm, t)))}<td class="n">{Perplexity(results, arm)}</td></tr>
                """))}</tbody></table></div>{Texts(results.Whole)}</section>
            """);
    }

    /// <summary>Perplexities of several sets of texts, which one column can't hold.</summary>
    private static Html Texts(EvaluationResults? results) => results?.Perplexity.Any(p => p.Task is not null) == true
        ? EvaluationTables.Perplexities(results.Perplexity)!.ToHtml() : Html.Empty;

    private static Html Bars(ReportedResults results, string task, double most)
    {
        var rows = results.Arms.Select(arm => results.Find(arm, task)).OfType<ReportedResult>().ToList();
        return Html.Of($"""
            <div><h3><bdi>{task}</bdi> <span class="soft">n =
            {string.Join("/", rows.Select(r => r.N).Distinct())}</span></h3>
            {rows.Select(r => Html.Of($"""
                <div class="rowbar"><span>{r.Model}{(r.Model == "toolformer" || rows.Count(o => o.Model == r.Model) > 1
                    ? ", " + r.Mode : "")}</span><span class="track"><span class="fill{(r.Calls > 0 ? " on" : "")}"
                style="width:{Width(r.Accuracy / most):0.##}%"></span>{Whisker(r, most)}</span>
                <span>{100 * r.Accuracy:0.0} ± {100 * r.Stderr:0.0} %</span></div>
                """))}
            </div>
            """);
    }

    private static Html Whisker(ReportedResult r, double most) => r.Stderr <= 0 ? Html.Empty : Html.Of(
        $"<span class=\"whisker\" style=\"left:{Width((r.Accuracy - r.Stderr) / most):0.##}%;"
        + $"width:{Width((r.Accuracy + r.Stderr - Math.Max(0, r.Accuracy - r.Stderr)) / most):0.##}%\"></span>");

    private static double Width(double share) => double.IsFinite(share) ? 100 * Math.Clamp(share, 0, 1) : 0;

    private static Html Cell(ReportedResult? r) => r is null ? Html.Of($"<td class=\"n\">–</td>")
        : Html.Of($"<td class=\"n\">{100 * r.Accuracy:0.0} ± {100 * r.Stderr:0.0}{Calls(r)}</td>");

    private static Html Calls(ReportedResult r) => r.Calls == 0 ? Html.Empty
        : Html.Of($"<br><span class=\"soft\">calls {100 * r.CallRate:0} %</span>");

    private static string Perplexity(ReportedResults results, (string Model, string Mode) arm) =>
        results.Perplexity.FirstOrDefault(p => (p.Model, p.Mode) == arm) is { } p
            ? FormattableString.Invariant($"{p.Perplexity:0.00} ± {p.Stderr:0.00}") : "–";
}
