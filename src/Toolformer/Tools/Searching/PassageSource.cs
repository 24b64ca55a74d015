namespace Toolformer.Tools.Searching;

/// <summary>
/// Where reading a file can go on: <paramref name="Items"/> documents after what begins at <paramref name="Offset"/>,
/// which is a place in the file that the kind of file can find again.
/// </summary>
public readonly record struct SourcePosition(long Offset, long Items);

/// <summary>What one record, article or paragraph of a file gives.</summary>
/// <param name="Passages">At least one.</param>
/// <param name="Next">Where reading goes on after it.</param>
/// <param name="BytesRead">How much of the file, as it lies on the disk, has been read so far.</param>
public sealed record SourceDocument(IReadOnlyList<Passage> Passages, SourcePosition Next, long BytesRead);

/// <summary>A kind of file that passages are read from, a piece at a time in bounded memory.</summary>
public abstract class PassageSource
{
    /// <summary>The endings that such files have, without those of compression.</summary>
    public abstract IReadOnlyList<string> Endings { get; }

    /// <summary>
    /// The documents of a file from a position on, in order; the same file gives the same documents. What is unusable
    /// is skipped.
    /// </summary>
    /// <param name="skipped">Gets the reason for each part that can't be used.</param>
    /// <exception cref="InvalidDataException">The file is broken where no more can be read.</exception>
    public abstract IEnumerable<SourceDocument> Read(string path, SourcePosition from, Action<string> skipped);

    /// <summary>What reads a file, by the ending of its name.</summary>
    /// <exception cref="FileNotFoundException">The file is not there.</exception>
    /// <exception cref="InvalidDataException">Nothing reads files of such a name.</exception>
    public static PassageSource For(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file '{path}'.\n  looked in {Path.GetFullPath(path)}\n"
                + "  Check the path.", path);
        string ending = Path.GetExtension(CompressedFile.WithoutEnding(path)).ToLowerInvariant();
        var kinds = Catalog.Find<PassageSource>();
        string endings = string.Join(", ", kinds.SelectMany(k => k.Endings).Order());
        return kinds.FirstOrDefault(k => k.Endings.Contains(ending))
            ?? throw new InvalidDataException($"'{path}' ends with '{ending}', which says nothing of what is in it.\n"
                + $"  in --input\n  Passages are read from {endings}, plain or with .gz, .bz2, .xz or .zst after it.");
    }

    /// <summary>
    /// Whether a file is the index of a multistream dump: it holds places in the dump and no text.
    /// </summary>
    public static bool IsIndexOfDump(string path) =>
        Path.GetFileName(path).Contains("-multistream-index", StringComparison.OrdinalIgnoreCase);

    /// <summary>The error for a file whose compression is broken.</summary>
    protected static InvalidDataException Damaged(string path, long at, Exception e) => new(
        $"{path} is damaged or breaks off: its compressed data can't be read on ({e.Message}).\n"
            + $"  after about {at:N0} bytes of the file\n  Compare its size or checksum with the original's, fetch it "
            + "again, and run the same command: what has been read stays.", e);
}
