using System.Text.Json;

namespace Toolformer.Tools.Guarding;

/// <summary>
/// A cache in a folder, one file per answer, for any number of processes at a time. A file appears whole or not at all,
/// so a process killed at any point leaves nothing that another could misread; what is damaged is not there. When the
/// folder grows too large, the oldest files go.
/// </summary>
/// <remarks>
/// The files hold answers and a hash of what was asked, no input. Several processes may together exceed the size by a
/// sixteenth each, for they count what they write themselves and look at the folder only so often.
/// </remarks>
public sealed class DiskResultCache : ResultCache
{
    private const int Block = 4096; // what a small file takes on a disk
    private const string Draft = ".tmp";
    private static readonly TimeSpan DraftsLive = TimeSpan.FromHours(1);

    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly long _maxBytes;
    private readonly Lock _lock = new();
    private long _bytes;
    private long _written;
    private long _drafts;
    private Action<string>? _warn;

    private sealed record Entry(string Key, DateTimeOffset Time, string Text);

    /// <param name="warn">Told, once, why an answer could not be kept: the disk is full, or not writable.</param>
    /// <exception cref="IOException">The folder can't be made or read.</exception>
    public DiskResultCache(
        string folder, TimeProvider clock, long maxBytes = 256 << 20, Action<string>? warn = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 16 * Block);
        (_folder, _clock, _maxBytes, _warn) = (folder, clock, maxBytes, warn);
        Directory.CreateDirectory(folder);
        MakeRoom();
    }

    public override string? Find(string key, TimeSpan maxAge)
    {
        try
        {
            using var file = new FileStream(PathOf(key), FileMode.Open, FileAccess.Read,
                FileShare.Read | FileShare.Write | FileShare.Delete);
            // Six bytes is the longest that JSON makes of a UTF-16 unit.
            if (file.Length > 6 * MaxText + Block || JsonSerializer.Deserialize<Entry>(file, JsonLines.Format)
                is not { } entry || entry.Key != key || _clock.GetUtcNow() - entry.Time > maxAge)
                return null;
            return entry.Text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // not there, or no answer: the tool is asked, and the file is written anew
        }
    }

    public override void Keep(string key, string text)
    {
        if (text.Length > MaxText)
            return;
        string path = PathOf(key);
        string draft = $"{path}.{Environment.ProcessId}-{Interlocked.Increment(ref _drafts)}{Draft}";
        try
        {
            byte[] entry = JsonSerializer.SerializeToUtf8Bytes(
                new Entry(key, _clock.GetUtcNow(), text), JsonLines.Format);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(draft, entry);
            File.Move(draft, path, overwrite: true);
            lock (_lock)
            {
                _bytes += OnDisk(entry.Length);
                _written += OnDisk(entry.Length);
                if (_bytes > _maxBytes || _written > _maxBytes / 16)
                    MakeRoom();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The answer is there all the same; who owns the cache hears of it.
            Interlocked.Exchange(ref _warn, null)?.Invoke(
                $"Answers of tools can't be kept in {_folder} ({e.Message}); they are asked again each time.");
        }
    }

    private string PathOf(string key) => Path.Combine(_folder, key[..2], key + ".json");

    private static long OnDisk(long length) => (length + Block - 1) / Block * Block;

    /// <summary>Counts what lies in the folder, and removes the oldest where that is too much.</summary>
    private void MakeRoom()
    {
        _written = 0;
        var now = _clock.GetUtcNow();
        var files = new List<FileInfo>();
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            // A draft that nobody has renamed for so long was left behind by a process that is gone.
            if (file.Extension != Draft)
                files.Add(file);
            else if (now - file.LastWriteTimeUtc > DraftsLive)
                file.Delete();
        }
        _bytes = files.Sum(SizeOf);
        if (_bytes <= _maxBytes)
            return;
        foreach (var file in files.OrderBy(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal))
        {
            if (_bytes <= _maxBytes / 4 * 3)
                break;
            _bytes -= SizeOf(file);
            file.Delete(); // no error where another process was quicker
        }
    }

    /// <summary>What the file took when it was listed, also where it is gone by now.</summary>
    private static long SizeOf(FileInfo file)
    {
        try
        {
            return OnDisk(file.Length);
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
