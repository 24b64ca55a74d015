using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Toolformer.Torch;

/// <summary>The format of Hugging Face's <c>tokenizer.json</c>, as far as byte-level BPE needs it.</summary>
internal static class TokenizerJson
{
    public static BpeVocabulary Read(string file, string text)
    {
        BpeVocabulary? vocabulary = null;
        Parse(file, text, root => vocabulary = Read(file, root));
        return vocabulary!;
    }

    /// <summary>
    /// Runs <paramref name="read"/> over the file's JSON; what it can't read there becomes one kind of error.
    /// </summary>
    public static void Parse(string file, string text, Action<JsonElement> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException
            or KeyNotFoundException or ArgumentException)
        {
            throw TokenizerFiles.Malformed(file, $"This can't be read as a tokenizer: {e.Message}", e);
        }
    }

    private static BpeVocabulary Read(string file, JsonElement root)
    {
        JsonElement model = root.GetProperty("model");
        string type = Text(model, "type") ?? "BPE"; // older files leave it out
        if (type != "BPE" || Flag(model, "byte_fallback"))
            throw Unsupported(file, "model", type + (Flag(model, "byte_fallback") ? " with byte_fallback" : ""), "BPE");
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!string.IsNullOrEmpty(Text(model, affix)))
                throw Unsupported(file, affix, Text(model, affix)!, "none");
        }

        var tokens = new TokenizerFiles.TokenList(file);
        tokens.Add(model.GetProperty("vocab"));
        var added = new List<AddedToken>();
        if (root.TryGetProperty("added_tokens", out JsonElement list) && list.ValueKind != JsonValueKind.Null)
        {
            foreach (JsonElement token in list.EnumerateArray())
            {
                added.Add(new AddedToken(
                    token.GetProperty("id").GetInt32(), token.GetProperty("content").GetString() ?? "",
                    Flag(token, "special"), Flag(token, "lstrip"), Flag(token, "rstrip"), Flag(token, "single_word")));
                tokens.AddUnlessThere(added[^1].Content, added[^1].Id);
            }
        }
        var patterns = new List<string>();
        if (!Patterns(file, root, "pre_tokenizer", patterns))
            throw Unsupported(file, "pre_tokenizer", "one without ByteLevel", "ByteLevel");
        return new BpeVocabulary
        {
            Spellings = tokens.Spellings(),
            Merges = [.. model.GetProperty("merges").EnumerateArray().Select((m, i) => Merge(file, m, i))],
            PreTokenizer = new PreTokenizer(patterns),
            AddedTokens = added,
            IgnoreMerges = Flag(model, "ignore_merges"),
            NormalFormC = NormalFormC(file, root),
            Source = file,
        };
    }

    public static JsonObject Write(BpeVocabulary vocabulary)
    {
        JsonObject ByteLevel() => new()
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = false,
            ["use_regex"] = false,
        };
        // An added token's place is in added_tokens alone, unless its id lies among the others': there the reference
        // takes it from the model.
        var outside = vocabulary.AddedTokens.Select(t => t.Id).ToHashSet();
        int inner = vocabulary.Spellings.Count;
        while (inner > 0 && outside.Contains(inner - 1))
            inner--;
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = Array(vocabulary.AddedTokens.OrderBy(t => t.Id).Select(t => new JsonObject
            {
                ["id"] = t.Id,
                ["content"] = t.Content,
                ["single_word"] = t.SingleWord,
                ["lstrip"] = t.StripLeft,
                ["rstrip"] = t.StripRight,
                ["normalized"] = !t.Special,
                ["special"] = t.Special,
            })),
            ["normalizer"] = vocabulary.NormalFormC ? new JsonObject { ["type"] = "NFC" } : null,
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = Array(vocabulary.PreTokenizer.Patterns.Select(p => new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = p },
                    ["behavior"] = "Isolated",
                    ["invert"] = false,
                }).Append(ByteLevel())),
            },
            ["post_processor"] = null,
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = vocabulary.IgnoreMerges,
                ["vocab"] = new JsonObject(vocabulary.Spellings.Take(inner).Select((s, id) =>
                    KeyValuePair.Create<string, JsonNode?>(s, id))),
                ["merges"] = Array(vocabulary.Merges.Select(m => (JsonNode)$"{m.Left} {m.Right}")),
            },
        };
    }

    /// <summary>Collects the patterns of a pre-tokenizer and says whether it is byte-level.</summary>
    private static bool Patterns(string file, JsonElement parent, string name, List<string> patterns)
    {
        if (!parent.TryGetProperty(name, out JsonElement step) || step.ValueKind == JsonValueKind.Null)
            return false;
        return Patterns(file, step, patterns);
    }

    private static bool Patterns(string file, JsonElement step, List<string> patterns)
    {
        switch (Text(step, "type"))
        {
            case "Sequence":
                bool byteLevel = false;
                foreach (JsonElement inner in step.GetProperty("pretokenizers").EnumerateArray())
                    byteLevel |= Patterns(file, inner, patterns);
                return byteLevel;
            case "ByteLevel":
                if (Flag(step, "add_prefix_space"))
                    throw Unsupported(file, "pre_tokenizer", "ByteLevel with add_prefix_space", "ByteLevel without it");
                if (Flag(step, "use_regex", otherwise: true))
                    patterns.Add(PreTokenizer.Gpt2Pattern);
                return true;
            case "Digits":
                patterns.Add(Flag(step, "individual_digits") ? @"\p{N}" : @"\p{N}+");
                return false;
            case "Split":
                // "Removed" with "invert" keeps the matches and drops the rest; those who use it (to carry over
                // tiktoken's patterns) leave no rest.
                string? behaviour = Text(step, "behavior");
                if (behaviour != "Isolated" && !(behaviour == "Removed" && Flag(step, "invert")))
                    throw Unsupported(file, "pre_tokenizer", $"Split with behavior {behaviour}", "Isolated");
                JsonElement pattern = step.GetProperty("pattern");
                patterns.Add(Text(pattern, "Regex")
                    ?? Regex.Escape(Text(pattern, "String") ?? throw new FormatException("A Split has no pattern.")));
                return false;
            case var type:
                throw Unsupported(file, "pre_tokenizer", $"\"{type}\"", "Sequence, Split, Digits and ByteLevel");
        }
    }

    private static bool NormalFormC(string file, JsonElement root)
    {
        if (!root.TryGetProperty("normalizer", out JsonElement whole) || whole.ValueKind == JsonValueKind.Null)
            return false;
        JsonElement[] steps = Text(whole, "type") == "Sequence"
            ? [.. whole.GetProperty("normalizers").EnumerateArray()]
            : [whole];
        foreach (JsonElement step in steps)
        {
            if (Text(step, "type") != "NFC")
                throw Unsupported(file, "normalizer", $"\"{Text(step, "type")}\"", "NFC");
        }
        return steps.Length > 0;
    }

    private static (string, string) Merge(string file, JsonElement merge, int index)
    {
        (string, string)? pair = merge.ValueKind == JsonValueKind.String
            ? TokenizerFiles.Merge(merge.GetString()!)
            : merge.GetArrayLength() == 2 ? (merge[0].GetString() ?? "", merge[1].GetString() ?? "") : null;
        return pair
            ?? throw TokenizerFiles.Malformed(file, $"Merge {index}, {merge.GetRawText()}, is no pair of tokens.");
    }

    private static InvalidDataException Unsupported(string file, string part, string value, string supported) =>
        new($"The tokenizer's {part} is {value}; what can be read is {supported}. In {file}. "
            + "Use a model with a byte-level BPE tokenizer (GPT-2, GPT-J, GPT-NeoX, Llama 3, Qwen 2 and the like).");

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static bool Flag(JsonElement parent, string name, bool otherwise = false) =>
        !parent.TryGetProperty(name, out JsonElement value) ? otherwise
            : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
            : otherwise;

    private static JsonArray Array(IEnumerable<JsonNode> items) => new([.. items]);
}
