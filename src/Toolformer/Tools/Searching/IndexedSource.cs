using System.Text.Json;

namespace Toolformer.Tools.Searching;

/// <summary>A file whose passages are in an index, as the index remembers it.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Length">Of the file in bytes when it was read.</param>
/// <param name="Modified">When the file was last written before it was read, UTC.</param>
public sealed record IndexedSource(string Path, long Length, DateTime Modified)
{
    /// <summary>Documents read so far: records, articles, paragraphs.</summary>
    public long Documents { get; init; }

    /// <summary>Whether all of the file has been read.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Whether an earlier state of the file is in the index beside what has been read of this one.</summary>
    public bool IsUpdate { get; init; }

    /// <summary>Where reading goes on, if it is not complete.</summary>
    public SourcePosition Next { get; init; }

    /// <summary>Whether the file is still as it was when it was read.</summary>
    public bool IsUnchanged(FileInfo file) => file.Length == Length && file.LastWriteTimeUtc == Modified;
}

/// <summary>
/// The sources of an index, kept in Lucene's own commit: what is said to be in the index and what is in it can't
/// differ, whenever a process dies.
/// </summary>
internal static class IndexedSources
{
    private const string Format = "toolformer_format", Entry = "toolformer_sources", Current = "2";

    public static Dictionary<string, string> Write(IReadOnlyDictionary<string, IndexedSource> sources) => new()
    {
        [Format] = Current,
        [Entry] = JsonSerializer.Serialize(sources.Values, JsonLines.Format),
    };

    /// <summary>Null: the index was made by something else, or by an earlier version.</summary>
    public static SortedDictionary<string, IndexedSource>? Read(IDictionary<string, string> commit)
    {
        if (!commit.TryGetValue(Format, out string? format) || format != Current
            || !commit.TryGetValue(Entry, out string? json))
            return null;
        try
        {
            var sources = JsonSerializer.Deserialize<IndexedSource[]>(json, JsonLines.Format) ?? [];
            return new(sources.ToDictionary(s => s.Path), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return null;
        }
    }
}
