using System.Text.Json;
using Toolformer.Cli.Server;
using Toolformer.Inference;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Server;

/// <summary>The web page in a real browser, on a real server; the model is scripted.</summary>
public class WebPageTests(Browser browser) : IClassFixture<Browser>
{
    private const string Prompt = "They had 25 pears and bought 17, so now they have";
    private const string Text = Prompt + " [Sum(25+17) -> 42] 42 pears.";

    /// <summary>A tool that begins, and answers when it is told to.</summary>
    private static (FakeTool Tool, TaskCompletionSource<ToolResult> Answer, TaskCompletionSource Cancelled) Slow()
    {
        var answer = new TaskCompletionSource<ToolResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tool = new FakeTool("Sum", async (_, cancellation) =>
        {
            try
            {
                return await answer.Task.WaitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                cancelled.TrySetResult();
                throw;
            }
        });
        return (tool, answer, cancelled);
    }

    private static string? Read(JsonElement done, string name) => done.GetProperty(name).GetString();

    [Fact]
    public async Task A_text_is_seen_while_it_is_written_with_its_call_inside_the_sentence()
    {
        var (tool, answer, _) = Slow();
        await using var server = await TestServer.Start(ScriptedModel.Writes(Text), [tool]);
        string? early = null;
        var done = await browser.Play("conversation", server.Server.Url, new { prompt = Prompt }, seen =>
        {
            // The tool has not answered yet, so all of this came before the end.
            early = Read(seen, "text");
            Assert.Equal("Calling Sum(25+17)", Read(seen, "status"));
            answer.SetResult(ToolResult.Success("42"));
            return Task.CompletedTask;
        });
        Assert.StartsWith(Prompt + " Sum(25+17) → …", early);
        Assert.Matches(@"^They had 25 pears and bought 17, so now they have Sum\(25\+17\) → 42 [0-9.]+ ms 42 pears\.$",
            Read(done, "text")!.ReplaceLineEndings(" "));
        Assert.StartsWith("Written: ", Read(done, "status"));
        Assert.False(done.GetProperty("unfoldedBefore").GetBoolean());
        Assert.Matches("Tool\\s+Sum\\s+Input\\s+25\\+17\\s+Result\\s+42\\s+Time", Read(done, "details"));
        Assert.Equal(1, done.GetProperty("started").GetInt32());
        Assert.Matches("% before “.”, token [0-9]+ of [0-9]+$", Read(done, "lastToken"));
        Assert.Matches("%: here a call was started, token 1 of", Read(done, "firstToken"));
        // The strip stands under the words: each token has its own.
        Assert.Equal(" 42 pears.", Read(done, "tokens"));
        Assert.Equal(".", Read(done, "lastRead"));
        Assert.EndsWith("% before “.”", Read(done, "pointedAt"));
        Assert.Equal(360, done.GetProperty("width").GetInt32());

        // What was copied does the same again, and names no key.
        string curl = Read(done, "curl")!;
        Assert.Contains($"{server.Server.Url}/v1/completions", curl);
        Assert.DoesNotContain("Authorization", curl);
        Assert.Contains("42", await Shell(curl));
        Assert.Contains($"PostAsync(\"{server.Server.Url}/v1/completions\"", Read(done, "csharp"));
    }

    [Fact]
    public async Task Conversations_stay_in_the_browser_until_they_are_deleted()
    {
        await using var server = await TestServer.Writing(Text);
        var done = await browser.Play("kept", server.Server.Url, new { prompt = Prompt });
        Assert.Equal(0, done.GetProperty("before").GetInt32());
        Assert.Contains("42 pears.", Read(done, "text"));
        Assert.Equal(Read(done, "text"), Read(done, "reopened"));
        Assert.Equal("[]", Read(done, "stored"));
    }

    [Fact]
    public async Task A_text_goes_on_from_the_one_above_only_where_asked_and_can_be_taken_back()
    {
        await using var server = await TestServer.Writing(Text);
        var done = await browser.Play("goingOn", server.Server.Url, new { prompt = Prompt, more = "They" });
        var prompts = done.GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!).ToList();
        Assert.Equal([Prompt, "They"], prompts[..2]);
        Assert.StartsWith("They", prompts[2]);
        Assert.EndsWith(" They", prompts[2]);
        Assert.Equal(("They", 2), (Read(done, "back"), done.GetProperty("texts").GetInt32()));
    }

    [Fact]
    public async Task A_browser_that_keeps_nothing_is_told_of_and_shows_the_text()
    {
        await using var server = await TestServer.Writing(Text);
        var done = await browser.Play("shut", server.Server.Url, new { prompt = Prompt, isShut = true });
        Assert.EndsWith("42 pears.", Read(done, "text"));
    }

    [Fact]
    public async Task With_and_without_calls_stand_side_by_side()
    {
        // Without calls the model writes the number that it believes in.
        var model = ScriptedModel.Writes([Prompt + " [Sum(25+17) -> 42] 42 pears.", Prompt + " 40 pears."],
            read => read.EndsWith("have", StringComparison.Ordinal) ? 1 : null);
        await using var server = await TestServer.Start(model);
        var done = await browser.Play("compared", server.Server.Url, new { prompt = Prompt });
        string?[] texts = [.. done.GetProperty("texts").EnumerateArray().Select(t => t.GetString())];
        Assert.EndsWith("42 pears.", texts[0]);
        Assert.DoesNotContain("Sum", texts[1]);
        Assert.Equal(1, done.GetProperty("chips").GetInt32());
        Assert.True(done.GetProperty("areBeside").GetBoolean());
    }

    [Fact]
    public async Task Switches_and_numbers_go_into_the_request()
    {
        await using var server = await TestServer.Start(ScriptedModel.Writes(Text),
            [new FakeTool("Sum", "42"), new FakeTool("Other", "1")]);
        var done = await browser.Play("settings", server.Server.Url, new { prompt = Prompt, off = "Other" });
        Assert.Equal(["Other", "Sum"], done.GetProperty("tools").EnumerateArray().Select(t => t.GetString()));
        var own = done.GetProperty("body").GetProperty("toolformer");
        Assert.Equal(["Sum"], own.GetProperty("tools").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal((3, 2), (own.GetProperty("start_top_k").GetInt32(), own.GetProperty("max_calls").GetInt32()));
    }

    [Fact]
    public async Task Stopping_keeps_what_was_written_and_ends_the_work_of_the_server()
    {
        var (tool, _, cancelled) = Slow();
        await using var server = await TestServer.Start(ScriptedModel.Writes(Text), [tool]);
        var done = await browser.Play("stopped", server.Server.Url, new { prompt = Prompt });
        Assert.StartsWith(Prompt + " Sum(25+17)", Read(done, "text"));
        Assert.Equal(("stopped", "Stopped."), (Read(done, "facts"), Read(done, "status")));
        await cancelled.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_a_tool_or_a_model_says_is_text_and_nothing_else()
    {
        const string evil = "<img src=x onerror=\"ran=true\"><a href=\"javascript:1\">x</a>";
        await using var server = await TestServer.Start(
            ScriptedModel.Writes($"{Prompt} [Sum(1) -> {evil}]<script>ran=true</script> pears."),
            [new FakeTool("Sum", evil)]);
        var done = await browser.Play("hostile", server.Server.Url, new { prompt = Prompt });
        Assert.Contains("onerror", Read(done, "text"));
        Assert.Contains("<script>ran=true</script> pears.", Read(done, "text"));
        Assert.Equal(0, done.GetProperty("images").GetInt32());
        Assert.False(done.GetProperty("ran").GetBoolean());
    }

    [Fact]
    public async Task A_call_that_fails_says_why_and_the_text_goes_on()
    {
        await using var server = await TestServer.Start(ScriptedModel.Writes($"{Prompt} [Sum(25+17) ->] many pears."),
            [new FakeTool("Sum", (_, _) => new(ToolResult.Failure("the abacus is broken")))]);
        var done = await browser.Play("hostile", server.Server.Url, new { prompt = Prompt });
        Assert.Matches("failed .*the abacus is broken", Read(done, "text")!.ReplaceLineEndings(" "));
        Assert.Contains("many pears.", Read(done, "text"));
    }

    [Fact]
    public async Task A_text_that_is_too_long_is_said_to_be()
    {
        await using var server = await TestServer.Start(ScriptedModel.Writes([Text], context: 20));
        var done = await browser.Play("trouble", server.Server.Url,
            new { prompt = Prompt });
        Assert.Contains("The text is too long", Read(done, "trouble"));
        Assert.Contains("20 tokens", Read(done, "trouble"));
    }

    [Fact]
    public async Task A_busy_server_is_asked_again()
    {
        var (tool, answer, _) = Slow();
        await using var server = await TestServer.Start(ScriptedModel.Writes(Text), [tool],
            queue: new GenerationQueueOptions { Rows = 1, MaxWaiting = 1 });
        List<Task<string?>> others = [];
        var done = await browser.Play("trouble", server.Server.Url,
            new { prompt = Prompt, wait = "before", retry = true },
            async _ =>
            {
                if (others.Count > 0)
                {
                    answer.SetResult(ToolResult.Success("42"));
                    await Task.WhenAll(others);
                    return;
                }
                others.Add(server.Complete(Prompt));
                while (server.Server.Queue.Status.Rows == 0)
                    await Task.Yield();
                others.Add(server.Complete(Prompt));
                while (server.Server.Queue.Status.Waiting == 0)
                    await Task.Yield();
            });
        Assert.Contains("The server is busy", Read(done, "trouble"));
        Assert.Contains("Come again in", Read(done, "trouble"));
        Assert.EndsWith("42 pears.", Read(done, "text"));
    }

    [Fact]
    public async Task A_server_that_goes_away_in_the_middle_is_said_to_be_gone()
    {
        var (tool, _, _) = Slow();
        await using var server = await TestServer.Start(ScriptedModel.Writes(Text), [tool],
            options => options with { Grace = TimeSpan.Zero });
        var done = await browser.Play("trouble", server.Server.Url, new { prompt = Prompt, wait = "during" },
            _ => server.Server.StopAsync());
        Assert.Matches("The server (is gone|failed|is busy)", Read(done, "trouble"));
    }

    [Fact]
    public async Task A_key_is_asked_for_and_kept_out_of_what_is_stored_and_copied()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("toolformer-").FullName, "keys.jsonl");
        string key = ApiKeys.Create(file, "a reader", TimeProvider.System);
        await using var server = await TestServer.Start(ScriptedModel.Writes(Text), [new FakeTool("Sum", "42")],
            options => options with { Keys = ApiKeys.Read(file) });
        var done = await browser.Play("key", server.Server.Url, new { prompt = Prompt, key });
        Assert.EndsWith("42 pears.", Read(done, "text"));
        Assert.Contains("$TOOLFORMER_KEY", Read(done, "copied"));
        Assert.DoesNotContain(key, Read(done, "copied") + Read(done, "kept"));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task Nothing_but_the_files_of_the_page_may_run_in_it()
    {
        await using var server = await TestServer.Writing(Text);
        string folder = Path.Combine(Shared.Root, "src", "Toolformer.Cli", "wwwroot");
        foreach (string file in Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!))
        {
            using var response = await server.Client.GetAsync(file == "index.html" ? "/" : file);
            Assert.Equal(
                await File.ReadAllTextAsync(Path.Combine(folder, file)), await response.Content.ReadAsStringAsync());
            string policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';", policy);
            Assert.DoesNotContain("unsafe", policy);
        }
    }

    private static async Task<string> Shell(string command)
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "needs bash");
        using var shell = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("/bin/bash", ["-c", command])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        string output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output;
    }
}
