namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// GPT-2's printable alphabet for the 256 bytes: token files spell each byte as one character (a space is 'Ġ').
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Alphabet = Characters();
    private static readonly Dictionary<char, byte> ByteOf =
        Alphabet.Select((c, b) => (c, b)).ToDictionary(p => p.c, p => (byte)p.b);

    /// <summary>The bytes in the order of their characters, in which vocabularies list them.</summary>
    public static IEnumerable<byte> Bytes => Enumerable.Range(0, 256).Select(b => (byte)b).OrderBy(Spell);

    public static char Spell(byte value) => Alphabet[value];

    public static string Spell(ReadOnlySpan<byte> bytes)
    {
        Span<char> characters = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
            characters[i] = Alphabet[bytes[i]];
        return new string(characters);
    }

    /// <summary>The bytes of a spelling, or null where a character of it stands for no byte.</summary>
    public static byte[]? Parse(string spelling)
    {
        var bytes = new byte[spelling.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!ByteOf.TryGetValue(spelling[i], out bytes[i]))
                return null;
        }
        return bytes;
    }

    private static char[] Characters()
    {
        // The bytes that print in Latin-1 stand for themselves, the others follow from U+0100 on, in order.
        var characters = new char[256];
        char next = '\u0100';
        for (int b = 0; b < 256; b++)
        {
            bool prints = b is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[b] = prints ? (char)b : next++;
        }
        return characters;
    }
}
