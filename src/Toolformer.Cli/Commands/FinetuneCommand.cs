using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Pipeline;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Cli.Commands;

/// <summary>Step 4 of the paper: finetunes a model on a dataset with calls.</summary>
public sealed class FinetuneCommand : Verb
{
    private const string Stage = "finetune";

    private static readonly FinetuningOptions Defaults = new();

    private readonly CommonOptions _common = new();
    private readonly Option<string> _dataset = new("--dataset")
    {
        Description = "The run folder of an annotation, or a dataset.jsonl.",
        Required = true,
        HelpName = "RUN",
    };
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the finetuned model; an interrupted run in it goes on.",
        Required = true,
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

    public override string Name => Stage;

    public override string Description =>
        """
        Finetunes a model on a dataset with calls, and keeps the step with the best held-out perplexity.
        Example: toolformer finetune --model models/nano --dataset runs/notes --out runs/notes/model
        """;

    public override IEnumerable<Option> Options =>
    [
        .. _common.Engine, _dataset, _out, _batch, _epochs, _maxSteps, _rate, _warmUp, _coolDown,
        _callDropout, _maskResults, _plain, _common.Seed,
    ];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        _common.SetThreads(arguments);
        string dataset = arguments.GetValue(_dataset)!, target = arguments.GetValue(_out)!;
        if (Directory.Exists(dataset))
            dataset = Path.Combine(dataset, CallsByDocument.Dataset);
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
            Seed = arguments.GetValue(_common.Seed),
        };
        string source = arguments.GetValue(_common.Model)!;
        Finetune(source, dataset, target, options, !arguments.GetValue(_plain), _common.Compute(arguments), display,
            cancellation);
        display.Result(target);
        return Task.FromResult(CommandLine.Done);
    }

    /// <summary>Finetunes into a folder, or goes on with it, or leaves a finished one as it is.</summary>
    /// <exception cref="InvalidOperationException">It was begun with other data or numbers.</exception>
    internal static void Finetune(string source, string dataset, string target, FinetuningOptions options,
        bool withCalls, Compute compute, Display display, CancellationToken cancellation)
    {
        string state = Path.Combine(target, "training");
        bool complete = ModelFolder.IsComplete(target);
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
        };
        if (complete)
        {
            run.Begin(Stage, identity);
            return;
        }
        var data = new Finetuning(JsonLines.Read<DatasetExample>(dataset), options, origin.Shape,
            origin.BeginningOfText, origin.EndOfText, withCalls);
        var training = data.Training with { ComputeType = compute.TrainingType };
        using var start = origin.ReadDecoder(device: compute.Device);
        run.Begin(Stage, identity);
        using var progress = new TrainingDisplay(
            display, withCalls ? "finetuning with calls" : "finetuning without calls");
        var trainer = new Trainer(state, training, data.Batch)
        {
            HeldOut = data.HeldOut,
            Progress = progress,
        };
        using var best = trainer.Run(start, cancellation);
        ModelFolder.Write(target, best, origin.Architecture, ScalarType.Float32, origin.EndOfText, source);
    }

    private static Option<T> Number<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value, HelpName = "N" };
}
