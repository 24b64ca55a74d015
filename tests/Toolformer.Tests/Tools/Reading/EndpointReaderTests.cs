using System.Text.Json;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Reading;

namespace Toolformer.Tests.Tools.Reading;

public class EndpointReaderTests
{
    private static readonly Passage[] Passages = [new("1", "Zorn", "The capital of Zorn\nis [Velim].")];

    private static string Completion(string content) => RawServer.Ok(JsonSerializer.Serialize(new
    {
        id = "1",
        choices = new[] { new { index = 0, message = new { role = "assistant", content } } },
    }));

    private static async Task<ToolResult> Ask(RawServer server)
    {
        using var http = new OutboundHttp(new AllowedHosts([server.Host]));
        using var reader = new EndpointReader(http, new($"http://{server.Host}/v1", "small")
        {
            Headers = new Dictionary<string, string> { ["Authorization"] = "Bearer key" },
        });
        return await reader.AnswerAsync("What is the capital of Zorn?", Passages, default);
    }

    [Theory]
    [InlineData("Velim.", "Velim")]
    [InlineData("<think>The passage says\nso.</think>\n\n\"Velim\"", "Velim")]
    [InlineData("Washington, D.C.", "Washington, D.C.")]
    public async Task The_answer_is_the_short_line_of_the_message(string content, string answer)
    {
        await using var server = RawServer.Of(Completion(content));
        Assert.Equal(answer, (await Ask(server)).Text);
        string request = Assert.Single(server.Requests);
        Assert.StartsWith("POST /v1/chat/completions ", request);
        Assert.Contains("Authorization: Bearer key", request);
        using var body = JsonDocument.Parse(request[request.IndexOf("\r\n\r\n", StringComparison.Ordinal)..]);
        Assert.Equal("small", body.RootElement.GetProperty("model").GetString());
        Assert.Equal(64, body.RootElement.GetProperty("max_tokens").GetInt32());
        string asked = body.RootElement.GetProperty("messages")[1].GetProperty("content").GetString()!;
        Assert.Contains("Zorn: The capital of Zorn is (Velim).", asked);
        Assert.EndsWith("Question: What is the capital of Zorn?", asked);
    }

    [Theory]
    [InlineData("UNKNOWN")]
    [InlineData("unknown.")]
    [InlineData("  \n ")]
    public async Task A_model_that_finds_nothing_abstains(string content)
    {
        await using var server = RawServer.Of(Completion(content));
        Assert.Contains("no answer in 1 passages", (await Ask(server)).Error);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"choices\": []}")]
    [InlineData("{\"choices\": [{\"message\": null}]}")]
    [InlineData("{\"choices\": [{\"message\": {\"content\": [1]}}]}")]
    [InlineData("{\"choices\": [{\"message\": {\"content\": \"\\ud800\"}}]}")]
    [InlineData("{\"choices\": {\"a\": 1}}")]
    [InlineData("<html>")]
    public async Task A_hostile_answer_is_a_reason(string body)
    {
        await using var server = RawServer.Of(RawServer.Ok(body));
        Assert.NotEmpty((await Ask(server)).Error!);
    }

    [Fact]
    public async Task A_long_answer_is_cut()
    {
        await using var server = RawServer.Of(Completion(string.Join(' ', Enumerable.Repeat("word", 5000))));
        Assert.Equal(20, (await Ask(server)).Text!.Split(' ').Length);
    }

    [Fact]
    public async Task A_server_in_trouble_may_be_asked_again()
    {
        await using var server = RawServer.Of(RawServer.Ok("busy", status: "503 Service Unavailable"));
        var result = await Ask(server);
        Assert.True(result.IsTransient);
        Assert.Contains("503", result.Error);
    }
}
