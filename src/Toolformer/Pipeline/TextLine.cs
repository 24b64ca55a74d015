using System.Text;

namespace Toolformer.Pipeline;

/// <summary>A line of a file that may hold anything.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Text">The line without its end; null where it is not usable.</param>
/// <param name="Trouble">Why it is not usable: a constant of <see cref="Corpus"/>.</param>
internal readonly record struct TextLine(long Number, string? Text, string? Trouble)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// The lines of a file, compressed or not, with memory for one line of at most <paramref name="maxBytes"/>. A
    /// compressed file that breaks off ends with a line of the trouble "damaged".
    /// </summary>
    public static IEnumerable<TextLine> Read(string file, int maxBytes)
    {
        using var stream = CompressedFile.OpenRead(file);
        bool compressed = CompressedFile.WithoutEnding(file) != file;
        byte[] chunk = new byte[1 << 16], line = new byte[256];
        int length = 0;
        bool tooLong = false;
        long number = 1;
        while (true)
        {
            int count = ReadChunk(stream, chunk, compressed);
            if (count < 0)
            {
                yield return new TextLine(number, null, Corpus.Damaged);
                yield break;
            }
            if (count == 0)
                break;
            for (int start = 0; start < count;)
            {
                int newline = chunk.AsSpan(start, count - start).IndexOf((byte)'\n');
                int piece = newline < 0 ? count - start : newline;
                if (length + piece > maxBytes)
                    (tooLong, length) = (true, 0);
                if (!tooLong)
                {
                    if (line.Length < length + piece)
                        Array.Resize(ref line, Math.Max(line.Length * 2, length + piece));
                    chunk.AsSpan(start, piece).CopyTo(line.AsSpan(length));
                    length += piece;
                }
                start += piece + 1;
                if (newline < 0)
                    break;
                yield return Finish(line, length, tooLong, number++);
                (length, tooLong) = (0, false);
            }
        }
        if (length > 0 || tooLong)
            yield return Finish(line, length, tooLong, number);
    }

    private static TextLine Finish(byte[] bytes, int length, bool tooLong, long number)
    {
        if (tooLong)
            return new TextLine(number, null, Corpus.TooLong);
        var line = bytes.AsSpan(0, length);
        if (line is [.., (byte)'\r'])
            line = line[..^1];
        if (number == 1 && line.StartsWith(Encoding.UTF8.Preamble))
            line = line[Encoding.UTF8.Preamble.Length..];
        try
        {
            return new TextLine(number, Strict.GetString(line), null);
        }
        catch (DecoderFallbackException)
        {
            return new TextLine(number, null, Corpus.InvalidUtf8);
        }
    }

    /// <summary>Bytes read, 0 at the end, −1 where the compressed data is broken.</summary>
    private static int ReadChunk(Stream stream, byte[] chunk, bool compressed)
    {
        try
        {
            return stream.Read(chunk);
        }
        catch (Exception e) when (compressed && CompressedFile.IsDamage(e))
        {
            return -1;
        }
    }
}
