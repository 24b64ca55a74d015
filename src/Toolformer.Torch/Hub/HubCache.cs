using System.Text.Json;
using System.Text.RegularExpressions;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Torch.Hub;

/// <summary>
/// Hugging Face's cache of models, which programs on a machine share: per model <c>blobs</c> by the hash of their
/// content, <c>snapshots</c> with a folder of links per commit, <c>refs</c> from branches and tags to commits, and
/// <c>.no_exist</c> for files that a commit is known not to have. A blob is written under a lock in <c>.locks</c>.
/// </summary>
public sealed partial class HubCache(string folder)
{
    private const int LongestIndex = 64 << 20;

    public string Folder => folder;

    /// <summary>The folder of a model that lies in the cache as a whole; null: it has to be pulled.</summary>
    public string? Find(HubModel model)
    {
        if (Commit(model) is not { } commit)
            return null;
        string snapshot = Snapshot(model, commit);
        bool hasTokenizer = TokenizerFiles.Names.Any(name => IsThere(Path.Combine(snapshot, name)))
            || File.Exists(Absence(model, commit, "tokenizer.json"));
        return hasTokenizer && IsThere(Path.Combine(snapshot, "config.json")) && HasWeights(snapshot)
            ? snapshot
            : null;
    }

    /// <summary>The folder of what there is of a model, whole or not.</summary>
    public string? FindAny(HubModel model) =>
        Commit(model) is { } commit && Directory.Exists(Snapshot(model, commit)) ? Snapshot(model, commit) : null;

    /// <summary>"owner/name" where a folder is a snapshot in such a cache.</summary>
    public static string? IdOf(string folder)
    {
        var match = SnapshotPath().Match(Path.GetFullPath(folder).Replace('\\', '/'));
        return match.Success ? $"{match.Groups["owner"].Value}/{match.Groups["name"].Value}" : null;
    }

    /// <summary>Whether there is a file behind all links; a link to nothing counts as a file to the system.</summary>
    public static bool IsThere(string path) => File.Exists(path)
        && (new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.Exists ?? true);

    internal string Snapshot(HubModel model, string commit) => Path.Combine(FolderOf(model), "snapshots", commit);

    internal string Blob(HubModel model, string tag) => Path.Combine(FolderOf(model), "blobs", tag);

    /// <summary>Waits until no other process writes this blob, and keeps others from it until disposed.</summary>
    /// <remarks>The lock is the system's (flock), as other programs take it: it ends with its process.</remarks>
    internal async Task<IDisposable> LockAsync(
        HubModel model, string tag, TimeProvider clock, Action waiting, CancellationToken cancellation)
    {
        string path = Path.Combine(folder, ".locks", Path.GetFileName(FolderOf(model)), $"{tag}.lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (bool first = true; ; first = false)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when ((e.HResult & 0xFFFF) is 11 or 35 or 32 or 33) // EWOULDBLOCK; Windows' sharing
            {
                if (first)
                    waiting();
                await Task.Delay(TimeSpan.FromMilliseconds(200), clock, cancellation);
            }
        }
    }

    /// <summary>Makes a file of a snapshot a link to its blob, or a copy where links can't be made.</summary>
    internal void Link(HubModel model, string commit, string name, string tag)
    {
        string link = Path.Combine(Snapshot(model, commit), name), target = Path.Combine("..", "..", "blobs", tag);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        if (new FileInfo(link).LinkTarget == target)
            return;
        // Renamed into its place, so that who reads beside us finds it at any moment.
        string fresh = Beside(link);
        try
        {
            File.CreateSymbolicLink(fresh, target);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or PlatformNotSupportedException
            || (e is IOException && OperatingSystem.IsWindows()))
        {
            File.Copy(Blob(model, tag), fresh);
        }
        File.Move(fresh, link, overwrite: true);
    }

    /// <summary>Notes which commit a revision is, and which files it does not have.</summary>
    internal void Finish(HubModel model, string commit, IEnumerable<string> absent)
    {
        foreach (string name in absent)
        {
            string mark = Absence(model, commit, name);
            Directory.CreateDirectory(Path.GetDirectoryName(mark)!);
            if (!File.Exists(mark))
                File.WriteAllBytes(mark, []);
        }
        if (model.Wanted == commit)
            return;
        string reference = Reference(model);
        Directory.CreateDirectory(Path.GetDirectoryName(reference)!);
        string fresh = Beside(reference);
        File.WriteAllText(fresh, commit);
        File.Move(fresh, reference, overwrite: true);
    }

    /// <summary>A name that no other process and no other pull takes.</summary>
    private static string Beside(string path) => $"{path}.{Path.GetRandomFileName()}.tmp";

    private string FolderOf(HubModel model) => Path.Combine(folder, $"models--{model.Owner}--{model.Name}");

    private string Reference(HubModel model) => Path.Combine([FolderOf(model), "refs", .. model.Wanted.Split('/')]);

    private string Absence(HubModel model, string commit, string name) =>
        Path.Combine(FolderOf(model), ".no_exist", commit, name);

    /// <summary>The commit that a revision was when it was last pulled.</summary>
    private string? Commit(HubModel model)
    {
        if (HubModel.IsCommit(model.Wanted))
            return model.Wanted;
        var reference = new FileInfo(Reference(model));
        if (reference.Exists && reference.Length <= 100)
        {
            string commit = File.ReadAllText(reference.FullName).Trim();
            if (HubModel.IsCommit(commit))
                return commit;
        }
        string snapshots = Path.Combine(FolderOf(model), "snapshots");
        if (!HubModel.MayBeCommit(model.Wanted) || !Directory.Exists(snapshots))
            return null;
        string[] found = [.. Directory.GetDirectories(snapshots).Select(Path.GetFileName).OfType<string>()
            .Where(name => name.StartsWith(model.Wanted, StringComparison.Ordinal) && HubModel.IsCommit(name))];
        return found.Length == 1 ? found[0] : null;
    }

    private static bool HasWeights(string snapshot)
    {
        if (IsThere(Path.Combine(snapshot, HubListing.SingleFile)))
            return true;
        var index = new FileInfo(Path.Combine(snapshot, HubListing.IndexFile));
        if (!IsThere(index.FullName))
            return false;
        try
        {
            using var json = JsonDocument.Parse(ReadShort(index.FullName));
            return json.RootElement.GetProperty("weight_map").EnumerateObject().Select(t => t.Value.GetString())
                .Distinct().All(name => name is not null && IsThere(Path.Combine(snapshot, name)));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false; // a damaged index is fetched anew
        }
    }

    private static byte[] ReadShort(string path)
    {
        using var file = File.OpenRead(path);
        return file.Length <= LongestIndex
            ? File.ReadAllBytes(path)
            : throw new JsonException("the index is too long");
    }

    [GeneratedRegex("/models--(?<owner>[^/]+?)--(?<name>[^/]+)/snapshots/[0-9a-f]{40}/?$")]
    private static partial Regex SnapshotPath();
}
