using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Cli;

public class ToolsAndIndexTests
{
    [Fact]
    public async Task Tools_are_listed_and_described()
    {
        var list = await ToolformerRun.Of("tools", "list");
        Assert.Equal(0, list.Status);
        Assert.All(["Calculator", "Calendar", "WikiSearch"], name => Assert.Contains(name, list.Output));
        var one = await ToolformerRun.Of("tools", "describe", "Calendar", "--json");
        Assert.NotEmpty(one.Records.Single().GetProperty("demonstrations").EnumerateArray());
    }

    [Theory]
    [InlineData("Calculator", "400 / 1400", "0.29\n")]
    [InlineData("Calculator", "-3 + 4", "1\n")]
    public async Task A_tool_is_called(string name, string input, string answer)
    {
        var run = await ToolformerRun.Of("tools", "call", name, input);
        Assert.Equal((0, answer), (run.Status, run.Output));
    }

    [Fact]
    public async Task The_calendar_tells_the_day_that_is_given()
    {
        var run = await ToolformerRun.Of("tools", "call", "Calendar", "--date", "2024-03-09");
        Assert.Equal("Today is Saturday, March 9, 2024.\n", run.Output);
        var bad = await ToolformerRun.Of("tools", "call", "Calendar", "--date", "9.3.2024");
        bad.AssertRefused("9.3.2024", "--date", "2024-03-09");
    }

    [Fact]
    public async Task A_call_that_fails_says_why_and_ends_with_1()
    {
        var run = await ToolformerRun.Of("tools", "call", "Calculator", "one plus");
        Assert.Equal(1, run.Status);
        Assert.StartsWith("error: ", run.Error);
        Assert.Contains("Calculator(one plus)", run.Error);
    }

    [Fact]
    public async Task An_unknown_tool_is_answered_with_the_nearest()
    {
        var run = await ToolformerRun.Of("tools", "describe", "Calender");
        Assert.Equal(2, run.Status);
        Assert.Contains("Did you mean Calendar?", run.Error);
    }

    [Fact]
    public async Task An_index_is_built_from_lines_and_text_and_searched()
    {
        var folder = Directory.CreateTempSubdirectory("index-");
        string lines = Path.Combine(folder.FullName, "a.jsonl"), text = Path.Combine(folder.FullName, "b.txt");
        string index = Path.Combine(folder.FullName, "index");
        await File.WriteAllTextAsync(lines, """
            {"title": "Zorn", "text": "The lake of Zorn freezes in winter."}
            not JSON
            {"title": "Quill", "text": "The tower of Quill has nine floors."}
            """, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(text, "Bramble bears fruit\nin autumn.\n\n\nMoss grows in shade.\n",
            TestContext.Current.CancellationToken);

        var built = await ToolformerRun.Of("index", "--input", lines, text, "--out", index, "--json");
        Assert.Equal(0, built.Status);
        Assert.Equal(4, built.Records.Single().GetProperty("passages").GetInt32());
        Assert.Equal(1, built.Records.Single().GetProperty("skipped").GetInt32());
        Assert.Contains("a.jsonl:2", built.Error);
        var found = await ToolformerRun.Of("tools", "call", "WikiSearch", "tower Quill", "--index", index);
        Assert.Equal("Quill > The tower of Quill has nine floors.\n", found.Output);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task An_index_build_that_is_killed_goes_on_and_ends_the_same()
    {
        var folder = Directory.CreateTempSubdirectory("index-");
        string lines = Path.Combine(folder.FullName, "a.jsonl"), index = Path.Combine(folder.FullName, "index");
        await File.WriteAllLinesAsync(lines,
            Enumerable.Range(0, 65_000).Select(i => $$"""{"text": "lake number {{i}}"}"""),
            TestContext.Current.CancellationToken);
        using (var first = ToolformerProcess.Start("index", "--input", lines, "--out", index))
        {
            // The first commit is of nothing, the second of 20,000 passages, the third has begun.
            Assert.True(first.WaitUntil(() => File.Exists(Path.Combine(index, "segments_3"))), first.Error);
            first.Kill();
        }
        var again = await ToolformerRun.Of("index", "--input", lines, "--out", index, "--json");
        Assert.Equal(0, again.Status);
        Assert.Equal(65_000, again.Records.Single().GetProperty("passages").GetInt32());
        Assert.InRange(again.Records.Single().GetProperty("added").GetInt32(), 0, 45_000);
        using var searched = SearchIndex.Open(index);
        foreach (int i in (int[])[0, 19_999, 20_000, 64_999])
            Assert.Equal($"lake number {i}", searched.Search($"{i}", 2).Single().Passage.Text);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_file_is_taken_out_of_an_index_and_an_unknown_one_refused()
    {
        var folder = Directory.CreateTempSubdirectory("index-");
        string a = Path.Combine(folder.FullName, "a.txt"), b = Path.Combine(folder.FullName, "b.txt");
        string index = Path.Combine(folder.FullName, "index");
        await File.WriteAllTextAsync(a, "Moss grows.", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(b, "Ferns grow.", TestContext.Current.CancellationToken);
        Assert.Equal(0, (await ToolformerRun.Of("index", "--input", a, b, "--out", index)).Status);
        var run = await ToolformerRun.Of("index", "--remove", a, "--out", index, "--json");
        Assert.Equal(1, run.Records.Single().GetProperty("passages").GetInt32());
        (await ToolformerRun.Of("index", "--remove", a, "--out", index)).AssertRefused("a.txt", "--remove", "b.txt");
        (await ToolformerRun.Of("index", "--out", index)).AssertRefused("--input", "--remove");
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Files_without_a_passage_or_of_another_kind_are_refused()
    {
        var folder = Directory.CreateTempSubdirectory("index-");
        string empty = Path.Combine(folder.FullName, "a.jsonl"), pdf = Path.Combine(folder.FullName, "a.pdf");
        await File.WriteAllTextAsync(empty, "\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(pdf, "%PDF", TestContext.Current.CancellationToken);
        string index = Path.Combine(folder.FullName, "index");
        (await ToolformerRun.Of("index", "--input", empty, "--out", index)).AssertRefused("no passage", "a.jsonl");
        (await ToolformerRun.Of("index", "--input", pdf, "--out", index)).AssertRefused("'.pdf'", "--input", ".jsonl");
        (await ToolformerRun.Of("index", "--input", "missing.txt", "--out", index)).AssertRefused("missing.txt");
        folder.Delete(recursive: true);
    }
}
