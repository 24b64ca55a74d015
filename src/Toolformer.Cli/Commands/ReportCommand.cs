using System.CommandLine;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Reports;

namespace Toolformer.Cli.Commands;

/// <summary>One run folder as a page and as Markdown.</summary>
public sealed class ReportCommand : Verb
{
    private readonly CommonOptions _common = new();

    private readonly Option<string> _run = new("--run")
    {
        Description = "The run folder, finished or not.",
        Required = true,
        HelpName = "RUN",
    };

    private readonly Option<string> _compare = new("--compare")
    {
        Description = "Another run folder, to be compared with it.",
        HelpName = "RUN",
    };

    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder that report.html and report.md are written to; without it the run folder.",
        HelpName = "FOLDER",
    };

    public override string Name => "report";

    public override string Description =>
        """
        Writes what a run found as one HTML file that needs no network, and as Markdown: which tool helped and how much,
        why calls were dropped, calls inside their texts, curves, and how the run was made.
        Example: toolformer report --run runs/quickstart
        """;

    public override IEnumerable<Option> Options => [_run, _compare, _out, _common.Json];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        string run = arguments.GetValue(_run)!;
        var report = Report.Read(run, arguments.GetValue(_compare));
        var (html, markdown) = report.Write(arguments.GetValue(_out) ?? run);
        var summary = report.Summary;
        if (arguments.GetValue(_common.Json))
        {
            display.Result(new { summary.Run, summary.Headline, summary.Tools, summary.Missing, html, markdown });
            return Task.FromResult(CommandLine.Done);
        }
        display.Result(summary.Headline);
        foreach (var tool in summary.Tools)
            display.Result($"  {tool.Tool}: {tool.Verdict}. {tool.Sentence} {tool.Dropped}");
        foreach (string missing in summary.Missing)
            display.Note(missing);
        display.Result($"Report: {html} and {markdown}");
        return Task.FromResult(CommandLine.Done);
    }
}
