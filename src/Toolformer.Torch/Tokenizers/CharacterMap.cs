using System.Buffers.Binary;
using System.Text;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// SentencePiece's compiled character map (nmt_nfkc and the like): a double-array trie over UTF-8 that leads from
/// strings to what takes their places. Whatever the bytes are, reading them stays inside them.
/// </summary>
/// <remarks>
/// Layout: length of the trie in bytes (uint32), its units (uint32, little-endian), then the replacements, each
/// ended by a zero byte. Hugging Face's library looks up whole grapheme clusters with the same map; this is
/// SentencePiece's way.
/// </remarks>
internal sealed class CharacterMap
{
    // Unicode's longest takes 33 bytes. What a file may make of a character has a bound.
    private const int LongestReplacement = 256;

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    /// <exception cref="FormatException">The bytes are no such map.</exception>
    public CharacterMap(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) is var size
            && (size % 4 != 0 || size < 4 || size > bytes.Length - 4))
            throw new FormatException($"The precompiled character map of {bytes.Length} bytes is cut off or no map.");
        int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        _units = new uint[length / 4];
        for (int i = 0; i < _units.Length; i++)
            _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + 4 * i)..]);
        _replacements = bytes[(4 + length)..].ToArray();
    }

    /// <summary>How many characters at the beginning of a text are replaced, the longest match; 0 for none.</summary>
    public int Match(ReadOnlySpan<char> text, out string replacement)
    {
        int matched = 0;
        uint value = 0, place = Offset(_units[0]);
        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int units);
            i += units;
            foreach (byte b in bytes[..rune.EncodeToUtf8(bytes)])
            {
                place ^= b;
                if (place >= _units.Length || (_units[place] & 0x800000FF) != b)
                    return Found(matched, value, out replacement);
                bool leaf = (_units[place] >> 8 & 1) != 0;
                place ^= Offset(_units[place]);
                if (leaf && place < _units.Length)
                    (matched, value) = (i, _units[place] & 0x7FFFFFFF);
            }
        }
        return Found(matched, value, out replacement);
    }

    private int Found(int matched, uint value, out string replacement)
    {
        replacement = "";
        if (matched == 0 || value >= _replacements.Length)
            return 0;
        var rest = _replacements.AsSpan((int)value);
        int end = rest[..Math.Min(rest.Length, LongestReplacement)].IndexOf((byte)0);
        if (end < 0)
            return 0;
        replacement = Encoding.UTF8.GetString(rest[..end]);
        return matched;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 1u << 9) >> 6);
}
