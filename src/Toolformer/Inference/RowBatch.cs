using Toolformer.Modeling;

namespace Toolformer.Inference;

/// <summary>
/// The rows in flight and the model's batch, in the same order. Every token of a row is computed once.
/// </summary>
internal sealed class RowBatch(ILanguageModel model) : IDisposable
{
    private readonly List<(GenerationRow Row, IPrefix Prefix)> _rows = [];
    private IDecodeBatch? _batch;

    public IEnumerable<GenerationRow> Rows => _rows.Select(r => r.Row);
    public int Count => _rows.Count;

    /// <summary>Reads the prompts, all but their last tokens: those are the first that the batch reads.</summary>
    public void Join(IReadOnlyList<GenerationRow> rows, CancellationToken cancellation)
    {
        var read = model.Forward([.. rows.Select(Opening)], cancellation);
        _rows.AddRange(rows.Zip(read, (row, result) => (row, result.Prefix!)));
        ForkPoint[] starts = [.. read.Select(result => new ForkPoint(result.Prefix!))];
        if (_batch is null)
            _batch = model.Fork(starts);
        else
            _batch.Join(starts);
        foreach (var (row, result) in rows.Zip(read))
        {
            if (row.Prompt.Count == 1)
                row.Take(result.LogProbabilities);
        }
    }

    // A prompt of one token leaves nothing to read before its last: it is read here, and the log-probabilities of
    // everything that may follow are asked for; as logits they serve as well.
    private ForwardInput Opening(GenerationRow row) => row.Prompt.Count > 1
        ? new ForwardInput([.. row.Prompt.SkipLast(1)]) { Keep = true }
        : new ForwardInput(row.Prompt)
        {
            Keep = true,
            Targets = [.. Enumerable.Range(0, model.VocabularySize).Select(token => new Target(1, token))],
        };

    /// <summary>
    /// Takes in the results that have come, and lets the model read on; false where there was nothing to do because
    /// every row waits for a tool.
    /// </summary>
    public bool Step()
    {
        bool moved = false;
        foreach (var row in Rows.Where(row => row.Tool is { IsCompleted: true }))
        {
            row.TakeResult();
            moved = true;
        }
        IReadOnlyList<int>[] next = [.. Rows.Select(row => row.Next)];
        if (next.All(tokens => tokens.Count == 0))
            return moved;
        var logits = _batch!.Step(next);
        for (int r = 0; r < next.Length; r++)
        {
            if (next[r].Count > 0)
                _rows[r].Row.Take(logits[r].Span);
        }
        return true;
    }

    /// <summary>Waits until the first tool is done.</summary>
    public Task AnswerAsync(CancellationToken cancellation) =>
        Task.WhenAny(Rows.Select(row => row.Tool).OfType<Task>()).WaitAsync(cancellation);

    /// <summary>Lets finished rows leave.</summary>
    public void Retire()
    {
        int[] kept = [.. Enumerable.Range(0, Count).Where(r => !_rows[r].Row.IsFinished)];
        if (kept.Length == Count)
            return;
        if (kept.Length > 0)
        {
            _batch!.Retain(kept);
        }
        else
        {
            _batch!.Dispose();
            _batch = null;
        }
        foreach (var (_, prefix) in _rows.Where(r => r.Row.IsFinished))
            prefix.Dispose();
        _rows.RemoveAll(r => r.Row.IsFinished);
    }

    public void Dispose()
    {
        _batch?.Dispose();
        foreach (var (_, prefix) in _rows)
            prefix.Dispose();
    }
}
