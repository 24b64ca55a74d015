namespace Toolformer.Reports;

/// <summary>The beginning of the page: what helped, how much, and why calls were dropped.</summary>
internal static class ShortView
{
    public static Html Of(RunFindings run)
    {
        var headline = Headline.Of(run);
        return Html.Of($"""
            <section id="short" aria-labelledby="short-title"><h2 id="short-title">In short</h2>
            <p class="lead">{headline.Whole}</p>
            {(run.Annotates ? Html.Of($"""
                <p>How it came about: the model proposed calls inside plain texts (samples); each was executed; those
                were kept whose result makes the next words easier to predict, by τ<sub>f</sub> or more; the model was
                finetuned on the texts with the kept calls, and then asked held-out questions, free to call and not.</p>
                """) : Html.Empty)}
            {(run.Missing.Count == 0 ? Html.Empty : Html.Of($"""
                <div class="missing" role="note" aria-label="What is missing"><strong>Not everything is here.</strong>
                <ul>{run.Missing.Select(m => Html.Of($"<li>{m}</li>"))}</ul></div>
                """))}
            <ul class="cards">{headline.Tools.Select(tool => Card(tool,
                run.Tools.FirstOrDefault(t => t.Tool == tool.Tool)))}</ul>
            <p class="soft">± is one standard error. Differences are of the same questions (paired); “{Headline.Helped}”
            and “{Headline.Hurt}”: p &lt; 0.05 in the exact test of McNemar. {(headline.AllPaired ? "" : Unpaired)}</p>
            </section>
            """);
    }

    private const string Unpaired = "Those marked unpaired are taken as between independent samples, as the answers at "
        + "hand are not those that were counted; there it means more than two standard errors.";

    private static Html Card(ToolHeadline tool, ToolFindings? found) => Html.Of($"""
        <li class="card"><h3><bdi>{tool.Tool}</bdi>
        <span class="verdict {Class(tool.Verdict)}">{tool.Verdict}</span></h3>
        {tool.Own.Select(pair => Html.Of($"""
            <div class="pair" aria-hidden="true"><span>without calls</span>{Bar(pair.Without, "")}
            <span>with calls</span>{Bar(pair.With, " on")}</div>
            <p>{pair.Sentence}</p>
            """))}
        {(tool.Own.Count == 0 ? Html.Of($"<p>{tool.Sentence}</p>") : Html.Empty)}{Fates(found, tool.Dropped)}</li>
        """);

    private static string Class(string verdict) => verdict is Headline.Helped or Headline.Hurt ? verdict : "unclear";

    private static Html Bar(ReportedResult result, string on) => Html.Of($"""
        <span class="track"><span class="fill{on}"
        style="width:{100 * Math.Clamp(result.Accuracy, 0, 1):0.##}%"></span></span>
        """);

    /// <summary>What became of a tool's samples, as one bar and in words.</summary>
    private static Html Fates(ToolFindings? tool, string instead)
    {
        var fates = tool is null ? [] : Headline.Fates(tool);
        double all = fates.Sum(f => (double)f.Count);
        return all <= 0 ? Html.Of($"<p class=\"soft\">{instead}</p>") : Html.Of($"""
            <div class="fates" aria-hidden="true">{fates.Where(f => f.Count > 0).Select(f => Html.Of($"""
                <i class="{f.Class}" style="flex-grow:{f.Count / all:0.####}"></i>
                """))}</div>
            <p class="soft">Of {tool!.Count(Funnel.Samples) ?? 0:N0} samples</p>
            <ul class="fate soft">{fates.Where(f => f.Count > 0).Select(f => Html.Of(
                $"<li><i class=\"{f.Class}\"></i>{f.Count:N0} {f.Name}</li>"))}</ul>
            """);
    }
}
