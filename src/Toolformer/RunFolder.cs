using System.Text.Json.Nodes;

namespace Toolformer;

/// <summary>
/// A folder in which a run keeps its files. It belongs to one process at a time, and a run in it is only continued with
/// the options with which it was begun.
/// </summary>
public sealed class RunFolder : IDisposable
{
    private readonly FileStream _lock;

    private RunFolder(string path, FileStream lockFile, Manifest manifest) =>
        (Path, _lock, Manifest) = (path, lockFile, manifest);

    public string Path { get; }

    /// <summary>The manifest as it is on the disk.</summary>
    public Manifest Manifest { get; private set; }

    /// <summary>Opens the folder, or makes it.</summary>
    /// <exception cref="IOException">Another process works in it, or it can't be written to.</exception>
    public static RunFolder Open(string path)
    {
        Directory.CreateDirectory(path);
        string lockPath = System.IO.Path.Combine(path, ".lock");
        FileStream file;
        try
        {
            // The system frees this lock when the process ends, however it ends.
            file = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(lockPath))
        {
            throw new IOException($"Another process is working in the run folder {path} (it holds {lockPath}). "
                + "Wait until it ends, end it, or choose another folder.", e);
        }
        try
        {
            return new RunFolder(path, file, Manifest.Load(path) ?? new Manifest());
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public string FilePath(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Changes the manifest and saves it.</summary>
    public void Update(Func<Manifest, Manifest> change)
    {
        Manifest = change(Manifest);
        Manifest.Save(Path);
    }

    /// <summary>
    /// The day on which the run takes place: that of its beginning, also when it goes on on another one.
    /// </summary>
    /// <param name="asked">A day that was asked for; null: that of its beginning, or today.</param>
    /// <exception cref="InvalidOperationException">It was begun on another day than is asked for.</exception>
    public DateOnly Today(TimeProvider clock, DateOnly? asked = null)
    {
        var today = Manifest.Today ?? asked ?? DateOnly.FromDateTime(clock.GetLocalNow().DateTime);
        if (asked is { } other && other != today)
            throw new InvalidOperationException($"The run in {Path} takes place on {today:yyyy-MM-dd}, not on "
                + $"{other:yyyy-MM-dd}. Leave the day out to go on, or choose another run folder.");
        if (Manifest.Today is null)
            Update(m => m with { Today = today });
        return today;
    }

    /// <summary>Notes a stage's state in the manifest and saves it.</summary>
    public void Record(string stage, StageRecord record) => Update(manifest => manifest with
    {
        Stages = new Dictionary<string, StageRecord>(manifest.Stages) { [stage] = record },
    });

    /// <summary>How the options of a stage differ from those with which it was begun here; empty: in nothing.</summary>
    public IReadOnlyList<string> Differences(string stage, JsonObject options) =>
        Manifest.Stages.TryGetValue(stage, out var begun) ? [.. Compare("", begun.Options, Plain(options))] : [];

    /// <summary>Begins a stage, or continues it.</summary>
    /// <exception cref="InvalidOperationException">It was begun with other options; they are named.</exception>
    public void Begin(string stage, JsonObject options)
    {
        var differences = Differences(stage, options);
        if (differences.Count > 0)
            throw new InvalidOperationException($"The stage '{stage}' in {Path} was begun with other options: "
                + $"{string.Join("; ", differences)}. Use the former ones to go on, or choose another run folder.");
        if (!Manifest.Stages.ContainsKey(stage))
            Record(stage, new StageRecord(Plain(options)));
    }

    public void Dispose() => _lock.Dispose();

    private static IEnumerable<string> Compare(string name, JsonNode? then, JsonNode? now)
    {
        if (JsonNode.DeepEquals(then, now))
            return [];
        if (then is JsonObject a && now is JsonObject b)
            return a.Select(p => p.Key).Union(b.Select(p => p.Key))
                .SelectMany(key => Compare(name.Length == 0 ? key : $"{name}.{key}", a[key], b[key]));
        return [$"{name} was {Show(then)}, now {Show(now)}"];
    }

    // As it reads back from the disk, so that two equal numbers are equal however they were made.
    private static JsonObject Plain(JsonObject options) => JsonNode.Parse(options.ToJsonString())!.AsObject();

    private static string Show(JsonNode? value) => value?.ToJsonString(JsonLines.Format) ?? "nothing";
}
