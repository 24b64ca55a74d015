namespace Toolformer.Reports;

/// <summary>Two runs side by side.</summary>
internal static class ComparisonView
{
    private const string OptionsTitle = "Options that differ";

    /// <summary>A figure of both runs with its difference; texts, as what is compared differs in kind.</summary>
    /// <param name="Sign">1: the other run is better, −1: worse, 0: it may be chance, or neither.</param>
    internal sealed record Row(string What, string First, string Second, string Difference, int Sign);

    public static Html Of(RunFindings run, RunFindings other) => Html.Of($"""
        <section id="compared" aria-labelledby="compared-title">
        <h2 id="compared-title">Compared: <bdi>{run.Name}</bdi> and <bdi>{other.Name}</bdi></h2>
        <p>{Whole(run, other)}</p>
        <p class="soft">{Explained} Those that chance makes unlikely are coloured.</p>
        {(other.Missing.Count == 0 ? Html.Empty : Html.Of($"""
            <div class="missing" role="note" aria-label="What the second run lacks">
            <strong>The second run is not whole.</strong>
            <ul>{other.Missing.Select(m => Html.Of($"<li>{m}</li>"))}</ul></div>
            """))}
        {Table("Results", Results(run, other), run, other)}
        {Table("Calls", Funnels(run, other), run, other)}
        {Table(OptionsTitle, Options(run, other), run, other)}</section>
        """);

    /// <summary>What the differences and their errors are.</summary>
    public const string Explained = "Differences are the second run minus the first, ± their standard error: of the "
        + "same questions where both runs answered those, else (“unpaired”, and for perplexities) as between "
        + "independent samples.";

    /// <summary>How many figures differ by more than chance would make likely.</summary>
    public static string Whole(RunFindings run, RunFindings other)
    {
        var both = Results(run, other).Where(r => r.Difference != "–").ToList();
        return both.Count == 0 ? "The two runs have no measurement in common." : FormattableString.Invariant(
            $"Of {both.Count} measurements that both runs have, {both.Count(r => r.Sign > 0)} are better in ")
            + $"{other.Name}, {both.Count(r => r.Sign < 0)} are worse, the others may differ by chance.";
    }

    public static IReadOnlyList<Row> Results(RunFindings run, RunFindings other)
    {
        var rows = new List<Row>();
        foreach (var arm in run.Results.Arms.Union(other.Results.Arms))
        {
            foreach (string task in run.Results.Tasks.Union(other.Results.Tasks))
            {
                var (a, b) = (run.Results.Find(arm, task), other.Results.Find(arm, task));
                if (a is null && b is null)
                    continue;
                Difference? d = a is not { N: > 0 } || b is not { N: > 0 } ? null
                    : Difference.Of(a, b, run.Answers, other.Answers);
                rows.Add(new($"{task}: {arm.Model}, {arm.Mode}", Accuracy(a), Accuracy(b), d?.ToString() ?? "–",
                    d?.Sign ?? 0));
            }
            var (p, q) = (Find(run, arm), Find(other, arm));
            if (p is null && q is null)
                continue;
            Difference? change = p is null || q is null ? null : Difference.Of(p, q);
            rows.Add(new($"perplexity: {arm.Model}, {arm.Mode}", Perplexity(p), Perplexity(q),
                change is { } c ? FormattableString.Invariant($"{c.Value:+0.00;−0.00;0.00} ± {c.Stderr:0.00}") : "–",
                -(change?.Sign ?? 0)));
        }
        return rows;
    }

    public static IReadOnlyList<Row> Funnels(RunFindings run, RunFindings other)
    {
        var rows = new List<Row>();
        foreach (string tool in run.Tools.Concat(other.Tools).Select(t => t.Tool).Distinct())
        {
            var a = run.Tools.FirstOrDefault(t => t.Tool == tool);
            var b = other.Tools.FirstOrDefault(t => t.Tool == tool);
            // Of a tool that only one of them has, one line is enough.
            string[] steps = a is null || b is null ? [Funnel.Kept] : [.. a.Funnel.Select(s => s.Name)];
            foreach (string step in steps)
            {
                long? m = a?.Count(step), n = b?.Count(step);
                rows.Add(new($"{tool}: {step}", Number(m), Number(n), m is null || n is null ? "–"
                    : FormattableString.Invariant($"{n - m:+#,0;−#,0;0}"), 0));
            }
        }
        return rows;
    }

    public static IReadOnlyList<Row> Options(RunFindings run, RunFindings other)
    {
        var (a, b) = (Flat(run), Flat(other));
        return [.. a.Keys.Union(b.Keys).Where(k => a.GetValueOrDefault(k) != b.GetValueOrDefault(k)).Take(200)
            .Select(k => new Row(k, a.GetValueOrDefault(k, "–"), b.GetValueOrDefault(k, "–"), "", 0))];
    }

    private static SortedDictionary<string, string> Flat(RunFindings run)
    {
        var flat = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (run.Manifest is not null)
            (flat["commit"], flat["seed"]) = (run.Manifest.Commit, $"{run.Manifest.Seed}");
        foreach (var (name, stage) in run.Stages)
            Add(name, stage.Options, 0);
        return flat;

        void Add(string name, System.Text.Json.Nodes.JsonNode? node, int depth)
        {
            if (flat.Count > 5000)
                return;
            if (node is System.Text.Json.Nodes.JsonObject fields && depth < 8)
            {
                foreach (var (field, value) in fields)
                    Add($"{name}.{field}", value, depth + 1);
            }
            else
            {
                flat[name] = ReportPage.Cut(node?.ToJsonString(JsonLines.Format) ?? "nothing", 100);
            }
        }
    }

    private static Html Table(string title, IReadOnlyList<Row> rows, RunFindings run, RunFindings other) =>
        rows.Count == 0 ? Html.Empty : Html.Of($"""
            <div class="wide" tabindex="0" role="region" aria-label="{title} of both runs">
            <table class="{(title == OptionsTitle ? "options" : "figures")}"><caption>{title}</caption>
            <thead><tr><th scope="col">what</th><th scope="col" class="n">{run.Name}</th>
            <th scope="col" class="n">{other.Name}</th><th scope="col" class="n">difference</th></tr></thead>
            <tbody>{rows.Select(r => Html.Of($"""
                <tr><th scope="row">{r.What}</th><td class="n">{r.First}</td><td class="n">{r.Second}</td>
                <td class="n {(r.Sign > 0 ? "better" : r.Sign < 0 ? "worse" : "same")}">{r.Difference}</td></tr>
                """))}</tbody></table></div>
            """);

    private static ReportedPerplexity? Find(RunFindings run, (string Model, string Mode) arm) =>
        run.Results.Perplexity.FirstOrDefault(p => (p.Model, p.Mode) == arm);

    private static string Accuracy(ReportedResult? r) => r is null ? "–"
        : FormattableString.Invariant($"{100 * r.Accuracy:0.0} ± {100 * r.Stderr:0.0} % (n = {r.N:N0})");

    private static string Perplexity(ReportedPerplexity? p) => p is null ? "–"
        : FormattableString.Invariant($"{p.Perplexity:0.00} ± {p.Stderr:0.00}");

    public static string Number(long? n) => n is null ? "–" : FormattableString.Invariant($"{n:N0}");
}
