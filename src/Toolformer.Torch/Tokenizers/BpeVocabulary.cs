namespace Toolformer.Torch.Tokenizers;

/// <summary>What a byte-level BPE tokenizer consists of, as its files say it.</summary>
public sealed record BpeVocabulary
{
    /// <summary>
    /// The token that ends a text, and stands before one, in GPT-2's family and in our own vocabularies.
    /// </summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>By id: a token spelled in GPT-2's byte alphabet, an added token as it stands in a text.</summary>
    public required IReadOnlyList<string> Spellings { get; init; }

    /// <summary>The merges, the first to be applied first.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    public required PreTokenizer PreTokenizer { get; init; }

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>
    /// Whether a word that is a token is taken whole, whatever the merges would make of it (Llama 3).
    /// </summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Whether texts are brought to Unicode's normal form C first (GPT-NeoX, Qwen 2).</summary>
    public bool NormalFormC { get; init; }

    /// <summary>Where this comes from, for error messages.</summary>
    public string Source { get; init; } = "a vocabulary made in memory";
}
