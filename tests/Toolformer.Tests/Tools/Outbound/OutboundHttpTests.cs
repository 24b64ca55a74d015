using System.IO.Compression;
using System.Net;
using System.Text;
using Toolformer.Tests.Fakes;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Tools.Outbound;

/// <summary>Hostile servers: a reason in bounded time and memory, by bytes and a clock that tests move.</summary>
public class OutboundHttpTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static OutboundHttp HttpTo(params RawServer[] servers) =>
        new(new AllowedHosts(servers.Select(s => s.Host)));

    private static async Task<OutboundAnswer> Ask(RawServer server, string path = "/")
    {
        using var http = HttpTo(server);
        return await http.SendAsync(OutboundRequest.Get(server.Address(path)), Cancellation);
    }

    [Fact]
    public async Task An_answer_is_read_with_status_type_and_text()
    {
        await using var server = RawServer.Of(RawServer.Ok("{\"a\": \"é\"}", "Application/JSON; charset=utf-8"));
        var answer = await Ask(server, "/x?q=1");
        Assert.Equal((200, "application/json", null), (answer.Status, answer.ContentType, answer.Error));
        Assert.Equal("é", answer.ReadJson().Json.GetProperty("a").GetString());
        Assert.StartsWith("GET /x?q=1 HTTP/1.1", server.Requests.Single());
    }

    [Theory]
    [InlineData("404 Not Found", false)]
    [InlineData("500 Internal Server Error", false)]
    [InlineData("429 Too Many Requests", true)]
    [InlineData("503 Service Unavailable", true)]
    public async Task Another_status_is_a_reason_and_says_whether_it_may_pass(string status, bool isTransient)
    {
        await using var server = RawServer.Of(RawServer.Ok("{}", status: status));
        var answer = await Ask(server);
        Assert.Contains(status[..3], answer.Error);
        Assert.Equal(isTransient, answer.IsTransient);
        Assert.Equal(isTransient, answer.Failure().IsTransient);
    }

    [Fact]
    public async Task A_slow_drip_ends_with_the_time_limit()
    {
        var time = new ManualTime();
        var dripping = new TaskCompletionSource();
        await using var server = new RawServer(async (_, stream, cancellation) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\ndrip"u8.ToArray(), cancellation);
            dripping.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        using var http = new OutboundHttp(new AllowedHosts([server.Host]), timer: time);
        var asked = http.SendAsync(OutboundRequest.Get(server.Address()), Cancellation).AsTask();
        await dripping.Task.WaitAsync(Cancellation);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(asked.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        var answer = await asked;
        Assert.Contains("within 30 s", answer.Error);
        Assert.True(answer.IsTransient);
    }

    [Fact]
    public async Task An_endless_body_is_read_up_to_the_limit()
    {
        var holder = new RawServer[1];
        await using var server = holder[0] = new RawServer(async (_, stream, cancellation) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), cancellation);
            await holder[0].WriteEndlesslyAsync(stream, new byte[1 << 16], cancellation);
        });
        var answer = await Ask(server);
        Assert.Contains("more than 1,048,576 bytes", answer.Error);
        Assert.False(answer.IsTransient);
        Assert.InRange(server.Written, 1, 64 << 20); // what the sockets of both sides had room for came on top
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_bomb_is_unpacked_up_to_the_limit(string coding)
    {
        var packed = new MemoryStream();
        await using (Stream pack = coding switch
        {
            "gzip" => new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true),
            "br" => new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            _ => new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true),
        })
        {
            for (int i = 0; i < 64; i++)
                pack.Write(new byte[1 << 20]);
        }
        Assert.InRange(packed.Length, 1, 1 << 17);
        await using var server = new RawServer(async (_, stream, cancellation) =>
        {
            string head = "HTTP/1.1 200 OK\r\n"
                + $"Content-Encoding: {coding}\r\nContent-Length: {packed.Length}\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellation);
            await stream.WriteAsync(packed.ToArray(), cancellation);
        });
        using var http = HttpTo(server);
        var answer = await http.SendAsync(OutboundRequest.Get(server.Address()), Cancellation);
        Assert.Contains("more than 1,048,576 bytes", answer.Error);
    }

    [Fact]
    public async Task Endless_headers_are_refused()
    {
        var holder = new RawServer[1];
        await using var server = holder[0] = new RawServer(async (_, stream, cancellation) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), cancellation);
            await holder[0].WriteEndlesslyAsync(stream, "X-More: and more\r\n"u8.ToArray(), cancellation);
        });
        Assert.Contains("more than is read", (await Ask(server)).Error);
    }

    [Fact]
    public async Task A_redirect_to_a_named_place_on_the_same_host_is_followed()
    {
        await using var server = RawServer.Of(request =>
            request.StartsWith("GET /new ") ? RawServer.Ok("\"there\"") : RawServer.Redirect("/new"));
        Assert.Equal("\"there\"", (await Ask(server, "/old")).Body);
    }

    [Fact]
    public async Task A_redirect_loop_ends()
    {
        await using var server = RawServer.Of(RawServer.Redirect("/again"));
        var answer = await Ask(server);
        Assert.Contains("more than 5 times", answer.Error);
        Assert.Equal(6, server.Requests.Count);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://127.0.0.1:1/")]
    [InlineData("http://localhost/")]
    [InlineData("http://[::1]/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://example.org/")]
    [InlineData("//example.org/")]
    public async Task A_redirect_to_elsewhere_is_not_followed(string target)
    {
        await using var server = RawServer.Of(RawServer.Redirect(target, "307 Temporary Redirect"));
        var answer = await Ask(server);
        Assert.Contains("redirects elsewhere", answer.Error);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_redirect_to_a_private_address_is_not_followed_even_where_it_is_named()
    {
        await using var inner = RawServer.Of(RawServer.Ok("\"inner\""));
        await using var outer = RawServer.Of(RawServer.Redirect(inner.Address().ToString()));
        using var http = HttpTo(outer, inner);
        var answer = await http.SendAsync(OutboundRequest.Get(outer.Address()), Cancellation);
        Assert.Contains("no public host", answer.Error);
        Assert.Empty(inner.Requests);
    }

    [Fact]
    public async Task A_name_that_resolves_to_a_private_address_leads_nowhere()
    {
        await using var server = RawServer.Of(RawServer.Ok("\"inside\""));
        using var http = new OutboundHttp(new AllowedHosts([$"api.example.org:{server.Port}"]),
            lookup: (_, _) => new([IPAddress.Loopback, IPAddress.Parse("10.0.0.1")]));
        var answer = await http.SendAsync(
            OutboundRequest.Get(new Uri($"http://api.example.org:{server.Port}/")), Cancellation);
        Assert.Contains("no public address", answer.Error);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_name_may_lead_to_a_private_address_that_is_named_itself()
    {
        await using var server = RawServer.Of(RawServer.Ok("\"inside\""));
        using var http = new OutboundHttp(new AllowedHosts([$"wiki.example.org:{server.Port}", server.Host]),
            lookup: (_, _) => new([IPAddress.Loopback]));
        var answer = await http.SendAsync(
            OutboundRequest.Get(new Uri($"http://wiki.example.org:{server.Port}/")), Cancellation);
        Assert.Equal("\"inside\"", answer.Body);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnot a chunk")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip")]
    [InlineData("HTTP/1.1 two hundred\r\n\r\n")]
    [InlineData("\u0000\u0001\u0002 garbage\r\n\r\n")]
    public async Task A_broken_answer_is_a_reason(string answer)
    {
        await using var server = RawServer.Of(answer);
        Assert.Contains(server.Host, (await Ask(server)).Error);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_passing_reason()
    {
        var server = RawServer.Of("");
        await server.DisposeAsync();
        var answer = await Ask(server);
        Assert.NotNull(answer.Error);
        Assert.True(answer.IsTransient);
    }

    [Theory]
    [InlineData("<html>login</html>", "text/html")]
    [InlineData("{\"a\": ", "application/json")]
    [InlineData("", "")]
    public async Task A_body_that_is_no_JSON_is_a_reason(string body, string type)
    {
        await using var server = RawServer.Of(RawServer.Ok(body, type));
        var (_, error) = (await Ask(server)).ReadJson();
        Assert.Contains("no JSON", error);
    }

    [Fact]
    public async Task Deep_JSON_is_a_reason()
    {
        await using var server = RawServer.Of(RawServer.Ok(new string('[', 100_000)));
        Assert.Contains("no JSON", (await Ask(server)).ReadJson().Error);
    }

    [Fact]
    public async Task A_secret_that_a_server_echoes_is_blotted_out()
    {
        await using var server = RawServer.Of(request => RawServer.Ok($"you sent {request}", "text/plain"));
        var secrets = new Secrets(name => name == "API_KEY" ? "hunter2-hunter2" : null);
        using var http = new OutboundHttp(new AllowedHosts([server.Host]), secrets);
        var request = OutboundRequest.Get(server.Address()) with
        {
            Headers = [new("Authorization", secrets.Reveal("Bearer ${API_KEY}"))],
        };
        var answer = await http.SendAsync(request, Cancellation);
        Assert.Contains("hunter2-hunter2", server.Requests.Single());
        Assert.DoesNotContain("hunter2", answer.Body);
        Assert.Contains("Bearer ***", answer.Body);
    }

    [Fact]
    public async Task A_cancelled_request_is_the_callers()
    {
        await using var server = RawServer.Of(RawServer.Ok("{}"));
        using var http = HttpTo(server);
        await Assert.ThrowsAsync<OperationCanceledException>(async () =>
            await http.SendAsync(OutboundRequest.Get(server.Address()), new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Only_here_is_a_web_client_made()
    {
        string tools = Path.Combine(Shared.Root, "src", "Toolformer", "Tools");
        var makers = Directory.GetFiles(tools, "*.cs", SearchOption.AllDirectories).Where(file =>
            File.ReadAllText(file) is var text && (text.Contains("new HttpClient(") || text.Contains("HttpHandler")));
        Assert.Equal(["GuardedHandler.cs", "OutboundHttp.cs"], makers.Select(Path.GetFileName).Order());
    }
}
