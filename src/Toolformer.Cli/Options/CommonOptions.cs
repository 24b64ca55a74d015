using System.CommandLine;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Cli.Options;

/// <summary>The options that verbs share, worded once; a verb has its own set and lists those that it takes.</summary>
public sealed class CommonOptions
{
    public Option<string> Model { get; } = new("--model")
    {
        Description = "Model folder in Hugging Face's layout, or owner/name[@revision] on a hub (see pull).",
        Required = true,
        HelpName = "MODEL",
    };

    public Option<string> Adapter { get; } = new("--adapter")
    {
        Description = "Folder of a LoRA adapter to use with the model; --model may also name one that knows its model.",
        HelpName = "FOLDER",
    };

    public Option<int> Seed { get; } = new("--seed")
    {
        Description = "Seed of all random draws.",
        DefaultValueFactory = _ => 0,
        HelpName = "N",
    };

    public Option<int> Threads { get; } = new("--threads")
    {
        Description = "Threads to compute with; 0: one per core.",
        DefaultValueFactory = _ => 0,
        HelpName = "N",
    };

    public Option<string> DeviceName { get; } = new("--device")
    {
        Description = "cpu, cuda, cuda:N or mps.",
        DefaultValueFactory = _ => "cpu",
        HelpName = "NAME",
    };

    public Option<string> TypeName { get; } = new("--dtype")
    {
        Description = "Number format to compute in: float32, bfloat16 or float16; without it float32, and bfloat16 for "
            + "training.",
        HelpName = "NAME",
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Print the results as JSON." };

    public Option<string> Input { get; } = new("--input")
    {
        Description = "JSON Lines file to read, plain or .gz, .xz, .zst; without it: standard input.",
        HelpName = "FILE",
    };

    /// <summary>What every verb takes that runs a model.</summary>
    public IEnumerable<Option> Engine => [Model, Adapter, .. Place];

    /// <summary>Where and how to compute.</summary>
    public IEnumerable<Option> Place => [Threads, DeviceName, TypeName];

    /// <summary>Reads the model that the options name.</summary>
    public (TorchLanguageModel Model, ModelFolder Folder) OpenModel(ParseResult arguments)
    {
        SetThreads(arguments);
        return Compute(arguments).Open(OpenFolder(arguments));
    }

    /// <summary>The folder of the model that the options name, with its adapter, its weights not yet read.</summary>
    public ModelFolder OpenFolder(ParseResult arguments) =>
        WithAdapter(Models.OpenFolder(arguments.GetValue(Model)!), arguments.GetValue(Adapter));

    /// <exception cref="ArgumentException">The model has an adapter already.</exception>
    internal static ModelFolder WithAdapter(ModelFolder folder, string? adapter)
    {
        if (adapter is null)
            return folder;
        if (!Directory.Exists(adapter))
            throw new DirectoryNotFoundException($"There is no adapter '{adapter}'.\n"
                + $"  looked in {Path.GetFullPath(adapter)}\n  Name the folder that holds adapter_config.json.");
        return folder.Adapter is null
            ? folder with { Adapter = adapter }
            : throw new ArgumentException($"--model is the adapter '{folder.Adapter}' already.\n"
                + $"  in --adapter {adapter}\n"
                + "  One can be used at a time: merge one into its model with `toolformer export` first.");
    }

    /// <summary>Where and how to compute, checked.</summary>
    /// <exception cref="ArgumentException">There is no such device or number format.</exception>
    public Compute Compute(ParseResult arguments)
    {
        ScalarType? type = arguments.GetValue(TypeName) is { } name ? Models.Type(name) : null;
        return new Compute(Models.Device(arguments.GetValue(DeviceName)!), type);
    }

    /// <exception cref="ArgumentException">The number is negative.</exception>
    public void SetThreads(ParseResult arguments)
    {
        int threads = arguments.GetValue(Threads);
        if (threads < 0)
            throw new ArgumentException($"--threads is {threads}; use 0 (one per core) or more.");
        if (threads > 0)
            set_num_threads(threads);
    }
}
