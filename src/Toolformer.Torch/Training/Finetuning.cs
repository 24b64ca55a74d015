using System.Security.Cryptography;
using System.Text;
using Toolformer.Pipeline;

namespace Toolformer.Torch.Training;

/// <summary>Numbers of step 4, model finetuning (paper, section 4.1 and appendix B).</summary>
public sealed record FinetuningOptions
{
    /// <summary>Examples per update (128).</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>
    /// Passes over the data; the paper gives at most 2,000 updates instead, see <see cref="MaxSteps"/>.
    /// </summary>
    public double Epochs { get; init; } = 3;

    /// <summary>At most this many updates (2,000).</summary>
    public int MaxSteps { get; init; } = 2000;

    public double LearningRate { get; init; } = 1e-5;

    /// <summary>Share of the updates in which the rate rises (0.1).</summary>
    public double WarmUp { get; init; } = 0.1;

    /// <summary>Share of the updates, the last ones, in which it falls to zero. The paper does not say.</summary>
    public double CoolDown { get; init; }

    /// <summary>
    /// Whether the tokens of tool results are left out of the loss. The paper's loss runs over everything.
    /// </summary>
    public bool MaskResults { get; init; }

    /// <summary>
    /// Share of the times at which an example is shown without its calls, so that the model also learns how the text
    /// goes on where calls are disabled. The paper's is 0: there, calls are rare enough in the data.
    /// </summary>
    public double CallDropout { get; init; }

    /// <summary>Share of the examples, chosen by their ids, on whose perplexity the best step is found.</summary>
    public double HeldOut { get; init; } = 0.05;

    /// <summary>Measurements of held-out perplexity over the run.</summary>
    public int Evaluations { get; init; } = 6;

    public int Seed { get; init; } = 1;

    /// <summary>Only low-rank additions to the matrices are learned; null: every parameter is.</summary>
    public LoraOptions? Lora { get; init; }

    /// <summary>
    /// Most tokens of one forward and backward pass; an update is as many passes as it needs, their gradients add up.
    /// </summary>
    public int MicroBatchTokens { get; init; } = 8192;

    /// <summary>Memory for time, see <see cref="PassLayout"/>.</summary>
    public bool Packed { get; init; }

    /// <summary>Memory for time, see <see cref="PassLayout"/>.</summary>
    public bool Checkpointed { get; init; }
}

/// <summary>
/// The training rows of a finetuning run: each example with the token that stands before every text and the one that
/// ends it, in an order drawn anew for each epoch.
/// </summary>
public sealed class Finetuning
{
    private readonly FinetuningOptions _options;
    private readonly DecoderShape _shape;
    private readonly List<(TrainingRow Row, TrainingRow Plain)> _rows = [];
    private readonly List<TrainingRow> _heldOut = [];
    private (long Epoch, int[] Order) _order = (-1, []);

    /// <param name="shape">Of the model that is to learn.</param>
    /// <param name="withCalls">False: the same texts without their calls, the paper's baseline "+ CC".</param>
    /// <exception cref="InvalidDataException">
    /// There is nothing to learn from, or an example that this model can't read.
    /// </exception>
    public Finetuning(IEnumerable<DatasetExample> examples, FinetuningOptions options, DecoderShape shape,
        int? beginningOfText, int? endOfText, bool withCalls = true)
    {
        (_options, _shape) = (options, shape);
        foreach (var example in examples)
        {
            var plain = Row(example, beginningOfText, endOfText, withCalls: false);
            var row = withCalls ? Row(example, beginningOfText, endOfText, withCalls: true) : plain;
            if (IsHeldOut(example.Id))
                _heldOut.Add(row);
            else
                _rows.Add((row, plain));
        }
        if (_rows.Count == 0)
            throw new InvalidDataException(
                $"The dataset holds {_rows.Count + _heldOut.Count} examples, which is not enough to learn from.\n"
                + "  in the dataset\n  Annotate more text, or keep more calls with a lower filter threshold.");
    }

    /// <summary>
    /// Rows that training does not see. A few examples may leave none: then there is no best step but the last.
    /// </summary>
    public IReadOnlyList<TrainingRow> HeldOut => _heldOut;

    /// <summary>Tokens of the longest row.</summary>
    public int Longest => _rows.Select(r => r.Row).Concat(_heldOut).Max(r => r.Tokens.Length);

    public int Examples => _rows.Count;

    public int Steps => (int)Math.Clamp(
        Math.Round(_options.Epochs * _rows.Count / _options.BatchSize), 1, _options.MaxSteps);

    /// <summary>The same numbers as the training loop wants them.</summary>
    public TrainingOptions Training => Passes(_options) with
    {
        Steps = Steps,
        LearningRate = _options.LearningRate,
        WarmUp = _options.WarmUp,
        CoolDown = _options.CoolDown,
        EvaluateEvery = Math.Max(1, Steps / Math.Max(1, _options.Evaluations)),
        CheckpointEvery = Math.Max(1, Math.Min(50, Steps / 4)),
    };

    /// <summary>What of the options says how a pass is made, and so how much memory it needs.</summary>
    public static TrainingOptions Passes(FinetuningOptions options) => new()
    {
        Seed = options.Seed,
        MicroBatchTokens = options.MicroBatchTokens,
        Layout = new PassLayout(options.Packed, options.Checkpointed),
    };

    /// <summary>The rows of update number <paramref name="step"/>, from 0.</summary>
    public IReadOnlyList<TrainingRow> Batch(long step)
    {
        var batch = new TrainingRow[_options.BatchSize];
        for (int b = 0; b < batch.Length; b++)
        {
            long number = step * _options.BatchSize + b;
            var (row, plain) = _rows[Order(number / _rows.Count)[number % _rows.Count]];
            bool dropped = _options.CallDropout > 0
                && new Random((int)((_options.Seed * 7_919L + number) % int.MaxValue)).NextDouble()
                    < _options.CallDropout;
            batch[b] = dropped ? plain : row;
        }
        return batch;
    }

    private int[] Order(long epoch)
    {
        if (_order.Epoch != epoch)
        {
            int[] order = [.. Enumerable.Range(0, _rows.Count)];
            new Random((int)(_options.Seed * 1_000_003L + epoch)).Shuffle(order);
            _order = (epoch, order);
        }
        return _order.Order;
    }

    private TrainingRow Row(DatasetExample example, int? beginning, int? end, bool withCalls)
    {
        int[] before = beginning is { } b ? [b] : [], after = end is { } e ? [e] : [];
        var ids = example.InputIds;
        Check(example, before.Length);
        // An example may fill the context; the token that ends it is then left out.
        if (before.Length + ids.Count + after.Length > _shape.ContextLength)
            after = [];
        if (!withCalls)
        {
            var plain = ids.Where((_, i) => !example.Calls.Any(c => c.Start <= i && i < c.End));
            return new TrainingRow([.. before, .. plain, .. after]);
        }
        bool[]? scored = null;
        if (_options.MaskResults)
        {
            scored = new bool[before.Length + ids.Count + after.Length];
            Array.Fill(scored, true);
            foreach (var call in example.Calls)
                scored.AsSpan(before.Length + call.ResultStart, call.End - call.ResultStart).Clear();
        }
        return new TrainingRow([.. before, .. ids, .. after], scored);
    }

    private void Check(DatasetExample example, int before)
    {
        if (before + example.InputIds.Count > _shape.ContextLength)
            throw new InvalidDataException($"The example has {before + example.InputIds.Count} tokens, the model reads "
                + $"{_shape.ContextLength}.\n  in the dataset, example '{example.Id}'\n"
                + "  Annotate with the model that is to learn, or take one that reads more.");
        if (example.InputIds.Any(id => id < 0 || id >= _shape.VocabularySize))
            throw new InvalidDataException($"The example holds the token {example.InputIds.Max()}, the model has "
                + $"{_shape.VocabularySize:N0} tokens.\n  in the dataset, example '{example.Id}'\n"
                + "  It was made with another model: annotate with the one that is to learn.");
        if (example.Calls.Any(c => c.Start < 0 || c.ResultStart < c.Start || c.End < c.ResultStart
            || c.End > example.InputIds.Count))
            throw new InvalidDataException($"A call spans tokens beyond the {example.InputIds.Count} of its text.\n"
                + $"  in the dataset, example '{example.Id}'\n  Write the dataset anew.");
    }

    /// <summary>
    /// By the id of the document, so that the split does not depend on which texts survived the filter.
    /// </summary>
    private bool IsHeldOut(string id)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes("held out " + id.Split('~')[0]));
        return BitConverter.ToUInt32(hash) < _options.HeldOut * uint.MaxValue;
    }
}
