using System.Text.Json.Nodes;
using Toolformer.Evaluation;
using Toolformer.Pipeline;

namespace Toolformer.Reports;

/// <summary>
/// What a run folder says, whole or not: read line by line with memory for a few texts, whatever its files hold. What
/// is not there, or can't be read, is said in words and does not keep the rest from being reported.
/// </summary>
internal sealed class RunFindings
{
    private const int MostTools = 64, MostCurves = 8;
    private const string Predictions = "predictions.jsonl";

    private readonly RunFiles _files;

    private RunFindings(string folder)
    {
        _files = new RunFiles(folder);
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
    }

    public string Name { get; }
    public Manifest? Manifest { get; private set; }
    public ReportedResults Results { get; private set; } = new();

    public AnsweredQuestions Answers { get; } = new();

    /// <summary>Answers with calls in them, a right and a wrong one per task.</summary>
    public ShownAnswers Shown { get; } = new();

    public IReadOnlyList<ToolFindings> Tools { get; private set; } = [];
    public IReadOnlyList<TrainingCurve> Training { get; private set; } = [];

    /// <summary>The stages with the counts that they have so far.</summary>
    public IReadOnlyDictionary<string, StageRecord> Stages { get; private set; } =
        new Dictionary<string, StageRecord>();

    /// <summary>Whether calls were sampled in this folder; else it is one of an evaluation or of a training.</summary>
    public bool Annotates { get; private set; }

    /// <summary>What is not there, in sentences.</summary>
    public IReadOnlyList<string> Missing => _files.Missing;

    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It holds nothing of a run.</exception>
    public static RunFindings Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no run folder '{folder}'.\n"
                + $"  looked in {Path.GetFullPath(folder)}\n  Name the folder of a run, as it was given with --out.");
        var found = new RunFindings(folder);
        string[] signs =
            [Manifest.FileName, EvaluationResults.FileName, Predictions, CallsByDocument.Sampled, "training"];
        if (!signs.Any(s => Path.Exists(found._files.In(s))))
            throw new InvalidDataException($"'{folder}' holds nothing of a run.\n  looked for "
                + $"{string.Join(", ", signs)}\n  Name the folder of a run, as it was given with --out.");
        found.ReadManifest();
        found.ReadResults();
        found.ReadCalls();
        found.ReadTraining();
        return found;
    }

    private void ReadManifest()
    {
        Manifest = _files.Read(Manifest.FileName, _ => Manifest.Load(_files.Folder));
        var stages = Manifest?.Stages.ToDictionary() ?? [];
        if (!_files.Has(Manifest.FileName))
            _files.Miss("manifest.json is not there, and with it what the run was made with and its counts.");
        string[] names = [.. Enum.GetNames<AnnotationStage>().Select(n => n.ToLowerInvariant())];
        Annotates = names.Any(stages.ContainsKey)
            || new[] { CallsByDocument.Sampled, CallsByDocument.Executed, CallsByDocument.Filtered }.Any(_files.Has);
        foreach (string stage in Annotates ? names : [])
        {
            if (!stages.TryGetValue(stage, out var record))
            {
                if (Manifest is { Stages.Count: > 0 })
                    _files.Miss($"The stage '{stage}' was not begun: run the same command again to go on.");
                continue;
            }
            if (record.Complete)
                continue;
            if (_files.Lines<Progress>(stage + ".progress").LastOrDefault() is { } last)
                stages[stage] = record with { Counts = last.Counts ?? [], Seconds = last.Seconds };
            _files.Miss($"The stage '{stage}' is not complete: counts are those of the documents done so far. "
                + "Run the same command again to go on.");
        }
        if (stages.TryGetValue("evaluate", out var evaluation) && !evaluation.Complete)
            _files.Miss("The evaluation is not complete. Run the same command again to go on.");
        Stages = stages;
    }

    private sealed record Progress(Dictionary<string, long>? Counts, double Seconds);

    private void ReadResults()
    {
        if (!_files.Has(EvaluationResults.FileName))
            _files.Miss("results.json is not there: nothing was measured yet.");
        Results = _files.Read(EvaluationResults.FileName, ReportedResults.Read) ?? Results;
        if (Results.Whole is null && Results.Arms.Count > 0 && Stages.ContainsKey("evaluate"))
            _files.Miss("results.json lacks some of what this version writes: the paper's tables are not shown.");
        var counted = Results.Evaluation.Select(r => (r.Model, r.Task, r.Mode)).ToHashSet();
        foreach (var prediction in _files.Lines<ReportedPrediction>(Predictions))
        {
            // An evaluation may have been asked for less than it once was.
            if (!counted.Contains((prediction.Model, prediction.Task, prediction.Mode)))
                continue;
            Answers.Add(prediction);
            Shown.Offer(prediction);
        }
    }

    private void ReadCalls()
    {
        if (!Annotates)
            return;
        var tallies = new Dictionary<string, CallTally>(StringComparer.Ordinal);
        foreach (string tool in Stages.GetValueOrDefault("sample")?.Options["tools"] is JsonObject named
            ? named.Select(t => t.Key).Take(MostTools) : [])
            tallies[tool] = new CallTally(Threshold(tool) ?? 0);
        foreach (var call in _files.Lines<FilteredCall>(
            CallsByDocument.Filtered, "Losses and calls can't be shown."))
        {
            if (!tallies.TryGetValue(call.Tool, out var tally))
            {
                if (tallies.Count >= MostTools)
                    continue;
                tallies[call.Tool] = tally = new CallTally(Threshold(call.Tool) ?? 0);
            }
            tally.Add(call);
        }
        foreach (var tally in tallies.Values)
            tally.EndText();
        var texts = Texts(tallies.Values);
        var weights = Weights();
        Tools = [.. tallies.Select(t => new ToolFindings(t.Key)
        {
            Threshold = Threshold(t.Key),
            Funnel = Funnel.Of(t.Key, Stages, t.Value.Errors),
            Gains = t.Value.Gains,
            Best = Show(t.Value.Best),
            Borderline = Show(t.Value.Borderline),
            Worst = Show(t.Value.Worst),
            Strips = [.. t.Value.Texts.Where(s => texts.GetValueOrDefault(s.DocId) is not null)
                .Select(s => StartStrip.Of(texts[s.DocId]!, t.Key, s.Places))],
        })];

        IReadOnlyList<ShownCall> Show(CallSelection selection) =>
            [.. selection.Calls.Select(call => ShownCall.Of(call, texts.GetValueOrDefault(call.DocId), weights))];
    }

    /// <summary>The texts of the calls that are shown, by their id.</summary>
    private Dictionary<string, DocumentRecord?> Texts(IEnumerable<CallTally> tallies)
    {
        var texts = new Dictionary<string, DocumentRecord?>(StringComparer.Ordinal);
        foreach (var tally in tallies)
        {
            foreach (var selection in new[] { tally.Best, tally.Borderline, tally.Worst })
            {
                foreach (var call in selection.Calls)
                    texts[call.DocId] = null;
            }
            foreach (var (id, _) in tally.Texts)
                texts[id] = null;
        }
        foreach (var document in _files.Lines<DocumentRecord>(
            CallsByDocument.Documents, "Calls are shown without their text."))
        {
            if (texts.ContainsKey(document.DocId))
                texts[document.DocId] = document;
        }
        return texts;
    }

    private double? Threshold(string tool) =>
        Stages.GetValueOrDefault("filter")?.Options["tools"] is JsonObject tools && tools[tool] is JsonObject options
        && options["filter_threshold"] is JsonValue value && value.TryGetValue(out double threshold) ? threshold : null;

    /// <summary>The weights of the losses, w_0, w_1, …; the paper's where the manifest names none.</summary>
    private IReadOnlyList<double> Weights() =>
        Stages.GetValueOrDefault("filter")?.Options["weights"] is JsonArray weights
        && weights.All(w => w is JsonValue value && value.TryGetValue(out double _))
            ? [.. weights.Select(w => w!.GetValue<double>())] : FilterLosses.PaperWeights;

    private void ReadTraining()
    {
        var folders = Directory.EnumerateDirectories(_files.Folder).Order(StringComparer.Ordinal)
            .Prepend(_files.Folder).Where(f => File.Exists(Path.Combine(f, "training", "log.jsonl")))
            .Take(MostCurves).ToList();
        Training = [.. folders.Select(f => TrainingCurve.Read(f == _files.Folder ? Name : Path.GetFileName(f),
            _files.Lines<TrainingCurve.LogLine>(
                Path.Combine(Path.GetRelativePath(_files.Folder, f), "training", "log.jsonl"))))];
        var stages = Stages.ToDictionary();
        foreach (string folder in folders)
        {
            foreach (var (name, record) in TrainingStages(folder))
                stages[folder == _files.Folder ? name : $"{name}: {Path.GetFileName(folder)}"] = record;
        }
        Stages = stages;
        if (Training.Count == 0 && Annotates)
            _files.Miss("No model was finetuned in this folder yet.");
    }

    private Dictionary<string, StageRecord> TrainingStages(string folder)
    {
        string name = Path.GetRelativePath(_files.Folder, Path.Combine(folder, "training"));
        var stages = _files.Read(Path.Combine(name, Manifest.FileName),
            path => Manifest.Load(Path.GetDirectoryName(path)!))?.Stages;
        // The trainer's manifest is only begun: training is over when the model has been written.
        bool written = Directory.EnumerateFiles(folder, "*.safetensors").Any();
        if (!written && stages is not null)
            _files.Miss($"The training in {name} is not over. Run the same command again to go on.");
        return (stages ?? new Dictionary<string, StageRecord>())
            .ToDictionary(s => s.Key, s => s.Value with { Complete = written });
    }
}
