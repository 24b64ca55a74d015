using System.Text.Json;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// The format of Hugging Face's <c>tokenizer.json</c>. What it says about cutting and padding texts is left to the
/// model; what changes tokens and can't be read is an error that names it.
/// </summary>
internal static class TokenizerJson
{
    public static TokenizerParts Read(string file, string text)
    {
        TokenizerParts? parts = null;
        Parse(file, text, root => parts = Read(file, root));
        return parts!;
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
            or KeyNotFoundException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw TokenizerFiles.Malformed(file, $"This can't be read as a tokenizer: {e.Message}", e);
        }
    }

    public static AddedToken Added(JsonElement token, int id)
    {
        bool special = Flag(token, "special");
        return new AddedToken(id, token.GetProperty("content").GetString() ?? "", special, Flag(token, "lstrip"),
            Flag(token, "rstrip"), Flag(token, "single_word"), Flag(token, "normalized", otherwise: !special));
    }

    private static TokenizerParts Read(string file, JsonElement root)
    {
        JsonElement model = root.GetProperty("model");
        string type = Text(model, "type") ?? Guess(model); // older files leave it out
        if (type is not ("BPE" or "Unigram" or "WordPiece"))
            throw Unsupported(file, "model.type", type, "BPE, Unigram and WordPiece");
        var tokens = new TokenizerFiles.TokenList(file);
        JsonElement vocabulary = model.GetProperty("vocab");
        if (type == "Unigram")
        {
            foreach ((int id, JsonElement piece) in vocabulary.EnumerateArray().Index())
                tokens.Add(piece[0].GetString() ?? "", id);
        }
        else
            tokens.Add(vocabulary);
        var added = new List<AddedToken>();
        if (root.TryGetProperty("added_tokens", out JsonElement list) && list.ValueKind != JsonValueKind.Null)
        {
            foreach (JsonElement token in list.EnumerateArray())
            {
                added.Add(Added(token, token.GetProperty("id").GetInt32()));
                tokens.AddUnlessThere(added[^1].Content, added[^1].Id);
            }
        }
        string[] spellings = tokens.Spellings();
        var steps = new TokenizerJsonSteps(file, root);
        TokenizerParts parts = type switch
        {
            "Unigram" => Unigram(file, model, spellings, added, steps),
            "WordPiece" => WordPiece(file, model, spellings, added, steps),
            _ => steps.IsByteLevel ? ByteLevel(file, model, spellings, added, steps)
                : CharacterPairs(file, model, spellings, added, steps),
        };
        return parts with
        {
            Normalizer = steps.Normalizer,
            Spacing = steps.Spacing,
            Frame = steps.Frame,
            Bytes = steps.Bytes ?? parts.Bytes,
        };
    }

    private static string Guess(JsonElement model) =>
        model.TryGetProperty("merges", out _) ? "BPE"
        : model.TryGetProperty("vocab", out JsonElement v) && v.ValueKind == JsonValueKind.Array ? "Unigram"
        : model.TryGetProperty("max_input_chars_per_word", out _) ? "WordPiece"
        : "BPE";

    private static TokenizerParts ByteLevel(
        string file, JsonElement model, string[] spellings, List<AddedToken> added, TokenizerJsonSteps steps)
    {
        CheckPairs(file, model);
        if (Flag(model, "byte_fallback"))
            throw Unsupported(file, "model.byte_fallback", "true with ByteLevel", "false");
        return TokenizerParts.Of(new BpeVocabulary
        {
            Spellings = spellings,
            Merges = Merges(file, model),
            PreTokenizer = new PreTokenizer(steps.Splits),
            AddedTokens = added,
            IgnoreMerges = Flag(model, "ignore_merges"),
            NormalFormC = steps.Normalizer is UnicodeNormalizer { IsFormC: true },
            Source = file,
        });
    }

    private static TokenizerParts CharacterPairs(
        string file, JsonElement model, string[] spellings, List<AddedToken> added, TokenizerJsonSteps steps)
    {
        CheckPairs(file, model);
        var ids = TokenizerParts.Ids(spellings, file);
        var plain = TokenizerParts.WithoutAdded(ids, added);
        var characters = new Dictionary<int, int>();
        foreach ((string spelling, int id) in plain)
        {
            System.Text.Rune.DecodeFromUtf16(spelling, out var rune, out int units);
            if (units == spelling.Length)
                characters.TryAdd(rune.Value, id);
        }
        var merger = new PairMerger(TokenizerParts.Merges(Merges(file, model), ids, file));
        return new TokenizerParts
        {
            Spellings = spellings,
            AddedTokens = added,
            PreTokenizer = Splits(steps, plain.Keys),
            Model = new CharacterBpe(
                merger, characters, spellings.Length, new CharacterTrie(), Flag(model, "ignore_merges") ? plain : null)
            {
                Unknown = Text(model, "unk_token") is { } unknown ? Id(file, "unk_token", unknown, ids) : null,
                FusesUnknown = Flag(model, "fuse_unk"),
                ByteTokens = Flag(model, "byte_fallback") ? TokenizerParts.ByteTokens(ids) : null,
            },
            Bytes = TokenBytes.Pieces([("▁", " ")], Flag(model, "byte_fallback"), LeadingSpace.Kept),
            Source = file,
        };
    }

    private static TokenizerParts Unigram(
        string file, JsonElement model, string[] spellings, List<AddedToken> added, TokenizerJsonSteps steps)
    {
        var ids = TokenizerParts.Ids(spellings, file);
        var plain = TokenizerParts.WithoutAdded(ids, added);
        float[] scores = [.. model.GetProperty("vocab").EnumerateArray().Select(p => p[1].GetSingle())];
        if (scores.FirstOrDefault(s => !float.IsFinite(s)) is var bad && bad != 0)
            throw Unsupported(file, "model.vocab", $"of a score {bad}", "finite scores");
        var trie = new CharacterTrie();
        foreach ((string spelling, int id) in plain.Where(p => p.Value < scores.Length && p.Key.Length > 0))
            trie.Add(spelling, id);
        bool bytes = Flag(model, "byte_fallback");
        int? unknown = model.TryGetProperty("unk_id", out JsonElement u) && u.ValueKind == JsonValueKind.Number
            ? u.GetInt32()
            : null;
        if (unknown is { } id2 && (uint)id2 >= (uint)scores.Length)
            throw Unsupported(file, "model.unk_id", $"{id2}", $"an id below {scores.Length}");
        return new TokenizerParts
        {
            Spellings = spellings,
            AddedTokens = added,
            PreTokenizer = Splits(steps, plain.Keys),
            Model = new Unigram(trie, scores, scores.DefaultIfEmpty().Min() - Tokenizers.Unigram.UnknownPenalty)
            {
                Unknown = unknown,
                FusesUnknown = true,
                ByteTokens = bytes ? TokenizerParts.ByteTokens(ids) : null,
            },
            Bytes = TokenBytes.Pieces([("▁", " ")], bytes, LeadingSpace.Kept),
            Source = file,
        };
    }

    private static TokenizerParts WordPiece(
        string file, JsonElement model, string[] spellings, List<AddedToken> added, TokenizerJsonSteps steps)
    {
        var ids = TokenizerParts.Ids(spellings, file);
        string mark = Text(model, "continuing_subword_prefix") ?? "##";
        int longest = model.TryGetProperty("max_input_chars_per_word", out JsonElement most) ? most.GetInt32() : 100;
        return Bert.Words(TokenizerParts.WithoutAdded(ids, added), mark, longest,
            Id(file, "unk_token", Text(model, "unk_token") ?? "[UNK]", ids)) with
        {
            Spellings = spellings,
            AddedTokens = added,
            PreTokenizer = new PreTokenizer(steps.Splits),
            Source = file,
        };
    }

    /// <summary>Where a file cuts no words, those before spaces may do: they are in the cache.</summary>
    private static PreTokenizer Splits(TokenizerJsonSteps steps, IEnumerable<string> pieces) =>
        steps.Splits.Count == 0 && TokenizerParts.BeforeSpaces(pieces) is { } words
            ? words
            : new PreTokenizer(steps.Splits);

    private static void CheckPairs(string file, JsonElement model)
    {
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!string.IsNullOrEmpty(Text(model, affix)))
                throw Unsupported(file, $"model.{affix}", Text(model, affix)!, "none");
        }
        if (model.TryGetProperty("dropout", out JsonElement dropout) && dropout.ValueKind == JsonValueKind.Number
            && dropout.GetDouble() != 0)
            throw Unsupported(file, "model.dropout", dropout.GetRawText(), "none: it makes tokens a matter of chance");
    }

    private static (string, string)[] Merges(string file, JsonElement model) =>
        [.. model.GetProperty("merges").EnumerateArray().Select((m, i) => Merge(file, m, i))];

    private static (string, string) Merge(string file, JsonElement merge, int index)
    {
        (string, string)? pair = merge.ValueKind == JsonValueKind.String
            ? TokenizerFiles.Merge(merge.GetString()!)
            : merge.GetArrayLength() == 2 ? (merge[0].GetString() ?? "", merge[1].GetString() ?? "") : null;
        return pair
            ?? throw TokenizerFiles.Malformed(file, $"Merge {index}, {merge.GetRawText()}, is no pair of tokens.");
    }

    private static int Id(string file, string field, string token, Dictionary<string, int> ids) =>
        ids.TryGetValue(token, out int id)
            ? id
            : throw TokenizerFiles.Malformed(file, $"model.{field} is \"{token}\", which is no token.");

    public static InvalidDataException Unsupported(string file, string field, string value, string supported) =>
        new($"The tokenizer's {field} is {value}; what can be read is {supported}. In {file}. "
            + "Use another model, or have its tokenizer written anew without this.");

    public static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    public static bool Flag(JsonElement parent, string name, bool otherwise = false) =>
        !parent.TryGetProperty(name, out JsonElement value) ? otherwise
            : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
            : otherwise;
}
