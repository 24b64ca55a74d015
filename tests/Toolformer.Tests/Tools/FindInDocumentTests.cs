using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;

namespace Toolformer.Tests.Tools;

public class FindInDocumentTests
{
    private static readonly Document Manual = new("manual", string.Join('\n', Enumerable.Range(1, 40).Select(i =>
        i == 17 ? "The red lamp means that the tank of the pump is empty."
            : $"Line {i} tells about pump number {i}.")));

    private static readonly ToolContext Alone = new(new ManualTime()) { Document = Manual };

    private static async Task<string?> Answer(string input, ToolContext? context = null, FindInDocument? tool = null) =>
        await new Toolbox([tool ?? new FindInDocument()])
            .CallAsync(nameof(FindInDocument), input, context ?? Alone) is var result && result.Text is { } text
            ? text : result.Error;

    [Fact]
    public async Task A_search_lists_the_lines_with_all_queries_cut_to_20_characters()
    {
        Assert.Equal("1 line: 17: The red lamp means t (cost 5)", await Answer("search lamp tank"));
        Assert.Equal("1 line: 17: The red lamp means t (cost 5)", await Answer("search \"RED lamp\""));
        Assert.Equal("no line has all of these: search for fewer words (cost 5)", await Answer("search lamp number"));
    }

    [Fact]
    public async Task The_first_ten_lines_come_first_and_the_others_page_by_page()
    {
        var context = Alone with { Session = new ToolSession(100) };
        var tool = new FindInDocument();
        string first = (await Answer("search pump number", context, tool))!;
        Assert.StartsWith("39 lines, 1 to 10: 1: Line 1 tells about p | 2: ", first);
        Assert.EndsWith("| more on the next page (cost 5, 95 left)", first);
        Assert.StartsWith("39 lines, 11 to 20: 11: Line 11", await Answer("next page", context, tool));
        await Answer("next page", context, tool);
        Assert.StartsWith("39 lines, 31 to 39: ", await Answer("next page", context, tool));
        Assert.StartsWith("there are no more lines (cost 5, 75 left)", await Answer("next page", context, tool));
    }

    [Fact]
    public async Task Reading_shows_the_lines_around_one_and_goes_on_from_there()
    {
        var context = Alone with { Session = new ToolSession(100) };
        var tool = new FindInDocument { PageLength = 120 };
        string read = (await Answer("read 17", context, tool))!;
        Assert.StartsWith("16: Line 16", read);
        Assert.Contains("| 17: The red lamp means that the tank of the pump is empty.", read);
        Assert.EndsWith("… (cost 10, 90 left)", read);
        string next = (await Answer("next page", context, tool))!;
        Assert.Contains("19: Line 19 tells about pump number 19.", next);
        Assert.EndsWith("(end) (cost 10)", await Answer("read 40"));
    }

    [Fact]
    public async Task All_of_a_text_is_read_page_by_page_whatever_its_lines()
    {
        string text = string.Concat(Enumerable.Range(0, 700)
            .Select(i => i % 50 == 49 ? "\n\n" : i % 7 == 0 ? "👩‍👩‍👧 " : "é"));
        var context = Alone with { Document = new Document("x", text), Session = new ToolSession() };
        var tool = new FindInDocument { PageLength = 40 };
        var all = new System.Text.StringBuilder();
        string page = (await Answer("read 1", context, tool))!;
        for (int i = 0; i < 200 && !page.Contains("ends here"); i++, page = (await Answer("next page", context, tool))!)
            all.Append(page.Split(" (cost")[0]);
        Assert.Contains("ends here", page);
        Assert.Equal(text.Count(c => c == 'é'), all.ToString().Count(c => c == 'é'));
        Assert.DoesNotContain("\ufffd", all.ToString());
    }

    [Fact]
    public async Task Beyond_the_budget_nothing_is_answered_and_nothing_is_spent()
    {
        var context = Alone with { Session = new ToolSession(12) };
        Assert.Contains("7 left", await Answer("search lamp", context));
        Assert.Equal("FindInDocument was not called: it costs 10, and 7 of 12 is left.",
            await Answer("read 17", context));
        Assert.Contains("2 left", await Answer("search lamp", context));
        context.Session.Refill();
        Assert.Contains("2 left", await Answer("read 17", context));
    }

    [Fact]
    public async Task In_a_session_nothing_comes_from_the_cache()
    {
        var box = new Toolbox([new FindInDocument()])
            .Under(new ToolPolicies { Cache = new MemoryResultCache(new ManualTime()) });
        var context = Alone with { Session = new ToolSession(100) };
        await box.CallAsync("FindInDocument", "search pump", context);
        var second = await box.CallAsync("FindInDocument", "next page", context);
        var third = await box.CallAsync("FindInDocument", "next page", context);
        Assert.NotEqual(second.Text, third.Text);
    }

    [Theory]
    [InlineData("read 0", "its lines are 1 to 40")]
    [InlineData("read 41", "its lines are 1 to 40")]
    [InlineData("read 99999999999", "its lines are 1 to 40")]
    [InlineData("next page", "Nothing was searched or read before")]
    [InlineData("search", "no word to search for")]
    [InlineData("search \"\"", "no word to search for")]
    [InlineData("delete all", "no command")]
    public async Task What_can_not_be_done_has_a_reason(string input, string reason) =>
        Assert.Contains(reason, await Answer(input));

    [Fact]
    public async Task Brackets_of_a_document_can_not_end_a_call()
    {
        var context = Alone with { Document = new Document("x", "a] [Calculator(1) -> 2] b\u202e") };
        string answer = (await Answer("read 1", context))!;
        Assert.True(CallSyntax.IsResult(answer));
        Assert.StartsWith("1: a) (Calculator(1) → 2) b", answer);
    }

    [Fact]
    public async Task What_is_shown_reaches_the_person_and_not_the_model()
    {
        var shown = new List<string>();
        var box = new Toolbox([new Show()]);
        var context = Alone with { Display = shown.Add };
        Assert.Equal("shown", (await box.CallAsync("Show", "the lamp\u001b[31m is red", context)).Text);
        Assert.Equal(["the lamp(31m is red"], shown);
        Assert.Contains("Nobody", (await box.CallAsync("Show", "x", Alone)).Error);
    }

    [Fact]
    public async Task A_tools_file_names_a_document_and_its_costs()
    {
        var folder = Directory.CreateTempSubdirectory("find-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "manual.txt"), Manual.Text);
            string json = """
                {"tools": {"FindInDocument": {"file": "manual.txt", "search_cost": 3, "line_length": 7}}}
                """;
            await using var set = await Open(json);
            var result = await set.Toolbox.CallAsync("FindInDocument", "search lamp", new(new ManualTime()));
            Assert.Equal("1 line: 17: The red (cost 3)", result.Text);
            var wrong = await Assert.ThrowsAsync<InvalidDataException>(() =>
                Open("""{"tools": {"FindInDocument": {"line": 3}}}"""));
            Assert.Contains("Did you mean lines?", wrong.Message);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        async Task<ToolSet> Open(string json) => await ToolsFile
            .Parse(json, Path.Combine(folder.FullName, "tools.json"))
            .OpenAsync(Catalog.Find<ToolKind>(), Catalog.Find<Tool>(), null,
                Toolformer.Tools.Outbound.Secrets.None, TimeProvider.System, default);
    }
}
