using System.Text.Json;

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

    /// <exception cref="JsonException">It is no such file.</exception>
    public static ReportedResults Read(string path)
    {
        using var file = File.OpenRead(path);
        return JsonSerializer.Deserialize<ReportedResults>(file, JsonLines.Format)
            ?? throw new JsonException("it is null");
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
