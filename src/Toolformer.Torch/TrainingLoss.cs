using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Toolformer.Torch;

/// <summary>One row of a training batch.</summary>
/// <param name="Tokens">The tokens x_1..x_T.</param>
/// <param name="Scored">Per token whether its prediction counts in the loss; null: all but the first.</param>
/// <param name="Offset">The position of the first token.</param>
public sealed record TrainingRow(int[] Tokens, bool[]? Scored = null, int Offset = 0);

/// <summary>
/// Cross entropy of the next token, forward and backward, in pieces: the logits of a whole batch never stand in memory
/// at once, and every row of the head that is not scored is not computed.
/// </summary>
public static class TrainingLoss
{
    /// <summary>Most rows of logits at once.</summary>
    private const int HeadRows = 2048;

    /// <summary>
    /// Adds the gradient of (Σ of the scored tokens' NLL) / <paramref name="divisor"/> to the parameters' gradients.
    /// </summary>
    /// <param name="divisor">
    /// Usually the number of scored tokens of the whole step, all accumulated batches together.
    /// </param>
    /// <returns>The sum of the NLL in nats, and the number of scored tokens.</returns>
    public static (double Sum, long Count) Backward(Decoder decoder, IReadOnlyList<TrainingRow> rows, double divisor)
    {
        using var scope = NewDisposeScope();
        var hidden = Trunk(decoder, rows);
        var (index, targets) = Targets(decoder, rows);
        var leaf = hidden.detach().requires_grad_();
        double sum = 0;
        for (long start = 0; start < index.shape[0]; start += HeadRows)
        {
            using var inner = NewDisposeScope();
            long count = Math.Min(HeadRows, index.shape[0] - start);
            var loss = Piece(decoder, leaf, index.narrow(0, start, count), targets.narrow(0, start, count));
            loss.Times(1 / divisor).backward();
            sum += loss.item<float>();
        }
        hidden.backward([leaf.grad!]);
        leaf.grad!.Dispose();
        return (sum, index.shape[0]);
    }

    /// <summary>The same without gradients.</summary>
    public static (double Sum, long Count) Evaluate(Decoder decoder, IReadOnlyList<TrainingRow> rows)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var hidden = Trunk(decoder, rows);
        var (index, targets) = Targets(decoder, rows);
        double sum = 0;
        for (long start = 0; start < index.shape[0]; start += HeadRows)
        {
            using var inner = NewDisposeScope();
            long count = Math.Min(HeadRows, index.shape[0] - start);
            sum += Piece(decoder, hidden, index.narrow(0, start, count), targets.narrow(0, start, count)).item<float>();
        }
        return (sum, index.shape[0]);
    }

    private static Tensor Piece(Decoder decoder, Tensor hidden, Tensor index, Tensor targets) =>
        F.cross_entropy(decoder.Head(hidden.index_select(0, index)).to(ScalarType.Float32), targets,
            reduction: nn.Reduction.Sum);

    private static Tensor Trunk(Decoder decoder, IReadOnlyList<TrainingRow> rows)
    {
        int longest = rows.Max(r => r.Tokens.Length);
        var ids = new long[rows.Count * longest];
        var positions = new long[rows.Count * longest];
        for (int r = 0; r < rows.Count; r++)
        {
            for (int t = 0; t < rows[r].Tokens.Length; t++)
            {
                ids[r * longest + t] = rows[r].Tokens[t];
                positions[r * longest + t] = rows[r].Offset + t;
            }
        }
        Tensor Table(long[] values) => tensor(values, device: decoder.Device).view(rows.Count, longest);
        using var attention = new SequenceAttention(decoder, longest);
        return decoder.Hidden(Table(ids), Table(positions), attention).reshape(-1, decoder.Shape.Width);
    }

    private static (Tensor Index, Tensor Targets) Targets(Decoder decoder, IReadOnlyList<TrainingRow> rows)
    {
        int longest = rows.Max(r => r.Tokens.Length);
        var index = new List<long>();
        var targets = new List<long>();
        for (int r = 0; r < rows.Count; r++)
        {
            for (int t = 1; t < rows[r].Tokens.Length; t++)
            {
                if (rows[r].Scored is { } scored && !scored[t])
                    continue;
                index.Add(r * longest + t - 1);
                targets.Add(rows[r].Tokens[t]);
            }
        }
        if (index.Count == 0)
            throw new ArgumentException("No token of the batch is scored.", nameof(rows));
        return (tensor(index.ToArray(), device: decoder.Device), tensor(targets.ToArray(), device: decoder.Device));
    }
}
