using System.Text.Json.Nodes;
using CsCheck;
using Toolformer.Markup;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Tests.Torch;

/// <summary>The kinds of tokenizer.json beside GPT-2's, and BERT's vocabulary.</summary>
public sealed class TokenizerKindsTests : IDisposable
{
    private const string Llama3Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string LlamaJson =
        """
        {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true}],
         "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
           {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
         "pre_tokenizer": null,
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
             {"SpecialToken": {"id": "<s>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
         "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
           {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
         "model": {"type": "BPE", "byte_fallback": true, "fuse_unk": true, "unk_token": "<unk>",
           "vocab": {"<unk>": 0, "<s>": 1, BYTES "▁": 258, "h": 259, "i": 260, "▁h": 261, "▁hi": 262, "[": 263,
             "▁[": 264, "]": 265, "-": 266, ">": 267},
           "merges": ["▁ h", "▁h i", "▁ ["]}}
        """;

    private const string UnigramJson =
        """
        {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 4, "content": "<t>"}],
         "normalizer": {"type": "NFKC"},
         "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
         "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
         "model": {"type": "Unigram", "unk_id": 0,
           "vocab": [["<unk>", 0], ["▁", -2], ["fi", -3], ["▁x", -2.5]]}}
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenizer");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Llama_2s_json_puts_a_mark_before_a_text_and_takes_it_off_again()
    {
        Tokenizer tokenizer = Load(WithBytes(LlamaJson));
        Assert.Equal([262, 262], Encode(tokenizer, "hi hi"));
        Assert.Equal([(0, 2), (2, 5)], tokenizer.Encode("hi hi").Select(t => (t.Start, t.End)));
        Assert.Equal([258, 2 + 0xC3, 2 + 0xA9], Encode(tokenizer, "é"));
        Assert.Equal("hi é", tokenizer.Decode(Encode(tokenizer, "hi é")));
        Assert.Equal([1, 262], tokenizer.Frame.Around([262]).Ids);
        var pair = tokenizer.Frame.Around([262], [262, 262]);
        Assert.Equal([0, 0, 1, 1, 1], pair.Types);
        Assert.Equal((1, 3), (pair.First, pair.Second));
        var calls = new CallTokens(tokenizer);
        Assert.Equal(264, calls.Open);
        var call = new ApiCall("hi", "x", "5");
        Assert.Equal(CallSyntax.Print(call), tokenizer.DecodeContinuation(calls.Encode(call)));
    }

    [Fact]
    public void A_unigram_json_normalises_finds_added_tokens_and_keeps_spans()
    {
        Tokenizer tokenizer = Load(UnigramJson);
        Assert.Equal([1, 2], Encode(tokenizer, "ﬁ"));
        Assert.All(tokenizer.Encode("ﬁ").Skip(1), t => Assert.Equal((0, 1), (t.Start, t.End)));
        Assert.Equal([3, 4, 1, 2], Encode(tokenizer, "x<t>fi"));
        Assert.Equal([1, 0], Encode(tokenizer, "日本"));
        Assert.Equal("x fi", tokenizer.Decode([3, 1, 2]));
    }

    [Theory]
    [InlineData("llama-3", Llama3Pattern)]
    [InlineData("qwen-2", @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    public void The_patterns_of_newer_families_cut_as_they_say(string family, string pattern)
    {
        var words = new PreTokenizer(pattern).Split("I'LL pay 12345 (or)\n\n  more").Select(w => w.End).ToList();
        int[] expected = family == "llama-3" ? [1, 4, 8, 9, 12, 14, 16, 18, 21, 22, 27]
            : [1, 4, 8, 9, 10, 11, 12, 13, 14, 16, 18, 21, 22, 27];
        Assert.Equal(expected, words);
    }

    [Fact]
    public void The_marks_of_calls_are_one_token_each_in_GPT_2_GPT_NeoX_and_with_newer_patterns()
    {
        Shared.Need("golden", "tokenizer_gpt2");
        Tokenizer gpt2 = Tokenizer.Load(Shared.Path("golden", "tokenizer_gpt2"));
        File.Copy(Shared.Need("data", "tokenizers", "gpt_neox", "20B_tokenizer.json"), InFolder("tokenizer.json"));
        Tokenizer[] all = [gpt2, Tokenizer.Load(_folder.FullName), new(gpt2.Vocabulary! with
        {
            PreTokenizer = new PreTokenizer(Llama3Pattern), IgnoreMerges = true, NormalFormC = true,
        })];
        var call = new ApiCall("Calculator", "400 / 1400", "0.29");
        Assert.All(all, tokenizer =>
        {
            var calls = new CallTokens(tokenizer);
            Assert.Equal("Ġ[", tokenizer.Spelling(calls.Open));
            Assert.Single(calls.Arrow);
            Assert.Single(calls.Close);
            Assert.Equal(CallSyntax.Print(call), tokenizer.DecodeContinuation(calls.Encode(call)));
        });
    }

    [Fact]
    public void A_prefix_space_of_byte_level_vocabularies_is_put_before_a_text_only()
    {
        BpeVocabulary vocabulary = BpeTrainer.Train([" the cat the cat"], 300, [" [", " ->"]);
        TokenizerFiles.Write(vocabulary, _folder.FullName);
        JsonNode json = JsonNode.Parse(File.ReadAllText(InFolder("tokenizer.json")))!;
        json["pre_tokenizer"] = JsonNode.Parse("""{"type": "ByteLevel", "add_prefix_space": true}""");
        Tokenizer tokenizer = Load(json.ToJsonString());
        Assert.Equal(" the cat", tokenizer.Decode(Encode(tokenizer, "the cat")));
        Assert.Equal([(0, 3), (3, 7)], tokenizer.Encode("the cat").Select(t => (t.Start, t.End)));
        Assert.Equal("the cat", tokenizer.Decode(tokenizer.EncodeContinuation("the cat").Select(t => t.Id)));
    }

    [Fact]
    public void BERTs_vocabulary_cuts_words_into_pieces_as_its_authors_show()
    {
        string[] words = ["[UNK]", "[CLS]", "[SEP]", "want", "##want", "##ed", "wa", "un", "runn", "##ing", ",", "好"];
        File.WriteAllLines(InFolder("vocab.txt"), words);
        Tokenizer tokenizer = Tokenizer.Load(_folder.FullName);
        const string text = "UNwant\u00E9d,running x好";
        Assert.Equal([7, 4, 5, 10, 8, 9, 0, 11], Encode(tokenizer, text));
        Assert.Equal([(0, 2), (2, 6), (6, 8), (8, 9), (9, 13), (13, 16), (17, 18), (18, 19)],
            tokenizer.Encode(text).Select(t => (t.Start, t.End)));
        Assert.Equal("unwanted, running", tokenizer.Decode([7, 4, 5, 10, 8, 9]));
        var pair = tokenizer.Frame.Around([7], [8, 9]);
        Assert.Equal([1, 7, 2, 8, 9, 2], pair.Ids);
        Assert.Equal([0, 0, 0, 1, 1, 1], pair.Types);
        var error = Assert.Throws<NotSupportedException>(() => new CallTokens(tokenizer));
        Assert.Contains(InFolder("vocab.txt"), error.Message);
        Assert.All(["a\0b", "\uD83D", "", "  ", "é́́", "İ", new string('w', 200)], t => tokenizer.Encode(t));
    }

    [Fact]
    public void A_folder_of_an_unknown_tokenizer_class_is_told_its_name()
    {
        File.WriteAllBytes(InFolder("spiece.model"), PieceModel.Write([("a", -1, 1)]));
        File.WriteAllText(InFolder("tokenizer_config.json"), """{"tokenizer_class": "XLNetTokenizer"}""");
        var error = Assert.Throws<InvalidDataException>(() => Tokenizer.Load(_folder.FullName));
        Assert.Contains("XLNetTokenizer", error.Message);
        Assert.Contains("tokenizer_config.json", error.Message);
    }

    [Fact]
    public void A_json_with_anything_in_any_place_is_read_or_refused_by_its_file()
    {
        string[] wholes = [WithBytes(LlamaJson), UnigramJson];
        string[] odd = ["null", "[]", "{}", "-1", "1e300", "\"\"", "\"x\"", "true", "[[]]", "[0]",
            "{\"type\": \"Split\"}", "{\"type\": \"Sequence\"}", "\"(a\"", "99999999999", "{\"String\": \"\"}"];
        Gen.Select(Gen.OneOf(wholes), Gen.Int[0, 400], Gen.OneOf(odd)).Sample((whole, at, value) =>
        {
            JsonNode json = JsonNode.Parse(whole)!;
            var places = Places(json).ToList();
            JsonNode place = places[at % places.Count];
            place.ReplaceWith(JsonNode.Parse(value));
            try
            {
                Tokenizer tokenizer = Load(json.ToJsonString());
                tokenizer.Decode(Encode(tokenizer, "hi [x<t>] ﬁ日本 <s>"));
                tokenizer.Frame.Around([0], [0]);
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(_folder.FullName, e.Message);
            }
        }, threads: 1, iter: 300);

        // Everything but most of the bytes' tokens, which are all alike.
        static IEnumerable<JsonNode> Places(JsonNode node) => node switch
        {
            JsonObject o => o.Where(p => p.Value is not null && !p.Key.StartsWith("<0x4"))
                .SelectMany(p => Places(p.Value!).Prepend(p.Value!)),
            JsonArray a => a.Where(v => v is not null).SelectMany(v => Places(v!).Prepend(v!)),
            _ => [],
        };
    }

    private static string WithBytes(string json) => json.Replace("BYTES", string.Concat(
        Enumerable.Range(0, 256).Select(b => $"\"<0x{b:X2}>\": {b + 2}, ")));

    private static int[] Encode(Tokenizer tokenizer, string text) => [.. tokenizer.Encode(text).Select(t => t.Id)];

    private Tokenizer Load(string json)
    {
        File.WriteAllText(InFolder("tokenizer.json"), json);
        return Tokenizer.Load(_folder.FullName);
    }

    private string InFolder(string name) => Path.Combine(_folder.FullName, name);
}
