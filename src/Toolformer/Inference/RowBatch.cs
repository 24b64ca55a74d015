using Toolformer.Modeling;

namespace Toolformer.Inference;

/// <summary>
/// The rows in flight and the model's batch, in the same order. Every token of a row is computed once, unless memory
/// runs out: then half of the rows wait until others are done, and read again what they had read.
/// </summary>
internal sealed class RowBatch(ILanguageModel model, PromptReader reader) : IDisposable
{
    private sealed record Member(GenerationRow Row, IPrefix Prefix)
    {
        /// <summary>What was read after the prefix; the first <see cref="InBatch"/> are in the present batch.</summary>
        public List<int> Read { get; } = [];
        public int InBatch { get; set; }
    }

    private readonly List<Member> _rows = [];
    private readonly List<Member> _waiting = [];
    private int _limit = int.MaxValue;
    private IDecodeBatch? _batch;

    public IEnumerable<GenerationRow> Rows => _rows.Concat(_waiting).Select(r => r.Row);
    public int Count => _rows.Count + _waiting.Count;

    /// <summary>Reads the prompts, all but their last tokens: those are the first that the batch reads.</summary>
    public void Join(IReadOnlyList<GenerationRow> rows, CancellationToken cancellation)
    {
        var read = reader.Read([.. rows.Select(row => row.Prompt)], cancellation);
        _waiting.AddRange(rows.Zip(read, (row, prompt) => new Member(row, prompt.Prefix)));
        foreach (var (row, prompt) in rows.Zip(read))
        {
            if (prompt.Next is { } logits)
                row.Take(logits);
        }
    }

    /// <summary>
    /// Takes in the results that have come, and lets the model read on; false where there was nothing to do because
    /// every row waits for a tool.
    /// </summary>
    /// <exception cref="OutOfMemoryException">Not even one row fits into memory.</exception>
    public bool Step()
    {
        bool moved = false;
        foreach (var row in Rows.Where(row => row.Tool is { IsCompleted: true }))
        {
            row.TakeResult();
            moved = true;
        }
        while (true)
        {
            try
            {
                Admit();
                return Advance() || moved;
            }
            catch (OutOfMemoryException) when (_rows.Count > 1)
            {
                Halve();
            }
        }
    }

    private void Halve()
    {
        _batch?.Dispose();
        _batch = null;
        _limit = _rows.Count / 2;
        _rows.ForEach(row => row.InBatch = 0);
        _waiting.InsertRange(0, _rows);
        _rows.Clear();
    }

    private void Admit()
    {
        var joining = _waiting.Take(_limit - _rows.Count).ToList();
        if (joining.Count == 0)
            return;
        _waiting.RemoveRange(0, joining.Count);
        _rows.AddRange(joining);
        ForkPoint[] starts = [.. joining.Select(row => new ForkPoint(row.Prefix))];
        if (_batch is null)
            _batch = model.Fork(starts);
        else
            _batch.Join(starts);
    }

    private bool Advance()
    {
        IReadOnlyList<int>[] next = [.. _rows.Select(row => row.Row.Next)];
        if (next.All(tokens => tokens.Count == 0))
            return false;
        var logits = _batch!.Step([.. _rows.Zip(next, IReadOnlyList<int> (row, tokens) =>
            tokens.Count == 0 || row.InBatch == row.Read.Count ? tokens : [.. row.Read.Skip(row.InBatch), .. tokens])]);
        for (int r = 0; r < next.Length; r++)
        {
            if (next[r].Count == 0)
                continue;
            _rows[r].Read.AddRange(next[r]);
            _rows[r].InBatch = _rows[r].Read.Count;
            _rows[r].Row.Take(logits[r].Span);
        }
        return true;
    }

    /// <summary>Waits until the first tool is done, or until all are; how each ended is its row's business.</summary>
    public Task AnswerAsync(bool all, CancellationToken cancellation)
    {
        var tools = Rows.Select(row => row.Tool).OfType<Task>();
        Task answered = all ? Task.WhenAll(tools.Select(tool => Task.WhenAny(tool))) : Task.WhenAny(tools);
        return answered.WaitAsync(cancellation);
    }

    /// <summary>Lets finished rows leave.</summary>
    public void Retire()
    {
        int[] kept = [.. Enumerable.Range(0, _rows.Count).Where(r => !_rows[r].Row.IsFinished)];
        try
        {
            if (kept.Length > 0 && kept.Length < _rows.Count)
                _batch!.Retain(kept);
        }
        catch (OutOfMemoryException) when (_rows.Count > 1)
        {
            Halve();
        }
        if (kept.Length == 0)
        {
            _batch?.Dispose();
            _batch = null;
        }
        foreach (var members in new[] { _rows, _waiting })
        {
            foreach (var member in members.Where(m => m.Row.IsFinished))
                member.Prefix.Dispose();
            members.RemoveAll(m => m.Row.IsFinished);
        }
    }

    public void Dispose()
    {
        _batch?.Dispose();
        foreach (var member in _rows.Concat(_waiting))
            member.Prefix.Dispose();
    }
}
