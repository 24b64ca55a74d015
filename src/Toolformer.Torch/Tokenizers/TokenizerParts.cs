namespace Toolformer.Torch.Tokenizers;

/// <summary>What a tokenizer consists of, whatever files said it, in the order of a text's way.</summary>
internal sealed record TokenizerParts
{
    /// <summary>By id, as the vocabulary spells them.</summary>
    public required IReadOnlyList<string> Spellings { get; init; }

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public Normalizer? Normalizer { get; init; }

    /// <summary>What puts spaces, or marks for them, before words; it sees the text between added tokens.</summary>
    public Normalizer? Spacing { get; init; }

    public PreTokenizer PreTokenizer { get; init; } = new();

    public required TokenModel Model { get; init; }

    /// <summary>Whether unknown characters are one token across words too.</summary>
    public bool FusesUnknownAcrossWords { get; init; }

    public TextFrame Frame { get; init; } = TextFrame.None;

    public required TokenBytes Bytes { get; init; }

    /// <summary>The byte-pair vocabulary that this was made of, if it was.</summary>
    public BpeVocabulary? BytePairs { get; init; }

    public required string Source { get; init; }

    /// <summary>
    /// Where '▁' only ever begins pieces, no token reaches across the place before one: words there are shorter, and
    /// known from before. Null where a piece goes on after a space.
    /// </summary>
    public static PreTokenizer? BeforeSpaces(IEnumerable<string> pieces) =>
        pieces.Any(p => p.AsSpan().TrimStart('▁').Contains('▁')) ? null : new PreTokenizer("▁*[^▁]+|▁+");

    /// <exception cref="InvalidDataException">The vocabulary contradicts itself, or lacks a byte.</exception>
    public static TokenizerParts Of(BpeVocabulary vocabulary)
    {
        var ids = Ids(vocabulary.Spellings, vocabulary.Source);
        var added = vocabulary.AddedTokens.Select(t => t.Content).ToHashSet(StringComparer.Ordinal);
        var byteIds = new int[256];
        for (int b = 0; b < 256; b++)
        {
            // GPT-NeoX lacks some of the bytes that never stand in UTF-8, and never needs them.
            bool inUtf8 = b is not (0xC0 or 0xC1 or >= 0xF5);
            if (!ids.TryGetValue(ByteAlphabet.Spell((byte)b).ToString(), out byteIds[b]) && inUtf8)
                throw Broken(vocabulary.Source, $"The byte 0x{b:X2}, spelled \"{ByteAlphabet.Spell((byte)b)}\", has no "
                    + "token, so that not every text could be encoded.");
        }
        int[] lengths = [.. vocabulary.Spellings.Select(s => TokenBytes.ByteLevel.Of(s, added.Contains(s)).Length)];
        var whole = vocabulary.IgnoreMerges ? WithoutAdded(ids, vocabulary.AddedTokens) : null;
        return new TokenizerParts
        {
            Spellings = vocabulary.Spellings,
            AddedTokens = vocabulary.AddedTokens,
            Normalizer = vocabulary.NormalFormC ? new UnicodeNormalizer(compose: true, compatible: false) : null,
            PreTokenizer = vocabulary.PreTokenizer,
            Model = new ByteLevelBpe(
                new PairMerger(Merges(vocabulary.Merges, ids, vocabulary.Source)), byteIds, lengths, whole),
            Bytes = TokenBytes.ByteLevel,
            BytePairs = vocabulary,
            Source = vocabulary.Source,
        };
    }

    public static Dictionary<string, int> WithoutAdded(Dictionary<string, int> ids, IEnumerable<AddedToken> added)
    {
        var plain = new Dictionary<string, int>(ids, StringComparer.Ordinal);
        foreach (AddedToken token in added.Where(t => t.Special))
            plain.Remove(token.Content);
        return plain;
    }

    public static Dictionary<string, int> Ids(IReadOnlyList<string> spellings, string source)
    {
        var ids = new Dictionary<string, int>(spellings.Count, StringComparer.Ordinal);
        for (int id = 0; id < spellings.Count; id++)
        {
            if (!ids.TryAdd(spellings[id], id))
                throw Broken(source, $"The token \"{spellings[id]}\" has two ids, {ids[spellings[id]]} and {id}.");
        }
        return ids;
    }

    public static Dictionary<(int Left, int Right), (int Rank, int Symbol)> Merges(
        IReadOnlyList<(string Left, string Right)> pairs, Dictionary<string, int> ids, string source)
    {
        var merges = new Dictionary<(int Left, int Right), (int Rank, int Symbol)>(pairs.Count);
        for (int rank = 0; rank < pairs.Count; rank++)
        {
            (string left, string right) = pairs[rank];
            merges.TryAdd((Id(left), Id(right)), (rank, Id(left + right)));

            int Id(string token) => ids.TryGetValue(token, out int id)
                ? id
                : throw Broken(
                    source, $"Merge {rank}, \"{left}\" with \"{right}\", needs \"{token}\", which is no token.");
        }
        return merges;
    }

    /// <summary>The 256 byte tokens; null where the vocabulary lacks one.</summary>
    public static int[]? ByteTokens(Dictionary<string, int> ids)
    {
        var tokens = new int[256];
        for (int b = 0; b < 256; b++)
        {
            if (!ids.TryGetValue($"<0x{b:X2}>", out tokens[b]))
                return null;
        }
        return tokens;
    }

    public static InvalidDataException Broken(string source, string what) =>
        new($"{what} In {source}. Take the tokenizer's files anew from where the model comes from.");
}
