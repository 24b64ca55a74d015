using System.Text;

namespace Toolformer.Reports;

/// <summary>
/// A run folder as a page that needs nothing beside itself and as Markdown, alone or compared with another run.
/// </summary>
public sealed class Report
{
    public const string HtmlFile = "report.html", MarkdownFile = "report.md";

    private readonly RunFindings _run;
    private readonly RunFindings? _other;

    private Report(RunFindings run, RunFindings? other) => (_run, _other) = (run, other);

    /// <summary>Reads a run folder, complete or not, and possibly another to compare it with.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It holds nothing of a run.</exception>
    public static Report Read(string run, string? compare = null) =>
        new(RunFindings.Read(run), compare is null ? null : RunFindings.Read(compare));

    internal RunFindings Run => _run;

    internal RunFindings? Other => _other;

    /// <summary>The page: styles, script, plots and data in one file, no request to anywhere.</summary>
    public string ToHtml() => ReportPage.Of(_run, _other).ToString();

    /// <summary>The same in Markdown, without plots.</summary>
    public string ToMarkdown() => ReportMarkdown.Of(_run, _other);

    /// <summary>What is found, in few numbers.</summary>
    public ReportSummary Summary => ReportSummary.Of(_run);

    /// <summary>Writes both files, each whole or not at all, and returns their paths.</summary>
    /// <exception cref="IOException">The folder can't be written to.</exception>
    public (string Html, string Markdown) Write(string folder)
    {
        Directory.CreateDirectory(folder);
        return (Write(Path.Combine(folder, HtmlFile), ToHtml()),
            Write(Path.Combine(folder, MarkdownFile), ToMarkdown()));
    }

    private static string Write(string path, string text)
    {
        File.WriteAllText(path + ".tmp", text, new UTF8Encoding(false));
        File.Move(path + ".tmp", path, overwrite: true);
        return path;
    }
}

/// <summary>The numbers of a report's beginning.</summary>
/// <param name="Missing">What the run does not hold, in sentences.</param>
public sealed record ReportSummary(
    string Run, string Headline, IReadOnlyList<ToolSummary> Tools, IReadOnlyList<string> Missing)
{
    internal static ReportSummary Of(RunFindings run)
    {
        var headline = Reports.Headline.Of(run);
        return new(run.Name, headline.Whole, [.. headline.Tools.Select(h =>
        {
            var tool = run.Tools.FirstOrDefault(t => t.Tool == h.Tool);
            return new ToolSummary(h.Tool, h.Verdict, h.Sentence, h.Dropped, tool?.Threshold,
                (tool?.Funnel ?? []).ToDictionary(s => s.Name.Replace(' ', '_'), s => s.Count));
        })], run.Missing);
    }
}

/// <summary>A tool in a report's beginning.</summary>
/// <param name="FilterThreshold">τ_f in nats; null: the run was not filtered.</param>
/// <param name="Funnel">Counts per step; null where the run does not say.</param>
public sealed record ToolSummary(
    string Tool, string Verdict, string Sentence, string Dropped, double? FilterThreshold,
    IReadOnlyDictionary<string, long?> Funnel);
