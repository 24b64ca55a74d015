using System.Text.Json;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Tools.Searching;

public class OpenSearchIndexTests
{
    private const string Answer = """
        {"took": 3, "timed_out": false, "hits": {"total": {"value": 2, "relation": "eq"}, "max_score": 7.5, "hits": [
          {"_index": "wiki", "_id": "a", "_score": 7.5,
           "_source": {"title": "Zorn", "section": "Fish", "text": "Eels live in Zorn. It is deep."}},
          {"_index": "wiki", "_id": "b", "_score": 1, "_source": {"title": "Ost", "text": "A river."}},
          {"_index": "wiki", "_id": "c", "_score": 1, "_source": {"title": "no text"}}, 5, null]}}
        """;

    private static async Task<SearchAnswer> Search(RawServer server, string query = "eels", int count = 5)
    {
        using var http = new OutboundHttp(new AllowedHosts([server.Host]));
        using var index = new OpenSearchIndex(http, new($"http://{server.Host}", "wiki"));
        return await index.FindAsync(query, count, default);
    }

    [Fact]
    public async Task Hits_are_passages()
    {
        await using var server = RawServer.Of(RawServer.Ok(Answer));
        var found = await Search(server, "eels\": {\"match_all\"} OR title:*");
        Assert.Equal(
            [
                new(new Passage("a", "Zorn", "Eels live in Zorn. It is deep.") { Section = "Fish" }, 7.5f),
                new SearchHit(new Passage("b", "Ost", "A river."), 1),
            ],
            found.Hits);
        string request = Assert.Single(server.Requests);
        Assert.StartsWith("POST /wiki/_search ", request);
        using var body = JsonDocument.Parse(request[request.IndexOf("\r\n\r\n", StringComparison.Ordinal)..]);
        Assert.Equal(5, body.RootElement.GetProperty("size").GetInt32());
        Assert.Equal(3, body.RootElement.GetProperty("_source").GetArrayLength());
        var query = body.RootElement.GetProperty("query").GetProperty("multi_match");
        Assert.Equal("eels\"  {\"match all\"} OR title *", query.GetProperty("query").GetString());
        Assert.Equal("cross_fields", query.GetProperty("type").GetString());
        Assert.Equal(
            ["title", "section", "text"], query.GetProperty("fields").EnumerateArray().Select(f => f.GetString()));
    }

    [Fact]
    public async Task No_more_hits_are_taken_than_were_asked_for()
    {
        await using var server = RawServer.Of(RawServer.Ok(Answer));
        Assert.Single((await Search(server, count: 1)).Hits);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"hits\": []}")]
    [InlineData("{\"hits\": {\"hits\": {}}}")]
    [InlineData("not JSON")]
    [InlineData("")]
    public async Task A_hostile_answer_is_a_reason(string body)
    {
        await using var server = RawServer.Of(RawServer.Ok(body));
        Assert.NotEmpty((await Search(server)).Error!);
    }

    [Fact]
    public async Task Odd_hits_are_passed_over()
    {
        await using var server = RawServer.Of(RawServer.Ok("""
            {"hits": {"hits": [{"_source": {"text": 5}}, {"_source": {"text": "\ud800"}}, {"_source": []},
            {"_id": 7, "_score": 1e999, "_source": {"title": ["x"], "text": "kept"}}]}}
            """));
        var hit = Assert.Single((await Search(server)).Hits);
        Assert.Equal((new Passage("", "", "kept"), 0f), (hit.Passage, hit.Score));
    }

    [Fact]
    public async Task An_error_of_the_server_is_told_and_may_pass()
    {
        await using var server = RawServer.Of(RawServer.Ok("{\"error\": {}}", status: "429 Too Many Requests"));
        var found = await Search(server);
        Assert.Contains("429", found.Error);
        Assert.True(found.IsTransient);
    }

    [Fact]
    public async Task The_tools_search_it_like_an_index_of_their_own()
    {
        await using var server = RawServer.Of(RawServer.Ok(Answer));
        var file = ToolsFile.Parse($$"""
            {"hosts": ["{{server.Host}}"], "tools": {
              "WikiSearch": {"opensearch": {"url": "http://{{server.Host}}", "index": "wiki",
                "headers": {"Authorization": "ApiKey ${SEARCH_KEY}"} } },
              "QA": {"opensearch": {"url": "http://{{server.Host}}", "index": "wiki"}, "reader": {"kind": "facts"} } } }
            """, "tools.json");
        await using var tools = await file.OpenAsync(Catalog.Find<ToolKind>(), Catalog.Find<Tool>(), null,
            new Secrets(name => name == "SEARCH_KEY" ? "12345678" : null), TimeProvider.System, default);
        var context = new ToolContext(new ManualTime());
        Assert.Equal("Zorn > Fish > Eels live in Zorn. It is deep.",
            (await tools.Toolbox.CallAsync("WikiSearch", "eels", context)).Text);
        Assert.Contains("ApiKey 12345678", server.Requests[0]);
        Assert.Contains("like this question", (await tools.Toolbox.CallAsync("QA", "What are eels?", context)).Error);
    }
}
