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
            yield return (text[at..call.Start], false);
            yield return (text[call.Start..call.End], true);
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
        if ((prediction.Correct ? known.Right : known.Wrong) is not null
            || (_tasks.Count >= MostTasks && !_tasks.ContainsKey(prediction.Task)))
            return;
        var answer = new ShownAnswer(prediction);
        if (answer.Completion.Any(piece => piece.IsCall))
            _tasks[prediction.Task] = prediction.Correct ? (answer, known.Wrong) : (known.Right, answer);
    }
}
