using System.Diagnostics;
using System.Text.Json;
using Toolformer.Reports;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Reports;

/// <summary>The page in a real browser, seen by axe, in light, in dark and as wide as a phone.</summary>
public sealed class AccessibilityTests
{
    [Fact]
    public async Task The_page_can_be_used_by_everybody_and_asks_nothing_of_the_network()
    {
        string[] words = Peers.Need("accessibility.mjs");
        string? browser = new[] { "chromium", "google-chrome" }.Select(name => Path.Combine("/usr/bin", name))
            .FirstOrDefault(File.Exists);
        Assert.SkipUnless(browser is not null, "needs a browser: apt-get install chromium");
        Assert.SkipUnless(
            Directory.Exists(Path.Combine(Path.GetDirectoryName(words[1])!, "node_modules", "playwright-core")),
            "needs playwright-core: npm ci --prefix tests/peers");
        using var run = new SmallRun(text: "</script><script>console.log('taken')</script> a \u202E text with no end");
        using var other = new SmallRun(seed: 2);
        var report = Report.Read(run.Folder, other.Folder);
        var (html, _) = report.Write(run.In("report"));

        var start = new ProcessStartInfo(words[0], [words[1], html, browser!])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await error);
        var found = JsonSerializer.Deserialize<JsonElement>(output);
        foreach (string list in new[] { "violations", "requests", "messages", "wide" })
            Assert.Empty(found.GetProperty(list).EnumerateArray().Select(e => e.GetString()));
        var slider = found.GetProperty("slider");
        Assert.StartsWith("τ_f = 0.5 keeps", slider.GetProperty("before").GetString());
        Assert.StartsWith("τ_f = 0.6 keeps", slider.GetProperty("after").GetString());
        int kept = run.Calls.Count(c => c.Tool == "Calculator" && c.Gain >= 0.6);
        Assert.Contains($"keeps {kept} of 60 scored", slider.GetProperty("after").GetString());
    }
}
