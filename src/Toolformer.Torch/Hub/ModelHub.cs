using System.Text.Json;

namespace Toolformer.Torch.Hub;

/// <summary>
/// Pulls models into the cache that Hugging Face's programs share: only what is needed, resumed after a cut or a kill,
/// each file held against its size and hash before it shows, beside other processes that do the same.
/// </summary>
public sealed class ModelHub(HubSettings settings, TimeProvider clock, Func<string, long>? freeSpace = null)
    : IDisposable
{
    private readonly HubHttp _http = new(settings, clock);
    private readonly Func<string, long> _freeSpace = freeSpace ?? FreeSpace;

    public HubCache Cache { get; } = new(settings.CacheFolder);

    /// <summary>Fetches what of a model is not in the cache yet; offline it has to be there.</summary>
    /// <param name="verify">Whether to read again and check what is in the cache.</param>
    /// <exception cref="HubException">The hub does not give it.</exception>
    /// <exception cref="FileNotFoundException">There is no such model, or offline: it is not in the cache.</exception>
    /// <exception cref="IOException">The disk is too full.</exception>
    public async Task<HubSnapshot> PullAsync(HubModel model, IProgress<HubProgress>? progress = null,
        bool verify = false, CancellationToken cancellation = default)
    {
        if (settings.Offline)
        {
            string folder = Cache.Find(model) ?? throw new FileNotFoundException(
                $"{model} is not in the cache as a whole, and the hub is not to be asked (HF_HUB_OFFLINE).\n"
                + $"  looked in {Path.GetFullPath(settings.CacheFolder)}\n"
                + "  Unset HF_HUB_OFFLINE, or name a revision or a folder that is there.");
            var there = new DirectoryInfo(folder).GetFiles();
            return new HubSnapshot(model, Path.GetFileName(folder), folder,
                [.. there.Select(f => f.Name).Order(StringComparer.Ordinal)],
                there.Sum(f => Length(f.FullName)), 0, []);
        }
        var listing = await ListAsync(model, Notice(progress), cancellation);
        listing.CheckUsable();
        var pull = new Pull(this, listing, progress, verify);
        return await pull.RunAsync(cancellation);
    }

    public void Dispose() => _http.Dispose();

    private static Action<string> Notice(IProgress<HubProgress>? progress) =>
        notice => progress?.Report(new HubProgress("", 0, 0, notice));

    private async Task<HubListing> ListAsync(HubModel model, Action<string> notice, CancellationToken cancellation)
    {
        var address = _http.Address($"api/models/{model.Id}/revision/{Uri.EscapeDataString(model.Wanted)}?blobs=true");
        var retries = new Retries(clock, notice);
        while (true)
        {
            try
            {
                byte[] answer = await _http.GetAsync(address, model.ToString(), cancellation);
                return HubListing.Parse(model, answer, $"the answer of {_http.Host} about {model}");
            }
            catch (JsonException e)
            {
                await retries.AfterAsync(new PassingFault(
                    $"{_http.Host} answers with what is no JSON ({e.Message})", cause: e), $"{model}", cancellation);
            }
            catch (PassingFault fault)
            {
                await retries.AfterAsync(fault, model.ToString(), cancellation);
            }
        }
    }

    private static long Length(string path) => new FileInfo(path) is { LinkTarget: not null } link
        ? (link.ResolveLinkTarget(returnFinalTarget: true) as FileInfo)?.Length ?? 0
        : new FileInfo(path).Length;

    private static long FreeSpace(string folder) => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    /// <summary>One pull, file by file, the small ones first, so that weights stand for a whole.</summary>
    private sealed class Pull(ModelHub hub, HubListing listing, IProgress<HubProgress>? progress, bool verify)
    {
        private const long Reserve = 16 << 20;

        private readonly HubModel _model = listing.Model;
        private readonly List<HubFile> _pulled = [];
        private long _done, _total, _fetched;

        public async Task<HubSnapshot> RunAsync(CancellationToken cancellation)
        {
            var small = await DescribeAsync(listing.Small(), cancellation);
            var probable = listing.ProbableWeights().ToList();
            _total = small.Concat(probable).Sum(f => f.Size ?? 0);
            Directory.CreateDirectory(hub.Cache.Folder);
            CheckSpace(small.Concat(probable));
            foreach (var file in small)
                await EnsureAsync(file, cancellation);
            var weights = await DescribeAsync(
                listing.SingleFileIsThere
                    ? probable
                    : listing.Shards(Path.Combine(Folder, HubListing.IndexFile)), cancellation);
            _total = small.Concat(weights).Sum(f => f.Size ?? 0);
            CheckSpace(weights);
            foreach (var file in weights)
                await EnsureAsync(file, cancellation);
            hub.Cache.Finish(_model, listing.Commit, listing.Absent());
            return new HubSnapshot(_model, listing.Commit, Folder, [.. _pulled.Select(f => f.Name)],
                _pulled.Sum(f => Length(Path.Combine(Folder, f.Name))), _fetched,
                [.. _pulled.Where(f => !f.IsVerifiable).Select(f => f.Name)]);
        }

        private string Folder => hub.Cache.Snapshot(_model, listing.Commit);

        private void Report(string file, string? notice = null) =>
            progress?.Report(new HubProgress(file, _done, _total, notice));

        /// <summary>Asks for sizes and hashes that the listing lacks, as mirrors may leave them out.</summary>
        private async Task<List<HubFile>> DescribeAsync(
            IEnumerable<HubFile> files, CancellationToken cancellation)
        {
            var described = new List<HubFile>();
            foreach (var file in files)
            {
                if (file is { Size: not null, Tag: not null })
                {
                    described.Add(file);
                    continue;
                }
                var retries = new Retries(hub.ClockOf, notice => Report(file.Name, notice));
                while (described.LastOrDefault()?.Name != file.Name)
                {
                    try
                    {
                        described.Add(await DescribeAsync(file, cancellation));
                    }
                    catch (PassingFault fault)
                    {
                        await retries.AfterAsync(fault, NameOf(file), cancellation);
                    }
                }
            }
            return described;
        }

        private async Task<HubFile> DescribeAsync(HubFile file, CancellationToken cancellation)
        {
            using var response = await hub._http.SendAsync(HttpMethod.Head, AddressOf(file), NameOf(file),
                leaveHub: false, cancellation: cancellation);
            string? tag = Header("X-Linked-Etag") ?? Header("ETag");
            tag = tag is null ? null : (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag).Trim('"');
            long? size = long.TryParse(Header("X-Linked-Size"), out long linked) && linked >= 0 ? linked
                : response.IsSuccessStatusCode ? response.Content.Headers.ContentLength : null;
            if (tag is null || !HubFile.IsTag(tag))
                throw new HubException($"The hub gives no usable hash of the file (ETag).\n  for {NameOf(file)}, on "
                    + $"{hub._http.Host}\n  This is no answer that a hub should give: check HF_ENDPOINT.");
            return file with { Size = file.Size ?? size, Tag = file.Tag ?? tag };

            string? Header(string name) =>
                response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
        }

        private async Task EnsureAsync(HubFile file, CancellationToken cancellation)
        {
            string blob = hub.Cache.Blob(_model, file.Tag!), snapshot = Path.Combine(Folder, file.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
            if (!await IsSoundAsync(blob, file, cancellation) && !await IsSoundAsync(snapshot, file, cancellation))
            {
                using var alone = await hub.Cache.LockAsync(_model, file.Tag!, hub.ClockOf,
                    () => Report(file.Name, "another process is fetching it"), cancellation);
                // Another process may have fetched it meanwhile.
                if (!await IsSoundAsync(blob, file, cancellation))
                    await FetchAsync(file, blob, cancellation);
            }
            else
            {
                _done += file.Size ?? 0;
            }
            if (File.Exists(blob))
                hub.Cache.Link(_model, listing.Commit, file.Name, file.Tag!);
            _pulled.Add(file);
            Report(file.Name);
        }

        private async Task FetchAsync(HubFile file, string blob, CancellationToken cancellation)
        {
            string incomplete = blob + ".incomplete";
            long before = _done;
            var download = new HubDownload(hub._http, AddressOf(file), file, NameOf(file), incomplete);
            await download.RunAsync(
                new Retries(hub.ClockOf, notice => Report(file.Name, notice)),
                there =>
                {
                    _done = before + there;
                    Report(file.Name);
                },
                cancellation);
            _fetched += download.Fetched;
            File.Move(incomplete, blob, overwrite: true);
        }

        /// <summary>Whether a file is there, as long as it must be, and by its hash where that is asked for.</summary>
        private async Task<bool> IsSoundAsync(string path, HubFile file, CancellationToken cancellation)
        {
            if (!HubCache.IsThere(path) || (file.Size is { } size && Length(path) != size))
                return false;
            if (!verify || !file.IsVerifiable)
                return true;
            Report(file.Name, "reading it again");
            return await file.ComputeTagAsync(path, cancellation) == file.Tag;
        }

        private void CheckSpace(IEnumerable<HubFile> files)
        {
            long needed = files.Sum(f =>
            {
                if (f.Tag is null || File.Exists(hub.Cache.Blob(_model, f.Tag)))
                    return 0;
                var begun = new FileInfo(hub.Cache.Blob(_model, f.Tag) + ".incomplete");
                return Math.Max(0, (f.Size ?? 0) - (begun.Exists ? begun.Length : 0));
            });
            long free = hub._freeSpace(hub.Cache.Folder);
            if (needed > 0 && needed + Reserve > free)
                throw new IOException($"{_model} needs {needed:N0} bytes more, {free:N0} are free.\n"
                    + $"  on the disk of {Path.GetFullPath(hub.Cache.Folder)}\n"
                    + "  Make room, or set HF_HOME to a folder on another disk.");
        }

        private Uri AddressOf(HubFile file) => hub._http.Address(
            $"{_model.Id}/resolve/{listing.Commit}/{Uri.EscapeDataString(file.Name)}");

        private string NameOf(HubFile file) => $"{_model} {file.Name}";
    }

    private TimeProvider ClockOf => clock;
}
