using System.Net;
using System.Text;
using System.Text.Json;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Server;

/// <summary>
/// Whatever comes in, the answer is an error in OpenAI's shape or a clean close, and the next is served.
/// </summary>
public class BadRequestTests
{
    private const string Completions = "/v1/completions", Chat = "/v1/chat/completions";

    private static async Task ServesOn(TestServer server) => Assert.Equal("!", await server.Complete("ab"));

    [Fact]
    public async Task Bytes_that_are_no_text_and_nesting_without_end_are_refused()
    {
        await using var server = await TestServer.Writing("ab!");
        Assert.Contains("UTF-8",
            (await server.Refused(Completions, [.. "{\"prompt\": \""u8, 0xC3, 0x28, .. "\"}"u8])).Message);
        string deep = $"{{\"prompt\": {new string('[', 100_000)}";
        Assert.Contains("depth", (await server.Refused(Completions, deep)).Message);
        await ServesOn(server);
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_refused_with_both_lengths()
    {
        await using var server = await TestServer.Start(ScriptedModel.Writes(["ab!"], context: 64));
        foreach (var (path, body) in new[]
        {
            (Completions, JsonSerializer.Serialize(new { prompt = new string('x', 99) })),
            (Chat, $$"""{"messages": [{"role": "user", "content": "{{new string('x', 99)}}"}]}"""),
        })
        {
            var (status, message) = await server.Refused(path, body);
            Assert.Equal(400, status);
            Assert.Contains("100 tokens", message);
            Assert.Contains("64 tokens", message);
        }
        await ServesOn(server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_of_fifty_megabytes_is_not_read(bool saysItsLength)
    {
        await using var server = await TestServer.Writing("ab!");
        server.Client.DefaultRequestHeaders.TransferEncodingChunked = !saysItsLength;
        using var body = new ByteArrayContent(new byte[50 << 20]);
        body.Headers.ContentType = new("application/json");
        try
        {
            using var response = await server.Client.PostAsync(Completions, body);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
            Assert.Contains("bytes", await response.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException)
        {
            // The connection may be closed while the client still sends.
        }
        server.Client.DefaultRequestHeaders.TransferEncodingChunked = null;
        await ServesOn(server);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"jsonrpc\": \"2.0\"}")]
    [InlineData("{\"jsonrpc\": \"1.0\", \"id\": 1, \"method\": \"tools/list\"}")]
    [InlineData("{\"jsonrpc\": \"2.0\", \"id\": {}, \"method\": \"tools/list\"}")]
    [InlineData("{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/list\"")]
    public async Task What_is_no_message_of_MCP_is_refused(string body)
    {
        await using var server = await TestServer.Writing("ab!");
        Assert.Equal(400, (await server.Refused("/mcp", body)).Status);
        Assert.Equal(400, (await server.Refused("/mcp", [.. "{\"jsonrpc\": \""u8, 0xC3, 0x28, .. "\"}"u8])).Status);
        await ServesOn(server);
    }

    [Fact]
    public async Task Paths_methods_hosts_origins_and_forms_that_are_not_ours_are_refused()
    {
        await using var server = await TestServer.Writing("ab!");
        async Task<int> Status(HttpMethod method, string path, string? host = null, string? origin = null,
            string type = "application/json")
        {
            using var request = new HttpRequestMessage(method, path);
            if (method == HttpMethod.Post)
                request.Content = new StringContent("{\"prompt\": \"ab\"}", Encoding.UTF8, type);
            request.Headers.Host = host;
            if (origin is not null)
                request.Headers.Add("Origin", origin);
            using var response = await server.Client.SendAsync(request);
            if (!response.IsSuccessStatusCode)
                Assert.Contains("\"message\"", await response.Content.ReadAsStringAsync());
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
            return (int)response.StatusCode;
        }
        Assert.Equal(404, await Status(HttpMethod.Get, "/v1/complete"));
        Assert.Equal(404, await Status(HttpMethod.Get, "/v1/models/other"));
        Assert.Equal(405, await Status(HttpMethod.Get, Completions));
        Assert.Equal(405, await Status(HttpMethod.Delete, "/health"));
        Assert.Equal(405, await Status(HttpMethod.Options, Completions));
        Assert.Equal(415, await Status(HttpMethod.Post, Completions, type: "text/plain"));
        Assert.Equal(403, await Status(HttpMethod.Post, Completions, host: "attacker.example"));
        Assert.Equal(403, await Status(HttpMethod.Post, Completions, origin: "https://attacker.example"));
        Assert.Equal(403, await Status(HttpMethod.Post, Completions, origin: "null"));
        Assert.Equal(200, await Status(HttpMethod.Post, Completions, origin: server.Server.Url));
        Assert.Equal(200, await Status(HttpMethod.Get, "/v1/models/fake", host: "localhost"));
    }
}
