using System.Text;

namespace Toolformer.Tests.Torch;

/// <summary>Writes small SentencePiece models.</summary>
internal static class PieceModel
{
    /// <summary>With unknown, beginning and end as the pieces 0 to 2.</summary>
    /// <param name="pieces">Text, score, and kind: 1 normal, 4 user-defined, 6 byte.</param>
    public static byte[] Write(
        IEnumerable<(string Text, float Score, int Kind)> pieces, bool pairs = false, bool byteFallback = false,
        bool prefix = true, bool joinSpaces = false, byte[]? map = null)
    {
        var file = new List<byte>();
        IEnumerable<(string, float, int)> marks = [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3)];
        foreach ((string text, float score, int kind) in marks.Concat(pieces))
        {
            byte[] all = Encoding.UTF8.GetBytes(text);
            Add(file, 1, [.. Field(1, all), 2 << 3 | 5, .. BitConverter.GetBytes(score), 3 << 3, (byte)kind]);
        }
        Add(file, 2, [3 << 3, (byte)(pairs ? 2 : 1), 0x98, 0x02, (byte)(byteFallback ? 1 : 0)]); // fields 3 and 35
        Add(file, 3,
            [.. Field(2, map ?? []), 3 << 3, (byte)(prefix ? 1 : 0), 4 << 3, (byte)(joinSpaces ? 1 : 0)]);
        return [.. file];
    }

    public static IEnumerable<(string, float, int)> Bytes =>
        Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f, 6));

    private static void Add(List<byte> file, int field, byte[] value) => file.AddRange(Field(field, value));

    private static byte[] Field(int field, byte[] value)
    {
        var all = new List<byte> { (byte)(field << 3 | 2) };
        int length = value.Length;
        for (; length >= 0x80; length >>= 7)
            all.Add((byte)(length | 0x80));
        return [.. all, (byte)length, .. value];
    }
}
