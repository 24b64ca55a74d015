using System.IO.Compression;
using SharpCompress.Common;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.Xz;

namespace Toolformer;

/// <summary>
/// Opens a file and decompresses it by its ending: .gz, .zst, .xz or .bz2; any other file is read as it is.
/// </summary>
public static class CompressedFile
{
    private static readonly string[] Endings = [".gz", ".zst", ".xz", ".bz2"];

    /// <summary>Opens <paramref name="path"/> as a stream of its decompressed bytes; the caller disposes it.</summary>
    /// <exception cref="IOException">The file is missing or can't be opened.</exception>
    public static Stream OpenRead(string path) => Decompress(OpenAsItIs(path));

    /// <summary>Opens <paramref name="path"/> without decompressing it; the caller disposes it.</summary>
    /// <exception cref="IOException">The file is missing or can't be opened.</exception>
    public static FileStream OpenAsItIs(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"No such file: {path} (looked in {Path.GetFullPath(path)}). Check the path.", path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
    }

    /// <summary>The decompressed bytes of an open file, by its ending; disposing them closes the file.</summary>
    public static Stream Decompress(FileStream file) =>
        Path.GetExtension(file.Name).ToLowerInvariant() switch
        {
            ".gz" => new GZipStream(file, CompressionMode.Decompress),
            ".zst" => new ZstdSharp.DecompressionStream(file, leaveOpen: false),
            ".xz" => new BufferedStream(new XzFile(file), 1 << 16),
            ".bz2" => BZip2Stream.Create(
                file, SharpCompress.Compressors.CompressionMode.Decompress, decompressConcatenated: true, false),
            _ => file,
        };

    /// <summary>The path without the ending of a compressed file: "a.jsonl.xz" → "a.jsonl".</summary>
    public static string WithoutEnding(string path) =>
        Endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)
            ? path[..^Path.GetExtension(path).Length]
            : path;

    /// <summary>Whether an error while reading says that the compressed data is broken or breaks off.</summary>
    public static bool IsDamage(Exception error) =>
        error is InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException or SharpCompressException;

    /// <summary>XZStream leaves its source open; this closes it.</summary>
    private sealed class XzFile(FileStream file) : ReadOnlyStream
    {
        private readonly XZStream _inner = new(file);

        public override int Read(byte[] buffer, int offset, int count) => _inner.Read(buffer, offset, count);
        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
                file.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
