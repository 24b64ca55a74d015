using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>A line of predictions.jsonl, read leniently.</summary>
internal sealed record ReportedPrediction
{
    public string Model { get; init; } = "";
    public string Task { get; init; } = "";
    public string Mode { get; init; } = "";
    public int Index { get; init; }
    public string Prompt { get; init; } = "";
    public string Completion { get; init; } = "";
    public IReadOnlyList<string> Answers { get; init; } = [];
    public bool Correct { get; init; }
    public IReadOnlyList<EvalCall> Calls { get; init; } = [];
}

/// <summary>
/// Which questions were answered right by whom, so that differences are taken on the same questions: nine bytes and the
/// overhead of a table per answer, whatever was written.
/// </summary>
internal sealed class AnsweredQuestions
{
    private const int MostAnswers = 4_000_000;

    private readonly Dictionary<(string Model, string Task, string Mode), Dictionary<long, bool>> _arms = [];
    private long _answers;

    public void Add(ReportedPrediction prediction)
    {
        if (_answers >= MostAnswers)
            return;
        var arm = (prediction.Model, prediction.Task, prediction.Mode);
        if (!_arms.TryGetValue(arm, out var answers))
            _arms[arm] = answers = [];
        // An answer that stands there twice counts once, as in the evaluation.
        _answers += answers.TryAdd(Question(prediction), prediction.Correct) ? 1 : 0;
    }

    /// <summary>The answers that a result adds up; null: those at hand are not the ones.</summary>
    public IReadOnlyDictionary<long, bool>? Of(ReportedResult result) =>
        _arms.TryGetValue((result.Model, result.Task, result.Mode), out var answers) && answers.Count == result.N
        && answers.Values.Count(right => right) == result.Correct ? answers : null;

    /// <summary>Two runs may have other questions at the same place, so the words decide too.</summary>
    private static long Question(ReportedPrediction prediction) => BinaryPrimitives.ReadInt64LittleEndian(
        SHA256.HashData(Encoding.UTF8.GetBytes(
            $"{prediction.Index}\n{prediction.Prompt}\n{string.Join('\n', prediction.Answers)}")));
}
