using System.Text.Json.Nodes;

namespace Toolformer.Torch.Tokenizers;

/// <summary>Writes a byte-level BPE vocabulary as Hugging Face's <c>tokenizer.json</c>.</summary>
internal static class TokenizerJsonWriter
{
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
                ["normalized"] = t.Normalized,
                ["special"] = t.Special,
            })),
            ["normalizer"] = vocabulary.NormalFormC ? new JsonObject { ["type"] = "NFC" } : null,
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = Array(vocabulary.PreTokenizer.Steps.Select(s => new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = s.Pattern },
                    ["behavior"] = s.Behavior.ToString(),
                    ["invert"] = s.Invert,
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

    private static JsonArray Array(IEnumerable<JsonNode> items) => new([.. items]);
}
