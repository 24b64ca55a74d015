using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Tools;

public class HttpToolTests
{
    private static readonly Secrets Secrets = new(name => name == "WEATHER_KEY" ? "s3cr3t-key" : null);

    private static async Task<ToolSet> Open(RawServer server, string entry) =>
        await ToolsFile.Parse(
            $$"""{"hosts": ["{{server.Host}}"], "tools": {"T": {"kind": "http", {{entry}} } } }""", "t.json")
            .OpenAsync(Catalog.Find<ToolKind>(), [], null, Secrets, TimeProvider.System, default);

    private static async Task<(ToolResult Result, string Request)> Call(string entry, string input, string answer)
    {
        await using var server = RawServer.Of(answer);
        await using var set = await Open(server, entry.Replace("HOST", $"http://{server.Host}"));
        var approved = set.Toolbox.Under(set.Toolbox.Policies with { Approve = (_, _) => new(true) });
        var result = await approved.CallAsync("T", input, new ToolContext(new ManualTime()));
        return (result, server.Requests.SingleOrDefault() ?? "");
    }

    [Fact]
    public async Task A_place_of_the_address_is_the_input()
    {
        var (result, request) = await Call("""
            "url": "HOST/w/{city}?u={unit}", "optional": ["unit"], "result": "/now/0/text",
            "headers": {"X-Key": "${WEATHER_KEY}"}
            """, "São Paulo, unit=°C & more", RawServer.Ok("""{"now": [{"text": "sunny"}]}"""));
        Assert.Equal("sunny", result.Text);
        Assert.StartsWith("GET /w/S%C3%A3o%20Paulo?u=%C2%B0C%20%26%20more HTTP/1.1\r\n", request);
        Assert.Contains("X-Key: s3cr3t-key", request);
    }

    [Theory]
    [InlineData("../admin")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/../../b")]
    [InlineData("..\\..\\b")]
    [InlineData("x\u0000y")]
    public async Task No_input_leaves_its_place_in_the_path(string input)
    {
        var (result, request) = await Call("\"url\": \"HOST/files/{name}/text\"", input, RawServer.Ok("\"x\""));
        Assert.Contains("can't be asked", result.Error);
        Assert.Equal("", request);
    }

    [Theory]
    [InlineData("a/b?c=d#e", "GET /files/a%2Fb%3Fc%3Dd%23e/text ")]
    [InlineData("http://169.254.169.254/", "GET /files/http%3A%2F%2F169.254.169.254%2F/text ")]
    [InlineData("@evil.test", "GET /files/%40evil.test/text ")]
    [InlineData("%2e%2e", "GET /files/%252e%252e/text ")]
    [InlineData("{name}", "GET /files/%7Bname%7D/text ")]
    public async Task What_has_a_meaning_in_addresses_is_escaped(string input, string line)
    {
        var (_, request) = await Call("\"url\": \"HOST/files/{name}/text\"", input, RawServer.Ok("\"x\""));
        Assert.StartsWith(line, request);
    }

    [Fact]
    public async Task A_body_is_posted_with_its_places_filled()
    {
        var (result, request) = await Call("""
            "url": "HOST/translate", "parameters": {"n": {"type": "integer"}, "langs": {"type": "array"}},
            "body": {"q": "{text}", "note": "{n} of {text}!", "n": "{n}", "in": {"langs": "{langs}"},
                     "fixed": [1, true]}
            """, "text=\"say \\\"{n}\\\"\", n=2, langs=(de, \"fr\")", RawServer.Ok("\"ja\""));
        Assert.Equal(("ja", null), (result.Text, result.Error));
        Assert.StartsWith("POST /translate ", request);
        string sent = System.Text.RegularExpressions.Regex.Unescape(request[request.IndexOf('{')..]);
        Assert.Equal("""{"q":"say "{n}"","note":"2 of say "{n}"!","n":2,"in":{"langs":["de","fr"]},"fixed":[1,true]}""",
            sent);
    }

    [Theory]
    [InlineData("", "{\"a\": 1}", "application/json", "{\"a\": 1}")]
    [InlineData("", "plain words", "text/plain", "plain words")]
    [InlineData("", "\"quoted\"", "application/problem+json", "quoted")]
    [InlineData("/b", "{\"a\": 1, \"b\": [1, 2]}", "application/json", "(1, 2)")]
    [InlineData("/a~1b", "{\"a/b\": true}", "text/plain", "true")]
    public async Task The_answer_is_selected(string pointer, string body, string type, string expected)
    {
        string result = pointer.Length == 0 ? "" : $", \"result\": \"{pointer}\"";
        var (answer, _) = await Call($"\"url\": \"HOST/{{x}}\"{result}", "x", RawServer.Ok(body, type));
        Assert.Equal(expected, answer.Text);
    }

    [Theory]
    [InlineData("/c", "{\"a\": 1}", "application/json", "nothing at /c")]
    [InlineData("/c", "{\"a\": ", "application/json", "no JSON")]
    [InlineData("", "<html>", "text/html", "text/html")]
    [InlineData("", "binary", "image/png", "image/png")]
    [InlineData("/a", "{\"a\": null}", "application/json", "empty")]
    [InlineData("", "", "application/json", "no JSON")]
    public async Task An_answer_that_is_not_what_was_asked_for_is_a_reason(
        string pointer, string body, string type, string reason)
    {
        string result = pointer.Length == 0 ? "" : $", \"result\": \"{pointer}\"";
        var (answer, _) = await Call($"\"url\": \"HOST/{{x}}\"{result}", "x", RawServer.Ok(body, type));
        Assert.Contains(reason, answer.Error);
    }

    [Theory]
    [InlineData("\"url\": \"http://{host}/\"", "url")]
    [InlineData("\"url\": \"file:///etc/{x}\"", "url")]
    [InlineData("\"url\": \"http://example.org/{x}\"", "example.org")]
    [InlineData("\"url\": \"HOST/{x\"", "'{'")]
    [InlineData("\"url\": \"HOST/{x}#y\"", "'#'")]
    [InlineData("\"url\": \"HOST/{x}\", \"method\": \"GETT\"", "Did you mean GET?")]
    [InlineData("\"url\": \"HOST/{x}\", \"result\": \"x\"", "no JSON pointer")]
    [InlineData("\"url\": \"HOST/{city}\", \"optional\": [\"citi\"]", "Did you mean city?")]
    [InlineData("\"url\": \"HOST/{x}\", \"headers\": {\"A\": \"${NONE}\"}", "NONE is not set")]
    [InlineData("\"url\": \"HOST/{x}\", \"demonstrations\": [\"no call\"]", "has no call")]
    [InlineData("\"url\": \"HOST/{x}\", \"demonstrations\": [\"a [U(x)] b\"]", "another call")]
    [InlineData("\"url\": \"HOST/{x}\", \"demonstrations\": [\"a [T(y=1, x=2, x=3)] b\"]", "can't be read")]
    public async Task A_wrong_entry_is_refused_in_three_parts(string entry, string part)
    {
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => Call(entry, "x", ""));
        Assert.Contains(part, e.Message);
        Assert.Contains("in t.json, tool T", e.Message);
    }

    [Fact]
    public async Task Only_what_is_not_a_GET_changes_something_unless_it_says_otherwise()
    {
        await using var server = RawServer.Of("");
        string url = $"\"url\": \"http://{server.Host}/{{x}}\"";
        await using var get = await Open(server, url);
        await using var post = await Open(server, url + ", \"method\": \"post\"");
        await using var query = await Open(server, url + ", \"method\": \"POST\", \"changes\": false");
        Assert.Equal([false, true, false],
            new[] { get, post, query }.Select(set => set.Toolbox["T"].ChangesSomething("x")));
    }
}
