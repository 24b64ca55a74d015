using Toolformer.Cli;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Cli;

/// <summary>A model that lies in the folder of its run is used with the tools that it was taught.</summary>
public sealed class TaughtToolsTests : IDisposable
{
    private readonly string _run = Directory.CreateTempSubdirectory("taught-").FullName;
    private readonly TinyModel _model = new();

    public TaughtToolsTests()
    {
        Directory.CreateDirectory(Model);
        foreach (string file in Directory.GetFiles(_model.Folder))
            File.Copy(file, Path.Combine(Model, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(_run, "recipe.json"), "{}");
        File.WriteAllText(Path.Combine(_run, "towns.jsonl"),
            """{"question": "What is the badge of Zustond?", "answer": "a copper bell"}""");
        Names("""{"QA": {"files": ["towns.jsonl"]}, "Calendar": {}}""");
    }

    private string Model => Path.Combine(_run, "model");

    public void Dispose()
    {
        _model.Dispose();
        Directory.Delete(_run, recursive: true);
    }

    private void Names(string tools, string more = "") => File.WriteAllText(
        Path.Combine(_run, "tools.json"), $$"""{{{more}}"tools": {{tools}}}""");

    // Among all tokens a call's start always is: the random model calls at once.
    private Task<ToolformerRun> Generate(params string[] arguments) => ToolformerRun.Of(["generate", "--model", Model,
        "--prompt", "The cat", "--start-top-k", "10000", "--constrain-inputs", "--max-new-tokens", "2", "--json",
        .. arguments]);

    [Fact]
    public async Task Without_other_names_they_are_those_of_the_run_and_it_is_said()
    {
        var run = await Generate("--date", "2024-03-09");
        Assert.Equal(CommandLine.Done, run.Status);
        Assert.Contains(Path.Combine(_run, "tools.json"), run.Error);
        string? called = Assert.Single(run.Records.Single().GetProperty("calls").EnumerateArray())
            .GetProperty("tool").GetString();
        Assert.Contains(called, new[] { "QA", "Calendar" });
        (await Generate("--tools", "QAA")).AssertRefused("'QAA'", "Did you mean QA?");
    }

    [Fact]
    public async Task The_folder_of_a_run_is_no_model_but_says_where_its_model_lies() =>
        (await ToolformerRun.Of("generate", "--model", _run, "--prompt", "The cat"))
            .AssertRefused("the folder of a run", Model);

    [Fact]
    public async Task What_is_named_beside_them_joins_them_and_another_tools_file_replaces_them()
    {
        (await Generate("--tools", "QA,FindInDocument")).AssertRefused("FindInDocument", "--document FILE");
        Assert.Equal(CommandLine.Done, (await Generate("--tools", "QA,Calculator")).Status);
        string other = Path.Combine(_run, "other.json");
        await File.WriteAllTextAsync(other, """{"tools": {"Calculator": {}}}""", TestContext.Current.CancellationToken);
        (await Generate("--tools-file", other, "--tools", "QA")).AssertRefused("'QA'", "Calculator");
        var none = await Generate("--tools", "none");
        Assert.Equal(CommandLine.Done, none.Status);
        Assert.DoesNotContain("tools.json", none.Error);
    }

    [Theory]
    [InlineData("""{"Files": {"kind": "mcp", "command": "sh"}}""", "", "kind mcp")]
    [InlineData("""{"QA": {"files": ["towns.jsonl"]}}""", "\"hosts\": [\"api.example.org\"], ", "api.example.org")]
    public async Task A_run_that_would_start_programs_or_ask_other_machines_is_not_trusted_unasked(
        string tools, string hosts, string said)
    {
        Names(tools, hosts);
        (await Generate()).AssertRefused(said, "tools.json", "--tools-file");
    }

    [Theory]
    [InlineData("../secret.txt")]
    [InlineData("/etc/passwd")]
    [InlineData("model/../../secret.txt")]
    public async Task A_run_that_would_open_files_outside_of_it_is_not_trusted_unasked(string path)
    {
        Names("""{"QA": {"files": ["PATH"]}}""".Replace("PATH", path));
        (await Generate()).AssertRefused($"'{path}' leads out of the folder", "tools.json, tool QA", "--tools-file");
    }

    [Theory]
    [InlineData("""{"QA": {"files": ["villages.jsonl"]}}""", "villages.jsonl", "tool QA")]
    [InlineData("""{"QA": {"files": ["recipe.json"]}}""", "\"text\"", "tool QA")]
    [InlineData("""{"QA": {"files": ["towns.jsonl"], "index": "x"}}""", "More than one", "tool QA")]
    public async Task What_can_not_be_searched_is_said(string tools, params string[] said)
    {
        Names(tools);
        (await Generate()).AssertRefused([.. said, "tools.json"]);
    }
}
