using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Translating;

namespace Toolformer.Tests.Tools.Translating;

/// <summary>A server that translates, and hostile ones: a reason, in bounded time and memory.</summary>
public class LibreTranslateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<ToolResult> Ask(RawServer server, TimeProvider? timer = null)
    {
        using var http = new OutboundHttp(new AllowedHosts([server.Host]), timer: timer);
        using var translator = new LibreTranslateTranslator(http, server.Address());
        return await translator.TranslateAsync("¿Dónde está la tortuga?", "es", "en", Cancellation);
    }

    [Fact]
    public async Task A_text_is_translated()
    {
        await using var server = RawServer.Of(
            RawServer.Ok("""{"translatedText": "Where is the turtle?", "more": 1}"""));
        Assert.Equal("Where is the turtle?", (await Ask(server)).Text);
        string body = server.Requests.Single().Split("\r\n\r\n")[1];
        var sent = System.Text.Json.JsonDocument.Parse(body).RootElement;
        Assert.Equal(("¿Dónde está la tortuga?", "es", "en", "text"), (Field("q"), Field("source"), Field("target"),
            Field("format")));
        Assert.False(sent.TryGetProperty("api_key", out _));

        string? Field(string name) => sent.GetProperty(name).GetString();
    }

    [Fact]
    public async Task What_the_server_says_of_a_refusal_is_passed_on()
    {
        await using var server = RawServer.Of(
            RawServer.Ok("""{"error": "es is not supported"}""", status: "400 Bad Request"));
        var result = await Ask(server);
        Assert.Contains("400", result.Error);
        Assert.Contains("es is not supported", result.Error);
        Assert.False(result.IsTransient);
        await using var busy = RawServer.Of(RawServer.Ok("slow down", "text/plain", "429 Too Many Requests"));
        Assert.True((await Ask(busy)).IsTransient);
    }

    [Theory]
    [InlineData("{\"translatedText\": \"Where", "application/json", "is no JSON")]
    [InlineData("<html>Welcome</html>", "text/html", "is no JSON")]
    [InlineData("", "application/json", "is no JSON")]
    [InlineData("[1, 2]", "application/json", "without a translation")]
    [InlineData("\"turtle\"", "application/json", "without a translation")]
    [InlineData("{\"translatedText\": [\"turtle\"]}", "application/json", "without a translation")]
    [InlineData("{\"translatedText\": \" \"}", "application/json", "without a translation")]
    public async Task An_answer_of_the_wrong_kind_is_a_reason(string body, string type, string reason)
    {
        await using var server = RawServer.Of(RawServer.Ok(body, type));
        Assert.Contains(reason, (await Ask(server)).Error);
    }

    [Fact]
    public async Task A_deep_answer_is_no_stack_overflow()
    {
        await using var server = RawServer.Of(RawServer.Ok(new string('[', 100_000)));
        Assert.Contains("is no JSON", (await Ask(server)).Error);
    }

    [Fact]
    public async Task A_slow_drip_ends_with_the_time_limit()
    {
        var time = new ManualTime();
        var dripping = new TaskCompletionSource();
        await using var server = new RawServer(async (_, stream, cancellation) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n{\"translatedText\": \""u8.ToArray(), cancellation);
            dripping.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        var asked = Ask(server, time);
        await dripping.Task.WaitAsync(Cancellation);
        time.Advance(TimeSpan.FromSeconds(31));
        var result = await asked;
        Assert.Contains("did not answer within", result.Error);
        Assert.True(result.IsTransient);
    }

    [Fact]
    public async Task An_endless_body_is_read_up_to_the_limit()
    {
        var holder = new RawServer[1];
        await using var server = holder[0] = new RawServer(async (_, stream, cancellation) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n{\"translatedText\": \""u8.ToArray(), cancellation);
            await holder[0].WriteEndlesslyAsync(stream, [.. Enumerable.Repeat((byte)'a', 1 << 16)], cancellation);
        });
        Assert.Contains("more than", (await Ask(server)).Error);
        Assert.InRange(server.Written, 1, 64 << 20);
    }
}
