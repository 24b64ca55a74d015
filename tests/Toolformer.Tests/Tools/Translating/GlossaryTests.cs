using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Translating;

namespace Toolformer.Tests.Tools.Translating;

public class GlossaryTests
{
    private static readonly GlossaryTranslator Glossary = new(
        [new("la", "the"), new("llave", "key"), new("la llave maestra", "the master key"), new("Perro", "dog")]);

    private static async Task<ToolResult> Translate(string text) =>
        await Glossary.TranslateAsync(text, null, "en", CancellationToken.None);

    [Theory]
    [InlineData("llave", "key")]
    [InlineData("La llave", "the key")]
    [InlineData(" «la llave maestra», perro! ", "the master key dog")]
    public async Task The_longest_entries_translate_whatever_the_case_and_punctuation(string text, string expected) =>
        Assert.Equal(expected, (await Translate(text)).Text);

    [Theory]
    [InlineData("la ventana", "'ventana'")]
    [InlineData("¿?", "no word")]
    [InlineData("", "no word")]
    public async Task What_is_not_in_it_is_not_half_translated(string text, string reason)
    {
        Assert.Contains(reason, (await Translate(text)).Error);
        Assert.False(Glossary.MayKnow(text));
    }

    [Fact]
    public void Calls_are_held_to_phrases_that_it_knows()
    {
        var tool = new MachineTranslation(Glossary);
        const string Text = "On the wall it said la llave, in red.";
        Assert.True(tool.IsWorthAnnotating(new Document("1", Text)));
        Assert.False(tool.IsWorthAnnotating(new Document("2", "On the wall it said nothing.")));
        var pattern = tool.InputPattern(Text)!;
        Assert.True(PatternMatch.Matches(pattern, "la llave"));
        Assert.False(PatternMatch.Matches(pattern, "the wall"));
    }

    [Fact]
    public async Task A_tools_file_names_its_file()
    {
        string folder = Directory.CreateTempSubdirectory("glossary").FullName;
        File.WriteAllText(Path.Combine(folder, "words.jsonl"), """{"source": "llave", "target": "key"}""");
        File.WriteAllText(Path.Combine(folder, "tools.json"),
            """{"tools": {"MT": {"kind": "glossary", "file": "words.jsonl"}}}""");
        await using (var tools = await ToolsFile.Read(Path.Combine(folder, "tools.json")).OpenAsync(
            Catalog.Find<ToolKind>(), [], null, Secrets.None, TimeProvider.System, default))
        {
            var result = await tools.Toolbox.CallAsync("MT", "llave", new ToolContext(new ManualTime()));
            Assert.Equal("key", result.Text);
        }
        Directory.Delete(folder, recursive: true);
    }
}
