using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Toolformer.Reports;

/// <summary>The page as a whole: its frame, its beginning, results, training and what the run was made with.</summary>
internal static class ReportPage
{
    private const int MostJson = 20_000;

    public static Html Of(RunFindings run, RunFindings? other)
    {
        string script = Shipped("report.js");
        string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));
        var (paper, judged) = (EvaluationView.Paper(run.Results.Whole), EvaluationView.Judged(run.Results.Whole));
        (string Id, string Name)[] sections =
        [
            ("short", "In short"), .. If(other is not null, "compared", "Compared"), ("results", "Results"),
            .. If(run.Shown.ByTask.Any(), "answers", "Answers"), .. run.Tools.Select((t, i) => ($"tool-{i}", t.Tool)),
            .. If(paper != Html.Empty, "paper", "Paper"), .. If(judged != Html.Empty, "judged", "Chance"),
            .. If(run.Annotates || run.Training.Count > 0, "training", "Training"), ("made", "Made"),
        ];

        static (string, string)[] If(bool there, string id, string name) => there ? [(id, name)] : [];

        return Html.Of($"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';
            script-src 'sha256-{Html.Shipped(hash)}'; base-uri 'none'; form-action 'none'">
            <meta name="referrer" content="no-referrer">
            <title>Run {run.Name} – Toolformer</title>
            <style>{Html.Shipped(Shipped("report.css"))}</style></head>
            <body><a class="skip" href="#main">To the content</a>
            <header><h1>What the tools did for run <bdi>{run.Name}</bdi></h1>
            <p class="soft">{Origin(run)}</p></header>
            <nav aria-label="Sections" tabindex="0"><ul>{sections.Select(s => Html.Of(
                $"<li><a href=\"#{s.Id}\">{s.Name}</a></li>"))}</ul></nav>
            <main id="main" tabindex="-1">
            {ShortView.Of(run)}
            {(other is null ? Html.Empty : ComparisonView.Of(run, other))}
            {ResultsView.Of(run)}
            {EvaluationView.Answers(run)}
            {Tools(run)}
            {paper}{judged}
            {Training(run)}
            {Made(run)}
            </main>
            <footer>One file, no request to anywhere. The same in Markdown: {Report.MarkdownFile}.</footer>
            <script type="application/json" id="bins">{Bins(run)}</script>
            <script>{Html.Shipped(script)}</script>
            </body></html>

            """);
    }

    private static string Shipped(string name)
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream($"Toolformer.Reports.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string Origin(RunFindings run)
    {
        string?[] parts =
        [
            run.Manifest?.Model?["name"]?.ToString() is { } model ? $"model {model}" : null,
            (run.Results.Commit ?? run.Manifest?.Commit) is { } commit ? $"commit {Cut(commit, 12)}" : null,
            (run.Results.Seed ?? run.Manifest?.Seed) is { } seed ? $"seed {seed}" : null,
            run.Results.Device is { } device ? $"device {device}" : null,
        ];
        return string.Join(" · ", parts.OfType<string>());
    }

    public static string Cut(string text, int length) => text.Length <= length ? text : text[..length] + "…";

    private static Html Tools(RunFindings run) => run.Tools.Count == 0 ? Html.Empty : Html.Of($"""
        <section aria-labelledby="tools-title"><h2 id="tools-title">Tool by tool</h2>
        <p class="soft">For every call the model's loss on the words after it is computed three times: with no call
        before the text, L(ε); with the call alone, without a result, L(c, ε); with call and result, L(c, r). A call is
        kept if its gain, the smaller of the first two minus the third, is at least τ<sub>f</sub>. Losses are in nats,
        over the underlined tokens after the call; the nearer the token, the more it weighs.</p>
        {run.Tools.Select((tool, i) => ToolView.Of(tool, i))}</section>
        """);

    private static Html Training(RunFindings run)
    {
        if (run.Training.Count == 0)
            return !run.Annotates ? Html.Empty : Html.Of($"""
                <section id="training" aria-labelledby="training-title"><h2 id="training-title">Training</h2>
                <p>No model was finetuned in this folder yet.</p></section>
                """);
        var plot = new SvgPlot(560, 280);
        return Html.Of($"""
            <section id="training" aria-labelledby="training-title"><h2 id="training-title">Training</h2>
            <h3>Loss per token</h3>
            {plot.Lines([.. run.Training.Select(t => new SvgPlot.Line(t.Name, t.Loss))], "step",
                "Training loss per token over steps: " + Ends(run, t => t.Loss))}
            <h3>Perplexity of held-out texts</h3>
            {plot.Lines([.. run.Training.Select(t => new SvgPlot.Line(t.Name, t.Perplexity))], "step",
                "Perplexity of held-out texts over steps: " + Ends(run, t => t.Perplexity))}
            <p class="soft">The taught model's held-out texts hold calls and results, which are easier to predict: the
            curves of two models are of different texts.</p></section>
            """);
    }

    private static string Ends(
        RunFindings run, Func<TrainingCurve, IReadOnlyList<(double Step, double Value)>> points) =>
        string.Join("; ", run.Training.Where(t => points(t).Count > 0).Select(t => FormattableString.Invariant(
            $"{t.Name} from {points(t)[0].Value:0.00} to {points(t)[^1].Value:0.00}")));

    private static Html Made(RunFindings run)
    {
        if (run.Manifest is not { } manifest)
            return Html.Of($"""
                <section id="made" aria-labelledby="made-title"><h2 id="made-title">How it was made</h2>
                <p>The run has no manifest.</p></section>
                """);
        string options = JsonSerializer.Serialize(run.Stages.ToDictionary(s => s.Key, s => s.Value.Options),
            new JsonSerializerOptions(JsonLines.Format) { WriteIndented = true });
        // An evaluation notes its models like stages; they are named below.
        var stages = run.Stages.Where(s => !s.Key.StartsWith("model ", StringComparison.Ordinal));
        var hashes = manifest.Model?["sha256"] as System.Text.Json.Nodes.JsonArray;
        return Html.Of($"""
            <section id="made" aria-labelledby="made-title"><h2 id="made-title">How it was made</h2>
            <div class="wide" tabindex="0" role="region" aria-label="Stages"><table><caption>Stages</caption>
            <thead><tr><th scope="col">stage</th><th scope="col" class="n">seconds</th>
            <th scope="col">complete</th></tr></thead><tbody>{stages.Select(s => Html.Of($"""
                <tr><th scope="row">{s.Key}</th>
                <td class="n">{(s.Value.Seconds > 0 ? Html.Of($"{s.Value.Seconds:N1}") : Html.Of($"–"))}</td>
                <td>{(s.Value.Complete ? "yes" : "no")}</td></tr>
                """))}</tbody></table></div>
            <div class="wide" tabindex="0" role="region" aria-label="What it was made from">
            <table><caption>Made from</caption><tbody>
            <tr><th scope="row">commit</th><td><code>{manifest.Commit}</code></td></tr>
            <tr><th scope="row">seed</th><td>{(manifest.Seed is { } seed ? $"{seed}" : "–")}</td></tr>
            <tr><th scope="row">device</th><td>{run.Results.Device ?? "–"}</td></tr>
            {(hashes ?? []).Take(16).Select(h => Html.Of($"""
                <tr><th scope="row">model's SHA-256</th><td><code>{h?.ToString()}</code></td></tr>
                """))}{(run.Results.Whole?.Models ?? []).Take(16).Select(m => Html.Of($"""
                <tr><th scope="row">{m.Model}</th><td>{m.Parameters:N0} parameters
                <code>{Cut(m.Identity?["sha256"]?.ToJsonString() ?? "", 200)}</code></td></tr>
                """))}{manifest.Inputs.Take(64).Select(f => Html.Of($"""
                <tr><th scope="row">{End(f.Path)}</th><td>{f.Bytes:N0} bytes, SHA-256
                <code>{f.Sha256}</code></td></tr>
                """))}</tbody></table></div>
            <details><summary>All options of the stages</summary>
            <pre tabindex="0" role="region" aria-label="Options as JSON">{Cut(options, MostJson)}</pre>
            </details></section>
            """);
    }

    /// <summary>The last two parts of a path: files of several test sets have the same name.</summary>
    private static string End(string path) => string.Join('/', path.Split('/', '\\').TakeLast(2));

    /// <summary>The bins of all tools for the page's script: numbers only, which can't end the element.</summary>
    private static Html Bins(RunFindings run) => Html.Shipped(JsonSerializer.Serialize(run.Tools.Select(t => new
    {
        from = t.Gains.From,
        calls = Enumerable.Range(t.Gains.From, t.Gains.To - t.Gains.From + 1).Select(t.Gains.Calls),
        texts = Enumerable.Range(t.Gains.From, t.Gains.To - t.Gains.From + 1).Select(t.Gains.Texts),
        scored = t.Gains.Scored,
    })));
}
