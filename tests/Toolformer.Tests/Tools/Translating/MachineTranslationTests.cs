using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Tools.Translating;

public sealed class MachineTranslationTests : IDisposable
{
    private static readonly ToolContext Context = new(new ManualTime());

    private readonly FakeTranslator _translator = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _translator.Dispose();

    private static async Task<ToolResult> Call(MachineTranslation tool, string input) =>
        await tool.CallAsync(input, Context, Cancellation);

    [Fact]
    public async Task The_language_is_found_and_the_target_is_English()
    {
        var tool = new MachineTranslation(_translator, new FakeIdentifier());
        Assert.Equal("fr>en: fr-sûreté fr-nucléaire", (await Call(tool, " fr-sûreté  fr-nucléaire ")).Text);
    }

    [Fact]
    public async Task A_short_word_is_taken_for_the_likeliest_language_that_can_be_translated()
    {
        var identifier = new FakeIdentifier(
            ("tortuga", [new("en", 0.4), new("oc", 0.3), new("es", 0.2)]), ("turtle", [new("en", 0.9), new("es", 0.1)]),
            ("kura", [new("sk", 0.9), new("es", 0.1)]), ("moc", [new("sk", 0.5), new("cs", 0.1)]));
        var tool = new MachineTranslation(_translator, identifier);
        Assert.Equal("es>en: tortuga", (await Call(tool, "tortuga")).Text);
        Assert.Equal("'turtle' is English already.", (await Call(tool, "turtle")).Error);
        Assert.Equal("'kura' seems to be Slovak, Spanish; from there nothing translates into English here.",
            (await Call(tool, "kura")).Error);
        Assert.Contains("Slovak, Czech", (await Call(tool, "moc")).Error);
    }

    [Fact]
    public async Task Languages_can_be_set_by_code_or_name()
    {
        var tool = new MachineTranslation(_translator) { Source = "German", Target = "fra_Latn" };
        Assert.Equal("de>fr: Hirsch", (await Call(tool, "Hirsch")).Text);
        Assert.Contains("into French.", tool.Description);
        var wrong = Assert.Throws<ArgumentException>(() => new MachineTranslation { Source = "Frensh" });
        Assert.Contains("Did you mean French?", wrong.Message);
        Assert.Contains("can't be translated",
            (await Call(new MachineTranslation(_translator) { Source = "fi" }, "x")).Error);
        Assert.Equal("?>en: Hirsch", (await Call(new MachineTranslation(_translator), "Hirsch")).Text);
    }

    [Theory]
    [InlineData("", "has no word")]
    [InlineData("12.5 %", "has no word")]
    [InlineData("\u202e\0\u001b", "has no word")]
    public async Task What_is_no_text_is_not_translated(string input, string reason) =>
        Assert.Contains(reason, (await Call(new MachineTranslation(_translator), input)).Error);

    [Fact]
    public async Task A_text_that_is_too_long_is_not_translated_and_one_that_fits_is_one_line()
    {
        var tool = new MachineTranslation(_translator);
        Assert.Contains("longer than 1,000", (await Call(tool, new string('a', 1001))).Error);
        Assert.Equal("?>en: a (b) c", (await Call(tool, "a\n[b]\tc")).Text);
    }

    [Fact]
    public async Task Without_a_translator_it_says_how_to_get_one() =>
        Assert.Contains("tools file", (await Call(new MachineTranslation(), "Hirsch")).Error);

    // The paper, appendix A: chunks of ten tokens, more than 0.8 sure, English before and after.
    [Theory]
    [InlineData("e10 f10 e10", true)]
    [InlineData("e10 f10 f10 e10", true)]
    [InlineData("e10 f9e1 e10", true)]
    [InlineData("e10 f8e2 e10", false)]
    [InlineData("f10 e10 e10", false)]
    [InlineData("e10 e10 f10", false)]
    [InlineData("e10 n10 e10", false)]
    [InlineData("e10 f10\ne10 e10", false)]
    [InlineData("e10 f10", false)]
    public void Worth_annotating_is_a_foreign_chunk_between_English_ones(string chunks, bool expected)
    {
        string text = string.Join('\n', chunks.Split('\n').Select(paragraph => string.Join(' ',
            paragraph.Split(' ').SelectMany(Words))));
        var tool = new MachineTranslation(identifier: new FakeIdentifier());
        Assert.Equal(expected, tool.IsWorthAnnotating(new("1", text)));

        static IEnumerable<string> Words(string chunk) => chunk switch
        {
            "e10" => Enumerable.Repeat("word", 10),
            "f10" => Enumerable.Repeat("fr-mot", 10),
            "f9e1" => Enumerable.Repeat("fr-mot", 9).Append("word"),
            "f8e2" => Enumerable.Repeat("fr-mot", 8).Concat(["word", "word"]),
            _ => Enumerable.Repeat("12-34", 10),
        };
    }

    [Theory]
    [InlineData("He said à bientôt | and left.", "à bientôt", true)]
    [InlineData("He said | à bientôt and left.", "à bientôt", false)]
    [InlineData("He said | À  BIENTÔT and left.", "à bientôt", false)]
    [InlineData("À bientôt! he said, | à bientôt.", "à bientôt", true)]
    [InlineData("He said | and left.", "à bientôt", true)]
    public void A_call_is_not_admitted_if_its_input_stands_only_after_it(string text, string input, bool admitted) =>
        Assert.Equal(admitted, new MachineTranslation().IsAdmissible(
            text.Replace("|", ""), text.IndexOf('|', StringComparison.Ordinal), input));

    [Fact]
    public void An_input_is_a_phrase_of_the_text()
    {
        var pattern = new MachineTranslation().InputPattern("A sign says \"De toegang is verboden\" in Dutch.");
        Assert.True(pattern.Matches("De toegang is verboden"));
        Assert.True(pattern.Matches("toegang"));
        Assert.False(pattern.Matches("Le toegang"));
        Assert.False(pattern.Matches("verboden in"));
    }

    [Fact]
    public async Task A_tools_file_names_server_languages_and_tool()
    {
        await using var server = RawServer.Of(RawServer.Ok("""{"translatedText": "turtle"}"""));
        await using var set = await Open($$"""
            {"hosts": ["{{server.Host}}"], "tools": {
              "MT": {"kind": "libretranslate", "url": "http://{{server.Host}}/", "key": "${KEY}"},
              "ToFrench": {"kind": "libretranslate", "url": "http://{{server.Host}}/x", "source": "en", "target": "fr"}
            } }
            """);
        Assert.Equal(["MT", "ToFrench"], set.Toolbox.Tools.Select(t => t.Name));
        Assert.All(set.Toolbox.Tools, t => Assert.All(t.Demonstrations, d =>
            Assert.Equal(t.Name, CallSyntax.Find(d).Single().Call.Tool)));
        Assert.Equal("turtle", (await set.Toolbox.CallAsync("MT", "tortuga", Context, Cancellation)).Text);
        Assert.Equal("turtle", (await set.Toolbox.CallAsync("ToFrench", "turtle", Context, Cancellation)).Text);
        Assert.StartsWith("POST /translate ", server.Requests[0]);
        Assert.Contains("swordfish", server.Requests[0]);
        Assert.StartsWith("POST /x/translate ", server.Requests[1]);
        Assert.Contains("\"source\":\"en\",\"target\":\"fr\"", server.Requests[1]);
    }

    [Theory]
    [InlineData("""{"kind": "libretranslate", "url": "nowhere"}""", "no address")]
    [InlineData("""{"kind": "libretranslate", "url": "http://other.example.org"}""", "\"hosts\"")]
    [InlineData("""{"kind": "libretranslate", "url": "http://a.example.org", "target": "Frensh"}""", "French")]
    [InlineData("""{"kind": "libretranslate", "url": "http://a.example.org", "identifier": "no.ftz"}""", "no.ftz")]
    [InlineData("""{"kind": "libretranslate", "url": "http://a.example.org", "key": "${NONE}"}""", "NONE")]
    [InlineData("""{"kind": "libretranslate", "url": "http://a.example.org", "sorce": "fr"}""", "source")]
    [InlineData("""{"kind": "apertium", "program": "no-such-program", "source": "es"}""", "can't be started")]
    public async Task What_is_wrong_in_a_tools_file_is_said(string entry, string reason)
    {
        var error = await Assert.ThrowsAsync<InvalidDataException>(() =>
            Open($$"""{"hosts": ["a.example.org"], "tools": {"MT": {{entry}} } }"""));
        Assert.Contains(reason, error.Message);
        Assert.Contains("tool MT", error.Message);
    }

    private static async Task<ToolSet> Open(string json) =>
        await ToolsFile.Parse(json, "tools.json").OpenAsync(Catalog.Find<ToolKind>(), Catalog.Find<Tool>(), null,
            new Secrets(name => name == "KEY" ? "swordfish" : null), new ManualTime(), Cancellation);
}
