using System.Text.RegularExpressions;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Cli;

/// <summary>Opens what --model, --device and --dtype name.</summary>
public static partial class Models
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
    public static ModelFolder OpenFolder(string path) =>
        Directory.Exists(path) ? ModelFolder.Open(path) : throw NoFolder(path);

    /// <summary>The tokenizer of a folder that may hold nothing else.</summary>
    public static Tokenizer OpenTokenizer(string path) =>
        Directory.Exists(path) ? Tokenizer.Load(path) : throw NoFolder(path);

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

    private static DirectoryNotFoundException NoFolder(string path) => new($"There is no model folder '{path}'.\n"
        + $"  looked in {Path.GetFullPath(path)}\n"
        + (HubId().IsMatch(path)
            ? "  If this is a model's name on a hub: download it first, and name the folder that it lies in."
            : "  Name a folder with config.json and model.safetensors."));

    [GeneratedRegex(@"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")]
    private static partial Regex HubId();
}
