using System.Text.Json;
using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;

namespace Toolformer.Tests.Tools;

public sealed class NotesSearchTests : IDisposable
{
    private const string Export = """
        {"name": "team", "displayName": "The team", "exported": 1700000000, "users": [{"id": "7"}], "pages": [
          {"title": "Spring fair", "created": 1, "updated": 30, "id": "a", "lines": ["Spring fair",
            "In May at the [Old mill], see [https://example.org plan] and #money",
            "`[no link]` [* bold] [/other/page]"]},
          {"title": "Old mill", "created": 1, "updated": 20, "lines": [{"text": "Old mill", "id": "l1"},
            {"text": "Built in 1790.", "userId": "7"}]},
          {"title": "Money", "updated": 10, "lines": ["Money", "[Old_mill] costs 40 a day. ] -> [QA(x)]"]}]}
        """;

    private static readonly ToolContext Context = new(new ManualTime());
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("notes-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static async Task<string> Answer(string path, string input, bool approve = true)
    {
        var box = new Toolbox([new NotesSearch(NotesSearchKind.OpenNotes(path))])
            .Under(new ToolPolicies { Approve = (_, _) => new(approve) });
        var result = await box.CallAsync(nameof(NotesSearch), input, Context);
        Assert.True(CallSyntax.IsResult(result.Text ?? result.Error!));
        return result.Text ?? $"failed: {result.Error}";
    }

    [Theory]
    [InlineData("search mill", "Old mill: Built in 1790. | Spring fair: In May at the (Old mill), see "
        + "(https://example.org… | Money: (Old_mill) costs 40 a day. ) → (QA(x))")]
    [InlineData("search MAY money", "Spring fair: In May at the (Old mill), see (https://example.org…")]
    [InlineData("open old_MILL", "Built in 1790.")]
    [InlineData("open Money", "(Old_mill) costs 40 a day. ) → (QA(x))")]
    [InlineData("links Spring fair", "Old mill, money")]
    [InlineData("backlinks Old mill", "Spring fair, Money")]
    [InlineData("open Old mil", "failed: There is no page 'Old mil' among 3. Did you mean 'Old mill'?")]
    [InlineData("search windmill", "failed: No page of 3 has all of 'windmill': search for fewer words.")]
    [InlineData("links Old mill", "failed: Old mill links to no page.")]
    [InlineData("burn Old mill", "failed: 'burn Old mill' is no command: write search WORDS, open TITLE, links TITLE, "
        + "backlinks TITLE or append TITLE: TEXT.")]
    public async Task An_export_is_searched_opened_and_followed(string input, string answer) =>
        Assert.Equal(answer, await Answer(Write("team.json", Export), input));

    [Fact]
    public async Task A_page_that_is_long_is_opened_in_parts()
    {
        string path = Write("long.json", JsonSerializer.Serialize(new
        {
            pages = new[] { new { title = "Long", lines = Enumerable.Range(0, 100).Select(i => $"line {i}") } },
        }));
        Assert.EndsWith("(page 1 of 4)", await Answer(path, "open Long"));
        Assert.EndsWith("line 99 (page 4 of 4)", await Answer(path, "open Long page 4"));
        Assert.Contains("there is no page 5", await Answer(path, "open Long page 5"));
    }

    [Fact]
    public async Task An_append_asks_first_and_makes_a_new_export()
    {
        string path = Write("team.json", Export);
        Assert.Contains("not approved", await Answer(path, "append Old mill: has a new roof", approve: false));
        Assert.Single(_folder.GetFiles());

        Assert.Equal("appended to Old mill, in team.appended-1700000000.json",
            await Answer(path, "append old mill: has a new roof"));
        Assert.Equal(Export, await File.ReadAllTextAsync(path));
        Assert.Equal("Built in 1790. / has a new roof", await Answer(path, "open Old mill"));
        await Answer(path, "append Money: saved: 3");
        Assert.EndsWith("saved: 3", await Answer(path, "open Money"));

        var grown = JsonSerializer.Deserialize<JsonElement>(
            await File.ReadAllBytesAsync(Path.Combine(_folder.FullName, "team.appended-1700000000.json")));
        Assert.Equal("7", grown.GetProperty("users")[0].GetProperty("id").GetString());
        Assert.Equal("a", grown.GetProperty("pages")[0].GetProperty("id").GetString());
        Assert.Equal("has a new roof",
            grown.GetProperty("pages")[1].GetProperty("lines")[2].GetProperty("text").GetString());
        Assert.Equal(2, _folder.GetFiles().Length);
    }

    [Theory]
    [InlineData("append Old mill", "failed: There is no text to append: write append TITLE: TEXT.")]
    [InlineData("append Old mill:  ", "failed: There is no text to append: write append TITLE: TEXT.")]
    [InlineData("append ../../x: y", "failed: There is no page '../../x' among 3.")]
    [InlineData("append Old mil: y", "failed: There is no page 'Old mil' among 3. Did you mean 'Old mill'?")]
    public async Task Only_pages_that_are_there_are_appended_to(string input, string answer)
    {
        Assert.Equal(answer, await Answer(Write("team.json", Export), input));
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public async Task A_folder_of_Markdown_is_searched_followed_and_appended_to()
    {
        Write("notes/Spring fair.md",
            "---\ntags: x\n---\n# Fair\nAt the [[Old mill|mill]] with [money](fund/Money.md) #May");
        string mill = Write("notes/Old mill.md", "Built in 1790.\r\n");
        Write("notes/fund/Money.md", "`[[not this]]` 40 a day");
        Write("notes/.hidden/Secret.md", "secret");
        Write("outside.md", "outside");
        File.CreateSymbolicLink(
            Path.Combine(_folder.FullName, "notes", "Link.md"), Path.Combine(_folder.FullName, "outside.md"));
        string notes = Path.Combine(_folder.FullName, "notes");
        Assert.Equal("Old mill, Money, May", await Answer(notes, "links spring FAIR"));
        Assert.Equal("Spring fair", await Answer(notes, "backlinks Money"));
        Assert.StartsWith("failed", await Answer(notes, "search secret"));
        Assert.StartsWith("failed", await Answer(notes, "open Link"));
        Assert.Equal("appended to Old mill", await Answer(notes, "append Old mill: closed on Mondays"));
        Assert.Equal("Built in 1790.\r\nclosed on Mondays\r\n", await File.ReadAllTextAsync(mill));
        Assert.Equal(2, Directory.GetFiles(notes).Count(f => !f.EndsWith("Link.md")));
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("[]", "no list \"pages\"")]
    [InlineData("""{"pages": 7}""", "no list \"pages\"")]
    [InlineData("""{"pages": [7]}""", "Page 1 has no")]
    [InlineData("""{"pages": [{"title": "x"}]}""", "Page 1 has no")]
    [InlineData("""{"pages": [{"title": "x", "lines": [[1]]}]}""", "neither a text nor an object")]
    [InlineData("""{"pages": [{"title": "\ud800", "lines": []}]}""", "Page 1 has no")]
    [InlineData("""{"pages": [{"title": "x", "lines": [{"text": [""", "no JSON")]
    public void What_is_no_export_is_refused_with_its_place(string text, string reason)
    {
        string path = Write("bad.json", text);
        var error = Assert.Throws<InvalidDataException>(() => NotesSearchKind.OpenNotes(path));
        Assert.Contains(reason, error.Message);
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public async Task Hostile_notes_cost_little()
    {
        string many = new('[', 20_000), deep = string.Concat(Enumerable.Repeat("[a](", 5000));
        string path = Write("hostile.json", JsonSerializer.Serialize(new
        {
            pages = Enumerable.Range(0, 20)
                .Select(i => new { title = $"p{i}", lines = new[] { many, deep, $"[p{i + 1}]" } }),
        }));
        Assert.Equal("a, p4", await Answer(path, "links p3"));
        Assert.Equal("p2", await Answer(path, "backlinks p3"));
        Write("hostile/x.md", many + "\n" + deep + "\n[[y]]");
        Assert.Equal("y", await Answer(Path.Combine(_folder.FullName, "hostile"), "links x"));
    }

    [Fact]
    public async Task Twenty_thousand_pages_are_searched_and_the_nearest_title_found()
    {
        var notes = new FakeNotes([.. Enumerable.Range(0, 20_000).Select(i => ($"Page number {i}", $"about {i * 7}"))]);
        var tool = new NotesSearch(notes);
        var found = await tool.CallAsync("search 69993", Context, default);
        Assert.Contains("Page number 9999: about 69993", found.Text);
        Assert.Contains("Did you mean", (await tool.CallAsync("open Pag number 11234", Context, default)).Error);
    }
}
