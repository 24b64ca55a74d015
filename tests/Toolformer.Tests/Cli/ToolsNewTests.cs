using System.Text.Json;
using Toolformer.Cli.Starters;
using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Cli;

/// <summary>A tool of one's own, from its starter file to its call.</summary>
public sealed class ToolsNewTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("own-").FullName;

    private string In(string name) => Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_web_address_becomes_a_tool_that_is_described_and_called()
    {
        var made = await ToolformerRun.Of("tools", "new", "Mayor", "--out", _folder);
        Assert.Equal((0, In("tools.json") + "\n"), (made.Status, made.Output));
        var described = await ToolformerRun.Of("tools", "describe", "Mayor", "--tools-file", In("tools.json"));
        Assert.Contains("[Mayor(city)]", described.Output);

        await using var server = RawServer.Of(RawServer.Ok("""{"mayor": {"name": "Ada Moss"}}"""));
        string text = await File.ReadAllTextAsync(In("tools.json"));
        await File.WriteAllTextAsync(In("tools.json"), text
            .Replace("\"api.example.org\"", $"\"{server.Host}\"")
            .Replace("https://api.example.org", $"http://{server.Host}"));
        var called = await ToolformerRun.Of("tools", "call", "Mayor", "São Paulo", "--tools-file", In("tools.json"));
        Assert.Equal((0, "Ada Moss\n"), (called.Status, called.Output));
        Assert.StartsWith("GET /cities/S%C3%A3o%20Paulo ", server.Requests.Single());
    }

    [Fact]
    public async Task A_second_tool_is_added_to_the_file_that_is_there()
    {
        await ToolformerRun.Of("tools", "new", "Mayor", "--out", _folder);
        var second = await ToolformerRun.Of("tools", "new", "Cities", "--kind", "openapi", "--out", _folder, "--json");
        Assert.Equal(["tools.json", "Cities.yaml"],
            second.Records.Select(r => Path.GetFileName(r.GetProperty("file").GetString())));
        var list = await ToolformerRun.Of("tools", "list", "--tools-file", In("tools.json"));
        Assert.Contains("Mayor", list.Output);
        Assert.Contains("cityMayor", list.Output);
        var hosts = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(In("tools.json")));
        Assert.Single(hosts.GetProperty("hosts").EnumerateArray());
        var again = await ToolformerRun.Of("tools", "new", "Mayor", "--out", _folder);
        again.AssertRefused("a tool Mayor already", "tools.json");
    }

    [Theory]
    [InlineData("2nd", "http", "'2nd'")]
    [InlineData("Mayor", "htp", "Did you mean http?")]
    public async Task What_can_not_be_begun_is_refused(string name, string kind, string part) =>
        (await ToolformerRun.Of("tools", "new", name, "--kind", kind, "--out", _folder)).AssertRefused(part);

    [Fact]
    public async Task A_class_is_the_one_that_is_compiled_here_under_another_name()
    {
        var made = await ToolformerRun.Of("tools", "new", "WordLength", "--kind", "class", "--out", _folder);
        Assert.Equal(0, made.Status);
        string text = await File.ReadAllTextAsync(In("WordLength.cs"));
        Assert.Contains("namespace Toolformer.Tools;", text);
        Assert.Contains("public sealed class WordLength : Tool", text);
        Assert.DoesNotContain("LetterCount", text);
        (await ToolformerRun.Of("tools", "new", "WordLength", "--kind", "class", "--out", _folder))
            .AssertRefused("WordLength.cs already");
    }

    [Fact]
    public async Task The_class_answers_its_own_demonstrations()
    {
        var tool = new LetterCount();
        foreach (string demonstration in tool.Demonstrations)
        {
            foreach (var call in CallSyntax.Find(demonstration))
            {
                Assert.True(tool.InputPattern(null)!.Matches(call.Call.Input));
                var result = await new Toolbox([tool]).CallAsync(call.Call, new ToolContext(new ManualTime()));
                Assert.StartsWith($" {result.Text} letters", demonstration[call.End..]);
            }
        }
        Assert.True((await tool.CallAsync("123", new ToolContext(new ManualTime()), default)).IsError);
    }

    [Fact]
    public async Task A_model_drafts_demonstrations_from_texts()
    {
        string texts = In("texts.txt");
        await File.WriteAllTextAsync(texts, """
            Of 1400 people 400 came, that is 29 percent of them.

            A crate holds 12 bottles, so 5 crates hold 60 bottles in all.
            """);
        string model = Path.Combine(Shared.Root, "models", "nano");
        var run = await ToolformerRun.Of(
            "tools", "draft", "Calculator", "--model", model, "--corpus", texts, "--count", "1", "--json");
        Assert.Equal(0, run.Status);
        string draft = run.Records.Single().GetProperty("draft").GetString()!;
        Assert.Equal("Calculator", CallSyntax.Find(draft).Single().Call.Tool);
        Assert.Contains(CallSyntax.Strip(draft), await File.ReadAllTextAsync(texts));
        Assert.NotEqual("", run.Records.Single().GetProperty("result").GetString());
    }

    [Fact]
    public async Task A_tool_without_demonstrations_is_not_annotated_with()
    {
        string file = In("tools.json"), texts = In("texts.txt");
        await File.WriteAllTextAsync(texts, "One text.");
        await File.WriteAllTextAsync(file, """
            {"hosts": ["api.example.org"], "tools": {"T": {"kind": "http", "url": "https://api.example.org/{x}"}}}
            """);
        var run = await ToolformerRun.Of("annotate", "--model", "models/nano", "--corpus", texts, "--tools-file", file,
            "--out", In("run"));
        run.AssertRefused("T has no demonstrations", "tools draft T");
    }
}
