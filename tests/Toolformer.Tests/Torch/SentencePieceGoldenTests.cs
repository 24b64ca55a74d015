using System.Text.Json;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Tests.Torch;

/// <summary>SentencePiece's vocabularies against the reference's results.</summary>
public sealed class SentencePieceGoldenTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pieces");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Llama_2_writes_every_string_of_the_golden_vectors_and_reads_it_back()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Need("golden", "tokenizer_llama2"));
        Assert.Equal(32000, tokenizer.VocabularySize);
        foreach (JsonElement test in Cases("tokenizer_llama2"))
        {
            string text = test.GetProperty("text").GetString()!;
            int[] ids = Ids(test.GetProperty("sentencepiece"));
            Assert.Equal(ids, Encode(tokenizer, text));
            Assert.Equal(test.GetProperty("decoded").GetString(), tokenizer.Decode(ids));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    [InlineData(false)]
    public void Llama_2_with_its_special_tokens_is_as_the_reference_was_told_to_be(bool? legacy)
    {
        File.Copy(Shared.Need("golden", "tokenizer_llama2", "tokenizer.model"), InFolder("tokenizer.model"));
        if (legacy is { } said)
        {
            File.WriteAllText(InFolder("tokenizer_config.json"),
                JsonSerializer.Serialize(new { tokenizer_class = "LlamaTokenizer", legacy = said }));
        }
        Tokenizer tokenizer = Tokenizer.Load(_folder.FullName);
        foreach (JsonElement test in Cases("tokenizer_llama2"))
        {
            int[] expected = test.TryGetProperty("hf_legacy", out JsonElement special)
                ? Ids(special)
                : [1, .. Ids(test.GetProperty("sentencepiece"))];
            if (legacy == false && test.TryGetProperty("hf_not_legacy", out JsonElement newer))
                expected = Ids(newer);
            int[] ids = [.. tokenizer.Encode(test.GetProperty("text").GetString()!, allowSpecial: true)
                .Select(t => t.Id)];
            Assert.Equal(expected, tokenizer.Frame.Around(ids).Ids);
        }
    }

    [Fact]
    public void NLLBs_fixture_has_fairseqs_ids_and_its_languages_around_them()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Need("golden", "tokenizer_nllb_fixture"));
        JsonElement expected = Expected("tokenizer_nllb_fixture");
        Assert.Equal(expected.GetProperty("vocab_size").GetInt32(), tokenizer.VocabularySize);
        Assert.Equal(expected.GetProperty("mask_id").GetInt32(), tokenizer.Find("<mask>"));
        foreach (JsonProperty mark in expected.GetProperty("special_ids").EnumerateObject())
            Assert.Equal(mark.Value.GetInt32(), tokenizer.Find(mark.Name));
        var languages = new LanguageTokens(tokenizer);
        Assert.Equal(202, languages.Codes.Count());
        foreach (JsonProperty language in expected.GetProperty("language_ids").EnumerateObject())
            Assert.Equal(language.Value.GetInt32(), languages.Of(language.Name));
        foreach (JsonElement test in Cases("tokenizer_nllb_fixture"))
        {
            string text = test.GetProperty("text").GetString()!;
            string source = test.GetProperty("src_lang").GetString()!;
            string target = test.GetProperty("tgt_lang").GetString()!;
            int[] pieces = [.. Ids(test.GetProperty("sentencepiece")).Select(id => id == 0 ? 3 : id + 1)];
            Assert.Equal(pieces, Encode(tokenizer, text));
            Assert.Equal(Ids(test.GetProperty("source_ids")), languages.Frame(text, source));
            Assert.Equal(Ids(test.GetProperty("target_ids")), languages.Frame(text, target));
            Assert.Equal(
                Ids(test.GetProperty("source_ids_legacy_behaviour")), languages.FrameAsFirstReleased(text, source));
            Assert.Equal(test.GetProperty("tgt_lang_id").GetInt32(), languages.Of(target));
        }
        Assert.Contains("fra_Latn", Assert.Throws<ArgumentException>(() => languages.Of("fra_Lat")).Message);
    }

    [Theory]
    [InlineData("spiece.model", 30000)]
    [InlineData("test_sentencepiece.model", 1000)]
    [InlineData("test_sentencepiece_bpe.model", 1000)]
    [InlineData("test_sentencepiece_no_bos.model", 1000)]
    [InlineData("test_sentencepiece_with_bytefallback.model", 2000)]
    public void Every_fixture_is_read_and_what_it_writes_reads_back(string name, int size)
    {
        File.Copy(Shared.Need("data", "tokenizers", "hf_fixtures", name), InFolder("spiece.model"));
        Tokenizer tokenizer = Tokenizer.Load(_folder.FullName);
        Assert.Equal(size, tokenizer.VocabularySize);
        const string text = "the answer is on the table and he said so";
        Assert.Equal(text, tokenizer.Decode(Encode(tokenizer, text)));
        Assert.Equal(text, tokenizer.Decode(Encode(tokenizer, $"  {text} ")).Trim());
    }

    [Fact]
    public void Scores_and_pieces_of_Llama_2_are_those_of_another_form_of_the_file()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Need("data", "tokenizers", "llama2"));
        using var other = new BinaryReader(File.OpenRead(Shared.Path("data", "tokenizers", "llama2", "tokenizer.bin")));
        other.ReadInt32();
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            other.ReadSingle();
            byte[] text = other.ReadBytes(other.ReadInt32());
            if (!tokenizer.IsSpecial(id) && id >= 259)
                Assert.Equal(text, tokenizer.Bytes(id).ToArray());
        }
    }

    private static JsonElement Expected(string folder) =>
        JsonDocument.Parse(File.ReadAllText(Shared.Need("golden", folder, "expected.json"))).RootElement;

    private static IEnumerable<JsonElement> Cases(string folder) =>
        Expected(folder).GetProperty("cases").EnumerateArray();

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(i => i.GetInt32())];

    private static int[] Encode(Tokenizer tokenizer, string text) => [.. tokenizer.Encode(text).Select(t => t.Id)];

    private string InFolder(string name) => Path.Combine(_folder.FullName, name);
}
