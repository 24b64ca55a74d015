using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Torch.Tokenizers;

/// <summary>Byte-pair encoding over a word's bytes, as GPT-2 and most families after it have it.</summary>
/// <param name="byteIds">The token of each byte.</param>
/// <param name="lengths">Of each token, in bytes.</param>
/// <param name="wholeWords">Words, in the byte alphabet, that are tokens whatever the merges say; or null.</param>
internal sealed class ByteLevelBpe(
    PairMerger merger, int[] byteIds, int[] lengths, Dictionary<string, int>? wholeWords) : TokenModel
{
    protected override Token[] Cut(ReadOnlySpan<char> word)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        if (wholeWords is not null && wholeWords.TryGetValue(ByteAlphabet.Spell(bytes), out int whole))
            return [new Token(whole, 0, word.Length)];
        int[] symbols = new int[bytes.Length], ends = new int[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
            (symbols[i], ends[i]) = (byteIds[bytes[i]], i + 1);
        int count = merger.Merge(symbols, ends);
        return Spans(symbols.AsSpan(0, count), word, ascii: bytes.Length == word.Length);
    }

    /// <summary>
    /// A character has one to four bytes: a token reaches from its first byte's character to its last's.
    /// </summary>
    private Token[] Spans(ReadOnlySpan<int> ids, ReadOnlySpan<char> word, bool ascii)
    {
        var tokens = new Token[ids.Length];
        int characterStart = 0, characterEnd = 0; // of the character read last, in UTF-16 units
        int bytesRead = 0, bytesUsed = 0;
        for (int t = 0; t < ids.Length; t++)
        {
            // The character of the last token's last byte, unless that was its end.
            int start = bytesRead > bytesUsed ? characterStart : characterEnd;
            bytesUsed += lengths[ids[t]];
            if (ascii)
                (bytesRead, characterEnd) = (bytesUsed, bytesUsed);
            while (bytesRead < bytesUsed)
            {
                Rune.DecodeFromUtf16(word[characterEnd..], out Rune rune, out int units);
                (characterStart, characterEnd) = (characterEnd, characterEnd + units);
                bytesRead += rune.Utf8SequenceLength;
            }
            tokens[t] = new Token(ids[t], start, characterEnd);
        }
        return tokens;
    }
}
