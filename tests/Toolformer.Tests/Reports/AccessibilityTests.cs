using Toolformer.Reports;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Reports;

/// <summary>The page in a real browser, seen by axe, in light, in dark and as wide as a phone.</summary>
public sealed class AccessibilityTests(Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task The_page_can_be_used_by_everybody_and_asks_nothing_of_the_network()
    {
        using var run = new SmallRun(
            text: "</script><script>console.error('taken')</script> a \u202E text with no end");
        using var other = new SmallRun(seed: 2);
        var (html, _) = Report.Read(run.Folder, other.Folder).Write(run.In("report"));
        var done = await browser.Play("report", html);
        Assert.Empty(done.GetProperty("wide").EnumerateArray().Select(w => w.GetString()));
        Assert.StartsWith("τ_f = 0.5 keeps", done.GetProperty("before").GetString());
        int kept = run.Calls.Count(c => c.Tool == "Calculator" && c.Gain >= 0.6);
        Assert.StartsWith($"τ_f = 0.6 keeps {kept} of 60 scored", done.GetProperty("after").GetString());
    }

    [Fact]
    public async Task So_can_that_of_an_evaluation()
    {
        using var run = new SmallEvaluation();
        var (html, _) = Report.Read(run.Folder).Write(run.Folder);
        var done = await browser.Play("report", html);
        Assert.Empty(done.GetProperty("wide").EnumerateArray().Select(w => w.GetString()));
    }
}
