using System.Text.Json;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Translating;
using Toolformer.Torch;
using Toolformer.Torch.Seq2Seq;
using Toolformer.Torch.Tokenizers;
using Toolformer.Torch.Translating;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>From text to text, with the fixture's vocabulary and weights that mean nothing.</summary>
public sealed class NllbTranslatorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-nllb").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, InlineData(1), InlineData(4)]
    public async Task The_model_reads_the_source_s_language_and_is_made_to_write_the_target_s(int beams)
    {
        var tokenizer = MakeFolder();
        using var translator = NllbTranslator.Open(_folder, new NllbOptions { Beams = beams, MaxNewTokens = 12 });
        using var model = Seq2SeqModel.Open(_folder);
        var languages = new LanguageTokens(tokenizer);
        var written = model.Generate([languages.Frame("this is a test", "fra_Latn")], new Seq2SeqOptions
        {
            Beams = beams,
            MaxNewTokens = 12,
            ForcedFirstToken = languages.Of("eng_Latn"),
            EndOfText = 2,
        })[0][0].Tokens;
        string expected = tokenizer.Decode(written.Where(id => !tokenizer.IsSpecial(id))).Trim();
        Assert.NotEmpty(expected);
        Assert.Equal(expected, (await translator.TranslateAsync("this is a test", "fr", "en", Cancellation)).Text);
        Assert.Equal(expected,
            (await translator.TranslateAsync("this is a test", "French", "English", Cancellation)).Text);
    }

    [Fact]
    public async Task What_can_not_be_translated_is_a_reason()
    {
        MakeFolder();
        using var translator = NllbTranslator.Open(_folder);
        Assert.True(translator.CanTranslate("zh", "en"));
        Assert.False(translator.CanTranslate("tlh", "en"));
        Assert.Contains("tlh", (await translator.TranslateAsync("x", "tlh", "en", Cancellation)).Error);
        Assert.Contains("unknown", (await translator.TranslateAsync("x", null, "en", Cancellation)).Error);
        string longText = string.Concat(Enumerable.Repeat("this is a test ", 100));
        Assert.Contains("the model reads 64",
            (await translator.TranslateAsync(longText, "fr", "en", Cancellation)).Error);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await translator.TranslateAsync("x", "fr", "en", new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task A_tools_file_makes_the_tool_of_a_folder()
    {
        MakeFolder();
        await using var set = await Open("""{"kind": "nllb", "model": ".", "source": "fr", "beams": 1}""");
        var result = await set.Toolbox.CallAsync(
            "MT", "this is a test", new ToolContext(new ManualTime()), Cancellation);
        Assert.False(result.IsError, result.Error);
        foreach (var (entry, reason) in (ReadOnlySpan<(string, string)>)[
            ("""{"kind": "nllb", "model": "."}""", "from which language"),
            ("""{"kind": "nllb", "model": "elsewhere", "source": "fr"}""", "elsewhere"),
            ("""{"kind": "nllb", "model": ".", "source": "fr", "dtype": "bfloat17"}""", "Did you mean bfloat16"),
            ("""{"kind": "nllb", "model": ".", "source": "fr", "beams": 0}""", "beams"),
            ("""{"kind": "nllb", "model": ".", "source": "fr", "device": "warp"}""", "can't be used")])
        {
            Assert.Contains(reason, Assert.Throws<InvalidDataException>(() =>
                Open(entry).GetAwaiter().GetResult()).Message);
        }
    }

    [Fact]
    public void Every_language_of_the_table_that_has_a_code_of_NLLB_has_the_right_one() =>
        Assert.All(LanguageCodes.All, language => Assert.Contains(language.Nllb, LanguageTokens.Nllb));

    private async Task<ToolSet> Open(string entry) =>
        await ToolsFile.Parse($$"""{"tools": {"MT": {{entry}} } }""", Path.Combine(_folder, "tools.json")).OpenAsync(
            Catalog.FindIn<ToolKind>(typeof(NllbKind).Assembly), [], null, Secrets.None, new ManualTime(),
            Cancellation);

    private Tokenizer MakeFolder()
    {
        string vocabulary = Shared.Need("golden", "tokenizer_nllb_fixture", "sentencepiece.bpe.model");
        File.Copy(vocabulary, Path.Combine(_folder, "sentencepiece.bpe.model"));
        var tokenizer = Tokenizer.Load(_folder);
        var config = JsonSerializer.Deserialize<Dictionary<string, object>>(
            File.ReadAllText(Shared.Need("golden", "m2m100", "config.json")))!;
        config["vocab_size"] = tokenizer.VocabularySize;
        string path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, JsonSerializer.Serialize(config));
        var family = new M2M100();
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        var shape = family.ReadShape(new ModelConfig(json.RootElement, path));
        using var scope = NewDisposeScope();
        using var generator = new Generator(11);
        // Marks are made unlikely: a translation of nothing but marks has no text.
        float[] likely = [.. Enumerable.Range(0, tokenizer.VocabularySize)
            .Select(id => tokenizer.IsSpecial(id) ? 0.01f : 1f)];
        Safetensors.Write(Path.Combine(_folder, "model.safetensors"), shape.Parameters().Select(p =>
        {
            var values = randn(p.Shape, generator: generator);
            return (family.NamesInFile(p.Name)[0],
                p.Name == "embedding" ? values.mul(tensor(likely).unsqueeze(1)) : values);
        }));
        return tokenizer;
    }
}
