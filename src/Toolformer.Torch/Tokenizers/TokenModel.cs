using System.Collections.Concurrent;
using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Torch.Tokenizers;

/// <summary>The third step from text to tokens: what a word is written with. Thread-safe.</summary>
internal abstract class TokenModel
{
    // Words of one text repeat: a bounded cache saves most of the work. Longer words hardly come twice.
    private const int CachedWords = 1 << 16, CachedLength = 32;

    private readonly ConcurrentDictionary<string, Token[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Token[]>.AlternateLookup<ReadOnlySpan<char>> _cacheBySpan;
    private int _cached;

    protected TokenModel() => _cacheBySpan = _cache.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The token of what no other token writes; null: there is no such text, or no such token.</summary>
    public int? Unknown { get; init; }

    /// <summary>The 256 tokens of single bytes, which write unknown characters; null: they do not.</summary>
    public int[]? ByteTokens { get; init; }

    /// <summary>Whether neighbouring unknown characters are one token.</summary>
    public bool FusesUnknown { get; init; }

    /// <summary>
    /// The tokens of a word without lone surrogates, their spans counted from its beginning. The array is shared: do
    /// not write to it.
    /// </summary>
    public Token[] Encode(ReadOnlySpan<char> word)
    {
        if (_cacheBySpan.TryGetValue(word, out Token[]? known))
            return known;
        Token[] tokens = Cut(word);
        bool worth = word.Length <= CachedLength && Volatile.Read(ref _cached) < CachedWords;
        if (worth && _cacheBySpan.TryAdd(word, tokens))
            Interlocked.Increment(ref _cached);
        return tokens;
    }

    /// <summary>The tokens of a word that is not empty.</summary>
    protected abstract Token[] Cut(ReadOnlySpan<char> word);

    /// <summary>Adds what an unknown character is written with: its bytes, the unknown token, or nothing.</summary>
    protected void AddUnknown(List<Token> tokens, ReadOnlySpan<char> word, int start, int end)
    {
        if (ByteTokens is not null)
        {
            Span<byte> bytes = stackalloc byte[4];
            Rune.DecodeFromUtf16(word[start..end], out Rune rune, out _);
            foreach (byte b in bytes[..rune.EncodeToUtf8(bytes)])
                tokens.Add(new(ByteTokens[b], start, end));
        }
        else if (Unknown is { } unknown)
        {
            if (FusesUnknown && tokens.Count > 0 && tokens[^1].Id == unknown)
                tokens[^1] = tokens[^1] with { End = end };
            else
                tokens.Add(new(unknown, start, end));
        }
    }
}
