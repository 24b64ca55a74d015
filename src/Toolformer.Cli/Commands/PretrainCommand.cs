using System.CommandLine;
using System.Text.Json;
using Toolformer.Evaluation;
using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using static TorchSharp.torch;

namespace Toolformer.Cli.Commands;

/// <summary>Trains a small base model and its tokenizer from text.</summary>
public sealed class PretrainCommand : Verb
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        WriteIndented = true,
    };

    private readonly Argument<FileInfo> _recipe = new("recipe") { Description = "The recipe: a JSON file." };
    private readonly Option<DirectoryInfo> _out = new("--out") { Description = "Folder of the run.", Required = true };
    private readonly Option<int> _threads = new("--threads") { Description = "Threads (0: one per core)." };

    public override string Name => "pretrain";

    public override string Description =>
        "Trains a small base model and its tokenizer from text.\nExample: toolformer pretrain recipes/nano.json --out runs/nano";

    public override IEnumerable<Option> Options => [_out, _threads];

    public override IEnumerable<Argument> Arguments => [_recipe];

    public override Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var file = arguments.GetValue(_recipe)!;
        string folder = arguments.GetValue(_out)!.FullName;
        if (arguments.GetValue(_threads) is > 0 and var threads)
            set_num_threads(threads);
        PretrainingRecipe recipe;
        try
        {
            recipe = JsonSerializer.Deserialize<PretrainingRecipe>(File.ReadAllBytes(file.FullName), Json)!;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The recipe is not valid: {e.Message}\n  in {file.FullName}", e);
        }
        Directory.CreateDirectory(folder);
        var tokenizer = ReadOrTrainTokenizer(recipe, folder, cancellation);
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
        using var start = Decoder.Random(shape, recipe.Seed);
        Console.Error.WriteLine($"{shape.ParameterCount:N0} parameters, {rows.Steps:N0} steps");
        var options = new TrainingOptions
        {
            Steps = rows.Steps,
            LearningRate = recipe.LearningRate,
            WarmUp = recipe.WarmUp,
            CoolDown = recipe.CoolDown,
            AdamW = new AdamWOptions { Beta2 = 0.98, WeightDecay = recipe.WeightDecay },
            Muon = recipe.Muon,
            EvaluateEvery = recipe.EvaluateEvery,
        };
        var clock = TimeProvider.System;
        long began = clock.GetTimestamp(), tokens = 0;
        int reports = 0;
        var trainer = new Trainer(Path.Combine(folder, "training"), options, rows.Batch)
        {
            HeldOut = rows.HeldOut(16),
            Progress = new Immediate<TrainingProgress>(p =>
            {
                tokens += p.Tokens;
                reports++;
                if (p.Step % 25 != 0 && p.Perplexity is null)
                    return;
                var elapsed = clock.GetElapsedTime(began);
                var left = elapsed / reports * (p.Steps - p.Step);
                Console.Error.WriteLine($"step {p.Step}/{p.Steps} loss {p.Loss:F3} norm {p.GradientNorm:F2} "
                    + $"{tokens / elapsed.TotalSeconds:F0} tokens/s, {left:hh\\:mm\\:ss} left"
                    + (p.Perplexity is { } ppl ? $", held-out perplexity {ppl:F2}" : ""));
            }),
            Probe = (step, decoder) =>
            {
                using var model = new TorchLanguageModel(
                    decoder.To(ScalarType.Float32, CPU), tokenizer, endOfText, endOfText);
                var probe = AnnotationProbe.Measure(model, seed: 1, count: 40);
                string line = JsonSerializer.Serialize(new { step, probe }, new JsonSerializerOptions(Json) { WriteIndented = false });
                File.AppendAllText(Path.Combine(folder, "probe.jsonl"), line + "\n");
                Console.Error.WriteLine(line);
                ModelFolder.Write(Path.Combine(folder, "latest"), decoder, new Gpt2(), ScalarType.Float16, endOfText, folder);
            },
        };
        using var best = trainer.Run(start, cancellation);
        ModelFolder.Write(Path.Combine(folder, "model"), best, new Gpt2(), ScalarType.Float16, endOfText, folder);
        return Task.FromResult(0);
    }

    private static Tokenizer ReadOrTrainTokenizer(PretrainingRecipe recipe, string folder, CancellationToken cancellation)
    {
        if (!File.Exists(Path.Combine(folder, "tokenizer.json")))
        {
            Console.Error.WriteLine($"learning a vocabulary of {recipe.Vocabulary:N0} tokens");
            TokenizerFiles.Write(BpeTrainer.Train(PretrainingRows.VocabularyTexts(recipe), recipe.Vocabulary, [" [", "]", " ->"],
                cancellation: cancellation), folder);
        }
        return Tokenizer.Load(folder);
    }

    /// <summary>Reports on the calling thread, in order, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Immediate<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
