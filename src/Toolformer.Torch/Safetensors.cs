using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// Reads and writes the safetensors format: 8 bytes of header length, a JSON header, raw little-endian data. The file
/// is hostile until checked: every offset is held against the file's length and the tensor's shape before a byte is
/// read.
/// </summary>
public static class Safetensors
{
    private const int MaxHeaderBytes = 100_000_000;

    /// <summary>Most numbers that are read or written at once: 2³¹ bytes are more than a span can hold.</summary>
    private const long MaxPiece = 1 << 27;

    private static readonly Dictionary<string, ScalarType> Types = new()
    {
        ["F64"] = ScalarType.Float64,
        ["F32"] = ScalarType.Float32,
        ["F16"] = ScalarType.Float16,
        ["BF16"] = ScalarType.BFloat16,
        ["I64"] = ScalarType.Int64,
        ["I32"] = ScalarType.Int32,
        ["I16"] = ScalarType.Int16,
        ["I8"] = ScalarType.Int8,
        ["U8"] = ScalarType.Byte,
        ["BOOL"] = ScalarType.Bool,
    };

    /// <summary>A tensor's place in a file.</summary>
    /// <param name="Start">Offset of its first byte in the file.</param>
    public sealed record Entry(string Name, ScalarType Type, long[] Shape, long Start, long Bytes);

    /// <summary>The table of contents.</summary>
    /// <exception cref="InvalidDataException">The file is no safetensors file, or is cut off.</exception>
    public static IReadOnlyDictionary<string, Entry> ReadHeader(string path)
    {
        using var file = File.OpenRead(path);
        return ReadHeader(file, path);
    }

    /// <summary>The free text that the file carries beside its tensors.</summary>
    public static IReadOnlyDictionary<string, string> ReadMetadata(string path)
    {
        using var file = File.OpenRead(path);
        ReadHeader(file, path);
        file.Position = 0;
        Span<byte> length = stackalloc byte[8];
        file.ReadExactly(length);
        var json = new byte[BinaryPrimitives.ReadInt64LittleEndian(length)];
        file.ReadExactly(json);
        using var header = JsonDocument.Parse(json);
        return header.RootElement.TryGetProperty("__metadata__", out var metadata)
            ? metadata.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "")
            : new Dictionary<string, string>();
    }

    /// <summary>Reads the named tensors (all, if null) on the CPU in the type in which they are stored.</summary>
    public static Dictionary<string, Tensor> Read(string path, Func<string, bool>? wanted = null) =>
        Stream(path, wanted).ToDictionary(t => t.Entry.Name, t => t.Value);

    /// <summary>The same one after the other; the caller owns each as it comes.</summary>
    public static IEnumerable<(Entry Entry, Tensor Value)> Stream(string path, Func<string, bool>? wanted = null)
    {
        using var file = File.OpenRead(path);
        foreach (var entry in ReadHeader(file, path).Values.OrderBy(e => e.Start))
        {
            if (wanted?.Invoke(entry.Name) == false)
                continue;
            var tensor = empty(entry.Shape, entry.Type);
            file.Position = entry.Start;
            foreach (var piece in Pieces(tensor))
                file.ReadExactly(piece.bytes);
            yield return (entry, tensor);
        }
    }

    /// <summary>Writes tensors in the order given, atomically: a reader sees the old file or the new one.</summary>
    public static void Write(
        string path, IEnumerable<(string Name, Tensor Value)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var all = tensors.ToList();
        var header = new Dictionary<string, object>
        {
            ["__metadata__"] = new SortedDictionary<string, string>(
                metadata?.ToDictionary() ?? new Dictionary<string, string> { ["format"] = "pt" },
                StringComparer.Ordinal),
        };
        long offset = 0;
        foreach (var (name, value) in all)
        {
            long bytes = value.numel() * value.element_size();
            string type = Types.First(t => t.Value == value.dtype).Key;
            header[name] = new { dtype = type, shape = value.shape, data_offsets = new[] { offset, offset + bytes } };
            offset += bytes;
        }
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        int padded = (json.Length + 7) / 8 * 8;
        string fresh = path + ".tmp";
        using (var file = File.Create(fresh))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, padded);
            file.Write(length);
            file.Write(json);
            file.Write(Encoding.ASCII.GetBytes(new string(' ', padded - json.Length)));
            foreach (var (_, value) in all)
            {
                using var scope = NewDisposeScope();
                foreach (var piece in Pieces(value.detach().cpu().contiguous()))
                    file.Write(piece.bytes);
            }
            file.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>Views of a tensor's memory that a span of bytes can hold each.</summary>
    private static IEnumerable<Tensor> Pieces(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var flat = tensor.view(-1);
        for (long at = 0; at < flat.shape[0]; at += MaxPiece)
            yield return flat.narrow(0, at, Math.Min(MaxPiece, flat.shape[0] - at));
    }

    private static Dictionary<string, Entry> ReadHeader(FileStream file, string path)
    {
        InvalidDataException Bad(string what) => new(
            $"{what}\n  in {path} ({file.Length:N0} bytes)\n  The download may be incomplete: fetch the file again.");
        Span<byte> lengthBytes = stackalloc byte[8];
        if (file.Length < 8)
            throw Bad("The file is too short to be a safetensors file.");
        file.ReadExactly(lengthBytes);
        long length = BinaryPrimitives.ReadInt64LittleEndian(lengthBytes);
        if (length is <= 0 or > MaxHeaderBytes || length > file.Length - 8)
            throw Bad($"The safetensors header claims {length:N0} bytes.");
        var json = new byte[length];
        file.ReadExactly(json);
        var entries = new Dictionary<string, Entry>();
        try
        {
            using var header = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            foreach (var property in header.RootElement.EnumerateObject())
            {
                if (property.Name != "__metadata__")
                    entries[property.Name] = entries.ContainsKey(property.Name)
                        ? throw Bad($"Tensor '{property.Name}' is there twice.")
                        : ReadEntry(property, 8 + length);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException or OverflowException)
        {
            throw Bad($"The safetensors header is not valid: {e.Message}");
        }
        Entry? before = null;
        foreach (var entry in entries.Values.Where(e => e.Bytes > 0).OrderBy(e => e.Start))
        {
            if (before is not null && entry.Start < before.Start + before.Bytes)
                throw Bad($"Tensors '{before.Name}' and '{entry.Name}' overlap at byte {entry.Start:N0}.");
            before = entry;
        }
        return entries;

        Entry ReadEntry(JsonProperty property, long dataStart)
        {
            string typeName = property.Value.GetProperty("dtype").GetString() ?? "";
            if (!Types.TryGetValue(typeName, out var type))
                throw new InvalidDataException($"Tensor '{property.Name}' has type '{typeName}'; known are "
                    + $"{string.Join(", ", Types.Keys)}.\n  in {path}\n  It may be a quantised model: take the one "
                    + "that it was made from.");
            long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
            var offsets = property.Value.GetProperty("data_offsets");
            long start = offsets[0].GetInt64(), end = offsets[1].GetInt64();
            long expected = checked(shape.Aggregate(1L, (a, b) => checked(a * b)) * SizeOf(type));
            if (shape.Any(d => d < 0) || start < 0 || end - start != expected)
                throw Bad($"Tensor '{property.Name}' of shape [{string.Join(", ", shape)}] needs {expected:N0} bytes, "
                    + $"its offsets [{start}, {end}] span {end - start:N0}.");
            if (end > file.Length - dataStart)
                throw Bad($"Tensor '{property.Name}' ends at byte {dataStart + end:N0}, beyond the end of the file.");
            return new Entry(property.Name, type, shape, dataStart + start, expected);
        }
    }

    private static int SizeOf(ScalarType type) => type switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int16 => 2,
        _ => 1,
    };
}
