using System.Text.Json;
using System.Text.RegularExpressions;
using Toolformer.Pipeline;
using Toolformer.Reports;
using Toolformer.Tests.Cli;

namespace Toolformer.Tests.Reports;

/// <summary>What a report says is what the run's files say, whatever they hold and whichever are there.</summary>
public sealed partial class ReportTests : IDisposable
{
    /// <summary>Ends elements, attributes, scripts and tables, and turns the reading direction.</summary>
    private const string Hostile =
        "</script></style><script>document.title='taken'</script><img src=x onerror=alert(1)> \" ' ` | ]]> --> & &lt; "
        + "\u202Eright to left\u202C \u200F\u0000\u001B[31m {0} ${1} **bold** [link](javascript:alert(1)) \U0001F600";

    private readonly SmallRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void The_bins_under_the_slider_give_the_counts_of_every_threshold()
    {
        var bins = Bins(Report.Read(_run.Folder).ToHtml());
        double[] thresholds = [.. Enumerable.Range(-25, 70).Select(t => t / 10.0)];
        var expected = Thresholds.Count(_run.Calls, thresholds);
        foreach (var (tool, name) in bins.EnumerateArray().Zip(["Calculator", "Calendar"]))
        {
            int from = tool.GetProperty("from").GetInt32();
            foreach (var count in expected.Where(c => c.Tool == name))
            {
                int skipped = Math.Max(0, (int)Math.Round(count.Threshold * 10) - from);
                Assert.Equal((count.Calls, count.Texts),
                    (Sum(tool, "calls", skipped), Sum(tool, "texts", skipped)));
            }
            Assert.Equal(60, tool.GetProperty("scored").GetInt32());
        }

        static long Sum(JsonElement tool, string name, int skipped) =>
            tool.GetProperty(name).EnumerateArray().Skip(skipped).Sum(n => n.GetInt64());
    }

    [Fact]
    public void The_funnel_is_the_one_of_the_manifest_and_says_why_calls_were_lost()
    {
        var report = Report.Read(_run.Folder);
        var tool = report.Summary.Tools.Single(t => t.Tool == "Calculator");
        int kept = _run.Calls.Count(c => c.Tool == "Calculator" && c.Kept);
        Assert.Equal(new Dictionary<string, long?>
        {
            ["documents"] = 37,
            ["texts_read"] = 30,
            ["positions"] = (360 / 4) + 3,
            ["samples"] = 360,
            ["parsed_calls"] = 90,
            ["executed"] = 60,
            ["kept"] = kept,
            ["texts_in_the_dataset"] = 11,
        }, tool.Funnel);
        Assert.Equal($"Of 360 samples {kept} were kept: {60 - kept} did not make the next words likelier by τ_f = 0.5 "
            + "nats, 30 had no result, 270 were no calls or repeated another.", tool.Dropped);
        Assert.Contains("30 no result: &#39;…&#39; is not to be computed", report.ToHtml());
        Assert.Contains("| kept | " + kept + " |", report.ToMarkdown());
    }

    [Fact]
    public void The_headline_is_computed_from_the_results()
    {
        var summary = Report.Read(_run.Folder).Summary;
        // Of the same 40 questions 16 are right with calls only, none without only.
        double error = Math.Sqrt(16 - (16 * 16 / 40.0)) / 40;
        string points = FormattableString.Invariant($"+40.0 ± {100 * error:0.0} points");
        Assert.Contains($"18 of 40 questions right (45.0%), with calls disabled 2 (5.0%): {points}.", summary.Headline);
        Assert.Contains($"{points}; 16 right only with, 0 only without", summary.Tools[0].Sentence);
        Assert.Equal(("Calculator", "helped"), (summary.Tools[0].Tool, summary.Tools[0].Verdict));
        Assert.Contains(points, summary.Tools[0].Sentence);
        Assert.Equal("not measured", summary.Tools[1].Verdict);
        Assert.Empty(summary.Missing);
    }

    [Theory]
    [InlineData("another question")]
    [InlineData("fewer")]
    public void Where_the_answers_are_not_of_the_same_questions_a_difference_is_called_unpaired(string how)
    {
        string[] lines = File.ReadAllLines(_run.In("predictions.jsonl"));
        File.WriteAllLines(_run.In("predictions.jsonl"), how == "fewer" ? lines.SkipLast(1)
            : lines.SkipLast(1).Append(lines[^1].Replace("How many?", "How few?")));
        double error = Math.Sqrt(((0.05 * 0.95) + (0.45 * 0.55)) / 40);
        var report = Report.Read(_run.Folder);
        Assert.Contains(FormattableString.Invariant($"+40.0 ± {100 * error:0.0} points (unpaired)"),
            report.Summary.Headline);
        Assert.Contains("taken as between independent samples", report.ToHtml());
    }

    [Fact]
    public void A_shown_call_has_its_losses_token_by_token_and_they_add_up()
    {
        string html = Report.Read(_run.Folder).ToHtml();
        var worst = _run.Calls.Where(c => c.Tool == "Calculator" && c.Gain is not null).MinBy(c => c.Gain)!;
        string table = TableOf(html, FormattableString.Invariant($"{worst.LossResult:0.00}"));
        foreach (var row in new[] { worst.LogprobsNone!, worst.LogprobsCall!, worst.LogprobsResult! })
            Assert.All(row.Zip(FilterLosses.PaperWeights, (log, weight) => -weight * log),
                loss => Assert.Contains(FormattableString.Invariant($">{loss:0.00}<"), table));
        Assert.Equal(5, Regex.Count(table, "<th scope=\"col\"") - 1);
        Assert.Contains("class=\"n down h", table);

        // Parts that do not add up to the stored loss are not shown.
        File.WriteAllText(_run.In(CallsByDocument.Filtered), File.ReadAllText(_run.In(CallsByDocument.Filtered))
            .Replace("\"logprobs_none\":[-5,", "\"logprobs_none\":[-4,"));
        string without = TableOf(Report.Read(_run.Folder).ToHtml(),
            FormattableString.Invariant($"{worst.LossResult:0.00}"));
        Assert.Equal(0, Regex.Count(without, "<th scope=\"col\"") - 1);

        static string TableOf(string html, string loss) =>
            html.Split("<table class=\"losses\">").Skip(1).First(t => t.Contains($">{loss}<")).Split("</table>")[0];
    }

    [Fact]
    public void Every_token_of_a_text_shows_how_likely_a_call_was_before_it()
    {
        string strip = Report.Read(_run.Folder).ToHtml().Split("<p class=\"strip\"")[1].Split("</p>")[0];
        // 20 tokens of three characters, in sevenths: three are at none.
        Assert.Equal(17, Regex.Count(strip, "<(i|mark) class=\"h[1-9]"));
        Assert.Equal(3, Regex.Count(strip, "<mark"));
    }

    [Fact]
    public void A_run_of_an_older_version_is_reported_without_what_it_lacks()
    {
        foreach (string name in new[] { CallsByDocument.Filtered, CallsByDocument.Documents })
            File.WriteAllText(_run.In(name), Newer().Replace(File.ReadAllText(_run.In(name)), ""));
        var report = Report.Read(_run.Folder);
        Assert.Empty(report.Summary.Missing);
        Assert.Contains("The run is of an older version", report.ToHtml());
        Assert.Equal(3 * 3 * 2, Regex.Count(report.ToHtml(), "<table class=\"losses\">"));
    }

    [Fact]
    public void An_evaluations_folder_has_the_papers_tables_and_what_may_be_chance()
    {
        using var evaluation = new SmallEvaluation();
        // What was predicted for a task that was not asked for this time is not shown.
        string[] lines = File.ReadAllLines(evaluation.In("predictions.jsonl"));
        File.AppendAllLines(evaluation.In("predictions.jsonl"), [lines[^1].Replace("asdiv", "forgotten")]);
        var report = Report.Read(evaluation.Folder);
        var (html, markdown, summary) = (report.ToHtml(), report.ToMarkdown(), report.Summary);
        Assert.Empty(summary.Missing);
        Assert.Equal(("Calculator", "helped", ""),
            (summary.Tools[0].Tool, summary.Tools[0].Verdict, summary.Tools[0].Dropped));
        Assert.Contains("the model “big” answered 30 of 50 questions right", summary.Headline);
        foreach (string title in new[] { "Table 4 · Mathematical reasoning", "Figure 4 · Accuracy by model size",
            "Differences", "Noise floor", "Overlap with the training text" })
        {
            Assert.Contains($"<caption>{title}", html);
            Assert.Contains($"## {title}", markdown);
        }
        Assert.Contains("<polyline class=\"line s1\"", html); // figure 4
        Assert.Contains("<bdi>svamp</bdi>: no svamp/SVAMP.json", html);
        Assert.Contains("<span class=\"call\">[Calculator(0+0) -&gt; 0]</span>", html);
        Assert.DoesNotContain("Tool by tool", html);
        Assert.DoesNotContain("forgotten", html);
        Assert.DoesNotContain("finetuned", html);
    }

    [Theory]
    [InlineData("{\"evaluation\":[null]}")]
    [InlineData("{\"evaluation\":[{\"model\":\"m\",\"task\":\"asdiv\"}],\"perplexity\":[{\"model\":\"m\"}]}")]
    [InlineData("{\"evaluation\":[],\"perplexity\":[],\"kept_per_threshold\":[{}],\"models\":[null]}")]
    public void Results_of_another_program_are_reported_as_far_as_they_go(string results)
    {
        using var evaluation = new SmallEvaluation();
        File.WriteAllText(evaluation.In("results.json"), results);
        var report = Report.Read(evaluation.Folder);
        Assert.Contains("<h2 id=\"results-title\">Results</h2>", report.ToHtml());
        Assert.DoesNotContain("Table 4", report.ToMarkdown());
    }

    [Fact]
    public void The_best_the_borderline_and_the_worst_calls_are_shown_in_their_text()
    {
        string markdown = Report.Read(_run.Folder).ToMarkdown();
        foreach (var tool in _run.Calls.Where(c => c.Gain is not null).GroupBy(c => c.Tool))
        {
            string[] gains =
            [
                Gain(tool.Max(c => c.Gain!.Value)), Gain(tool.Min(c => c.Gain!.Value)),
                Gain(tool.MinBy(c => Math.Abs(c.Gain!.Value - 0.5))!.Gain!.Value),
            ];
            Assert.All(gains, gain => Assert.Contains($"gain {gain};", markdown));
        }

        static string Gain(double gain) => FormattableString.Invariant($"{gain:0.000}");
    }

    [Fact]
    public void Hostile_text_is_inert()
    {
        using var hostile = new SmallRun(text: Hostile, tool: Hostile);
        var report = Report.Read(hostile.Folder, hostile.Folder);
        string html = report.ToHtml(), markdown = report.ToMarkdown();
        Assert.Equal(2, Regex.Count(html, "<script")); // the bins and the page's own
        Assert.Equal(2, Regex.Count(html, "</script"));
        Assert.Single(Regex.Matches(html, "</style"));
        foreach (string markup in new[] { "<img", "onerror=alert(1)>", "\u202E", "\u200F", "\0", "\e" })
        {
            Assert.DoesNotContain(markup, html);
            Assert.DoesNotContain(markup, markdown);
        }
        Assert.DoesNotContain("<script", markdown);
        Assert.DoesNotContain("**bold**", markdown);
        Assert.DoesNotContain("[link](", markdown);
        Assert.Contains("[U+202E]right to left", html);
        Assert.Contains("\U0001F600", html);
        Bins(html);
    }

    [Theory]
    [InlineData(Manifest.FileName, "manifest.json is not there")]
    [InlineData("results.json", "results.json is not there")]
    [InlineData(CallsByDocument.Filtered, "filtered.jsonl is not there")]
    [InlineData(CallsByDocument.Documents, "documents.jsonl is not there")]
    [InlineData("model/training/log.jsonl", "No model was finetuned")]
    [InlineData("model/model.safetensors", "training in model/training is not over")]
    public void What_is_not_there_is_said_and_the_rest_reported(string file, string said)
    {
        if (file.StartsWith("model/model", StringComparison.Ordinal))
            new Manifest { Stages = _run.Manifest.Stages }.Save(_run.In("model/training"));
        File.Delete(_run.In(file));
        var report = Report.Read(_run.Folder);
        Assert.Contains(report.Summary.Missing, m => m.Contains(said));
        Assert.Contains(said, report.ToHtml());
        Assert.Contains("Calendar", report.ToMarkdown());
    }

    [Fact]
    public void Of_files_that_break_off_what_can_be_read_is_reported()
    {
        string filtered = File.ReadAllText(_run.In(CallsByDocument.Filtered));
        File.WriteAllText(_run.In(CallsByDocument.Filtered), filtered[..(filtered.Length / 2)]);
        File.WriteAllText(_run.In("results.json"), "{\"evaluation\": [");
        File.WriteAllText(_run.In("filter.progress"),
            """{"done":4,"lengths":[9],"counts":{"Calculator.kept":5},"seconds":2.5,"complete":false}""" + "\n{\"do");
        (_run.Manifest with
        {
            Stages = new Dictionary<string, StageRecord>(_run.Manifest.Stages.Where(s => s.Key != "dataset"))
            {
                ["filter"] = _run.Manifest.Stages["filter"] with
                {
                    Complete = false,
                    Counts = new Dictionary<string, long>(),
                },
            },
        }).Save(_run.Folder);
        var summary = Report.Read(_run.Folder).Summary;
        foreach (string said in new[] { "filtered.jsonl can be read up to line", "results.json can't be read",
            "'filter' is not complete", "'dataset' was not begun", "filter.progress can be read up to line 1" })
            Assert.Contains(summary.Missing, m => m.Contains(said));
        Assert.Equal(5, summary.Tools.Single(t => t.Tool == "Calculator").Funnel["kept"]);
    }

    [Fact]
    public void Two_runs_are_compared_with_the_standard_errors_of_their_differences()
    {
        using var other = new SmallRun(seed: 2, right: 30);
        var report = Report.Read(_run.Folder, other.Folder);
        double error = Math.Sqrt(12 - (12 * 12 / 40.0)) / 40;
        string difference = FormattableString.Invariant($"+30.0 ± {100 * error:0.0} points");
        Assert.Contains($"<td class=\"n better\">{difference}</td>", report.ToHtml());
        Assert.Contains($"| {difference} |", report.ToMarkdown());
        Assert.Contains("Of 3 measurements that both runs have, 1 are better in", report.ToMarkdown());
        Assert.Contains("| seed | 1 | 2 |", report.ToMarkdown());

        using var others = new SmallRun(seed: 2, right: 30, questions: "How few?");
        Assert.Contains(FormattableString.Invariant(
            $"+30.0 ± {100 * Math.Sqrt(((0.45 * 0.55) + (0.75 * 0.25)) / 40):0.0} points (unpaired)"),
            Report.Read(_run.Folder, others.Folder).ToHtml());
    }

    [Fact]
    public async Task The_verb_writes_both_files_and_says_what_it_found()
    {
        string target = _run.In("written");
        var run = await ToolformerRun.Of("report", "--run", _run.Folder, "--out", target, "--json");
        Assert.True(run.Status == 0, run.Error);
        var json = Assert.Single(run.Records);
        Assert.Equal("helped", json.GetProperty("tools")[0].GetProperty("verdict").GetString());
        Assert.Equal(
            [Report.HtmlFile, Report.MarkdownFile], Directory.GetFiles(target).Select(Path.GetFileName).Order());
        Assert.Equal(Report.Read(_run.Folder).ToHtml(), File.ReadAllText(json.GetProperty("html").GetString()!));
        Directory.CreateDirectory(_run.In("empty"));
        (await ToolformerRun.Of("report", "--run", _run.In("empty"))).AssertRefused("holds nothing of a run");
        (await ToolformerRun.Of("report", "--run", _run.In("nowhere"))).AssertRefused("There is no run folder");
    }

    private static JsonElement Bins(string html) =>
        JsonSerializer.Deserialize<JsonElement>(BinsElement().Match(html).Groups[1].Value);

    [GeneratedRegex(",\"(logprobs_[a-z]+|offsets)\":\\[[^\\]]*\\]|,\"p_start\":\\{[^}]*\\}")]
    private static partial Regex Newer();

    [GeneratedRegex("<script type=\"application/json\" id=\"bins\">(.*?)</script>")]
    private static partial Regex BinsElement();
}
