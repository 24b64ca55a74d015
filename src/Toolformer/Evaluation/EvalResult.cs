namespace Toolformer.Evaluation;

/// <summary>A call as it stands in a prediction.</summary>
public sealed record EvalCall(string Tool, string Input, string? Result = null, string? Error = null);

/// <summary>What a model wrote after a prompt.</summary>
/// <param name="Completion">All of it, calls included.</param>
/// <param name="Text">The same without calls: what is scored.</param>
public sealed record Prediction(string Completion, string Text, IReadOnlyList<EvalCall> Calls)
{
    /// <summary>Tokens of the prompt and of the completion with its calls: each is computed once.</summary>
    public int Tokens { get; init; }

    /// <summary>The example's share of the time that its batch took.</summary>
    public double Milliseconds { get; init; }
}

/// <summary>One line of predictions.jsonl: everything needed to score again without a model.</summary>
/// <param name="Index">The example's place in the task, from 0.</param>
public sealed record PredictionRecord(
    string Model, string Task, string Mode, int Index, string Id, string Prompt, string Completion, string Prediction,
    IReadOnlyList<string> Answers, bool Correct, IReadOnlyList<EvalCall> Calls)
{
    /// <summary>See <see cref="Evaluation.Prediction.Tokens"/>.</summary>
    public int Tokens { get; init; }

    /// <summary>See <see cref="Evaluation.Prediction.Milliseconds"/>.</summary>
    public double Milliseconds { get; init; }
}

/// <summary>How one model did on one task in one mode.</summary>
/// <param name="Stderr">Standard error of the accuracy, √(p(1−p)/n).</param>
/// <param name="Calls">Calls made, over all examples.</param>
/// <param name="CallRate">Share of examples with at least one call.</param>
/// <param name="PerTool">Calls per tool.</param>
/// <param name="AccuracyWithCall">Accuracy over the examples with a call; null: there is none.</param>
/// <param name="AccuracyWithoutCall">Accuracy over the others; null: there is none.</param>
public sealed record EvalResult(
    string Model, string Task, string Mode, int N, int Correct, double Accuracy, double Stderr, int Calls,
    double CallRate, IReadOnlyDictionary<string, int> PerTool, double? AccuracyWithCall, double? AccuracyWithoutCall,
    int TaskVersion, int Seed)
{
    /// <summary>
    /// k of the decoding rule (paper, section 4.2); 0: calls are disabled, null: the model has no tools.
    /// </summary>
    public int? StartTopK { get; init; }

    /// <summary>Calls without a result.</summary>
    public int FailedCalls { get; init; }

    /// <summary>Tokens of prompts and completions, each computed once.</summary>
    public long Tokens { get; init; }

    /// <summary>Time spent on the predictions; of those that were stored, when they were made.</summary>
    public double Seconds { get; init; }

    /// <summary>What a right answer costs: tokens computed over right answers; null: none is right.</summary>
    public double? TokensPerCorrect { get; init; }

    /// <summary>The commit that the program was built from.</summary>
    public string? Commit { get; init; }

    public string? Device { get; init; }

    /// <summary>Adds up the predictions of one model on one task in one mode.</summary>
    public static EvalResult From(
        string model, EvalTask task, string mode, IReadOnlyCollection<PredictionRecord> predictions, int seed)
    {
        double? Accuracy(IEnumerable<PredictionRecord> some) =>
            some.Any() ? some.Average(p => p.Correct ? 1.0 : 0.0) : null;

        double accuracy = Accuracy(predictions) ?? 0;
        var withCall = predictions.Where(p => p.Calls.Count > 0).ToList();
        int n = predictions.Count;
        return new(model, task.Name, mode, n, predictions.Count(p => p.Correct), accuracy,
            n > 0 ? Math.Sqrt(accuracy * (1 - accuracy) / n) : 0,
            predictions.Sum(p => p.Calls.Count), n > 0 ? (double)withCall.Count / n : 0,
            new SortedDictionary<string, int>(predictions.SelectMany(p => p.Calls).CountBy(c => c.Tool).ToDictionary(),
                StringComparer.Ordinal),
            Accuracy(withCall), Accuracy(predictions.Where(p => p.Calls.Count == 0)), task.Version, seed)
        {
            FailedCalls = predictions.SelectMany(p => p.Calls).Count(c => c.Error is not null),
            Tokens = predictions.Sum(p => (long)p.Tokens),
            Seconds = Math.Round(predictions.Sum(p => p.Milliseconds) / 1000, 3),
            TokensPerCorrect = predictions.Any(p => p.Correct)
                ? predictions.Sum(p => (double)p.Tokens) / predictions.Count(p => p.Correct)
                : null,
        };
    }
}
