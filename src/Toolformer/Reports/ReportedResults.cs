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
        return (JsonSerializer.Deserialize<ReportedResults>(file, JsonLines.Format)
            ?? throw new JsonException("it is null")) with
        { Whole = ReadWhole(file) };
    }

    private static EvaluationResults? ReadWhole(byte[] file)
    {
        // What is null was not written, so what is not there may be null; and is looked for where it must not.
        var format = new JsonSerializerOptions(JsonLines.Format) { RespectRequiredConstructorParameters = false };
        try
        {
            var results = JsonSerializer.Deserialize<EvaluationResults>(file, format);
            return results is
            {
                Evaluation: not null, Perplexity: not null, KeptPerThreshold: not null,
                Commit: not null, Device: not null
            }
                && results.Evaluation.All(r => r is
                {
                    Model: not null, Task: not null, Mode: not null,
                    PerTool: not null
                })
                && results.Perplexity.All(p => p is { Model: not null, Mode: not null })
                && results.KeptPerThreshold.All(t => t is { Tool: not null })
                && (results.Models ?? []).All(m => m is { Model: not null })
                && (results.Comparisons ?? []).All(c => c is
                {
                    Task: not null, A: { Model: not null, Mode: not null },
                    B: { Model: not null, Mode: not null }
                })
                && (results.NoiseFloors ?? []).All(f => f is
                {
                    Model: not null, Task: not null, Mode: not null,
                    Seeds: not null, Accuracies: not null
                })
                && (results.Overlaps ?? []).All(o => o is { Task: not null, Ids: not null })
                && (results.Skipped ?? []).All(s => s is { Task: not null, Reason: not null }) ? results : null;
        }
        catch (JsonException)
        {
            return null; // Of another version or program: the caller says so.
        }
    }
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
