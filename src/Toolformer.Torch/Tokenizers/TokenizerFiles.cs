using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// A tokenizer in a model folder, as Hugging Face's libraries write and read it. Of several kinds of files the first
/// counts: <c>tokenizer.json</c>; a SentencePiece model (<c>tokenizer.model</c>, <c>sentencepiece.bpe.model</c>,
/// <c>spiece.model</c>); GPT-2's <c>vocab.json</c> with <c>merges.txt</c>, or by OpenAI's names <c>encoder.json</c>
/// with <c>vocab.bpe</c>; BERT's <c>vocab.txt</c>. Beside the last three <c>tokenizer_config.json</c> and
/// <c>added_tokens.json</c> are read too.
/// </summary>
public static class TokenizerFiles
{
    // The largest vocabularies in use are about 40 MB as text; a larger file is something else.
    private const long LongestFile = 256L << 20, LongestSentencePiece = 32L << 20;

    private static readonly (string Vocabulary, string Merges)[] s_pairs =
        [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];

    /// <summary>The names of all files that a tokenizer may lie in.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
            "merges.txt", "encoder.json", "vocab.bpe", "vocab.txt", .. SentencePieceFile.Names];

    /// <summary>Whether a folder holds the files of a tokenizer that could be read.</summary>
    public static bool Exist(string folder) =>
        File.Exists(Path.Combine(folder, "tokenizer.json")) || SentencePieceFile.In(folder) is not null
        || s_pairs.Any(p => Both(folder, p)) || File.Exists(Path.Combine(folder, "vocab.txt"));

    /// <exception cref="FileNotFoundException">The folder has none of these.</exception>
    /// <exception cref="InvalidDataException">A file is malformed or is another kind of tokenizer.</exception>
    internal static TokenizerParts Read(string folder)
    {
        string whole = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(whole))
            return TokenizerJson.Read(whole, ReadText(whole));
        var config = new TokenizerConfig(folder);
        if (SentencePieceFile.In(folder) is { } pieces)
            return SentencePieceFile.Read(pieces, config);
        foreach (var pair in s_pairs.Where(p => Both(folder, p)))
            return ReadPair(folder, pair.Vocabulary, pair.Merges, config);
        string words = Path.Combine(folder, "vocab.txt");
        if (File.Exists(words))
            return Bert.Read(words, ReadText(words), config);
        throw new FileNotFoundException(
            $"No tokenizer in {Path.GetFullPath(folder)}: neither tokenizer.json, tokenizer.model, vocab.json with "
            + "merges.txt, nor vocab.txt. Copy these from where the model comes from, or give token ids instead of "
            + "text.", whole);
    }

    /// <summary>
    /// Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c>, which transformers' AutoTokenizer reads too.
    /// </summary>
    public static void Write(BpeVocabulary vocabulary, string folder)
    {
        Directory.CreateDirectory(folder);
        var options = new JsonSerializerOptions
        {
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        Save("tokenizer.json", TokenizerJsonWriter.Write(vocabulary));

        var config = new JsonObject
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["clean_up_tokenization_spaces"] = false,
        };
        if (vocabulary.AddedTokens.Any(t => t.Content == BpeVocabulary.EndOfText))
        {
            foreach (string role in (string[])["bos_token", "eos_token", "unk_token"])
                config[role] = BpeVocabulary.EndOfText;
        }
        Save("tokenizer_config.json", config);

        void Save(string name, JsonObject json) =>
            File.WriteAllText(Path.Combine(folder, name), json.ToJsonString(options) + "\n");
    }

    internal static InvalidDataException Malformed(string file, string what, Exception? cause = null) =>
        new($"{what} In {file}. Take the file anew from where the model comes from.", cause);

    private static bool Both(string folder, (string Vocabulary, string Merges) pair) =>
        File.Exists(Path.Combine(folder, pair.Vocabulary)) && File.Exists(Path.Combine(folder, pair.Merges));

    internal static byte[] ReadBytes(string file, long limit = LongestSentencePiece)
    {
        long length = new FileInfo(file).Length;
        return length <= limit
            ? File.ReadAllBytes(file)
            : throw Malformed(file, $"{length:N0} bytes are too many for a vocabulary, the limit is {limit:N0}.");
    }

    internal static string ReadText(string file)
    {
        using var reader = new StreamReader(new MemoryStream(ReadBytes(file, LongestFile)));
        return reader.ReadToEnd();
    }

    private static TokenizerParts ReadPair(
        string folder, string vocabularyName, string mergesName, TokenizerConfig config)
    {
        string file = Path.Combine(folder, vocabularyName);
        var tokens = new TokenList(file);
        TokenizerJson.Parse(file, ReadText(file), root => tokens.Add(root));

        var added = config.Added.ToList();
        if (tokens.Find(BpeVocabulary.EndOfText) is { } end && !added.Any(t => t.Id == end))
            added.Add(new AddedToken(end, BpeVocabulary.EndOfText, Special: true));
        foreach (AddedToken token in added)
            tokens.AddUnlessThere(token.Content, token.Id);

        string mergesFile = Path.Combine(folder, mergesName);
        var merges = new List<(string, string)>();
        int number = 0;
        foreach (string line in ReadText(mergesFile).Split('\n'))
        {
            number++;
            string merge = line.TrimEnd('\r');
            if (merge.Length == 0 || (number == 1 && merge.StartsWith("#version", StringComparison.Ordinal)))
                continue;
            merges.Add(Merge(merge) ?? throw Malformed(
                mergesFile, $"Line {number}, \"{merge}\", is no pair of tokens with one space between them."));
        }
        return TokenizerParts.Of(new BpeVocabulary
        {
            Spellings = tokens.Spellings(),
            Merges = merges,
            PreTokenizer = new PreTokenizer(PreTokenizer.Gpt2Pattern),
            AddedTokens = added,
            Source = file,
        }) with
        {
            Spacing = config.Flag("add_prefix_space") == true
                ? new PrependingNormalizer(" ", Prepending.Always, char.IsWhiteSpace)
                : null,
        };
    }

    internal static (string Left, string Right)? Merge(string text)
    {
        int space = text.IndexOf(' ');
        bool pair = space > 0 && space < text.Length - 1 && text.IndexOf(' ', space + 1) < 0;
        return pair ? (text[..space], text[(space + 1)..]) : null;
    }

    /// <summary>Collects tokens by id, and sees to it that ids and tokens are one to one and without gaps.</summary>
    internal sealed class TokenList(string file)
    {
        private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
        private readonly Dictionary<int, string> _tokens = [];

        public int? Find(string token) => _ids.TryGetValue(token, out int id) ? id : null;

        /// <summary>Adds an object of tokens and their ids.</summary>
        public void Add(JsonElement tokens)
        {
            foreach (JsonProperty token in tokens.EnumerateObject())
                Add(token.Name, token.Value.GetInt32());
        }

        public void AddUnlessThere(string token, int id)
        {
            if (Find(token) != id)
                Add(token, id);
        }

        public string[] Spellings()
        {
            if (_tokens.Count == 0)
                throw Malformed(file, "The vocabulary is empty.");
            var spellings = new string[_tokens.Count];
            for (int id = 0; id < spellings.Length; id++)
            {
                if (!_tokens.TryGetValue(id, out string? spelling))
                    throw Malformed(file, $"There are {spellings.Length} tokens but none with the id {id}.");
                spellings[id] = spelling;
            }
            return spellings;
        }

        public void Add(string token, int id)
        {
            if (id < 0)
                throw Malformed(file, $"The token \"{token}\" has the id {id}, which is less than 0.");
            if (!_ids.TryAdd(token, id))
                throw Malformed(file, $"The token \"{token}\" has two ids, {_ids[token]} and {id}.");
            if (!_tokens.TryAdd(id, token))
                throw Malformed(file, $"The id {id} has two tokens, \"{_tokens[id]}\" and \"{token}\".");
        }
    }
}
