using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Pipeline;
using Toolformer.Torch;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Cli.Commands;

/// <summary>Step 4 of the paper: finetunes a model on a dataset with calls.</summary>
public sealed class FinetuneCommand : Verb
{
    private const string Stage = "finetune";

    private static readonly FinetuningOptions Defaults = new();
    private static readonly LoraOptions LoraDefaults = new();

    private readonly CommonOptions _common = new();
    private readonly Option<string> _dataset = new("--dataset")
    {
        Description = "The run folder of an annotation, or a dataset.jsonl.",
        HelpName = "RUN",
    };
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the finetuned model or its adapter; an interrupted run in it goes on.",
        HelpName = "FOLDER",
    };
    private readonly Option<int> _batch = Number("--batch-size", "Examples per update.", Defaults.BatchSize);
    private readonly Option<double> _epochs = Number("--epochs", "Passes over the dataset.", Defaults.Epochs);
    private readonly Option<int> _maxSteps = Number("--max-steps", "At most this many updates.", Defaults.MaxSteps);
    private readonly Option<double> _rate = Number("--learning-rate", "Highest learning rate.", Defaults.LearningRate);
    private readonly Option<double> _warmUp =
        Number("--warm-up", "Share of updates in which it rises.", Defaults.WarmUp);
    private readonly Option<double> _coolDown =
        Number("--cool-down", "Share of updates, the last, in which it falls.", Defaults.CoolDown);
    private readonly Option<double> _callDropout =
        Number("--call-dropout", "Share of times at which an example is shown without its calls.",
            Defaults.CallDropout);
    private readonly Option<bool> _maskResults = new("--mask-results")
    {
        Description = "Leave the tokens of tool results out of the loss; the paper has them in.",
    };
    private readonly Option<bool> _plain = new("--without-calls")
    {
        Description = "Finetune on the same texts without their calls: the baseline to compare with.",
    };

    private readonly Option<double> _heldOut =
        Number("--held-out", "Share of the examples on which the best step is found; 0: the last is kept.",
            Defaults.HeldOut);
    private readonly Option<bool> _lora = new("--lora")
    {
        Description = "Learn low-rank additions to the matrices only; --out becomes an adapter in PEFT's format.",
    };
    private readonly Option<int> _rank = Number("--lora-rank", "Rank r of the additions.", LoraDefaults.Rank);
    private readonly Option<double> _alpha =
        Number("--lora-alpha", "What is learned is added ALPHA / r times.", LoraDefaults.Alpha);
    private readonly Option<double> _dropout =
        Number("--lora-dropout", "Share of an addition's inputs dropped while learning.", LoraDefaults.Dropout);
    private readonly Option<string> _targets = new("--lora-targets")
    {
        Description = "Matrices to add to, separated by commas, by the names of the family's files or of the decoder "
            + $"(qkv, out, up, down); {LoraOptions.AllLinear}: all in the layers.",
        DefaultValueFactory = _ => LoraOptions.AllLinear,
        HelpName = "A,B",
    };
    private readonly Option<int> _microBatch = Number("--micro-batch-tokens",
        "Most tokens of one pass; the gradients of an update's passes add up.", Defaults.MicroBatchTokens);
    private readonly Option<bool> _pack = new("--pack")
    {
        Description = "Lay the examples of a pass end to end instead of padding them; each still sees only itself.",
    };
    private readonly Option<bool> _checkpoint = new("--checkpoint-activations")
    {
        Description = "Keep only what enters each layer and compute layers again: less memory, a third more time.",
    };
    private readonly Option<bool> _estimate = new("--estimate")
    {
        Description = "Only say how much memory it would need; needs no data and no weights, config.json is enough.",
    };
    private readonly Option<double?> _memory = new("--memory")
    {
        Description = "Memory that may be used, in GiB; what needs more is refused. Without it: what is free.",
        HelpName = "N",
    };

    public override string Name => Stage;

    public override string Description =>
        """
        Finetunes a model on a dataset with calls, and keeps the step with the best held-out perplexity. Says first how
        much memory it needs, and refuses what can't fit.
        Example: toolformer finetune --model models/nano --dataset runs/notes --out runs/notes/model
        """;

    public override IEnumerable<Option> Options =>
    [
        _common.Model, .. _common.Place, _dataset, _out, _batch, _epochs, _maxSteps, _rate, _warmUp, _coolDown,
        _callDropout, _maskResults, _plain, _heldOut, _lora, _rank, _alpha, _dropout, _targets,
        _microBatch, _pack, _checkpoint, _estimate, _memory, _common.Seed, _common.Json,
    ];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        _common.SetThreads(arguments);
        var options = new FinetuningOptions
        {
            BatchSize = arguments.GetValue(_batch),
            Epochs = arguments.GetValue(_epochs),
            MaxSteps = arguments.GetValue(_maxSteps),
            LearningRate = arguments.GetValue(_rate),
            WarmUp = arguments.GetValue(_warmUp),
            CoolDown = arguments.GetValue(_coolDown),
            CallDropout = arguments.GetValue(_callDropout),
            MaskResults = arguments.GetValue(_maskResults),
            HeldOut = arguments.GetValue(_heldOut),
            Lora = arguments.GetValue(_lora) ? Lora(arguments) : null,
            MicroBatchTokens = arguments.GetValue(_microBatch),
            Packed = arguments.GetValue(_pack),
            Checkpointed = arguments.GetValue(_checkpoint),
            Seed = arguments.GetValue(_common.Seed),
        };
        var compute = _common.Compute(arguments);
        long? memory = arguments.GetValue(_memory) is { } limit
            ? (long)(limit * (1L << 30))
            : DeviceMemory.Free(compute.Device);
        string source = arguments.GetValue(_common.Model)!;
        if (arguments.GetValue(_estimate))
        {
            var estimate = Estimate(Models.OpenFolder(source), options, compute, longest: 0);
            Show(estimate, memory, arguments.GetValue(_common.Json), display);
            return Task.FromResult(estimate.Peak > memory ? CommandLine.Failed : CommandLine.Done);
        }
        string dataset = arguments.GetValue(_dataset) ?? throw Missing(_dataset);
        string target = arguments.GetValue(_out) ?? throw Missing(_out);
        if (Directory.Exists(dataset))
            dataset = Path.Combine(dataset, CallsByDocument.Dataset);
        Finetune(source, dataset, target, options, !arguments.GetValue(_plain), compute, display, cancellation, memory);
        display.Result(target);
        return Task.FromResult(CommandLine.Done);
    }

    /// <summary>Finetunes into a folder, or goes on with it, or leaves a finished one as it is.</summary>
    /// <exception cref="InvalidOperationException">It was begun with other data or numbers.</exception>
    /// <param name="memory">Bytes that may be used; null: those that are free.</param>
    internal static void Finetune(string source, string dataset, string target, FinetuningOptions options,
        bool withCalls, Compute compute, Display display, CancellationToken cancellation, long? memory = null)
    {
        string state = Path.Combine(target, "training");
        bool complete = options.Lora is null ? ModelFolder.IsComplete(target) : AdapterFolder.IsComplete(target);
        // What a finished model was made from may have been cleared away.
        if (complete && !(Directory.Exists(state) && File.Exists(dataset)))
            return;
        if (!File.Exists(dataset))
            throw new FileNotFoundException($"There is no dataset '{dataset}'.\n"
                + $"  looked in {Path.GetFullPath(dataset)}\n  Run `toolformer annotate` first.", dataset);
        var origin = Models.OpenFolder(source);
        using var run = RunFolder.Open(state);
        var identity = new JsonObject
        {
            ["model"] = origin.Identity(),
            ["dataset"] = InputFile.Of(dataset).Sha256,
            ["with_calls"] = withCalls,
            ["options"] = JsonSerializer.SerializeToNode(options, JsonLines.Format),
            ["computed_in"] = compute.TrainingType.ToString(),
        };
        if (complete)
        {
            run.Begin(Stage, identity);
            return;
        }
        var data = new Finetuning(JsonLines.Read<DatasetExample>(dataset), options, origin.Shape,
            origin.BeginningOfText, origin.EndOfText, withCalls);
        string what = withCalls ? "finetuning with calls" : "finetuning without calls";
        var estimate = Estimate(origin, options, compute, data.Longest);
        display.Note($"{what}: about {MemoryEstimate.Gibibytes(estimate.Peak)} of memory at its peak ({estimate})");
        estimate.Require(memory ?? DeviceMemory.Free(compute.Device), compute.Device.ToString());
        if (data.HeldOut.Count == 0)
            display.Note($"{what}: none of the {data.Examples:N0} examples is held out, so the last step is kept");
        using var progress = new TrainingDisplay(display, what);
        var training = data.Training with { ComputeType = compute.TrainingType };
        var trainer = new Trainer(state, training, data.Batch)
        {
            HeldOut = data.HeldOut,
            Progress = progress,
        };
        if (options.Lora is { } lora)
        {
            // PEFT finds the model by this name wherever the adapter is moved.
            string model = Directory.Exists(source) ? Path.GetFullPath(source) : source;
            using var frozen = origin.ReadDecoder(compute.TrainingType, compute.Device);
            run.Begin(Stage, identity);
            using var blank = Adapter.Random(Sites(origin, lora), lora, options.Seed);
            using var adapter = trainer.Run(frozen, blank, cancellation);
            AdapterFolder.Write(target, adapter, lora, model);
            return;
        }
        using var best = trainer.Run(Read, compute.Device, cancellation);
        ModelFolder.Write(target, best, origin.Architecture, ScalarType.Float32, origin.EndOfText, source);

        // A model that can't be read binds the folder to nothing: it can be mended.
        Decoder Read()
        {
            var decoder = origin.ReadDecoder();
            run.Begin(Stage, identity);
            return decoder;
        }
    }

    private static MemoryEstimate Estimate(
        ModelFolder origin, FinetuningOptions options, Compute compute, int longest)
    {
        // An update may be smaller than a pass could be; without data nobody knows.
        long update = longest > 0 ? (long)options.BatchSize * longest : int.MaxValue;
        var passes = Finetuning.Passes(options) with
        {
            ComputeType = compute.TrainingType,
            MicroBatchTokens = (int)Math.Min(options.MicroBatchTokens, update),
        };
        return MemoryEstimate.Of(origin.Shape, passes, longest,
            options.Lora is { } lora ? Sites(origin, lora) : null, options.Lora);
    }

    private static void Show(MemoryEstimate estimate, long? memory, bool json, Display display)
    {
        if (json)
        {
            display.Result(new
            {
                estimate.Weights,
                estimate.Gradients,
                estimate.Optimizer,
                estimate.Activations,
                estimate.Casts,
                estimate.Passing,
                estimate.Peak,
                Available = memory,
            });
            return;
        }
        foreach (var (name, bytes) in estimate.Parts.Append(("peak", estimate.Peak)))
            display.Result($"{name,-12}{MemoryEstimate.Gibibytes(bytes),14}");
        if (memory is { } free)
            display.Result($"{"available",-12}{MemoryEstimate.Gibibytes(free),14}");
    }

    /// <exception cref="ArgumentException">The model's adapter would stay out of what is written.</exception>
    private static IReadOnlyList<AdapterSite> Sites(ModelFolder origin, LoraOptions lora) => origin.Adapter is null
        ? AdapterSite.Choose(origin.Architecture, origin.Shape, lora.Targets)
        : throw new ArgumentException($"The model is an adapter itself, and an adapter names a whole model.\n"
            + $"  in {origin.Adapter}\n  Merge it first: `toolformer export`.");

    private LoraOptions Lora(ParseResult arguments)
    {
        var lora = new LoraOptions
        {
            Rank = arguments.GetValue(_rank),
            Alpha = arguments.GetValue(_alpha),
            Dropout = arguments.GetValue(_dropout),
            Targets = arguments.GetValue(_targets)!
                .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        };
        if (lora.Rank < 1 || lora.Dropout is < 0 or >= 1 || lora.Targets.Count == 0)
            throw new ArgumentException($"--lora-rank is {lora.Rank}, --lora-dropout {lora.Dropout}, --lora-targets "
                + $"'{string.Join(",", lora.Targets)}'.\n  in the arguments\n"
                + "  Use a rank of 1 or more, a share below 1, and at least one matrix.");
        return lora;
    }

    private static ArgumentException Missing(Option option) => new(
        $"{option.Name} is missing.\n  in toolformer {Stage}\n  Give it, or ask only for --estimate.");

    private static Option<T> Number<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value, HelpName = "N" };
}
