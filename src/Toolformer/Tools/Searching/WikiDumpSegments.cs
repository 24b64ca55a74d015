using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;

namespace Toolformer.Tools.Searching;

/// <summary>A part of a dump that is XML of its own.</summary>
/// <param name="Offset">Where it begins in the file: 0, or that of a bz2 stream.</param>
internal sealed record WikiDumpSegment(long Offset, Stream Xml);

/// <summary>
/// A dump as one piece of XML, or, where it is a row of bz2 streams, as one piece for each stream that begins with a
/// page (in the multistream dumps all but the first and the last; each holds a hundred pages): reading can go on there.
/// </summary>
internal abstract class WikiDumpSegments(FileStream file) : IDisposable
{
    /// <summary>How much of the file, as it lies on the disk, has been read so far.</summary>
    public long BytesRead => File.Position;

    protected FileStream File => file;

    /// <param name="offset">That of a segment.</param>
    public static WikiDumpSegments Open(string path, long offset)
    {
        var file = CompressedFile.OpenAsItIs(path);
        return Path.GetExtension(path).Equals(".bz2", StringComparison.OrdinalIgnoreCase)
            ? new Streams(file, offset)
            : new Whole(file);
    }

    /// <summary>The next segment, once the one before has been read to its end; null after the last.</summary>
    public abstract WikiDumpSegment? Next();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
    }

    private sealed class Whole(FileStream file) : WikiDumpSegments(file)
    {
        private bool _isRead;

        public override WikiDumpSegment? Next()
        {
            bool first = !_isRead;
            _isRead = true;
            return first ? new(0, CompressedFile.Decompress(File)) : null;
        }
    }

    private sealed class Streams : WikiDumpSegments
    {
        private readonly byte[] _begun = new byte[1 << 12];
        private BZip2Stream? _stream;
        private int _begunLength;
        private long _offset;

        public Streams(FileStream file, long offset) : base(file)
        {
            file.Seek(offset, SeekOrigin.Begin);
        }

        public override WikiDumpSegment? Next() =>
            _stream is not null || Begin() ? new(_offset, new SegmentStream(this, _offset > 0)) : null;

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _stream?.Dispose();
            base.Dispose(disposing);
        }

        /// <summary>Opens the stream at the file's position, reads its first bytes; false at the file's end.</summary>
        private bool Begin()
        {
            _stream?.Dispose();
            _stream = null;
            if (File.Position >= File.Length)
                return false;
            _offset = File.Position;
            _stream = BZip2Stream.Create(
                File, CompressionMode.Decompress, decompressConcatenated: false, leaveOpen: true);
            _begunLength = _stream.ReadAtLeast(_begun, _begun.Length, throwOnEndOfStream: false);
            return true;
        }

        private bool BeginsWithPage() =>
            _begun.AsSpan(0, _begunLength).TrimStart(" \t\r\n"u8).StartsWith("<page>"u8);

        /// <summary>The bytes of a segment, with the root element's tags where they stand in other segments.</summary>
        private sealed class SegmentStream(Streams dump, bool isInside) : ReadOnlyStream
        {
            private const string Root = "mediawiki";
            private readonly byte[] _end = new byte[Root.Length + 16];
            private byte[] _pending = isInside ? "<mediawiki>"u8.ToArray() : [];
            private bool _isAtEnd;
            private int _begun;

            public override int Read(byte[] buffer, int offset, int count)
            {
                if (_pending.Length > 0 || _isAtEnd)
                {
                    int given = Math.Min(count, _pending.Length);
                    _pending.AsSpan(0, given).CopyTo(buffer.AsSpan(offset));
                    _pending = _pending[given..];
                    return given;
                }
                int read = FromStream(buffer.AsSpan(offset, count));
                while (read == 0)
                {
                    bool more = dump.Begin();
                    _begun = 0;
                    if (!more || dump.BeginsWithPage())
                    {
                        _isAtEnd = true;
                        // Where the file itself breaks off, the missing tag shall be seen.
                        if (more && !_end.AsSpan().TrimEnd(" \t\r\n"u8).EndsWith("</mediawiki>"u8))
                            _pending = "</mediawiki>"u8.ToArray();
                        return Read(buffer, offset, count);
                    }
                    read = FromStream(buffer.AsSpan(offset, count));
                }
                Remember(buffer.AsSpan(offset, read));
                return read;
            }

            private int FromStream(Span<byte> buffer)
            {
                if (_begun >= dump._begunLength)
                    return dump._stream!.Read(buffer);
                int given = Math.Min(buffer.Length, dump._begunLength - _begun);
                dump._begun.AsSpan(_begun, given).CopyTo(buffer);
                _begun += given;
                return given;
            }

            private void Remember(ReadOnlySpan<byte> read)
            {
                if (read.Length < _end.Length)
                    _end.AsSpan(read.Length).CopyTo(_end);
                var last = read.Length < _end.Length ? read : read[^_end.Length..];
                last.CopyTo(_end.AsSpan(_end.Length - last.Length));
            }
        }
    }
}
