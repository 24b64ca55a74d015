using System.CommandLine;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Cli.Runs;
using Toolformer.Evaluation;
using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using Toolformer.Torch.Tokenizers;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Cli.Commands;

/// <summary>Trains a small base model and its tokenizer from text.</summary>
public sealed class PretrainCommand : Verb
{
    private readonly Argument<FileInfo> _recipe = new("recipe") { Description = "The recipe: a JSON file." };
    private readonly Option<DirectoryInfo> _out = new("--out") { Description = "Folder of the run.", Required = true };
    private readonly CommonOptions _common = new();

    public override string Name => "pretrain";

    public override string Description =>
        """
        Trains a small base model and its tokenizer from text.
        Example: toolformer pretrain recipes/nano.json --out runs/nano
        """;

    public override IEnumerable<Option> Options => [_out, .. _common.Place];

    public override IEnumerable<Argument> Arguments => [_recipe];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        var file = arguments.GetValue(_recipe)!;
        string folder = arguments.GetValue(_out)!.FullName;
        _common.SetThreads(arguments);
        var recipe = Recipe.Read<PretrainingRecipe>(file.FullName);
        Directory.CreateDirectory(folder);
        var tokenizer = ReadOrTrainTokenizer(recipe, folder, display, cancellation);
        const int endOfText = 0;
        var rows = new PretrainingRows(recipe, tokenizer, endOfText);
        var shape = new DecoderShape
        {
            VocabularySize = tokenizer.VocabularySize,
            ContextLength = recipe.Context,
            Width = recipe.Width,
            Layers = recipe.Layers,
            Heads = recipe.Heads,
            InnerWidth = 4 * recipe.Width,
            NormEpsilon = 1e-5,
            Activation = Activation.GeluTanh,
            TiedHead = true,
        };
        var compute = _common.Compute(arguments);
        using var random = Decoder.Random(shape, recipe.Seed);
        using var start = random.To(ScalarType.Float32, compute.Device);
        display.Note($"{shape.ParameterCount:N0} parameters, {rows.Steps:N0} steps");
        var options = new TrainingOptions
        {
            Steps = rows.Steps,
            LearningRate = recipe.LearningRate,
            WarmUp = recipe.WarmUp,
            CoolDown = recipe.CoolDown,
            AdamW = new AdamWOptions { Beta2 = 0.98, WeightDecay = recipe.WeightDecay },
            Muon = recipe.Muon,
            ComputeType = compute.TrainingType,
            EvaluateEvery = recipe.EvaluateEvery,
        };
        long began = display.Clock.GetTimestamp(), tokens = 0;
        using var progress = display.Progress("training", "steps", rows.Steps, from: null);
        var trainer = new Trainer(Path.Combine(folder, "training"), options, rows.Batch)
        {
            HeldOut = rows.HeldOut(16),
            Progress = Display.Hear<TrainingProgress>(p =>
            {
                tokens += p.Tokens;
                double perSecond = tokens / display.Clock.GetElapsedTime(began).TotalSeconds;
                progress.Report(p.Step, $"loss {p.Loss:F3}, norm {p.GradientNorm:F2}, {perSecond:N0} tokens/s");
                if (p.Perplexity is { } perplexity)
                    display.Note($"step {p.Step:N0}: loss {p.Loss:F3}, held-out perplexity {perplexity:F2}");
            }),
            Probe = (step, decoder) =>
            {
                using var model = new TorchLanguageModel(
                    decoder.To(ScalarType.Float32, CPU), tokenizer, endOfText, endOfText);
                var probe = AnnotationProbe.Measure(model, seed: 1, count: 40);
                string line = JsonSerializer.Serialize(new { step, probe }, JsonLines.Format);
                File.AppendAllText(Path.Combine(folder, "probe.jsonl"), line + "\n");
                display.Note(line);
                ModelFolder.Write(
                    Path.Combine(folder, "latest"), decoder, new Gpt2(), ScalarType.Float16, endOfText, folder);
            },
        };
        using var best = trainer.Run(start, cancellation);
        ModelFolder.Write(Path.Combine(folder, "model"), best, new Gpt2(), ScalarType.Float16, endOfText, folder);
        return Task.FromResult(0);
    }

    private static Tokenizer ReadOrTrainTokenizer(
        PretrainingRecipe recipe, string folder, Display display, CancellationToken cancellation)
    {
        if (!File.Exists(Path.Combine(folder, "tokenizer.json")))
        {
            display.Note($"learning a vocabulary of {recipe.Vocabulary:N0} tokens");
            TokenizerFiles.Write(BpeTrainer.Train(PretrainingRows.VocabularyTexts(recipe), recipe.Vocabulary,
                [" [", "]", " ->"], cancellation: cancellation), folder);
        }
        return Tokenizer.Load(folder);
    }
}
