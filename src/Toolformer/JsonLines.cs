using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Toolformer;

/// <summary>Reading JSON Lines: one JSON object per line, field names in snake_case, UTF-8.</summary>
public static class JsonLines
{
    /// <summary>How every file of a run folder is written and read.</summary>
    public static JsonSerializerOptions Format { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The records of a file, one after the other, decompressed where its ending says so.</summary>
    /// <exception cref="InvalidDataException">A line is no such record; file and line are named.</exception>
    public static IEnumerable<T> Read<T>(string path)
    {
        using var reader = new StreamReader(CompressedFile.OpenRead(path));
        for (long number = 1; reader.ReadLine() is { } line; number++)
        {
            if (!string.IsNullOrWhiteSpace(line))
                yield return Parse<T>(line, path, number);
        }
    }

    private static T Parse<T>(string line, string path, long number)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, Format)
                ?? throw new JsonException("the line is null");
        }
        catch (JsonException e)
        {
            string start = line.Length <= 60 ? line : line[..60] + "…";
            throw new InvalidDataException($"{path}, line {number}: '{start}' is no record of this file "
                + $"({e.Message}). Mend or remove the line, or make the file anew.", e);
        }
    }
}

/// <summary>
/// Appends records to a JSON Lines file. A file that a killed process left behind is first cut back to whole records.
/// </summary>
public sealed class JsonLinesWriter : IDisposable
{
    private const int FlushAt = 1 << 20;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly ArrayBufferWriter<byte> _pending = new();
    private bool _failed;

    /// <param name="keep">Bytes of an existing file to keep; null: up to the end of its last whole line.</param>
    /// <exception cref="IOException">The file can't be opened for writing.</exception>
    public JsonLinesWriter(string path, long? keep = null)
    {
        _path = path;
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        _file.SetLength(keep ?? EndOfLastLine(_file));
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Bytes of the file, those not yet flushed included.</summary>
    public long Length => _file.Position + _pending.WrittenCount;

    public void Write<T>(T record)
    {
        using (var json = new Utf8JsonWriter(_pending, new JsonWriterOptions { Encoder = JsonLines.Format.Encoder }))
            JsonSerializer.Serialize(json, record, JsonLines.Format);
        _pending.Write("\n"u8);
        if (_pending.WrittenCount >= FlushAt)
            Flush(toDisk: false);
    }

    /// <summary>Hands all records to the system, or waits until they are on the disk.</summary>
    /// <exception cref="IOException">The disk is full or gone. What was flushed before is not lost.</exception>
    public void Flush(bool toDisk)
    {
        try
        {
            _file.Write(_pending.WrittenSpan);
            _pending.ResetWrittenCount();
            if (toDisk)
                _file.Flush(flushToDisk: true);
        }
        catch (IOException e)
        {
            _failed = true;
            throw new IOException($"Could not write to {_path} after {_file.Position} bytes: {e.Message} "
                + "Make room and run the same command again: it goes on where it stopped.", e);
        }
    }

    public void Dispose()
    {
        // After a failed write a second attempt would only hide the first error.
        if (!_failed)
            Flush(toDisk: false);
        _file.Dispose();
    }

    /// <summary>Closes the file without the records that were not flushed.</summary>
    public void Abandon() => _file.Dispose();

    private static long EndOfLastLine(FileStream file)
    {
        byte[] buffer = new byte[4096];
        for (long end = file.Length; end > 0;)
        {
            int count = (int)Math.Min(buffer.Length, end);
            file.Seek(end - count, SeekOrigin.Begin);
            file.ReadExactly(buffer, 0, count);
            int newline = buffer.AsSpan(0, count).LastIndexOf((byte)'\n');
            if (newline >= 0)
                return end - count + newline + 1;
            end -= count;
        }
        return 0;
    }
}
