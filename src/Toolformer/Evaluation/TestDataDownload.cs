using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Toolformer.Tools.Outbound;

namespace Toolformer.Evaluation;

/// <summary>How far a download is.</summary>
/// <param name="Total">Null: the server does not say.</param>
public sealed record DownloadProgress(string File, long Bytes, long? Total);

/// <summary>
/// Gets official data files into a folder: only from the hosts that the benchmarks name, only what has the pinned hash.
/// A file appears under its name when it is whole.
/// </summary>
/// <param name="note">Hears of what a reader has to know: terms, hashes that are not pinned.</param>
public sealed class TestDataDownload(
    string folder, OutboundHttp http, Action<string> note, IProgress<DownloadProgress>? progress = null)
{
    /// <summary>More than the largest of the archives; what is longer is cut off with an error.</summary>
    public const long MaxBytes = 4L << 30;

    /// <summary>The hosts that the benchmarks' files lie on.</summary>
    public static IReadOnlyList<string> HostsOf(IEnumerable<Benchmark> benchmarks) =>
        [.. benchmarks.SelectMany(b => b.Sources).Select(s => new Uri(s.Url).Authority).Distinct()];

    /// <summary>Gets what is missing of a benchmark's files.</summary>
    /// <exception cref="InvalidDataException">What came is not what was pinned, or no archive.</exception>
    /// <exception cref="HttpRequestException">The host does not give it.</exception>
    public async Task GetAsync(Benchmark benchmark, CancellationToken cancellation = default)
    {
        foreach (var source in benchmark.Sources)
        {
            bool there = source.Unpack.Count == 0
                ? File.Exists(Place(source.File))
                : source.Unpack.All(u => Path.Exists(Place(u.File)));
            if (!there)
                await GetAsync(source, cancellation).ConfigureAwait(false);
        }
    }

    private async Task GetAsync(EvalSource source, CancellationToken cancellation)
    {
        note($"{source.File} from {source.Url} (terms: {source.Licence})");
        string path = Place(source.File), part = path + ".part";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string hash = await ReceiveAsync(source, part, cancellation).ConfigureAwait(false);
        if (source.Sha256 is { } pinned && !hash.Equals(pinned, StringComparison.OrdinalIgnoreCase))
        {
            File.Delete(part);
            throw new InvalidDataException($"What came has the SHA-256 {hash}, not {pinned}.\n  from {source.Url}\n"
                + "  The file was changed or damaged: get it by hand, and name it with --task.");
        }
        if (source.Sha256 is null)
            note($"{source.File}: no hash is pinned; it has the SHA-256 {hash}");
        if (source.Unpack.Count == 0)
        {
            File.Move(part, path, overwrite: true);
            return;
        }
        await UnpackAsync(source, part, cancellation).ConfigureAwait(false);
        File.Delete(part);
    }

    private async Task<string> ReceiveAsync(EvalSource source, string part, CancellationToken cancellation)
    {
        using var client = http.ClientOf(MaxBytes);
        using var response = await client.GetAsync(
            source.Url, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        long? total = response.Content.Headers.ContentLength;
        await using var from = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using var to = File.Create(part);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 17];
        for (long done = 0; ;)
        {
            int read = await from.ReadAsync(buffer, cancellation).ConfigureAwait(false);
            if (read == 0)
                break;
            hash.AppendData(buffer, 0, read);
            await to.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            progress?.Report(new(source.File, done += read, total));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Takes the named entries out; nothing else of an archive is looked at.</summary>
    private async Task UnpackAsync(EvalSource source, string archive, CancellationToken cancellation)
    {
        int found = 0;
        await using var file = File.OpenRead(archive);
        if (source.File.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            using var zip = new ZipArchive(file);
            foreach (var entry in zip.Entries)
            {
                if (Target(source, entry.FullName) is not { } path)
                    continue;
                await using var content = entry.Open();
                await WriteAsync(path, content, cancellation).ConfigureAwait(false);
                found++;
            }
        }
        else
        {
            await using var plain = new GZipStream(file, CompressionMode.Decompress);
            await using var tar = new TarReader(plain);
            while (await tar.GetNextEntryAsync(cancellationToken: cancellation).ConfigureAwait(false) is { } entry)
            {
                if (entry.DataStream is not { } content || Target(source, entry.Name) is not { } path)
                    continue;
                await WriteAsync(path, content, cancellation).ConfigureAwait(false);
                found++;
            }
        }
        if (found == 0)
            throw new InvalidDataException($"The archive has none of {string.Join(", ", source.Unpack.Select(u =>
                u.Entry))}.\n  from {source.Url}\n  Get the data by hand, and name them with --task.");
    }

    private static async Task WriteAsync(string path, Stream content, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using (var to = File.Create(path + ".part"))
        {
            byte[] buffer = new byte[1 << 17];
            long written = 0;
            for (int read; (read = await content.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
            {
                if ((written += read) > MaxBytes)
                    throw new InvalidDataException($"An entry of the archive is longer than {MaxBytes:N0} bytes.\n"
                        + $"  at {path}\n  Get the data by hand, and name them with --task.");
                await to.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            }
        }
        File.Move(path + ".part", path, overwrite: true);
    }

    /// <summary>Where an entry goes; null: it is not wanted, or would leave the folder.</summary>
    private string? Target(EvalSource source, string entry)
    {
        entry = entry.StartsWith("./", StringComparison.Ordinal) ? entry[2..] : entry;
        foreach (var (name, place) in source.Unpack)
        {
            bool below = entry.StartsWith(name.TrimEnd('/') + "/", StringComparison.Ordinal);
            if ((entry != name && !below) || entry.EndsWith('/'))
                continue;
            string rest = below ? entry[name.TrimEnd('/').Length..] : "";
            string path = Path.GetFullPath(Place(place.TrimEnd('/') + rest));
            return path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                ? path : null;
        }
        return null;
    }

    private string Place(string name) => Path.Combine(folder, name);
}
