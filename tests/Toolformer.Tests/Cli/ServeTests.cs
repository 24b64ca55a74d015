using System.IO.Pipelines;
using System.Text.Json;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Toolformer.Cli.Server;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Cli;

public class ServeTests
{
    [Fact]
    public async Task The_npm_client_lists_and_calls_our_tools()
    {
        string[] words = Peers.Need(Peers.Client);
        using var client = ToolformerProcess.Run(
        [
            .. words, .. ToolformerProcess.Command, "serve", "--mcp", "--tools", "Calculator,Calendar", "--date",
            "2024-03-09",
        ]);
        Assert.True(client.Wait() == 0, client.Error);
        AssertSeen(client.Output);
    }

    /// <summary>What the npm client prints of a server with Calculator and Calendar on 2024-03-09.</summary>
    internal static void AssertSeen(string output)
    {
        var seen = JsonSerializer.Deserialize<JsonElement>(output);
        Assert.Equal("toolformer", seen.GetProperty("server").GetString());
        Assert.Equal(["Calculator", "Calendar"], seen.GetProperty("tools").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal("string", seen.GetProperty("schema").GetProperty("properties").GetProperty("input")
            .GetProperty("type").GetString());
        Assert.Equal(("0.29", false), Answer(seen, "sum"));
        Assert.Equal(("Today is Saturday, March 9, 2024.", false), Answer(seen, "day"));
        Assert.True(Answer(seen, "bad").IsError);
        Assert.Contains("Did you mean Calculator?", seen.GetProperty("unknown").GetProperty("refused").GetString());
        Assert.Contains("'inputs'", seen.GetProperty("wrong").GetProperty("refused").GetString());
    }

    [Fact]
    public async Task A_tool_that_changes_something_is_refused_unless_it_is_allowed()
    {
        var tool = new FakeTool("Notes", "kept") { Changes = _ => true };
        var refused = await CallOverPipes(new Toolbox([tool]), "Notes", "append x");
        Assert.True(refused.IsError);
        var allowed = new Toolbox([tool]) { Policies = new() { Approve = (_, _) => new(true) } };
        var answer = await CallOverPipes(allowed, "Notes", "append x");
        Assert.Equal("kept", Assert.IsType<TextContentBlock>(Assert.Single(answer.Content)).Text);
    }

    [Fact]
    public async Task Serve_wants_to_know_what_to_speak() =>
        (await ToolformerRun.Of("serve")).AssertRefused("--mcp");

    private static (string?, bool IsError) Answer(JsonElement seen, string name) => (
        seen.GetProperty(name).GetProperty("text").GetString(),
        seen.GetProperty(name).GetProperty("isError").GetBoolean());

    private static async Task<CallToolResult> CallOverPipes(Toolbox tools, string name, string input)
    {
        Pipe there = new(), back = new();
        var server = McpToolServer.RunAsync(there.Reader.AsStream(), back.Writer.AsStream(), tools,
            new ToolContext(TimeProvider.System), TestContext.Current.CancellationToken);
        CallToolResult result;
        await using (var client = await McpClient.CreateAsync(
            new StreamClientTransport(there.Writer.AsStream(), back.Reader.AsStream())))
            result = await client.CallToolAsync(name, new Dictionary<string, object?> { ["input"] = input });
        await there.Writer.CompleteAsync();
        await server;
        return result;
    }
}
