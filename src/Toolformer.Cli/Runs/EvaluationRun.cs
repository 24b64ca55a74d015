using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Cli.Displays;
using Toolformer.Evaluation;
using Toolformer.Inference;
using Toolformer.Pipeline;
using Toolformer.Reports;
using Toolformer.Tools;

namespace Toolformer.Cli.Runs;

/// <summary>What an evaluation is to measure.</summary>
internal sealed record EvaluationPlan
{
    /// <summary>Names and folders of the models.</summary>
    public required IReadOnlyList<(string Name, string Path)> Models { get; init; }

    public required IReadOnlyList<EvalInput> Tasks { get; init; }
    public IReadOnlyList<(PerplexityTask Task, string Path)> Texts { get; init; } = [];
    public IReadOnlyList<SkippedTask> Skipped { get; init; } = [];
    public required Toolbox Tools { get; init; }

    /// <summary>The modes of <see cref="EvaluationModes"/>.</summary>
    public IReadOnlyList<string> Modes { get; init; } = EvaluationModes.All;

    /// <summary>The k of the mode "enabled".</summary>
    public IReadOnlyList<int> StartTopK { get; init; } = [new GenerationOptions().StartTopK];

    /// <summary>More k, for some tasks only (Table 9 of the paper).</summary>
    public IReadOnlyDictionary<int, IReadOnlySet<string>> MoreTopK { get; init; } =
        new Dictionary<int, IReadOnlySet<string>>();

    /// <summary>What day it is for examples without one; null: the day on which the run was begun.</summary>
    public DateOnly? Today { get; init; }

    public int? Limit { get; init; }
    public int Seed { get; init; }
    public int BatchSize { get; init; } = 64;
    public string? CacheFolder { get; init; }
    public bool NoiseFloor { get; init; }

    /// <summary>Where the test sets are looked for.</summary>
    public IReadOnlyList<string> TrainingText { get; init; } = [];

    /// <summary>A run of `annotate`, for tables 2 and 10.</summary>
    public string? Annotated { get; init; }
}

/// <summary>
/// Models × tasks × modes in one run folder, resumed where it stopped: predictions.jsonl, perplexity.jsonl,
/// results.json and tables.md.
/// </summary>
internal sealed class EvaluationRun(EvaluationPlan plan, string folder, Compute compute, Display display)
{
    public async Task<EvaluationResults> RunAsync(CancellationToken cancellation)
    {
        using var run = RunFolder.Open(folder);
        // Whatever can be wrong with the data is said before hours of work rest on them.
        var tests = plan.Tasks.Select(t => (t.Task.Name, Examples: t.Task.Load(t.Path))).ToList();
        var models = plan.Models.Select(m => (Folder: Models.OpenFolder(m.Path), m.Name))
            .Select(m => new MeasuredModel(m.Name, m.Folder.Shape.ParameterCount, m.Folder.Identity())).ToList();
        Begin(run, models);
        var today = run.Today(display.Clock, plan.Today);

        using var progress = new EvaluationDisplay(display);
        using var opened = new EvaluatedModels(compute, display.Clock, today, progress.Finished);
        var cache = plan.CacheFolder is { } kept ? new PredictionCache(Path.Combine(kept, "predictions")) : null;
        var options = new EvalOptions { Limit = plan.Limit, Seed = plan.Seed, BatchSize = plan.BatchSize };
        var arms = Arms(opened).ToList();
        string predictions = run.FilePath("predictions.jsonl"), second = run.FilePath("predictions-noise.jsonl");
        var results = await new Evaluator(predictions, options, progress, cache)
            .RunAsync(arms, plan.Tasks, cancellation);
        var again = !plan.NoiseFloor ? [] : await new Evaluator(
            second, options with { Seed = plan.Seed + 1, Shuffled = true }, progress, cache)
            .RunAsync(arms, plan.Tasks, cancellation);
        progress.Dispose();
        var perplexities = Perplexities(run.FilePath("perplexity.jsonl"), opened, cancellation);

        var asked = tests.Select(t => t.Name).ToHashSet();
        var names = arms.Select(a => (a.Model, a.Mode)).ToHashSet();
        var found = JsonLines.Read<PredictionRecord>(predictions)
            .Where(p => asked.Contains(p.Task) && names.Contains((p.Model, p.Mode)))
            .DistinctBy(p => (p.Model, p.Task, p.Mode, p.Index)).ToList();
        string device = $"{compute.Device}";
        var all = new EvaluationResults(
            [.. results.Select(r => r with { Commit = Manifest.BuiltFrom, Device = device })], perplexities,
            plan.Annotated is null ? [] : Thresholds.Count(Filtered()), plan.Seed, Manifest.BuiltFrom, device)
        {
            Models = models,
            Comparisons = PairedComparison.All(found, plan.Seed),
            NoiseFloors = plan.NoiseFloor
                ? NoiseFloor.Of(results, found, again, JsonLines.Read<PredictionRecord>(second)) : null,
            Overlaps = plan.TrainingText.Count == 0 ? null : TestSetOverlap.Of(
                tests, new Corpus(plan.TrainingText).Read().Select(d => d.Text), cancellation),
            Skipped = plan.Skipped,
        };
        Write(run.FilePath(EvaluationResults.FileName), JsonSerializer.Serialize(all, JsonLines.Format) + "\n");
        Write(run.FilePath(EvaluationTables.FileName), Tables(all));
        run.Record("evaluate", run.Manifest.Stages["evaluate"] with { Complete = true });
        return all;
    }

    /// <summary>tables.md: everything as Markdown.</summary>
    public string Tables(EvaluationResults results) => EvaluationTables.Of(results, plan.Annotated is null ? null
        : PaperViews.Quality(Filtered(), new AnnotationOptions().FilterThreshold));

    /// <summary>
    /// A run is continued with the same models under the same names, tools and choice of examples; tasks, models and
    /// modes may join.
    /// </summary>
    private void Begin(RunFolder run, IReadOnlyList<MeasuredModel> models)
    {
        run.Update(m => m with
        {
            Seed = plan.Seed,
            Inputs = [.. m.Inputs.Concat(plan.Tasks.Select(t => t.Path).Concat(plan.Texts.Select(t => t.Path))
                .Select(p => p.Split('#')[0]).Where(File.Exists).Select(InputFile.Of)).DistinctBy(i => i.Path)],
        });
        run.Begin("evaluate", new JsonObject
        {
            ["seed"] = plan.Seed,
            ["limit"] = plan.Limit,
            ["batch_size"] = plan.BatchSize,
            ["dtype"] = $"{compute.Type}",
            ["tools"] = new JsonObject(plan.Tools.Tools.Select(t =>
                KeyValuePair.Create(t.Name, (JsonNode?)JsonValue.Create(t.Version)))),
        });
        foreach (var model in models)
            run.Begin($"model {model.Model}", model.Identity.DeepClone().AsObject());
    }

    private IEnumerable<EvalArm> Arms(EvaluatedModels models)
    {
        var none = new Toolbox([]);
        var options = new GenerationOptions { Rows = plan.BatchSize };
        bool cached = plan.CacheFolder is not null;
        foreach (var (name, path) in plan.Models)
        {
            if (plan.Modes.Contains(EvaluationModes.Base))
                yield return models.Arm(name, path, EvaluationModes.Base, none, options with { StartTopK = 0 }, cached);
            // A model without tools can neither call nor be kept from it.
            if (plan.Tools.Names.Count == 0)
                continue;
            IEnumerable<int> ks = plan.Modes.Contains(EvaluationModes.Enabled)
                ? plan.StartTopK.Concat(plan.MoreTopK.Keys) : [];
            if (plan.Modes.Contains(EvaluationModes.Disabled))
                ks = ks.Prepend(0);
            foreach (int k in ks.Distinct().Order())
            {
                var arm = models.Arm(
                    name, path, EvaluationModes.Of(k), plan.Tools, options with { StartTopK = k }, cached);
                yield return plan.StartTopK.Contains(k) || k == 0 ? arm : arm with { Tasks = plan.MoreTopK[k] };
            }
        }
    }

    /// <summary>Perplexities, model by model, from the losses of the texts, which are stored one by one.</summary>
    private List<ModelPerplexity> Perplexities(
        string path, EvaluatedModels models, CancellationToken cancellation)
    {
        if (plan.Texts.Count == 0)
            return [];
        var texts = plan.Texts.Select(t => (t.Task, Texts: (List<string>)
            [.. t.Task.Load(t.Path).Take(plan.Limit ?? int.MaxValue)])).ToList();
        using var writer = new JsonLinesWriter(path);
        var stored = JsonLines.Read<StoredLoss>(path).ToLookup(l => (l.Model, l.Mode, l.Task, l.TaskVersion));
        var all = new List<ModelPerplexity>();
        foreach (var (name, folder) in plan.Models)
        {
            foreach (string mode in plan.Modes.Where(m => m != EvaluationModes.Enabled))
            {
                foreach (var (task, own) in texts)
                {
                    var known = stored[(name, mode, task.Name, task.Version)].Select(l => l.Loss).ToList();
                    using var line = display.Progress($"perplexity of {task.Name}", "texts", own.Count, known.Count);
                    var losses = new List<TextLoss>();
                    foreach (var loss in models.Losses(folder, mode, own, known, cancellation))
                    {
                        losses.Add(loss);
                        if (losses.Count <= known.Count)
                            continue;
                        writer.Write(new StoredLoss(name, mode, task.Name, task.Version, loss));
                        writer.Flush(toDisk: true);
                        line.Report(losses.Count, $"{name} ({mode})");
                    }
                    all.Add(ModelPerplexity.Of(name, mode, losses) with
                    {
                        Task = task.Name,
                        TaskVersion = task.Version,
                    });
                }
            }
        }
        return all;
    }

    /// <summary>A line of perplexity.jsonl.</summary>
    private sealed record StoredLoss(string Model, string Mode, string Task, int TaskVersion, TextLoss Loss);

    private IEnumerable<FilteredCall> Filtered() =>
        JsonLines.Read<FilteredCall>(Path.Combine(plan.Annotated!, CallsByDocument.Filtered));

    /// <summary>Writes a file whole or not at all.</summary>
    private static void Write(string path, string text)
    {
        File.WriteAllText(path + ".tmp", text);
        File.Move(path + ".tmp", path, overwrite: true);
    }
}
