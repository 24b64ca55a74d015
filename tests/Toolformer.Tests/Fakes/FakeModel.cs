using Toolformer.Modeling;

namespace Toolformer.Tests.Fakes;

/// <summary>
/// A language model whose next-token logits are a function of the whole context: the contract of the waist in its
/// plainest form, without a cache. It counts forward tokens as a real engine would.
/// </summary>
public sealed class FakeModel(Func<IReadOnlyList<int>, float[]> logits) : ILanguageModel
{
    public ITokenizer Tokenizer { get; init; } = new ByteTokenizer();
    public int VocabularySize { get; init; } = new ByteTokenizer().VocabularySize;
    public int ContextLength { get; init; } = 4096;
    public int? BeginningOfText { get; init; } = ByteTokenizer.EndOfText;
    public int? EndOfText => ByteTokenizer.EndOfText;
    public long ForwardTokens { get; private set; }

    public int ForwardCalls { get; private set; }

    /// <summary>Batches that nobody has disposed yet.</summary>
    public int OpenBatches { get; private set; }

    /// <summary>Number of <see cref="IDecodeBatch.Step"/> calls so far.</summary>
    public int Steps { get; private set; }

    public IReadOnlyList<ForwardResult> Forward(
        IReadOnlyList<ForwardInput> inputs, CancellationToken cancellation = default)
    {
        ForwardCalls++;
        return [.. inputs.Select(Read)];

        ForwardResult Read(ForwardInput input)
        {
            cancellation.ThrowIfCancellationRequested();
            ForwardTokens += input.Tokens.Count;
            int[] before = input.Prefix is Prefix p ? p.All : [];
            int[] all = [.. before, .. input.Tokens];
            float LogP(Target t)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(t.Position, 1);
                return LogSoftmax(logits(all[..(before.Length + t.Position)]))[t.Token];
            }
            int[]? argmax = input.Argmax
                ? [.. input.Tokens.Select((_, i) => ArgMax(logits(all[..(before.Length + i + 1)])))]
                : null;
            TokenScore[] Top(int i) => [.. LogSoftmax(logits(all[..(before.Length + i + 1)])).Index()
                .OrderByDescending(l => l.Item).Take(input.Top).Select(l => new TokenScore(l.Index, l.Item))];
            return new([.. input.Targets.Select(LogP)], argmax, input.Keep ? new Prefix(all, input.Prefix) : null)
            {
                Top = input.Top > 0 ? [.. input.Tokens.Select((_, i) => Top(i))] : [],
            };
        }
    }

    public IDecodeBatch Fork(IReadOnlyList<ForkPoint> starts)
    {
        var batch = new Batch(this);
        OpenBatches++;
        batch.Join(starts);
        return batch;
    }

    public void Dispose() { }

    public static float[] LogSoftmax(float[] logits)
    {
        double max = logits.Max(), sum = logits.Sum(l => Math.Exp(l - max));
        return [.. logits.Select(l => (float)(l - max - Math.Log(sum)))];
    }

    private static int ArgMax(float[] values) => Array.IndexOf(values, values.Max());

    private sealed record Prefix(int[] All, IPrefix? Parent) : IPrefix
    {
        public int Length => All.Length;
        public long Bytes => 4L * Length;
        public IPrefix First(int length) => new Prefix(All[..length],
            Parent is { } parent && parent.Length >= length ? parent.Parent : Parent);
        public void Dispose() { }
    }

    private sealed class Batch(FakeModel model) : IDecodeBatch
    {
        private List<List<int>> _rows = [];

        public int Count => _rows.Count;

        public IReadOnlyList<ReadOnlyMemory<float>> Step(IReadOnlyList<IReadOnlyList<int>> tokens)
        {
            if (tokens.Count != Count)
                throw new ArgumentException($"{tokens.Count} token lists for {Count} rows");
            model.Steps++;
            var result = new ReadOnlyMemory<float>[Count];
            for (int r = 0; r < Count; r++)
            {
                _rows[r].AddRange(tokens[r]);
                model.ForwardTokens += tokens[r].Count;
                if (tokens[r].Count > 0)
                    result[r] = model.Logits(_rows[r]);
            }
            return result;
        }

        public void Retain(IReadOnlyList<int> rows) => _rows = [.. rows.Select(r => _rows[r])];

        public void Join(IReadOnlyList<ForkPoint> starts)
        {
            foreach (var start in starts)
            {
                var prefix = (Prefix)start.Prefix;
                int length = start.Length ?? prefix.Length;
                if (length > prefix.Length || length < (prefix.Parent?.Length ?? 1))
                    throw new ArgumentOutOfRangeException(nameof(starts), $"length {length} of {prefix.Length}");
                _rows.Add([.. prefix.All[..length]]);
            }
        }

        public void Dispose() => model.OpenBatches--;
    }

    private float[] Logits(IReadOnlyList<int> context) => logits(context);
}
