using Toolformer.Modeling;

namespace Toolformer.Inference;

/// <summary>
/// Texts that were asked for together: they end together, by the first fault of one or when all are done.
/// </summary>
internal sealed class QueuedGroup
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _end;
    private readonly CancellationToken _caller;
    private int _left;
    private bool _isClosed;

    public QueuedGroup(int texts, CancellationToken caller)
    {
        (_left, _caller) = (texts, caller);
        _end = CancellationTokenSource.CreateLinkedTokenSource(caller);
        Ended = _end.Token;
    }

    public Task Done => _done.Task;

    /// <summary>Cancelled when its texts are of no more use to anybody.</summary>
    public CancellationToken Ended { get; }

    /// <summary>One of its texts is whole.</summary>
    public void Finish()
    {
        if (--_left == 0)
            _done.TrySetResult();
    }

    /// <summary>Gives all of them up; null: the caller went away.</summary>
    public void Fail(Exception? fault)
    {
        lock (_end)
        {
            // What tools do when they are told must not hold up the model's thread.
            if (!_isClosed)
                _ = _end.CancelAsync();
        }
        if (fault is null)
            _done.TrySetCanceled(_caller);
        else
            _done.TrySetException(fault);
    }

    /// <summary>Lets go of the caller's token; nothing is asked of the group any more but what it was.</summary>
    public void Close()
    {
        lock (_end)
        {
            _isClosed = true;
            _end.Dispose();
        }
    }
}

/// <summary>One text that waits for its turn or has it.</summary>
internal abstract class QueuedText(QueuedGroup group, IReadOnlyList<int> prompt)
{
    public QueuedGroup Group => group;
    public IReadOnlyList<int> Prompt => prompt;
    public int Cost => prompt.Count;

    /// <summary>A text to write on.</summary>
    public sealed class Writing(QueuedGroup group, int index, GenerationRequest request, IReadOnlyList<int> prompt,
        GenerationOptions options, Action<int, GenerationEvent> hear) : QueuedText(group, prompt)
    {
        private Task? _awaited;

        public GenerationRow? Row { get; private set; }

        public GenerationRow Begin(GenerationRules rules) =>
            Row = new GenerationRow(request, Prompt, rules, Group.Ended);

        public GenerationOptions Options => options;

        /// <summary>Tells what has happened, and has itself told when a tool is done.</summary>
        public void Tell(Action wake)
        {
            foreach (var happened in Row!.TakeEvents())
                hear(index, happened);
            if (Row.Tool is not { } tool || tool == _awaited)
                return;
            _awaited = tool;
            tool.ContinueWith(_ => wake(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    /// <summary>A text to score: the log-probabilities of its tokens after the first, and the likeliest ones.</summary>
    public sealed class Scoring(QueuedGroup group, int index, IReadOnlyList<int> prompt, int top,
        Action<int, ForwardResult> hear) : QueuedText(group, prompt)
    {
        public ForwardInput Input { get; } = new(prompt)
        {
            Targets = [.. Enumerable.Range(1, prompt.Count - 1).Select(i => new Target(i, prompt[i]))],
            Top = top,
        };

        public void Tell(ForwardResult result) => hear(index, result);
    }
}
