using Toolformer.Tools.Searching;

namespace Toolformer.Tools.Reading;

/// <summary>
/// Reads the answer to a question out of passages, or abstains: the second half of retrieval-augmented question
/// answering, where the paper has Atlas (section 3). Thread-safe.
/// </summary>
public abstract class AnswerReader : IDisposable
{
    /// <summary>The most words of an answer: one that needs more is no short answer.</summary>
    protected const int MaxAnswerWords = 20;

    /// <summary>
    /// Answers in a few words. Where no passage answers, the result is a failure with the reason. Never throws on bad
    /// input; obeys cancellation.
    /// </summary>
    /// <param name="question">One line of text.</param>
    /// <param name="passages">What was found, best first; possibly none.</param>
    public abstract ValueTask<ToolResult> AnswerAsync(
        string question, IReadOnlyList<Passage> passages, CancellationToken cancellation);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the reader itself opened.</summary>
    protected virtual void Dispose(bool disposing) { }

    /// <summary>
    /// The answer alone: the first line, of it the first sentence where it is long, without quotes around it and a full
    /// stop after it, at most <see cref="MaxAnswerWords"/> words.
    /// </summary>
    protected static string Shorten(string written)
    {
        string line = written.Split('\n', '\r').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0) ?? "";
        if (Sentences.Words(line).Length > MaxAnswerWords)
            line = Sentences.Of(line)[0];
        string answer = string.Join(' ', Sentences.Words(line).Take(MaxAnswerWords)).Trim('"', '“', '”', ' ');
        // The full stop of an abbreviation belongs to the answer: "Washington, D.C."
        bool ends = answer.Length > 2 && answer[^1] == '.' && answer.AsSpan(0, answer.Length - 2).IndexOf('.') < 0
            && !char.IsUpper(answer[^2]);
        return ends ? answer[..^1] : answer;
    }
}
