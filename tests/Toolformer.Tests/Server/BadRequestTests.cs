using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

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

    [Fact]
    public async Task A_body_of_fifty_megabytes_is_not_read()
    {
        await using var server = await TestServer.Writing("ab!");
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

    [Fact]
    public async Task One_that_never_finishes_its_request_is_closed()
    {
        await using var server = await TestServer.Start(ScriptedModel.Writes("ab!"),
            change: options => options with { Patience = TimeSpan.FromSeconds(1.1) });
        string[] beginnings =
        [
            "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n",
            "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: 100\r\n\r\n{",
        ];
        await Task.WhenAll(beginnings.Select(async beginning =>
        {
            using var slow = await Connect(server);
            await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes(beginning));
            using var reader = new StreamReader(slow.GetStream());
            string answer = await reader.ReadToEndAsync(); // ends when the server closes
            Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408"), answer);
        }));
        await ServesOn(server);
    }

    [Fact]
    public async Task Clients_that_stop_reading_and_hundreds_of_connections_hold_up_nobody()
    {
        await using var server = await TestServer.Start(ScriptedModel.Writes("ab!"), queue: new() { Rows = 2 });
        var idle = new List<TcpClient>();
        try
        {
            for (int i = 0; i < 300; i++)
                idle.Add(await Connect(server));
            byte[] body = JsonSerializer.SerializeToUtf8Bytes(
                new { prompt = "question marks without end", max_tokens = 4000, stream = true, temperature = 0 });
            foreach (var client in idle.Take(3))
                await client.GetStream().WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(
                    "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + $"Content-Length: {body.Length}\r\n\r\n"), .. body]);
            idle[0].Dispose(); // one of them leaves, and with it its text
            await ServesOn(server);
        }
        finally
        {
            idle.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task A_client_that_leaves_frees_its_row_and_ends_its_tool()
    {
        var (begun, told) = (new TaskCompletionSource(), new TaskCompletionSource());
        var hanging = new FakeTool("Hang", async (_, _, cancellation) =>
        {
            using var registration = cancellation.Register(told.SetResult);
            begun.SetResult();
            await told.Task;
            return ToolResult.Failure("left");
        });
        await using var server = await TestServer.Start(
            ScriptedModel.Writes("A [Hang() -> x]", "ab!"), [hanging], queue: new() { Rows = 1 });
        using var leave = new CancellationTokenSource();
        var request = server.Client.PostAsJsonAsync(
            Completions, new { prompt = "A", temperature = 0, stream = true, max_tokens = 50 }, leave.Token);
        await begun.Task;
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await told.Task;
        await ServesOn(server);
    }

    private static async Task<TcpClient> Connect(TestServer server)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(server.Server.Url).Port);
        return client;
    }
}
