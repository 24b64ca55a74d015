using System.Text.Json;
using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Tools;

public class McpToolTests
{
    private static readonly ToolContext Context = new(new ManualTime());

    private static async Task<ToolSet> Open(object options, params string[] hosts) =>
        await ToolsFile.Parse(JsonSerializer.Serialize(new { hosts, tools = new { Server = options } }), "tools.json")
            .OpenAsync([new McpKind()], [], null, new Secrets(name => name == "MY_TOKEN" ? "swordfish-7" : null),
                TimeProvider.System, TestContext.Current.CancellationToken);

    private static object Command(string[] words, object? tools = null, object? env = null, bool? changes = null) => new
    {
        kind = "mcp",
        command = words[0],
        args = words[1..],
        tools = tools ?? new { },
        env = env ?? new { },
        changes_something = changes,
    };

    private static Task<ToolResult> Call(ToolSet set, string name, string input = "") =>
        set.Toolbox.CallAsync(name, input, Context, TestContext.Current.CancellationToken).AsTask();

    [Fact]
    public async Task The_tools_of_a_server_from_the_npm_registry_answer_over_stdio()
    {
        await using var set = await Open(Command([.. Peers.Need(Peers.Everything), "stdio"]));
        Assert.Superset(new HashSet<string> { "echo", "get_sum", "get_tiny_image" }, set.Toolbox.Names.ToHashSet());
        Assert.Equal("Echo: hello (there)", (await Call(set, "echo", "hello [there]")).Text);
        Assert.Equal("The sum of 2 and 40.5 is 42.5.", (await Call(set, "get_sum", "{\"a\": 2, \"b\": 40.5}")).Text);
        Assert.Contains("(an image)", (await Call(set, "get_tiny_image")).Text);
        Assert.Equal("The sum of 2 and 3 is 5.", (await Call(set, "get_sum", "a=2, b=3")).Text);
        Assert.Contains("'two and two' is no number", (await Call(set, "get_sum", "two and two")).Error);
        Assert.True((await Call(set, "get_sum", "{\"a\": \"x\"}")).IsError);
        Assert.False(set.Toolbox["echo"].ChangesSomething("x"));
        Assert.True(set.Toolbox.Tools.All(t => CallSyntax.IsName(t.Name) && t.Version.Length == 16));
        Assert.Contains("[echo(message)]", set.Toolbox["echo"].Instruction);
    }

    [Fact]
    public async Task The_same_server_answers_over_streamable_HTTP_where_the_file_names_its_host()
    {
        var (process, port) = Peers.StartHttp();
        try
        {
            string host = $"127.0.0.1:{port}", url = $"http://{host}/mcp";
            var tools = new { echo = new { name = "Echo" } };
            await using var set = await Open(new { kind = "mcp", url, tools }, host);
            Assert.Equal(["Echo"], set.Toolbox.Names);
            Assert.Equal("Echo: hello", (await Call(set, "Echo", "hello")).Text);
            var refused = await Assert.ThrowsAsync<InvalidDataException>(() => Open(new { kind = "mcp", url }));
            Assert.Contains("\"hosts\"", refused.Message);
        }
        finally
        {
            process.Kill();
            process.Dispose();
        }
    }

    [Fact]
    public async Task Hostile_inputs_go_through_a_real_server_and_come_back_harmless()
    {
        await using var set = await Open(Command([.. Peers.Need(Peers.Everything), "stdio"]));
        string[] inputs =
        [
            "[[[QA(x) -> y]", "\0\u001b[31m", "\u202eesrever", "a\u200db", "\ud83d", "file:///etc/passwd",
            "'; DROP TABLE x", "http://169.254.169.254/", new string('(', 100_000), "10^9999", "{\"message\": 1}",
        ];
        foreach (string input in inputs)
        {
            var result = await Call(set, "echo", input);
            Assert.InRange((result.Text ?? result.Error)!.Length, 1, CallSyntax.MaxResultLength);
            Assert.True(CallSyntax.IsResult((result.Text ?? result.Error)!));
            Assert.DoesNotContain("root:", result.Text ?? "");
        }
    }

    [Theory]
    [InlineData("die", "out of cheese")]
    [InlineData("half", "Server")]
    [InlineData("flood", "a line of more than")]
    [InlineData("lines", "for one request")]
    [InlineData("wrong_id", "Server")]
    public async Task A_server_that_dies_or_talks_nonsense_costs_one_call_and_is_started_again(string how, string why)
    {
        await using var set = await Open(Command(Peers.Need(Peers.Hostile), changes: false));
        var box = set.Toolbox.Under(new ToolPolicies
        {
            Limits = set.Toolbox.Names.ToDictionary(n => n, _ => new ToolLimits { Retries = 0, TimeLimit = 60 }),
        });
        var result = await box.CallAsync(how, "", Context);
        Assert.Contains(why, result.Error);
        Assert.True(result.IsTransient);
        Assert.StartsWith("still here", (await box.CallAsync("good", "", Context)).Text);
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up_and_others_of_its_tools_go_on()
    {
        await using var set = await Open(Command(Peers.Need(Peers.Hostile), changes: false));
        var box = set.Toolbox.Under(new ToolPolicies
        {
            Limits = new Dictionary<string, ToolLimits> { ["hang"] = new() { TimeLimit = 0.05 } },
        });
        Assert.StartsWith("hang did not answer within 0.05 s", (await box.CallAsync("hang", "", Context)).Error);
        Assert.StartsWith("still here", (await box.CallAsync("good", "", Context)).Text);
    }

    [Fact]
    public async Task A_megabyte_is_cut_and_an_error_is_a_reason()
    {
        await using var set = await Open(Command(Peers.Need(Peers.Hostile), changes: false));
        Assert.Equal(CallSyntax.MaxResultLength, (await Call(set, "huge")).Text!.Length);
        Assert.Equal("Server says: it is (broken) → really", (await Call(set, "bad")).Error);
    }

    [Fact]
    public async Task A_server_gets_the_environment_that_the_file_gives_it_and_secrets_do_not_come_back()
    {
        await using var set = await Open(Command(
            Peers.Need(Peers.Hostile), env: new { TOKEN = "${MY_TOKEN}" }, changes: false));
        Assert.Equal("still here, ***, undefined", (await Call(set, "good")).Text);
        var missing = await Assert.ThrowsAsync<InvalidDataException>(() => Open(Command(
            Peers.Need(Peers.Hostile), env: new { TOKEN = "${NO_SUCH}" })));
        Assert.Contains("NO_SUCH", missing.Message);
    }

    [Fact]
    public async Task Tools_that_a_server_does_not_call_read_only_need_approval()
    {
        await using var set = await Open(Command(Peers.Need(Peers.Hostile)));
        Assert.Contains("nobody is there to approve", (await Call(set, "good")).Error);
        await using var told = await Open(Command(
            Peers.Need(Peers.Hostile), tools: new { good = new { changes_something = false } }));
        Assert.Equal(["good"], told.Toolbox.Names);
        Assert.StartsWith("still here", (await Call(told, "good")).Text);
    }

    [Theory]
    [InlineData("/no/such/program", "can't be started")]
    [InlineData("/bin/false", "tools.json, tool Server")]
    public async Task A_command_that_is_no_server_is_refused_with_what_to_do(string command, string why)
    {
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Open(Command([command])));
        Assert.Contains(why, error.Message);
        Assert.Equal(3, error.Message.Split('\n').Length);
    }

    [Fact]
    public async Task An_entry_that_makes_no_sense_is_refused()
    {
        string[] words = Peers.Need(Peers.Hostile);
        await Assert.ThrowsAsync<InvalidDataException>(() => Open(new { kind = "mcp" }));
        await Assert.ThrowsAsync<InvalidDataException>(() =>
            Open(new { kind = "mcp", command = "x", url = "http://x/" }));
        var unknown = await Assert.ThrowsAsync<InvalidDataException>(() =>
            Open(Command(words, tools: new { goood = new { } })));
        Assert.Contains("Did you mean good?", unknown.Message);
        var unwritable = await Assert.ThrowsAsync<InvalidDataException>(() =>
            Open(Command(words, tools: new { good = new { name = "a b" } })));
        Assert.Contains("'a b'", unwritable.Message);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<html")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{\"js")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"half")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("nonsense")]
    public async Task A_web_server_that_is_no_MCP_server_is_refused(string answer)
    {
        await using var server = RawServer.Of(answer);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() =>
            Open(new { kind = "mcp", url = $"{server.Address("/mcp")}" }, server.Host));
        Assert.Contains("tools.json, tool Server", error.Message);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/event-stream")]
    public async Task An_endless_answer_is_not_read_to_its_end(string type)
    {
        await using var server = new RawServer(async (_, stream, cancellation) =>
        {
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\n\r\ndata: "), cancellation);
            byte[] more = new byte[1 << 16];
            Array.Fill(more, (byte)'x');
            while (!cancellation.IsCancellationRequested)
                await stream.WriteAsync(more, cancellation);
        });
        await Assert.ThrowsAsync<InvalidDataException>(() =>
            Open(new { kind = "mcp", url = $"{server.Address("/mcp")}" }, server.Host));
    }
}
