using System.Text.Json.Nodes;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Tests.Torch;

public sealed class TokenizerFilesTests : IDisposable
{
    private static readonly BpeVocabulary Vocabulary =
        BpeTrainer.Train(["the theory of the thing and the other thing, 12 34"], 280, [" [", " ->"]);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenizer");

    public void Dispose() => _folder.Delete(recursive: true);

    private string InFolder(string name) => Path.Combine(_folder.FullName, name);

    [Fact]
    public void A_written_vocabulary_is_read_back_as_it_was()
    {
        TokenizerFiles.Write(Vocabulary, _folder.FullName);
        Assert.True(TokenizerFiles.Exist(_folder.FullName));
        BpeVocabulary read = Tokenizer.Load(_folder.FullName).Vocabulary!;
        Assert.Equal(Vocabulary.Spellings, read.Spellings);
        Assert.Equal(Vocabulary.Merges, read.Merges);
        Assert.Equal(Vocabulary.AddedTokens, read.AddedTokens);
        Assert.Equal(Vocabulary.PreTokenizer.Steps, read.PreTokenizer.Steps);
    }

    [Fact]
    public void A_written_folder_says_what_other_libraries_need_to_load_it()
    {
        TokenizerFiles.Write(Vocabulary, _folder.FullName);
        JsonNode json = JsonNode.Parse(File.ReadAllText(InFolder("tokenizer.json")))!;
        Assert.Equal("BPE", (string?)json["model"]!["type"]);
        Assert.Equal(0, (int?)json["model"]!["vocab"]!["<|endoftext|>"]);
        Assert.Equal("Ġ [", $"{(string?)json["model"]!["merges"]![0]}");
        Assert.Equal("ByteLevel", (string?)json["decoder"]!["type"]);
        Assert.Equal("Isolated", (string?)json["pre_tokenizer"]!["pretokenizers"]![0]!["behavior"]);
        Assert.False((bool?)json["pre_tokenizer"]!["pretokenizers"]![1]!["use_regex"]);
        JsonNode config = JsonNode.Parse(File.ReadAllText(InFolder("tokenizer_config.json")))!;
        Assert.Equal("PreTrainedTokenizerFast", (string?)config["tokenizer_class"]);
        Assert.False((bool?)config["clean_up_tokenization_spaces"]);
        Assert.Equal("<|endoftext|>", (string?)config["eos_token"]);
    }

    [Fact]
    public void Digits_splits_and_merges_as_pairs_are_read_too()
    {
        Change(json =>
        {
            json["pre_tokenizer"] = JsonNode.Parse("""
                {"type": "Sequence", "pretokenizers": [
                  {"type": "Split", "pattern": {"String": "-"}, "behavior": "Isolated", "invert": false},
                  {"type": "Digits", "individual_digits": true},
                  {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}]}
                """);
            json["model"]!["merges"] = new JsonArray([.. json["model"]!["merges"]!.AsArray()
                .Select(m => new JsonArray([.. ((string)m!).Split(' ').Select(t => (JsonNode)t)]))]);
            json["normalizer"] = JsonNode.Parse("""{"type": "Sequence", "normalizers": [{"type": "NFC"}]}""");
        });
        Tokenizer tokenizer = Tokenizer.Load(_folder.FullName);
        Assert.Equal(Vocabulary.Merges, tokenizer.Vocabulary!.Merges);
        Assert.True(tokenizer.Vocabulary!.NormalFormC);
        Assert.Equal(["1", "2", "-", "3"], tokenizer.Encode("12-3").Select(t => tokenizer.Spelling(t.Id)));
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_told_what_would_be_one()
    {
        Assert.False(TokenizerFiles.Exist(_folder.FullName));
        var error = Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(_folder.FullName));
        Assert.Contains("tokenizer.json", error.Message);
        Assert.Contains(_folder.FullName, error.Message);
    }

    [Theory]
    [InlineData("", "can't be read as")]
    [InlineData("{\"model\": ", "can't be read as")]
    [InlineData("[]", "can't be read as")]
    [InlineData("{}", "can't be read as")]
    [InlineData("{\"model\": {\"vocab\": 3}}", "can't be read as")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": \"b\"}}}", "can't be read as")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 99999999999}}}", "can't be read as")]
    [InlineData("{\"model\": {\"vocab\": {\"\\ud800\": 0}}}", "can't be read as")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 0, \"a\": 1}}}", "two ids, 0 and 1")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 0, \"b\": 0}}}", "two tokens")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": -1}}}", "less than 0")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"vocab\": []}}", "is empty")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"vocab\": [[]]}}", "can't be read as")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}}", "model.type is WordLevel")]
    public void A_malformed_tokenizer_json_is_an_error_that_names_the_file(string json, string expected)
    {
        File.WriteAllText(InFolder("tokenizer.json"), json);
        AssertRefused(expected);
    }

    [Theory]
    [InlineData("model.vocab", """{"<|endoftext|>": 0, "b": 2147483647}""", "none with the id 1")]
    [InlineData("model.vocab", "{}", "no token")]
    [InlineData("model.merges", """["a b c"]""", "is no pair")]
    [InlineData("model.merges", """["ab"]""", "is no pair")]
    [InlineData("model.merges", """[["a"]]""", "is no pair")]
    [InlineData("model.merges", """[7]""", "can't be read as")]
    [InlineData("model.merges", """["q z"]""", "\"qz\", which is no token")]
    [InlineData("model.merges", """["qq z"]""", "\"qq\", which is no token")]
    [InlineData("model.byte_fallback", "true", "byte_fallback")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "end_of_word_suffix")]
    [InlineData("added_tokens", """[{"id": 3, "content": "<x>"}]""", "two tokens")]
    [InlineData("added_tokens", """[{"id": 5000, "content": "<x>"}]""", "none with the id")]
    [InlineData("added_tokens", """[{"content": "<x>"}]""", "can't be read as")]
    [InlineData("normalizer", """{"type": "Nmt"}""", "normalizer.type is \"Nmt\"")]
    [InlineData("pre_tokenizer", "null", "decoder.type is \"ByteLevel\"")]
    [InlineData("pre_tokenizer", """{"type": "Metaspace"}""", "decoder.type")]
    [InlineData("pre_tokenizer", """{"type": "UnicodeScripts"}""", "UnicodeScripts")]
    [InlineData("decoder", """{"type": "CTC"}""", "CTC")]
    [InlineData("post_processor", """{"type": "Odd"}""", "post_processor.type is \"Odd\"")]
    [InlineData("post_processor", """{"type": "BertProcessing", "sep": ["a", 9999], "cls": ["b", 1]}""", "token 9999")]
    [InlineData("model.dropout", "0.1", "model.dropout is 0.1")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"String": "a"}, "behavior": "Odd"}""", "\"Odd\"")]
    [InlineData("pre_tokenizer.pretokenizers",
        """[{"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}, {"type": "ByteLevel"}]""",
        "can't be read as")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}}""", "decoder.type")]
    public void A_tokenizer_json_that_contradicts_itself_or_is_another_kind_is_refused(
        string path, string value, string expected)
    {
        Change(json =>
        {
            string[] names = path.Split('.');
            (names.Length == 1 ? json : json[names[0]]!)[names[^1]] = JsonNode.Parse(value);
        });
        AssertRefused(expected);
    }

    [Fact]
    public void A_vocabulary_that_lacks_a_byte_is_refused_unless_no_text_needs_it()
    {
        Change(json => Replace(json, "À")); // 0xC0 never stands in UTF-8
        Assert.Equal(Vocabulary.Spellings.Count, Tokenizer.Load(_folder.FullName).VocabularySize);
        Change(json => Replace(json, "Â"));
        AssertRefused("byte 0xC2");

        static void Replace(JsonNode json, string token)
        {
            JsonObject tokens = json["model"]!["vocab"]!.AsObject();
            int id = (int)tokens[token]!;
            tokens.Remove(token);
            tokens.Add("another token", id);
        }
    }

    [Theory]
    [InlineData("a", "Line 2")]
    [InlineData("a b c", "Line 2")]
    [InlineData(" a", "Line 2")]
    [InlineData("q z", "\"qz\", which is no token")]
    public void Merges_that_make_no_sense_are_refused(string merge, string expected)
    {
        WritePair("#version: 0.2\n" + merge + "\n");
        AssertRefused(expected);
    }

    [Fact]
    public void The_older_pair_of_files_is_read_with_its_added_tokens()
    {
        WritePair("#version: 0.2\r\n" + string.Join("\r\n", Vocabulary.Merges.Select(m => $"{m.Left} {m.Right}")));
        File.WriteAllText(InFolder("added_tokens.json"), $$"""{"<extra>": {{Vocabulary.Spellings.Count}}}""");
        Tokenizer tokenizer = Tokenizer.Load(_folder.FullName);
        Assert.Equal(Vocabulary.Merges, tokenizer.Vocabulary!.Merges);
        Assert.Equal(Vocabulary.Spellings.Count, tokenizer.Encode("<extra>").Single().Id);
        Assert.Equal(0, tokenizer.Encode("<|endoftext|>", allowSpecial: true).Single().Id);
    }

    private void WritePair(string merges)
    {
        var tokens = new JsonObject(Vocabulary.Spellings.Select((s, id) => KeyValuePair.Create(s, (JsonNode?)id)));
        File.WriteAllText(InFolder("vocab.json"), tokens.ToJsonString());
        File.WriteAllText(InFolder("merges.txt"), merges);
    }

    private void Change(Action<JsonNode> change)
    {
        TokenizerFiles.Write(Vocabulary, _folder.FullName);
        string file = InFolder("tokenizer.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(file))!;
        change(json);
        File.WriteAllText(file, json.ToJsonString());
    }

    private void AssertRefused(string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => Tokenizer.Load(_folder.FullName));
        Assert.Contains(expected, error.Message);
        Assert.Contains(_folder.FullName, error.Message);
    }
}
