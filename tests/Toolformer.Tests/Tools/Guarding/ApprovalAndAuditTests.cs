using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;

namespace Toolformer.Tests.Tools.Guarding;

public sealed class ApprovalAndAuditTests : IDisposable
{
    private static readonly ToolContext Context = new(new ManualTime());

    private readonly string _folder = Directory.CreateTempSubdirectory("audit-").FullName;
    private readonly List<string> _written = [];

    private string Log => Path.Combine(_folder, "calls.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Toolbox Notes(ToolPolicies policies) => new([new FakeTool("Notes", input =>
    {
        _written.Add(input);
        return "done";
    })
    {
        Changes = input => input.StartsWith("append"),
    }])
    {
        Policies = policies,
    };

    [Fact]
    public async Task Nothing_is_changed_where_nobody_approves()
    {
        var box = Notes(new ToolPolicies());
        Assert.Equal("done", (await box.CallAsync("Notes", "search x", Context)).Text);
        Assert.Contains("nobody is there to approve", (await box.CallAsync("Notes", "append x", Context)).Error);
        Assert.Equal(["search x"], _written);
    }

    [Fact]
    public async Task Who_approves_sees_what_the_tool_would_read()
    {
        var asked = new List<string>();
        var box = Notes(new ToolPolicies
        {
            Approve = (request, _) =>
            {
                asked.Add($"{request.Tool.Name}: {request.Input}");
                return new(request.Input.EndsWith("good"));
            },
        });
        Assert.Equal("done", (await box.CallAsync("Notes", " \"append good\"", Context)).Text);
        Assert.Contains("not approved", (await box.CallAsync("Notes", "append bad", Context)).Error);
        Assert.Equal(["Notes: append good", "Notes: append bad"], asked);
        Assert.Equal(["append good"], _written);
    }

    [Theory]
    [InlineData("", "n\n", true, 0)]
    [InlineData("", "y\nn\n", true, 1)]
    [InlineData("", "always\n", true, 2)]
    [InlineData("", "", true, 0)]
    [InlineData("", "y\ny\n", false, 0)]
    [InlineData("--yes", "", false, 2)]
    [InlineData("--allow Notes", "", false, 2)]
    public async Task The_command_line_asks_on_a_terminal_and_refuses_elsewhere(
        string arguments, string typed, bool terminal, int written)
    {
        var display = new Display(new StringReader(typed), TextWriter.Null, TextWriter.Null, TimeProvider.System)
        {
            InputIsTerminal = terminal,
            ErrorIsTerminal = terminal,
        };
        var options = new GuardOptions();
        var command = new System.CommandLine.Command("x");
        foreach (var option in options.All)
            command.Options.Add(option);
        var box = options.Guard(Notes(new ToolPolicies()), command.Parse(arguments), display);
        await box.CallAsync("Notes", "append one", Context);
        await box.CallAsync("Notes", "append two", Context);
        Assert.Equal(written, _written.Count);
    }

    [Fact]
    public async Task Every_call_is_noted_with_its_outcome_and_without_its_input()
    {
        var time = new ManualTime();
        var box = new Toolbox([
            new FakeTool("Good", "yes") { OwnVersion = "7" }, new FakeTool("Bad", (_, _) => throw new IOException()),
            new FakeTool("Changing", "x") { Changes = _ => true }], time)
        {
            Policies = new ToolPolicies
            {
                Audit = new AuditLog(Log, time),
                Cache = new MemoryResultCache(time),
                Limits = new Dictionary<string, ToolLimits> { ["Bad"] = new() { Retries = 0 } },
            },
        };
        foreach (string name in (string[])["Good", "Good", "Bad", "Changing", "Nobody"])
            await box.CallAsync(name, "a secret", Context);
        var lines = File.ReadLines(Log).Select(l => JsonSerializer.Deserialize<JsonElement>(l)).ToList();
        Assert.Equal(["answered", "cached", "failed", "refused", "unknown"],
            lines.Select(l => l.GetProperty("outcome").GetString()));
        Assert.All(lines, l => Assert.Equal(64, l.GetProperty("input_sha256").GetString()!.Length));
        Assert.DoesNotContain("secret", File.ReadAllText(Log));
        Assert.Equal("7", lines[0].GetProperty("version").GetString());
        Assert.Equal(time.GetUtcNow(), lines[0].GetProperty("time").GetDateTimeOffset());
        Assert.Equal(0, lines[0].GetProperty("milliseconds").GetDouble());
    }

    [Fact]
    public async Task Inputs_are_noted_where_that_is_wanted()
    {
        var box = new Toolbox([new FakeTool("T", "x")])
        {
            Policies = new ToolPolicies { Audit = new AuditLog(Log, TimeProvider.System, withInputs: true) },
        };
        await box.CallAsync("T", "1 + 1", Context);
        Assert.Equal("1 + 1", Assert.Single(JsonLines.Read<JsonElement>(Log)).GetProperty("input").GetString());
    }

    [Fact]
    public async Task Many_writers_of_one_log_lose_no_line_and_a_torn_one_stays_alone()
    {
        await File.WriteAllTextAsync(Log, "{\"time\":\"20");
        AuditLog[] logs = [new(Log, TimeProvider.System), new(Log, TimeProvider.System)];
        await Parallel.ForAsync(0, 60, async (i, _) =>
            await logs[i % 2].WriteAsync("T", "1", $"{i}", CallOutcome.Answered, TimeSpan.Zero));
        string[] lines = await File.ReadAllLinesAsync(Log);
        Assert.Equal(61, lines.Length);
        Assert.Equal(60, lines.Skip(1).Select(l => JsonSerializer.Deserialize<JsonElement>(l)
            .GetProperty("input_sha256").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_call_that_can_not_be_noted_has_failed()
    {
        var audit = new AuditLog(Path.Combine(_folder, "missing", "calls.jsonl"), TimeProvider.System);
        var box = new Toolbox([new FakeTool("T", "x")]) { Policies = new ToolPolicies { Audit = audit } };
        Assert.StartsWith("T was called, but that could not be noted:", (await box.CallAsync("T", "x", Context)).Error);
    }

    [Fact]
    public async Task A_call_that_was_cancelled_is_noted()
    {
        using var cancel = new CancellationTokenSource();
        var never = new FakeTool("T", async (_, _) =>
        {
            await cancel.CancelAsync();
            await new TaskCompletionSource().Task;
            return default;
        });
        var box = new Toolbox([never])
        {
            Policies = new ToolPolicies { Audit = new AuditLog(Log, TimeProvider.System) },
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await box.CallAsync("T", "x", Context, cancel.Token));
        Assert.Equal("cancelled",
            Assert.Single(JsonLines.Read<JsonElement>(Log)).GetProperty("outcome").GetString());
    }
}
