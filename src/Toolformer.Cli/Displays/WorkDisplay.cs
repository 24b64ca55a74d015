using Toolformer.Evaluation;
using Toolformer.Pipeline;
using Toolformer.Torch.Training;

namespace Toolformer.Cli.Displays;

/// <summary>Shows one progress line per piece of work, and begins a new one when the piece changes.</summary>
internal abstract class WorkDisplay<T>(Display display) : IProgress<T>, IDisposable
{
    private ProgressLine? _line;
    private string? _piece;

    public abstract void Report(T value);

    public void Dispose() => _line?.Dispose();

    /// <summary>The line of a piece of work; the one before it is ended.</summary>
    protected ProgressLine Line(string piece, string unit, long? total, long from)
    {
        if (_piece != piece)
        {
            _line?.Dispose();
            _line = display.Progress(piece, unit, total, from);
            _piece = piece;
        }
        return _line!;
    }
}

/// <summary>The four steps of annotating: texts per second, candidates per second, forward tokens per text.</summary>
internal sealed class StageDisplay(Display display) : WorkDisplay<StageProgress>(display)
{
    public override void Report(StageProgress value)
    {
        var parts = new List<string>();
        if (value.Counts.TryGetValue("calls", out long calls))
            parts.Add($"{calls:N0} calls, {value.CallsPerSecond:N0}/s");
        if (value.Counts.TryGetValue("kept", out long kept))
            parts.Add($"{kept:N0} kept");
        if (value.ForwardTokensPerText > 0)
            parts.Add($"{value.ForwardTokensPerText:N0} forward tokens a text");
        Line(value.Stage, "texts", value.Total, 0).Report(value.Done, string.Join(", ", parts));
    }
}

/// <summary>A training run: loss, tokens per second, held-out perplexity when it was measured.</summary>
internal sealed class TrainingDisplay(Display display, string what) : WorkDisplay<TrainingProgress>(display)
{
    private readonly Display _display = display;
    private readonly long _began = display.Clock.GetTimestamp();
    private long _tokens;
    private double? _perplexity;

    public override void Report(TrainingProgress value)
    {
        _tokens += value.Tokens;
        _perplexity = value.Perplexity ?? _perplexity;
        double rate = _tokens / Math.Max(1e-3, _display.Clock.GetElapsedTime(_began).TotalSeconds);
        string perplexity = _perplexity is { } p ? $", held-out perplexity {p:F2}" : "";
        Line(what, "steps", value.Steps, value.Step - 1)
            .Report(value.Step, $"loss {value.Loss:F3}, {rate:N0} tokens/s{perplexity}");
    }
}

/// <summary>
/// An evaluation: which model answers which task in which mode, and the share that is right so far. Between the reports
/// of whole batches it counts each prediction.
/// </summary>
internal sealed class EvaluationDisplay(Display display) : WorkDisplay<EvalProgress>(display)
{
    private EvalProgress? _last;
    private int _since;

    public override void Report(EvalProgress value)
    {
        (_last, _since) = (value, 0);
        Show(value);
    }

    /// <summary>One more prediction of the batch is made.</summary>
    public void Finished()
    {
        _since++;
        if (_last is { } last)
            Show(last);
    }

    private void Show(EvalProgress value)
    {
        string right = value.DoneOfTask == 0 ? ""
            : $": {100.0 * value.CorrectOfTask / value.DoneOfTask:F1} % of {value.DoneOfTask} right";
        Line("evaluate", "examples", value.Total, value.Done).Report(
            value.Done + _since, $"{value.Model} ({value.Mode}), {value.Task}{right}");
    }
}
