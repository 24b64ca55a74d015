using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Pipeline;

/// <summary>A call that is being written: a row of the decode batch.</summary>
/// <param name="dice">Made anew whenever the row starts, so that it always writes the same.</param>
internal sealed class CallRow(ForkPoint start, TokenAutomaton? automaton, Func<Random> dice)
{
    private static readonly byte[] Arrow = "->"u8.ToArray();

    private readonly List<int> _ids = [];
    private readonly List<byte> _bytes = [];
    private int _state = automaton?.Start ?? 0;
    private Random _dice = dice();

    /// <summary>Where it goes on: after the tokens that stand before &lt;API&gt;.</summary>
    public ForkPoint Start => start;
    public required PromptedText Text { get; init; }
    public required int Position { get; init; }
    public required double PStart { get; init; }

    /// <summary>What was written before the end of the call, once that was reached.</summary>
    public string? Written { get; private set; }

    /// <summary>Why the end of the call was not reached: a constant of <see cref="SampleCalls"/>.</summary>
    public string? Ending { get; private set; }

    /// <summary>
    /// The probability that a call drawn freely would have kept to the pattern, of which this row's value, the product
    /// of the shares that the pattern left at its steps, has the mean; null: not asked for.
    /// </summary>
    public double? StaysIfFree { get; set; }

    /// <summary>The token written last.</summary>
    public int Last => _ids[^1];

    /// <summary>Forgets what an unfinished row has written.</summary>
    public void Restart()
    {
        _ids.Clear();
        _bytes.Clear();
        (_state, _dice) = (automaton?.Start ?? 0, dice());
        StaysIfFree = StaysIfFree is null ? null : 1;
    }

    /// <summary>Draws the next token; true if the call goes on.</summary>
    public bool Draw(ReadOnlySpan<float> logits, Sampler sampler, ILanguageModel model, int maxTokens)
    {
        int left = maxTokens - _ids.Count;
        if (automaton is not null && StaysIfFree is { } stays)
            StaysIfFree = stays * sampler.Share(logits, automaton.Allowed(_state));
        int id = automaton is null ? sampler.Sample(logits, _dice)
            : automaton.Draw(_state, left, logits, sampler, _dice);
        if (id == model.EndOfText || id >= model.Tokenizer.VocabularySize)
        {
            Ending = SampleCalls.EndOfText;
            return false;
        }
        if (automaton is not null && !automaton.TryAdvance(_state, id, out _state))
            throw new InvalidOperationException($"Token {id} was drawn although the pattern does not allow it.");
        _ids.Add(id);
        // An arrow may lie across two tokens. ASCII bytes never are part of another character.
        int from = Math.Max(0, _bytes.Count - 1);
        _bytes.AddRange(model.Tokenizer.Bytes(id));
        var added = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes)[from..];
        if (added.IndexOfAny((byte)']', (byte)'\n', (byte)'\r') < 0 && added.IndexOf(Arrow) < 0)
        {
            Ending = _ids.Count >= maxTokens ? SampleCalls.Unfinished : null;
            return Ending is null;
        }
        string text = model.Tokenizer.DecodeContinuation(_ids);
        int end = text.IndexOf(CallSyntax.Close, StringComparison.Ordinal);
        int arrow = text.IndexOf("->", StringComparison.Ordinal);
        if (arrow >= 0 && (end < 0 || arrow < end))
            end = arrow;
        int line = text.AsSpan().IndexOfAny('\n', '\r');
        if (line >= 0 && (end < 0 || line < end))
            Ending = SampleCalls.LineBreak;
        else
            Written = text[..end];
        return false;
    }
}

/// <summary>
/// Writes many calls in one batch of rows: as rows finish they leave it, and others take their place.
/// </summary>
internal sealed class CallDecoder(ILanguageModel model, int open, Sampler sampler, int maxRows)
{
    private int _maxRows = maxRows;

    /// <summary>Runs the rows to their ends.</summary>
    /// <exception cref="OutOfMemoryException">Not even one row fits into memory.</exception>
    public void Run(IReadOnlyList<CallRow> rows, int maxTokens, CancellationToken cancellation)
    {
        var waiting = new Queue<CallRow>(rows);
        while (waiting.Count > 0)
        {
            var active = Take(waiting, _maxRows);
            try
            {
                RunBatch(active, waiting, maxTokens, cancellation);
            }
            catch (OutOfMemoryException) when (_maxRows > 1)
            {
                // The batch and its memory are gone: its rows write the same again, half as many at a time.
                _maxRows = Math.Max(1, active.Count / 2);
                active.ForEach(row => row.Restart());
                waiting = new Queue<CallRow>(active.Concat(waiting));
            }
        }
    }

    /// <param name="active">The rows in the batch; changes with it.</param>
    private void RunBatch(
        List<CallRow> active, Queue<CallRow> waiting, int maxTokens, CancellationToken cancellation)
    {
        using var batch = model.Fork([.. active.Select(r => r.Start)]);
        var feed = active.ConvertAll(IReadOnlyList<int> (_) => [open]);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var logits = batch.Step(feed);
            var going = new List<int>();
            for (int r = 0; r < active.Count; r++)
            {
                if (active[r].Draw(logits[r].Span, sampler, model, maxTokens))
                    going.Add(r);
            }
            if (going.Count < active.Count)
            {
                var left = going.ConvertAll(r => active[r]);
                active.Clear();
                active.AddRange(left);
                if (active.Count == 0)
                    return;
                batch.Retain(going);
            }
            feed = active.ConvertAll(IReadOnlyList<int> (row) => [row.Last]);
            // Rows join a quarter of the batch at a time: each joining costs the engine some rearrangement.
            if (waiting.Count > 0 && active.Count <= _maxRows - Math.Max(1, _maxRows / 4))
            {
                var joining = Take(waiting, _maxRows - active.Count);
                active.AddRange(joining);
                batch.Join([.. joining.Select(r => r.Start)]);
                feed.AddRange(joining.Select(IReadOnlyList<int> (_) => [open]));
            }
        }
    }

    private static List<CallRow> Take(Queue<CallRow> waiting, int count)
    {
        var taken = new List<CallRow>();
        while (taken.Count < count && waiting.TryDequeue(out var row))
            taken.Add(row);
        return taken;
    }
}
