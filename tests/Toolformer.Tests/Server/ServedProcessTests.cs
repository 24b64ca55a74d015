using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Toolformer.Tests.Cli;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Server;

/// <summary>
/// The server as a process of its own, with the shipped model: killed, ended, and asked by a thousand.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class ServedProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("served-").FullName;
    private readonly int _port = FreePort();
    private readonly HttpClient _client;

    public ServedProcessTests() => _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}") };

    public void Dispose()
    {
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string In(string name) => Path.Combine(_folder, name);

    private static int FreePort()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return ((IPEndPoint)free.LocalEndpoint).Port;
    }

    private ToolformerProcess Serve(params IEnumerable<string> options)
    {
        var server = ToolformerProcess.Start([
            "serve", "--model", Path.Combine(Shared.Root, "models", "nano"), "--port", $"{_port}", "--threads", "1",
            "--tools", "Calculator,Calendar", "--date", "2024-03-09", .. options]);
        Assert.True(server.WaitUntil(() => server.Error.Contains("until Ctrl+C")), server.Error);
        return server;
    }

    private async Task<string> Complete()
    {
        using var response = await _client.PostAsJsonAsync("/v1/completions",
            new { prompt = "They had 25 pears and", max_tokens = 4, temperature = 0 });
        string answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, answer);
        var choice = JsonSerializer.Deserialize<JsonElement>(answer).GetProperty("choices")[0];
        return choice.GetProperty("text").GetString()!;
    }

    /// <summary>A stream of thousands of tokens, of which the first has come.</summary>
    private async Task<StreamReader> Begin()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = JsonContent.Create(new { prompt = "It was", n = 16, max_tokens = 400, seed = 1, stream = true }),
        };
        var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.StartsWith("data: {", await reader.ReadLineAsync());
        return reader;
    }

    [Fact]
    public async Task Killed_in_the_middle_of_a_stream_it_serves_again_with_the_same_port_and_files()
    {
        var made = await ToolformerRun.Of("serve", "--create-key", "reader", "--keys", In("keys.jsonl"));
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", made.Output.Trim());
        string[] options = ["--keys", In("keys.jsonl"), "--log", In("log.jsonl"), "--cache", In("cache"),
            "--audit", In("audit.jsonl")];
        string? text = null;
        for (int round = 0; round < 3; round++)
        {
            using var server = Serve(options);
            string again = await Complete();
            Assert.Equal(text ??= again, again);
            using var stream = await Begin();
            server.Kill();
            string rest = "";
            var broken = await Assert.ThrowsAnyAsync<IOException>(async () =>
            {
                while (await stream.ReadLineAsync() is { } line)
                    rest += line;
            });
            Assert.DoesNotContain("[DONE]", rest);
            // What is left where the kill hits a line that is being written.
            await File.AppendAllTextAsync(In("log.jsonl"), "{\"time\":\"2026-11-2");
        }
        using (var last = Serve(options))
        {
            Assert.Equal(text, await Complete());
            last.Terminate();
            Assert.Equal(0, last.Wait());
        }
        var lines = JsonLines.Read<JsonElement>(In("log.jsonl")).ToList();
        Assert.Equal(4, lines.Count);
        Assert.All(lines, line => Assert.Equal((200, "reader"),
            (line.GetProperty("status").GetInt32(), line.GetProperty("client").GetString())));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(0)]
    public async Task Terminated_in_the_middle_of_a_stream_it_finishes_within_its_grace_or_tells_the_client(int grace)
    {
        using var server = Serve("--grace", $"{grace}");
        using var stream = await Begin();
        server.Terminate();
        string[] events = (await stream.ReadToEndAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(0, server.Wait());
        if (grace > 0)
        {
            Assert.Equal("data: [DONE]", events[^1]);
            Assert.Contains("nothing was cut off", server.Error);
            return;
        }
        var error = JsonSerializer.Deserialize<JsonElement>(events[^1]["data: ".Length..]).GetProperty("error");
        Assert.Equal("stopping", error.GetProperty("code").GetString());
        Assert.Contains("1 requests were cut off", server.Error);
    }

    [Fact]
    public async Task A_thousand_connections_at_once_get_an_answer_or_a_close_and_give_their_handles_back()
    {
        Assert.SkipUnless(Directory.Exists("/proc/self/fd"), "needs /proc");
        using var server = Serve("--log", In("log.jsonl"));
        int Handles() => Directory.GetFileSystemEntries($"/proc/{server.Id}/fd")
            .Count(handle => new FileInfo(handle).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
        string text = await Complete();
        int before = Handles();
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new { prompt = "It was", max_tokens = 2 });
        string head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + $"Connection: close\r\nContent-Length: {body.Length}\r\n\r\n";
        byte[] request = [.. Encoding.ASCII.GetBytes(head), .. body];
        TcpClient[] clients = [.. Enumerable.Range(0, 1100).Select(_ => new TcpClient())];
        try
        {
            await Task.WhenAll(clients.Select(client => client.ConnectAsync(IPAddress.Loopback, _port)));
            string[] answers = await Task.WhenAll(clients.Select(client => Ask(client, request)));
            var counts = answers.CountBy(answer => answer).ToDictionary();
            Assert.All(counts.Keys, answer => Assert.Contains(answer, (string[])["200", "429", "closed"]));
            Assert.True(counts["200"] >= 256, $"{string.Join(' ', counts)}");
            Assert.Equal(text, await Complete());
        }
        finally
        {
            Array.ForEach(clients, client => client.Dispose());
        }
        Assert.True(server.WaitUntil(() => Handles() <= before));
        Assert.Equal(text, await Complete());

        static async Task<string> Ask(TcpClient client, byte[] request)
        {
            try
            {
                await client.GetStream().WriteAsync(request);
                using var reader = new StreamReader(client.GetStream());
                string answer = await reader.ReadToEndAsync();
                return answer.Length == 0 ? "closed" : answer.Split(' ')[1];
            }
            catch (IOException)
            {
                return "closed";
            }
        }
    }

    [Fact]
    public async Task The_npm_client_calls_our_tools_over_http_with_a_key()
    {
        string[] words = Peers.Need(Peers.Client);
        var made = await ToolformerRun.Of("serve", "--create-key", "agent", "--keys", In("keys.jsonl"));
        using var server = Serve("--keys", In("keys.jsonl"));
        using (var client = ToolformerProcess.Run([.. words, $"{_client.BaseAddress}mcp", made.Output.Trim()]))
        {
            Assert.True(client.Wait() == 0, client.Error);
            ServeTests.AssertSeen(client.Output);
        }
        using var stranger = ToolformerProcess.Run([.. words, $"{_client.BaseAddress}mcp", "tf-none"]);
        Assert.NotEqual(0, stranger.Wait());
        Assert.Contains("API key", stranger.Error);
    }
}
