using Toolformer.Cli.Displays;
using Toolformer.Cli.Runs;
using Toolformer.Torch;
using Toolformer.Torch.Hub;
using Toolformer.Torch.Tokenizers;
using static TorchSharp.torch;

namespace Toolformer.Cli;

/// <summary>Opens what --model, --device and --dtype name.</summary>
public static class Models
{
    private static readonly Dictionary<string, ScalarType> Types = new()
    {
        ["float32"] = ScalarType.Float32,
        ["bfloat16"] = ScalarType.BFloat16,
        ["float16"] = ScalarType.Float16,
    };

    /// <summary>Reads a model folder; without tokenizer files the model still works on token ids.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">The folder is damaged or holds another kind of model.</exception>
    public static (TorchLanguageModel Model, ModelFolder Folder) Open(
        string path, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        var folder = OpenFolder(path);
        return (folder.ReadModel(type, device), folder);
    }

    /// <summary>Reads the configuration of a model folder only.</summary>
    public static ModelFolder OpenFolder(string path)
    {
        if (!Directory.Exists(path))
            throw NoFolder(path);
        if (File.Exists(Path.Combine(path, Recipe.FileName)))
            throw new InvalidDataException($"'{path}' is the folder of a run.\n  looked in {Path.GetFullPath(path)}\n"
                + $"  Name the model in it: {Path.Combine(path, Teaching.TaughtFolder)}.");
        // An adapter stands for its model with it, and may name that as --model could.
        return AdapterFolder.Is(path)
            ? OpenFolder(AdapterFolder.BaseModel(path)) with { Adapter = path }
            : ModelFolder.Open(path);
    }

    /// <summary>The tokenizer of a folder that may hold nothing else.</summary>
    public static Tokenizer OpenTokenizer(string path)
    {
        if (!Directory.Exists(path))
            throw NoFolder(path);
        return AdapterFolder.Is(path) ? OpenTokenizer(AdapterFolder.BaseModel(path)) : Tokenizer.Load(path);
    }

    /// <exception cref="ArgumentException">There is no such number format.</exception>
    public static ScalarType Type(string name) => Types.TryGetValue(name, out var type)
        ? type
        : throw new ArgumentException(Spelling.Unknown("number format", name, Types.Keys));

    /// <exception cref="ArgumentException">This machine has no such device.</exception>
    public static Device Device(string name)
    {
        // Asking for GPUs tries to load their libraries; who wants none need not wait for that.
        if (name == "cpu")
            return CPU;
        string[] devices = [.. Devices()];
        string wanted = name == "cuda" ? "cuda:0" : name;
        return devices.Contains(wanted)
            ? device(wanted)
            : throw new ArgumentException(Spelling.Unknown("device", name, devices)
                + (wanted.StartsWith("cuda", StringComparison.Ordinal) ? "\n  For CUDA a driver and the CUDA build of "
                + "libtorch are needed: build with -p:Torch=cuda. `toolformer doctor` shows what was found." : ""));
    }

    /// <summary>The devices that this machine and this libtorch can compute on, as --device takes them.</summary>
    public static IEnumerable<string> Devices()
    {
        yield return "cpu";
        if (cuda.is_available())
        {
            for (int i = 0; i < cuda.device_count(); i++)
                yield return $"cuda:{i}";
        }
        if (mps_is_available())
            yield return "mps";
    }

    /// <summary>
    /// The folder that a name stands for: that folder, else the one that ships, else, where it is a hub's model name,
    /// its folder in the cache, else where it is pulled to.
    /// </summary>
    /// <exception cref="HubException">The hub does not give it.</exception>
    public static async Task<string> LocateAsync(string name, Display display, CancellationToken cancellation)
    {
        // models/nano lies below an installed program, wherever it is started.
        if (!IsOnHub(name, out var model) || Recipe.Locate(name) != name)
            return Recipe.Locate(name);
        var settings = HubSettings.FromEnvironment(display.Variable);
        if (new HubCache(settings.CacheFolder).Find(model) is { } folder)
            return folder;
        if (!settings.Offline)
            display.Note($"There is no folder '{name}', and the cache does not have it: pulling it from "
                + $"{settings.EndPoint.Authority}.");
        return (await PullAsync(model, display, verify: false, cancellation)).Folder;
    }

    /// <summary>Pulls with the progress shown.</summary>
    public static async Task<HubSnapshot> PullAsync(
        HubModel model, Display display, bool verify, CancellationToken cancellation)
    {
        using var hub = new ModelHub(HubSettings.FromEnvironment(display.Variable), display.Clock);
        using var progress = new PullDisplay(model, display);
        var snapshot = await hub.PullAsync(model, progress, verify, cancellation);
        if (snapshot.Unverified.Count > 0)
            display.Note($"The hub has no hashes that can be computed of {string.Join(", ", snapshot.Unverified)}: "
                + "only their sizes were verified.");
        return snapshot;
    }

    /// <summary>Whether a name means a model on a hub: no path to anything that is there, or to beside it.</summary>
    public static bool IsOnHub(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out HubModel? model)
    {
        model = null;
        return !Path.Exists(name) && HubModel.TryParse(name, out model) && !Path.Exists(model.Owner);
    }

    private static DirectoryNotFoundException NoFolder(string path) => new($"There is no model folder '{path}'.\n"
        + $"  looked in {Path.GetFullPath(path)}\n"
        + "  Name a folder with config.json and model.safetensors, or a model on a hub as owner/name.");
}
