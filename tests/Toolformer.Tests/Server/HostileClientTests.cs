using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Toolformer.Cli.Server;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Server;

/// <summary>Clients that leave, stand still, never finish or speak something else: they hold up nobody.</summary>
public class HostileClientTests
{
    private const string Completions = "/v1/completions";
    private const string Post = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n";
    private const string Json = "Content-Type: application/json\r\n";

    private static async Task ServesOn(TestServer server) => Assert.Equal("!", await server.Complete("ab"));

    private static async Task<TcpClient> Connect(TestServer server, int receiveBuffer = 0)
    {
        var client = new TcpClient();
        if (receiveBuffer > 0)
            client.ReceiveBufferSize = receiveBuffer;
        await client.ConnectAsync(IPAddress.Loopback, new Uri(server.Server.Url).Port);
        return client;
    }

    private static byte[] Request(object body)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(body);
        return [.. Encoding.ASCII.GetBytes($"{Post}{Json}Content-Length: {json.Length}\r\n\r\n"), .. json];
    }

    [Theory]
    [InlineData("")]
    [InlineData("POST /v1/comp")]
    [InlineData(Post)]
    [InlineData(Post + Json + "Content-Length: 100\r\n\r\n{")]
    [InlineData(Post + Json + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"pro")]
    public async Task One_that_never_finishes_its_request_is_closed(string beginning)
    {
        await using var server = await TestServer.Start(ScriptedModel.Writes("ab!"),
            change: options => options with { Patience = TimeSpan.FromSeconds(1.1) });
        using var slow = await Connect(server);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes(beginning));
        using var reader = new StreamReader(slow.GetStream());
        string answer = await reader.ReadToEndAsync(); // ends when the server closes
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408"), answer);
        await ServesOn(server);
    }

    [Fact]
    public async Task One_whose_body_trickles_as_fast_as_it_must_is_ended_by_the_deadline()
    {
        await using var server = await TestServer.Start(ScriptedModel.Writes("ab!"),
            change: options => options with { Deadline = TimeSpan.FromMilliseconds(300) });
        using var slow = await Connect(server);
        await slow.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"{Post}{Json}Content-Length: 1000\r\n\r\n{{{new string(' ', 900)}"));
        using var reader = new StreamReader(slow.GetStream());
        Assert.StartsWith("HTTP/1.1 504", await reader.ReadLineAsync());
        await ServesOn(server);
    }

    [Theory]
    [InlineData("\0\u0001\u0002\u0003\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003")] // a greeting of TLS
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /health HTTP/1.1\r\n\r\n")]
    [InlineData("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET /\u00ff\u00fe HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /%ff%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData(Post + Json + "Content-Length: -1\r\n\r\n")]
    [InlineData(Post + Json + "Content-Length: 99999999999999999999\r\n\r\n")]
    [InlineData(Post + Json + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}")]
    [InlineData(Post + Json + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}")]
    public async Task What_is_no_request_is_refused_or_closed(string bytes)
    {
        await using var server = await TestServer.Writing("ab!");
        using var client = await Connect(server);
        using var reader = new StreamReader(client.GetStream());
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(bytes));
        client.Client.Shutdown(SocketShutdown.Send);
        string answer = await reader.ReadToEndAsync();
        // Or a frame of HTTP/2, which says that it is not spoken here.
        Assert.DoesNotMatch("^HTTP/1.1 (1|2|3|500)", answer);
        await ServesOn(server);
    }

    [Fact]
    public async Task A_head_without_end_is_not_kept()
    {
        await using var server = await TestServer.Writing("ab!");
        using var client = await Connect(server);
        byte[] header = Encoding.ASCII.GetBytes($"X: {new string('x', 1000)}\r\n");
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Post));
        long written = 0;
        try
        {
            for (; written < 50 << 20; written += header.Length)
                await client.GetStream().WriteAsync(header);
        }
        catch (IOException)
        {
            // Closed, as it should be.
        }
        Assert.InRange(written, 0, 20 << 20); // what the system's buffers hold
        await ServesOn(server);
    }

    [Fact]
    public async Task A_reader_that_stands_still_is_cut_off_and_counted_and_holds_up_nobody()
    {
        var cut = new TaskCompletionSource<RequestLog.Line>();
        var log = new RequestLog(line =>
        {
            if (line.Status == 499)
                cut.TrySetResult(line);
        });
        await using var server = await TestServer.Start(ScriptedModel.Writes("ab!"), queue: new() { Rows = 8 },
            log: log, change: options => options with { Patience = TimeSpan.FromSeconds(3) });
        using var still = await Connect(server, receiveBuffer: 4096);
        await still.GetStream().WriteAsync(
            Request(new { prompt = "no end", n = 8, max_tokens = 4000, stream = true, temperature = 0 }));
        // What was read fast is no credit for standing still later.
        await still.GetStream().ReadExactlyAsync(new byte[1 << 20]);
        await ServesOn(server);
        var line = await cut.Task;
        Assert.Equal((Completions, "stopped_reading"), (line.Path, line.Error));
        await ServesOn(server);
        string metrics = await server.Client.GetStringAsync("/metrics");
        Assert.Contains("toolformer_requests_total{path=\"/v1/completions\",status=\"499\"} 1\n", metrics);
        Assert.Contains("toolformer_texts_running 0\n", metrics);
    }

    [Fact]
    public async Task Requests_sent_without_reading_an_answer_are_cut_off()
    {
        var cut = new TaskCompletionSource<RequestLog.Line>();
        await using var server = await TestServer.Start(ScriptedModel.Writes("ab!"),
            log: new RequestLog(line =>
            {
                if (line.Error == "stopped_reading")
                    cut.TrySetResult(line);
            }),
            change: options => options with { Patience = TimeSpan.FromSeconds(1.1) });
        using var still = await Connect(server, receiveBuffer: 4096);
        byte[] requests = Encoding.ASCII.GetBytes(string.Concat(
            Enumerable.Repeat("GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n", 1000)));
        try
        {
            for (int i = 0; i < 100 && !cut.Task.IsCompleted; i++)
                await still.GetStream().WriteAsync(requests);
        }
        catch (IOException)
        {
            // The server has closed.
        }
        Assert.Equal("/page.js", (await cut.Task).Path);
        await ServesOn(server);
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

    [Fact]
    public async Task Connections_beyond_the_bound_are_closed_and_those_within_are_served()
    {
        await using var server = await TestServer.Start(
            ScriptedModel.Writes("ab!"), change: options => options with { MaxConnections = 20 });
        var idle = new List<TcpClient>();
        try
        {
            for (int i = 0; i < 20; i++)
                idle.Add(await Connect(server));
            foreach (var client in idle)
            {
                await client.GetStream().WriteAsync(
                    "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
                Assert.Equal((byte)'H', client.GetStream().ReadByte());
            }
            using var late = await Connect(server);
            Assert.Equal(-1, late.GetStream().ReadByte());
            await idle[0].GetStream().WriteAsync(
                "GET /health HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n"u8.ToArray());
            using var reader = new StreamReader(idle[0].GetStream());
            Assert.EndsWith("\"running\":0}", await reader.ReadToEndAsync());
        }
        finally
        {
            idle.ForEach(client => client.Dispose());
        }
    }
}
