using System.Text.Json;
using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>
/// results.json as a report needs it: read leniently, as runs of other versions and those of other programs lack some
/// of its fields.
/// </summary>
internal sealed record ReportedResults
{
    public IReadOnlyList<ReportedResult> Evaluation { get; init; } = [];
    public IReadOnlyList<ReportedPerplexity> Perplexity { get; init; } = [];
    public long? Seed { get; init; }
    public string? Commit { get; init; }
    public string? Device { get; init; }

    /// <summary>Models with their modes, in the order of the file.</summary>
    public IReadOnlyList<(string Model, string Mode)> Arms =>
        [.. Evaluation.Select(r => (r.Model, r.Mode)).Concat(Perplexity.Select(p => (p.Model, p.Mode))).Distinct()];

    public IReadOnlyList<string> Tasks => [.. Evaluation.Select(r => r.Task).Distinct()];

    public ReportedResult? Find((string Model, string Mode) arm, string task) =>
        Evaluation.FirstOrDefault(r => (r.Model, r.Mode) == arm && r.Task == task);

    /// <summary>The whole of what such a file holds; null: it lacks what this version writes.</summary>
    public EvaluationResults? Whole { get; private init; }

    /// <exception cref="JsonException">It is no such file.</exception>
    public static ReportedResults Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var results = JsonSerializer.Deserialize<ReportedResults>(file, JsonLines.Format)
            ?? throw new JsonException("it is null");
        return results with
        {
            Evaluation = [.. results.Evaluation.Where(r => r is not null)],
            Perplexity = [.. results.Perplexity.Where(p => p is not null)],
            Whole = ReadWhole(file),
        };
    }

    private static EvaluationResults? ReadWhole(byte[] file)
    {
        // What is null was not written, so what is not there may be null; and is looked for where it must not.
        var format = new JsonSerializerOptions(JsonLines.Format) { RespectRequiredConstructorParameters = false };
        try
        {
            var results = JsonSerializer.Deserialize<EvaluationResults>(file, format);
            return results is not null && IsWhole(results) ? results : null;
        }
        catch (JsonException)
        {
            return null; // Of another version or program: the caller says so.
        }
    }

    private static bool IsWhole(EvaluationResults r) =>
        AreThere(r.Evaluation, r.Perplexity, r.KeptPerThreshold, r.Commit, r.Device)
        && r.Evaluation.All(e => AreThere(e?.Model, e?.Task, e?.Mode, e?.PerTool))
        && r.Perplexity.All(p => AreThere(p?.Model, p?.Mode))
        && r.KeptPerThreshold.All(t => AreThere(t?.Tool))
        && (r.Models ?? []).All(m => AreThere(m?.Model))
        && (r.Comparisons ?? []).All(c => AreThere(c?.Task, c?.A?.Model, c?.A?.Mode, c?.B?.Model, c?.B?.Mode))
        && (r.NoiseFloors ?? []).All(f => AreThere(f?.Model, f?.Task, f?.Mode, f?.Seeds, f?.Accuracies))
        && (r.Overlaps ?? []).All(o => AreThere(o?.Task, o?.Ids))
        && (r.Skipped ?? []).All(s => AreThere(s?.Task, s?.Reason));

    private static bool AreThere(params object?[] parts) => Array.TrueForAll(parts, part => part is not null);
}

/// <summary>How one model did on one task in one mode.</summary>
internal sealed record ReportedResult
{
    public required string Model { get; init; }
    public required string Task { get; init; }
    public string Mode { get; init; } = "";
    public int N { get; init; }
    public double Correct { get; init; }
    public double Accuracy { get; init; }
    public double Stderr { get; init; }
    public long Calls { get; init; }
    public double CallRate { get; init; }
    public IReadOnlyDictionary<string, long> PerTool { get; init; } = new Dictionary<string, long>();
    public int TaskVersion { get; init; }
}

/// <summary>Perplexity of a model on held-out text.</summary>
internal sealed record ReportedPerplexity
{
    public required string Model { get; init; }
    public string Mode { get; init; } = "";
    public double Perplexity { get; init; }
    public double Stderr { get; init; }
    public long Tokens { get; init; }
    public long Texts { get; init; }
}
