using System.Text.Json.Nodes;
using Toolformer.Pipeline;

namespace Toolformer.Evaluation;

/// <summary>Perplexity of a model on texts.</summary>
public sealed record ModelPerplexity(
    string Model, string Mode, double Perplexity, double Stderr, long Tokens, int Texts)
{
    /// <summary>exp(loss / words) and exp(loss / bytes): models with other tokens can be compared by them.</summary>
    public double? PerWord { get; init; }

    /// <inheritdoc cref="PerWord"/>
    public double? PerByte { get; init; }

    /// <summary>The task; null: the run's own held-out texts.</summary>
    public string? Task { get; init; }

    /// <summary>Goes up with every change of how it is measured.</summary>
    public int? TaskVersion { get; init; }

    public static ModelPerplexity Of(string model, string mode, IEnumerable<TextLoss> losses)
    {
        var all = Evaluation.Perplexity.Of(losses);
        return new(model, mode, all.Value, all.Stderr, all.Tokens, all.Texts)
        {
            PerWord = all.PerWord,
            PerByte = all.PerByte,
        };
    }
}

/// <summary>A model that was measured.</summary>
/// <param name="Model">As the results name it.</param>
/// <param name="Parameters">How many numbers it has, those used twice counted once.</param>
/// <param name="Identity">What tells it from others: hashes of its weights.</param>
public sealed record MeasuredModel(string Model, long Parameters, JsonObject Identity);

/// <summary>A task that was not run, and why.</summary>
public sealed record SkippedTask(string Task, string Reason);

/// <summary>results.json: what a run has found.</summary>
public sealed record EvaluationResults(
    IReadOnlyList<EvalResult> Evaluation, IReadOnlyList<ModelPerplexity> Perplexity,
    IReadOnlyList<ThresholdCount> KeptPerThreshold, int Seed, string Commit, string Device)
{
    public const string FileName = "results.json";

    public IReadOnlyList<MeasuredModel>? Models { get; init; }
    public IReadOnlyList<PairedComparison>? Comparisons { get; init; }
    public IReadOnlyList<NoiseFloor>? NoiseFloors { get; init; }
    public IReadOnlyList<TestSetOverlap>? Overlaps { get; init; }
    public IReadOnlyList<SkippedTask>? Skipped { get; init; }
}
