using Toolformer.Markup;

namespace Toolformer.Reports;

/// <summary>A question with what a model wrote.</summary>
internal sealed record ShownAnswer(ReportedPrediction Prediction)
{
    private const int LongestPrompt = 600, LongestAnswer = 600;

    public string Prompt { get; } = Prediction.Prompt.Length <= LongestPrompt ? Prediction.Prompt
        : "…" + Prediction.Prompt[^LongestPrompt..];

    /// <summary>What it wrote, in pieces, each a call or none.</summary>
    public IReadOnlyList<(string Text, bool IsCall)> Completion { get; } =
        [.. Pieces(ReportPage.Cut(Prediction.Completion, LongestAnswer))];

    private static IEnumerable<(string, bool)> Pieces(string text)
    {
        int at = 0;
        foreach (var call in CallSyntax.Find(text))
        {
            // The space that belongs to a call stands before it.
            int start = call.Start + (char.IsWhiteSpace(text[call.Start]) ? 1 : 0);
            yield return (text[at..start], false);
            yield return (text[start..call.End], true);
            at = call.End;
        }
        yield return (text[at..], false);
    }
}

/// <summary>For each task the first right and the first wrong answer with a call in it.</summary>
internal sealed class ShownAnswers
{
    private const int MostTasks = 64;

    private readonly Dictionary<string, (ShownAnswer? Right, ShownAnswer? Wrong)> _tasks = [];

    public IEnumerable<(string Task, IReadOnlyList<ShownAnswer> Answers)> ByTask =>
        _tasks.Where(t => (t.Value.Right ?? t.Value.Wrong) is not null).Select(t => (t.Key,
            (IReadOnlyList<ShownAnswer>)[.. new[] { t.Value.Right, t.Value.Wrong }.OfType<ShownAnswer>()]));

    public void Offer(ReportedPrediction prediction)
    {
        var known = _tasks.GetValueOrDefault(prediction.Task);
        // What merely looks like a call was not made.
        if (prediction.Calls.Count == 0 || (prediction.Correct ? known.Right : known.Wrong) is not null
            || (_tasks.Count >= MostTasks && !_tasks.ContainsKey(prediction.Task)))
            return;
        var answer = new ShownAnswer(prediction);
        if (answer.Completion.Any(piece => piece.IsCall))
            _tasks[prediction.Task] = prediction.Correct ? (answer, known.Wrong) : (known.Right, answer);
    }
}
