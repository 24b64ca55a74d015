using Toolformer.Tests.Fakes;
using Toolformer.Torch.Hub;

namespace Toolformer.Tests.Torch.Hub;

/// <summary>A hub with a small model, an empty cache, and no waiting.</summary>
internal sealed class HubFixture : IDisposable
{
    public const string Token = "hf_secretOfTheTest";

    public HubFixture(int weights = 200_000, bool listsHashes = true)
    {
        Hub = new FaultyHub { ListsHashes = listsHashes };
        Hub.Files["config.json"] = """{"model_type": "gpt2"}"""u8.ToArray();
        Hub.Files["tokenizer.json"] = """{"version": "1.0"}"""u8.ToArray();
        Hub.Files["model.safetensors"] = Bytes(weights, seed: 1);
        Hub.Files["pytorch_model.bin"] = Bytes(1000, seed: 2);
        Hub.Files["README.md"] = "# A model"u8.ToArray();
        Hub.Files["onnx/model.onnx"] = Bytes(1000, seed: 3);
    }

    public FaultyHub Hub { get; }

    public SkippingTime Time { get; } = new();

    public string Cache { get; } = Directory.CreateTempSubdirectory("hub-cache-").FullName;

    public string? LoggedIn { get; set; }

    public bool Offline { get; set; }

    public long FreeSpace { get; set; } = 1L << 40;

    public string Repository => Path.Combine(Cache, "models--owner--name");

    public string Snapshot => Path.Combine(Repository, "snapshots", FaultyHub.Commit);

    public static byte[] Bytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public string Blob(string file) =>
        Path.Combine(Repository, "blobs", FaultyHub.TagOf(file, Hub.Files[file]));

    public ModelHub Open() => new(new HubSettings
    {
        EndPoint = new Uri(Hub.Address),
        CacheFolder = Cache,
        Token = LoggedIn,
        Offline = Offline,
    }, Time, _ => FreeSpace);

    public async Task<HubSnapshot> PullAsync(
        string model = "owner/name", bool verify = false, IProgress<HubProgress>? progress = null)
    {
        using var hub = Open();
        return await hub.PullAsync(HubModel.Parse(model), progress, verify, TestContext.Current.CancellationToken);
    }

    public async Task<string> RefusedAsync<T>(string model = "owner/name")
        where T : Exception
    {
        var error = await Assert.ThrowsAsync<T>(() => PullAsync(model));
        Assert.True(error.Message.Split('\n').Length >= 3, $"not three parts: {error.Message}");
        return error.Message;
    }

    /// <summary>Fails unless the snapshot has the needed files as the hub has them, and no others.</summary>
    public void AssertWhole(params string[] others)
    {
        string[] files = ["config.json", "model.safetensors", "tokenizer.json", .. others];
        Assert.Equal(files.Order(), Directory.GetFiles(Snapshot).Select(Path.GetFileName).Order());
        Assert.All(files, f => Assert.True(
            File.ReadAllBytes(Path.Combine(Snapshot, f)).AsSpan().SequenceEqual(Hub.Files[f]), f));
        Assert.Empty(Directory.GetFiles(Path.Combine(Repository, "blobs"), "*.incomplete"));
    }

    public void Dispose()
    {
        Hub.Dispose();
        Directory.Delete(Cache, recursive: true);
    }
}
