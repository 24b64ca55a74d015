using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>What an evaluation found beyond accuracies: answers, the paper's tables, what may be chance.</summary>
internal static class EvaluationView
{
    private const int MostSkipped = 100, LongTable = 24;

    public static Html Answers(RunFindings run) => !run.Shown.ByTask.Any() ? Html.Empty : Html.Of($"""
        <section id="answers" aria-labelledby="answers-title"><h2 id="answers-title">Answers</h2>
        <p class="soft">For each task the first right and the first wrong answer with a call in it. What the model wrote
        is bold; in a call the part after the arrow is the tool's.</p>
        <div class="answers">{run.Shown.ByTask.Select(task => Html.Of($"""
            <div><h3><bdi>{task.Task}</bdi></h3><ul class="calls">{task.Answers.Select(Answer)}</ul></div>
            """))}</div></section>
        """);

    private static Html Answer(ShownAnswer answer) => Html.Of($"""
        <li class="{(answer.Prediction.Correct ? "kept" : "dropped")}">
        <p class="text" dir="auto">{answer.Prompt}{answer.Completion.Select(piece => piece.IsCall
            ? Html.Of($"<span class=\"call\">{piece.Text}</span>") : Html.Of($"<b>{piece.Text}</b>"))}</p>
        <p class="soft"><span class="verdict {(answer.Prediction.Correct ? Headline.Helped : Headline.Hurt)}">
        {(answer.Prediction.Correct ? "right" : "wrong")}</span> expected
        {ReportPage.Cut(string.Join(" or ", answer.Prediction.Answers.Take(3)), 120)} ·
        {answer.Prediction.Model}, {answer.Prediction.Mode}</p></li>
        """);

    public static Html Paper(EvaluationResults? results)
    {
        var tables = results is null ? [] : PaperViews.Of(results);
        return tables.Count == 0 ? Html.Empty : Html.Of($"""
            <section id="paper" aria-labelledby="paper-title"><h2 id="paper-title">Beside the paper</h2>
            <p class="soft">The tables of Schick et al. 2023 with their numbers, and ours below. Theirs are of models of
            billions of parameters.</p>
            {tables.Select(t => t.ToHtml())}
            <div class="tasks">{PaperViews.ScalingPanels(results!).Select(Panel)}</div></section>
            """);
    }

    /// <summary>A panel of figure 4: lines over the number of parameters, the paper's model beside them.</summary>
    private static Html Panel((string Name, IReadOnlyList<ScalingPoint> Points) panel)
    {
        SvgPlot.Line Line(string name, bool isPaper, Func<ScalingPoint, double?> of) => new(name,
            [.. panel.Points.Where(p => p.IsPaper == isPaper && of(p) is not null)
                .Select(p => (p.Parameters, of(p)!.Value))]);
        string label = string.Join("; ", panel.Points.Select(p => FormattableString.Invariant(
            $"{p.Model}: {MarkdownTable.Printed(p.Without)} without calls, {MarkdownTable.Printed(p.With)} with")));
        return Html.Of($"""
            <div><h3>Figure 4 · {panel.Name}</h3>
            {new SvgPlot(560, 300).Lines(
                [
                    Line("without calls", false, p => p.Without), Line("with calls", false, p => p.With),
                    Line("GPT-J without (paper)", true, p => p.Without), Line("with (paper)", true, p => p.With),
                ],
                "parameters", $"Mean accuracy in percent by number of parameters. {label}", logarithmic: true)}</div>
            """);
    }

    public static Html Judged(EvaluationResults? results)
    {
        var tables = results is null ? [] : EvaluationTables.Judgements(results);
        var skipped = results?.Skipped ?? [];
        return tables.Count + skipped.Count == 0 ? Html.Empty : Html.Of($"""
            <section id="judged" aria-labelledby="judged-title"><h2 id="judged-title">Chance and overlap</h2>
            {tables.Select(t => t.Rows.Count <= LongTable ? t.ToHtml() : Html.Of($"""
                <details><summary>{t.Title}: {t.Rows.Count - 1:N0} rows</summary>{t.ToHtml()}</details>
                """))}
            {(skipped.Count == 0 ? Html.Empty : Html.Of($"""
                <details><summary>Tasks that were not run: {skipped.Count:N0}</summary><ul>{skipped.Take(MostSkipped)
                    .Select(s => Html.Of($"<li><bdi>{s.Task}</bdi>: {s.Reason}</li>"))}</ul></details>
                """))}</section>
            """);
    }
}
