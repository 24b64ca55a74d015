using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Toolformer.Modeling;
using Toolformer.Tools;

namespace Toolformer.Inference;

/// <summary>
/// One model for many callers at once: it is computed on one thread, and the texts of all share one batch. A text joins
/// between two steps and leaves when it is done or its caller went away; one that waits for its tool holds up no other.
/// Who waits for a place goes by turns, client by client. Thread-safe.
/// </summary>
/// <remarks>What a text becomes does not depend on what else is in the batch, but for rounding.</remarks>
public sealed class GenerationQueue : IAsyncDisposable
{
    private readonly ILanguageModel _model;
    private readonly GenerationQueueOptions _options;
    private readonly TimeProvider _timer;
    private readonly RowSource _source;
    private readonly Lock _lock = new();
    private readonly FairLine<QueuedText> _line = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<QueuedGroup> _groups = [];

    // Of the model's thread alone.
    private readonly List<QueuedText.Writing> _writing = [];
    private readonly PrefixCache _cache;
    private readonly PromptReader _reader;
    private RowBatch _batch;
    private long _steps;

    private bool _closed;
    private double _secondsPerText = 1, _busySeconds, _finishedTexts;
    private volatile GenerationQueueStatus _status = new(0, 0, 0, 0, 0, 0);

    /// <param name="model">Used by this queue alone until it is disposed; the caller's to dispose then.</param>
    /// <param name="timer">What calls and turns are timed with; null: the system.</param>
    /// <exception cref="NotSupportedException">There are tools, and " [" is not one token of this model.</exception>
    public GenerationQueue(
        ILanguageModel model, Toolbox tools, GenerationQueueOptions? options = null, TimeProvider? timer = null)
    {
        (_model, _options, _timer) = (model, options ?? new(), timer ?? TimeProvider.System);
        _source = new RowSource(model, tools, _timer);
        _cache = new PrefixCache(_options.PrefixCacheBytes);
        _reader = new PromptReader(model, _options.PrefixCacheBytes > 0 ? _cache : null);
        _batch = new RowBatch(model, _reader);
        new Thread(Work) { IsBackground = true, Name = "model" }.Start();
    }

    /// <summary>How it was after the last step.</summary>
    public GenerationQueueStatus Status
    {
        get
        {
            lock (_lock)
                return _status with { Waiting = _line.Count };
        }
    }

    /// <summary>Writes on after each prompt. All find a place, or none does.</summary>
    /// <param name="client">Whose request it is: clients get their turns one after the other.</param>
    /// <param name="hear">
    /// Told what happens, with the index of the request. It is called on the model's thread, so it must not wait.
    /// </param>
    /// <returns>Ends when all texts are whole, with the fault of the first that fails, or cancelled.</returns>
    /// <exception cref="QueueFullException">Too many wait already, or the queue is closed.</exception>
    /// <exception cref="ArgumentException">A prompt is empty and must not be.</exception>
    public Task RunAsync(IReadOnlyList<GenerationRequest> requests, GenerationOptions options, string client,
        Action<int, GenerationEvent> hear, CancellationToken cancellation = default)
    {
        var group = new QueuedGroup(requests.Count, cancellation);
        return Enter(group, client, [.. requests.Select((request, i) =>
            new QueuedText.Writing(group, i, request, _source.Prompt(request), options, hear))], cancellation);
    }

    /// <summary>The same as a stream; ending the enumeration early gives the texts up.</summary>
    public async IAsyncEnumerable<(int Index, GenerationEvent Event)> StreamAsync(
        IReadOnlyList<GenerationRequest> requests, GenerationOptions options, string client,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var reader = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var events = Channel.CreateUnbounded<(int, GenerationEvent)>(new() { SingleReader = true });
        var run = RunAsync(
            requests, options, client, (index, happened) => events.Writer.TryWrite((index, happened)), reader.Token);
        _ = run.ContinueWith(
            ended => events.Writer.TryComplete(ended.Exception?.InnerException
                ?? (ended.IsCanceled ? new OperationCanceledException(cancellation) : null)),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await foreach (var happened in events.Reader.ReadAllAsync(CancellationToken.None))
                yield return happened;
        }
        finally
        {
            await reader.CancelAsync();
        }
    }

    /// <summary>
    /// Scores texts: per text the log-probability of each token after the first, and the likeliest tokens in each
    /// place.
    /// </summary>
    /// <exception cref="QueueFullException">Too many wait already, or the queue is closed.</exception>
    public async Task<IReadOnlyList<ForwardResult>> ScoreAsync(IReadOnlyList<IReadOnlyList<int>> texts, int top,
        string client, CancellationToken cancellation = default)
    {
        var results = new ForwardResult[texts.Count];
        var group = new QueuedGroup(texts.Count, cancellation);
        await Enter(group, client, [.. texts.Select((text, i) =>
            new QueuedText.Scoring(group, i, text, top, (index, result) => results[index] = result))], cancellation);
        return results;
    }

    /// <summary>Takes nothing on any more, and ends when what was begun is done.</summary>
    /// <param name="cancellation">
    /// Gives up what is not done yet; it ends with a <see cref="QueueFullException"/>.
    /// </param>
    /// <returns>How many requests were given up.</returns>
    public async Task<int> CloseAsync(CancellationToken cancellation)
    {
        int cut = 0;
        lock (_lock)
            _closed = true;
        _wake.Set();
        using (cancellation.Register(() =>
        {
            QueuedGroup[] left;
            lock (_lock)
                left = [.. _groups];
            cut = left.Length;
            foreach (var group in left)
                group.Fail(new QueueFullException("The server was stopped before this text was done.", null));
            _wake.Set();
        }))
            await _ended.Task;
        return cut;
    }

    /// <summary>Gives up what is not done yet.</summary>
    public async ValueTask DisposeAsync() => await CloseAsync(new CancellationToken(canceled: true));

    private async Task Enter(
        QueuedGroup group, string client, IReadOnlyList<QueuedText> texts, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_closed)
                throw new QueueFullException("The server is being stopped: nothing new is taken on.", null);
            int own = _line.CountOf(client), waiting = _line.Count + texts.Count;
            // Where all places are taken a client still has its share of them: one that floods shuts out nobody else.
            int share = _options.MaxWaiting / (own > 0 ? _line.Clients : _line.Clients + 1);
            if (waiting > _options.MaxWaiting && own + texts.Count > share)
                throw new QueueFullException($"{_line.Count} texts wait already, at most {_options.MaxWaiting} may, "
                    + $"and this request has {texts.Count}.",
                    TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(_secondsPerText * waiting), 1, 600)));
            foreach (var text in texts)
                _line.Add(client, text);
            _groups.Add(group);
        }
        try
        {
            if (texts.Count == 0)
                return;
            // At once, not at its turn: that may be far, and it keeps no place in the line.
            using var left = cancellation.Register(() =>
            {
                group.Fail(null);
                _wake.Set();
            });
            _wake.Set();
            await group.Done;
        }
        finally
        {
            lock (_lock)
            {
                _groups.Remove(group);
                _line.Remove(client, text => text.Group == group);
            }
            if (group.Done.IsCompletedSuccessfully)
                group.Close();
        }
    }

    private void Work()
    {
        while (TakeTurns() is { } joining)
        {
            bool moved = joining.Count > 0;
            try
            {
                Join(joining);
                moved |= Advance();
            }
            catch (Exception e)
            {
                // The model itself failed, so the batch is in no known state: its texts end with the reason, and the
                // next ones begin with a new batch.
                foreach (var text in _writing)
                    text.Group.Fail(e);
                _writing.Clear();
                _batch.Dispose();
                _batch = new RowBatch(_model, _reader);
            }
            _status = new(0, _writing.Count, _model.ForwardTokens, _reader.KnownTokens, _cache.Bytes, _steps);
            if (!moved)
                _wake.WaitOne();
        }
        _batch.Dispose();
        _cache.Dispose();
        _ended.SetResult();
    }

    /// <summary>Those whose turn it is; null: there is nothing left to do, ever.</summary>
    private List<QueuedText>? TakeTurns()
    {
        var taken = new List<QueuedText>();
        lock (_lock)
        {
            int cost = 0, rows = _writing.Count;
            while (_line.TryPeek(out var next))
            {
                bool isGone = next.Group.Ended.IsCancellationRequested;
                bool fits = rows < _options.Rows && (cost == 0 || cost + next.Cost <= _options.PromptTokensPerStep);
                if (!isGone && !fits)
                    break;
                _line.Take();
                if (isGone)
                {
                    next.Group.Fail(null);
                    continue;
                }
                taken.Add(next);
                cost += next.Cost;
                rows++;
            }
            return taken.Count == 0 && _closed && _line.Count == 0 && _writing.Count == 0 ? null : taken;
        }
    }

    private void Join(List<QueuedText> taken)
    {
        Score([.. taken.OfType<QueuedText.Scoring>()]);
        var joining = new List<QueuedText.Writing>();
        GenerationOptions? options = null;
        GenerationRules? rules = null;
        foreach (var text in taken.OfType<QueuedText.Writing>())
        {
            Try(text.Group, () =>
            {
                if (options != text.Options)
                    rules = _source.Rules(text.Options);
                options = text.Options;
                text.Begin(rules!);
                joining.Add(text);
            });
        }
        _writing.AddRange(joining);
        var rows = joining.Select(text => text.Row!).Where(row => !row.IsFinished).ToList();
        if (rows.Count > 0)
            _batch.Join(rows, CancellationToken.None);
    }

    private void Score(List<QueuedText.Scoring> texts)
    {
        if (texts.Count == 0)
            return;
        try
        {
            var results = _model.Forward([.. texts.Select(text => text.Input)]);
            foreach (var (text, result) in texts.Zip(results))
            {
                text.Tell(result);
                text.Group.Finish();
            }
        }
        catch (Exception e)
        {
            texts.ForEach(text => text.Group.Fail(e));
        }
    }

    /// <summary>One step of the batch; false where every text waits for its tool, or there is none.</summary>
    private bool Advance()
    {
        foreach (var text in _writing.Where(text => text.Group.Ended.IsCancellationRequested))
        {
            text.Group.Fail(null);
            text.Row!.Leave();
        }
        long began = _timer.GetTimestamp();
        bool moved = _batch.Step();
        _steps += moved ? 1 : 0;
        foreach (var text in _writing.Where(text => !text.Group.Ended.IsCancellationRequested))
            Try(text.Group, () =>
            {
                text.Row!.Fault?.Throw();
                text.Tell(() => _wake.Set());
                if (text.Row.IsFinished)
                    text.Group.Finish();
            });
        int done = _writing.RemoveAll(text => text.Row!.IsFinished);
        _batch.Retire();
        Estimate(_timer.GetElapsedTime(began), done);
        return moved || done > 0;
    }

    /// <summary>How long a text takes, others beside it counted: the mean over about the last hundred steps.</summary>
    private void Estimate(TimeSpan step, int done)
    {
        const double kept = 0.99;
        _busySeconds = kept * _busySeconds + step.TotalSeconds;
        _finishedTexts = kept * _finishedTexts + done;
        if (_finishedTexts > 0)
            _secondsPerText = _busySeconds / _finishedTexts;
    }

    private static void Try(QueuedGroup group, Action work)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            group.Fail(e);
        }
    }
}
