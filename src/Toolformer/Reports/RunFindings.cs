using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Pipeline;

namespace Toolformer.Reports;

/// <summary>
/// What a run folder says, whole or not: read line by line with memory for a few texts, whatever its files hold. What
/// is not there, or can't be read, is said in words and does not keep the rest from being reported.
/// </summary>
internal sealed class RunFindings
{
    private const int LineBytes = 16 << 20, MostTools = 64, MostCurves = 8, Context = 240, FileBytes = 64 << 20;

    private readonly List<string> _missing = [];
    private readonly string _folder;

    private RunFindings(string folder)
    {
        _folder = folder;
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
    }

    public string Name { get; }
    public Manifest? Manifest { get; private set; }
    public ReportedResults Results { get; private set; } = new();
    public IReadOnlyList<ToolFindings> Tools { get; private set; } = [];
    public IReadOnlyList<TrainingCurve> Training { get; private set; } = [];

    /// <summary>The stages with the counts that they have so far.</summary>
    public IReadOnlyDictionary<string, StageRecord> Stages { get; private set; } =
        new Dictionary<string, StageRecord>();

    /// <summary>What is not there, in sentences.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It holds nothing of a run.</exception>
    public static RunFindings Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no run folder '{folder}'.\n"
                + $"  looked in {Path.GetFullPath(folder)}\n  Name the folder of a run, as it was given with --out.");
        var found = new RunFindings(folder);
        string[] signs = [Manifest.FileName, "results.json", CallsByDocument.Sampled, "training"];
        if (!signs.Any(s => Path.Exists(Path.Combine(folder, s))))
            throw new InvalidDataException($"'{folder}' holds nothing of a run.\n  looked for "
                + $"{string.Join(", ", signs)}\n  Name the folder of a run, as it was given with --out.");
        found.ReadManifest();
        found.ReadResults();
        found.ReadCalls();
        found.ReadTraining();
        return found;
    }

    private string In(string name) => Path.Combine(_folder, name);

    private void ReadManifest()
    {
        try
        {
            Manifest = IsSmall(In(Manifest.FileName)) ? Manifest.Load(_folder) : null;
        }
        catch (InvalidDataException e)
        {
            _missing.Add($"manifest.json can't be read: {FirstLine(e)}");
        }
        var stages = Manifest?.Stages.ToDictionary() ?? [];
        if (Manifest is null && !File.Exists(In(Manifest.FileName)))
            _missing.Add("manifest.json is not there, and with it what the run was made with and its counts.");
        foreach (string stage in Enum.GetNames<AnnotationStage>().Select(n => n.ToLowerInvariant()))
        {
            if (!stages.TryGetValue(stage, out var record))
            {
                if (Manifest is { Stages.Count: > 0 })
                    _missing.Add($"The stage '{stage}' was not begun: run the same command again to go on.");
                continue;
            }
            if (record.Complete)
                continue;
            if (LastProgress(stage) is { } last)
                stages[stage] = record with { Counts = last.Counts ?? [], Seconds = last.Seconds };
            _missing.Add($"The stage '{stage}' is not complete: counts are those of the documents done so far. "
                + "Run the same command again to go on.");
        }
        Stages = stages;
    }

    private sealed record Progress(Dictionary<string, long>? Counts, double Seconds);

    /// <summary>The last line of a stage's log that can be read.</summary>
    private Progress? LastProgress(string stage)
    {
        Progress? last = null;
        foreach (var progress in Lines<Progress>(stage + ".progress", ""))
            last = progress;
        return last;
    }

    private void ReadResults()
    {
        string path = In("results.json");
        if (!File.Exists(path))
        {
            _missing.Add("results.json is not there: nothing was measured yet.");
            return;
        }
        try
        {
            using var file = File.OpenRead(path);
            Results = IsSmall(path) ? ReportedResults.Read(file) : Results;
        }
        catch (JsonException e)
        {
            _missing.Add($"results.json can't be read: {FirstLine(e)}");
        }
    }

    private void ReadCalls()
    {
        var tallies = new Dictionary<string, CallTally>(StringComparer.Ordinal);
        foreach (string tool in Stages.GetValueOrDefault("sample")?.Options["tools"] is JsonObject named
            ? named.Select(t => t.Key).Take(MostTools) : [])
            tallies[tool] = new CallTally(Threshold(tool) ?? 0);
        foreach (var call in Lines<FilteredCall>(CallsByDocument.Filtered, "Losses and calls can't be shown."))
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
        Tools = [.. tallies.Select(t => new ToolFindings(t.Key)
        {
            Threshold = Threshold(t.Key),
            Funnel = Funnel.Of(t.Key, Stages, t.Value.Errors),
            Gains = t.Value.Gains,
            Best = Show(t.Value.Best),
            Borderline = Show(t.Value.Borderline),
            Worst = Show(t.Value.Worst),
            Strips = [.. t.Value.Texts.Where(s => texts.GetValueOrDefault(s.DocId) is not null)
                .Select(s => new StartStrip(s.DocId, texts[s.DocId]!, s.Places))],
        })];

        IReadOnlyList<ShownCall> Show(CallSelection selection) => [.. selection.Calls.Select(call =>
        {
            string text = texts.GetValueOrDefault(call.DocId) ?? "";
            int at = Math.Clamp(call.Offset, 0, text.Length);
            int from = Math.Max(0, at - Context), to = Math.Min(text.Length, at + Context);
            return new ShownCall(call, (from > 0 ? "…" : "") + text[from..at], text[at..to]
                + (to < text.Length ? "…" : ""));
        })];
    }

    /// <summary>The texts of the calls that are shown, by their id.</summary>
    private Dictionary<string, string?> Texts(IEnumerable<CallTally> tallies)
    {
        var texts = new Dictionary<string, string?>(StringComparer.Ordinal);
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
        foreach (var document in Lines<DocumentRecord>(
            CallsByDocument.Documents, "Calls are shown without their text."))
        {
            if (texts.ContainsKey(document.DocId))
                texts[document.DocId] = document.Text;
        }
        return texts;
    }

    private double? Threshold(string tool) =>
        Stages.GetValueOrDefault("filter")?.Options["tools"] is JsonObject tools && tools[tool] is JsonObject options
        && options["filter_threshold"] is JsonValue value && value.TryGetValue(out double threshold) ? threshold : null;

    private void ReadTraining()
    {
        var folders = Directory.EnumerateDirectories(_folder).Order(StringComparer.Ordinal).Prepend(_folder)
            .Where(f => File.Exists(Path.Combine(f, "training", "log.jsonl"))).Take(MostCurves).ToList();
        Training = [.. folders.Select(f => TrainingCurve.Read(f == _folder ? Name : Path.GetFileName(f),
            Lines<TrainingCurve.LogLine>(
                Path.Combine(Path.GetRelativePath(_folder, f), "training", "log.jsonl"), "")))];
        var stages = Stages.ToDictionary();
        foreach (string folder in folders)
        {
            foreach (var (name, record) in TrainingStages(folder))
                stages[folder == _folder ? name : $"{name}: {Path.GetFileName(folder)}"] = record;
        }
        Stages = stages;
        if (Training.Count == 0)
            _missing.Add("No model was finetuned in this folder yet.");
    }

    private IReadOnlyDictionary<string, StageRecord> TrainingStages(string folder)
    {
        string training = Path.Combine(folder, "training"), name = Path.GetRelativePath(_folder, training);
        try
        {
            var stages = IsSmall(Path.Combine(training, Manifest.FileName)) ? Manifest.Load(training)?.Stages : null;
            // The trainer's manifest is only begun: training is over when the model has been written.
            bool written = Directory.EnumerateFiles(folder, "*.safetensors").Any();
            if (!written && stages is not null)
                _missing.Add($"The training in {name} is not over. Run the same command again to go on.");
            return (stages ?? new Dictionary<string, StageRecord>())
                .ToDictionary(s => s.Key, s => s.Value with { Complete = written });
        }
        catch (InvalidDataException e)
        {
            _missing.Add($"The manifest in {name} can't be read: {FirstLine(e)}");
            return new Dictionary<string, StageRecord>();
        }
    }

    /// <summary>The records of a file up to the first line that is none, which is told.</summary>
    private IEnumerable<T> Lines<T>(string name, string consequence) where T : class
    {
        string path = In(name);
        if (!File.Exists(path))
        {
            if (consequence.Length > 0)
                _missing.Add($"{name} is not there. {consequence}");
            yield break;
        }
        foreach (var line in TextLine.Read(path, LineBytes))
        {
            if (line.Text is { } blank && string.IsNullOrWhiteSpace(blank))
                continue;
            T? record = null;
            try
            {
                record = line.Text is null ? null : JsonSerializer.Deserialize<T>(line.Text, JsonLines.Format);
            }
            catch (JsonException)
            {
                // Told below, as a line that is too long is.
            }
            if (record is null)
            {
                _missing.Add($"{name} can be read up to line {line.Number - 1} only: the rest is not in this report.");
                yield break;
            }
            yield return record;
        }
    }

    private bool IsSmall(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length <= FileBytes)
            return true;
        _missing.Add($"{Path.GetFileName(path)} is longer than any run writes and was not read.");
        return false;
    }

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0];
}
