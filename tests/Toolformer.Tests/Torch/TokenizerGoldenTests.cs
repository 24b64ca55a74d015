using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using Microsoft.ML.Tokenizers;
using PreTokenizer = Toolformer.Torch.Tokenizers.PreTokenizer;
using Tokenizer = Toolformer.Torch.Tokenizers.Tokenizer;

namespace Toolformer.Tests.Torch;

/// <summary>GPT-2's vocabulary against reference implementations' results.</summary>
public class TokenizerGoldenTests
{
    private static readonly Lazy<Tokenizer> Gpt2 =
        new(() => Tokenizer.Load(Shared.Path("golden", "tokenizer_gpt2")));

    private static JsonElement Expected()
    {
        string file = Shared.Need("golden", "tokenizer_gpt2", "expected.json");
        return JsonDocument.Parse(File.ReadAllText(file)).RootElement;
    }

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(i => i.GetInt32())];

    private static int[] Encode(Tokenizer tokenizer, string text, bool allowSpecial = false) =>
        [.. tokenizer.Encode(text, allowSpecial).Select(t => t.Id)];

    [Fact]
    public void Every_string_of_the_golden_vectors_has_its_ids()
    {
        foreach (JsonElement test in Expected().GetProperty("cases").EnumerateArray())
        {
            string text = test.GetProperty("text").GetString()!;
            int[] ids = Ids(test.GetProperty("ids"));
            Assert.Equal(ids, Encode(Gpt2.Value, text));
            bool differs = test.TryGetProperty("ids_with_special_tokens", out JsonElement special);
            Assert.Equal(differs ? Ids(special) : ids, Encode(Gpt2.Value, text, allowSpecial: true));
            Assert.Equal(text, Gpt2.Value.Decode(ids));
        }
    }

    [Fact]
    public void Every_decoding_of_the_golden_vectors_has_its_text()
    {
        foreach (JsonElement test in Expected().GetProperty("decode_cases").EnumerateArray())
            Assert.Equal(test.GetProperty("text").GetString(), Gpt2.Value.Decode(Ids(test.GetProperty("ids"))));
    }

    [Fact]
    public void OpenAIs_own_file_names_are_read_and_their_vectors_agree()
    {
        string file = Shared.Need("data", "tokenizers", "gpt2", "vectors.json");
        Tokenizer tokenizer = Tokenizer.Load(Path.GetDirectoryName(file)!);
        foreach (JsonElement test in JsonDocument.Parse(File.ReadAllText(file)).RootElement.EnumerateArray())
        {
            int[] ids = Ids(test.GetProperty("ids"));
            Assert.Equal(ids, Encode(tokenizer, test.GetProperty("text").GetString()!));
        }
    }

    [Fact]
    public void Every_plan_of_tiktokens_vectors_for_this_vocabulary_agrees()
    {
        string plans = File.ReadAllText(Shared.Need("data", "tokenizers", "gpt2_tiktoken", "TestPlans.txt"));
        MatchCollection tests = Regex.Matches(
            plans, @"EncodingName: r50k_base\r?\nSample: (.*?)\r?\nEncoded: \[(.*?)\]", RegexOptions.Singleline);
        Assert.Equal(64, tests.Count);
        foreach (Match test in tests)
        {
            int[] ids = [.. test.Groups[2].Value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
            Assert.Equal(ids, Encode(Gpt2.Value, test.Groups[1].Value));
        }
    }

    [Theory]
    [InlineData(" [", 685)]
    [InlineData("[", 58)]
    [InlineData("]", 60)]
    [InlineData(" ->", 4613)]
    [InlineData("->", 3784)]
    [InlineData(" →", 15168)]
    [InlineData(")]", 15437)]
    [InlineData(".]", 8183)]
    public void The_markup_is_one_token_each(string text, int id)
    {
        Shared.Need("golden", "tokenizer_gpt2");
        Assert.Equal([id], Encode(Gpt2.Value, text));
    }

    [Fact]
    public void GPT_2_written_in_the_newer_format_encodes_as_before()
    {
        JsonElement cases = Expected().GetProperty("cases");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("tokenizer");
        Toolformer.Torch.Tokenizers.TokenizerFiles.Write(Gpt2.Value.Vocabulary!, folder.FullName);
        Tokenizer again = Tokenizer.Load(folder.FullName);
        folder.Delete(recursive: true);
        Assert.Equal(50257, again.VocabularySize);
        foreach (JsonElement test in cases.EnumerateArray())
            Assert.Equal(Ids(test.GetProperty("ids")), Encode(again, test.GetProperty("text").GetString()!));
    }

    [Fact]
    public void On_well_formed_text_the_ids_are_those_of_Microsofts_tokenizer()
    {
        string folder = Shared.Need("golden", "tokenizer_gpt2");
        var other = BpeTokenizer.Create(
            new BpeOptions(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"))
            {
                ByteLevel = true,
                PreTokenizer = new RegexPreTokenizer(new Regex(PreTokenizer.Gpt2Pattern), null),
            });
        Gen.OneOf(
            " ", "  ", "\n", "'ll", "'s", "The", " answer", "internationalization", "12", "3.14", "é", "日本語", "😀",
            "👨‍👩‍👧", " [", "]", "Calculator(", ")", " ->", "\t", "!!!", "don", "supercalifragilistic")
            .Array[0, 20].Select(string.Concat)
            .Sample(text => other.EncodeToIds(text).SequenceEqual(Encode(Gpt2.Value, text)), iter: 500);
    }

    [Fact]
    public void GPT_NeoX_composes_characters_and_has_tokens_for_runs_of_spaces()
    {
        string file = Shared.Need("data", "tokenizers", "gpt_neox", "20B_tokenizer.json");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("tokenizer");
        File.Copy(file, Path.Combine(folder.FullName, "tokenizer.json"));
        Tokenizer tokenizer = Tokenizer.Load(folder.FullName);
        folder.Delete(recursive: true);
        Assert.Equal(50277, tokenizer.VocabularySize);
        Assert.Equal(50276, Encode(tokenizer, "  a")[0]);
        Assert.Equal(Encode(tokenizer, "caf\u00E9"), Encode(tokenizer, "cafe\u0301"));
        Assert.Equal([0], Encode(tokenizer, "<|endoftext|>", allowSpecial: true));
        Assert.Equal("<|padding|>", tokenizer.Decode([1]));
    }
}
