using System.Diagnostics;
using System.Text.Json;

namespace Toolformer.Tests.Fakes;

/// <summary>
/// Headless Chromium on a page, driven by tests/peers/page.mjs; one for all tests of a class. Tests that need it
/// skip without chromium, node or what `npm ci` brings.
/// </summary>
public sealed class Browser : IDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly SemaphoreSlim _turn = new(1);
    private Process? _driver;

    /// <summary>Plays a scenario; returns what it found.</summary>
    /// <param name="url">Of a server, or of a file.</param>
    /// <param name="meanwhile">Where the scenario has something to show: sees it, then the scenario goes on.</param>
    public async Task<JsonElement> Play(string scenario, string url, object? more = null,
        Func<JsonElement, Task>? meanwhile = null)
    {
        string[] words = Peers.Need(Peers.Page);
        string? chromium = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        Assert.SkipUnless(chromium is not null, "needs chromium: apt-get install chromium");
        var cancellation = TestContext.Current.CancellationToken;
        await _turn.WaitAsync(cancellation);
        try
        {
            _driver ??= Start([.. words, chromium]);
            var command = more is null ? [] : JsonSerializer.SerializeToNode(more)!.AsObject();
            (command["scenario"], command["url"]) = (scenario, new Uri(url).AbsoluteUri);
            await _driver.StandardInput.WriteLineAsync(command.ToJsonString().AsMemory(), cancellation);
            await _driver.StandardInput.FlushAsync(cancellation);
            while (await _driver.StandardOutput.ReadLineAsync(cancellation) is { } line)
            {
                var answer = JsonSerializer.Deserialize<JsonElement>(line);
                if (answer.TryGetProperty("done", out var done))
                    return Checked(done);
                if (!answer.TryGetProperty("seen", out var seen))
                    Assert.Fail(answer.GetProperty("failed").GetString()!);
                await (meanwhile?.Invoke(seen) ?? Task.CompletedTask);
                await _driver.StandardInput.WriteLineAsync("go".AsMemory(), cancellation);
                await _driver.StandardInput.FlushAsync(cancellation);
            }
            throw new InvalidOperationException("The driver of the browser ended: "
                + await _driver.StandardError.ReadToEndAsync(cancellation));
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        if (_driver is not null)
        {
            _driver.StandardInput.Close();
            if (!_driver.WaitForExit(TimeSpan.FromSeconds(10)))
                _driver.Kill(entireProcessTree: true);
            _driver.Dispose();
        }
        _turn.Dispose();
    }

    private static Process Start(string[] words) => Process.Start(new ProcessStartInfo(words[0], words[1..])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    /// <summary>What holds in every scenario: nobody else is asked, nothing fails unseen, all is legible.</summary>
    private static JsonElement Checked(JsonElement done)
    {
        foreach (string name in (string[])["strangers", "faults", "violations"])
        {
            if (done.TryGetProperty(name, out var list))
                Assert.Empty(list.EnumerateArray().Select(item => item.GetString()));
        }
        return done;
    }
}
