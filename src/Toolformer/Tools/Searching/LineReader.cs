using System.Text;

namespace Toolformer.Tools.Searching;

/// <summary>A line and the offset of what follows it.</summary>
/// <param name="Text">Null: the line is longer than allowed and was passed over.</param>
/// <param name="End">Where the next line begins, in decompressed bytes.</param>
internal readonly record struct Line(string? Text, long End);

/// <summary>
/// Reads UTF-8 lines of a file, decompressed by its ending, from any line's beginning on. A line that has no end does
/// not fill the memory.
/// </summary>
internal sealed class LineReader : IDisposable
{
    private const int MaxLength = 64 << 20;

    private readonly FileStream _file;
    private readonly Stream _bytes;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _at, _end;

    /// <param name="from">An offset that <see cref="Line.End"/> gave, or 0.</param>
    public LineReader(string path, long from)
    {
        _file = CompressedFile.OpenAsItIs(path);
        _bytes = CompressedFile.Decompress(_file);
        Offset = from;
        if (ReferenceEquals(_file, _bytes))
            _file.Seek(from, SeekOrigin.Begin);
        else
            Skip(from);
    }

    /// <summary>Where the next line begins, in decompressed bytes.</summary>
    public long Offset { get; private set; }

    /// <summary>How much of the file, as it lies on the disk, has been read so far.</summary>
    public long BytesRead => _file.Position;

    /// <summary>The next line, without its end; null after the last.</summary>
    public Line? Read()
    {
        using var line = new MemoryStream();
        bool any = false, tooLong = false;
        while (_at < _end || Fill())
        {
            any = true;
            var rest = _buffer.AsSpan(_at, _end - _at);
            int newline = rest.IndexOf((byte)'\n');
            var part = newline < 0 ? rest : rest[..newline];
            tooLong |= line.Length + part.Length > MaxLength;
            if (!tooLong)
                line.Write(part);
            int used = part.Length + (newline < 0 ? 0 : 1);
            _at += used;
            Offset += used;
            if (newline >= 0)
                break;
        }
        if (!any)
            return null;
        var bytes = line.GetBuffer().AsSpan(0, (int)line.Length);
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        return new Line(tooLong ? null : Encoding.UTF8.GetString(bytes).TrimEnd('\r'), Offset);
    }

    public void Dispose()
    {
        _bytes.Dispose();
        _file.Dispose();
    }

    private void Skip(long count)
    {
        while (count > 0 && Fill())
        {
            int used = (int)Math.Min(count, _end);
            (_at, count) = (used, count - used);
        }
    }

    private bool Fill()
    {
        (_at, _end) = (0, _bytes.Read(_buffer, 0, _buffer.Length));
        return _end > 0;
    }
}
