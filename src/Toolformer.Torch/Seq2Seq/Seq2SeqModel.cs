using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Torch.Seq2Seq;

/// <summary>An encoder–decoder that writes targets. Not thread-safe: one caller at a time.</summary>
/// <param name="network">Owned from now on.</param>
public sealed class Seq2SeqModel(EncoderDecoder network) : IDisposable
{
    /// <summary>Most positions of one batch of sources, times the beams.</summary>
    private const int MaxBatchTokens = 8192;

    public Seq2SeqShape Shape => network.Shape;

    /// <summary>Reads a model folder.</summary>
    /// <exception cref="InvalidDataException">The folder is damaged or holds another kind of model.</exception>
    /// <exception cref="IOException">The folder or a file is missing.</exception>
    public static Seq2SeqModel Open(
        string folder, ScalarType type = ScalarType.Float32, Device? device = null) =>
        new(EncoderDecoder.Open(folder, type, device));

    /// <summary>Writes the targets of sources, for each as many as the options say, the best first.</summary>
    /// <exception cref="ArgumentException">
    /// A source is empty or too long, an id is not in the vocabulary, or the options contradict themselves.
    /// </exception>
    public IReadOnlyList<IReadOnlyList<Hypothesis>> Generate(
        IReadOnlyList<IReadOnlyList<int>> sources, Seq2SeqOptions options, CancellationToken cancellation = default)
    {
        Check(sources, options);
        var results = new IReadOnlyList<Hypothesis>[sources.Count];
        foreach (var batch in Batches.Pack([.. sources.Select(s => s.Count)], MaxBatchTokens / options.Beams))
        {
            IReadOnlyList<int>[] chosen = [.. batch.Select(i => sources[i])];
            var written = options.Beams == 1
                ? Greedy(chosen, options, cancellation)
                : Search(chosen, options, cancellation);
            for (int b = 0; b < batch.Count; b++)
                results[batch[b]] = written[b];
        }
        return results;
    }

    /// <summary>log p(target_t | source, target_0 … target_{t−1}) for each token of each target.</summary>
    /// <param name="pairs">Targets are without the decoder's start.</param>
    public IReadOnlyList<float[]> Score(IReadOnlyList<(IReadOnlyList<int> Source, IReadOnlyList<int> Target)> pairs)
    {
        Check([.. pairs.Select(p => p.Source)], new Seq2SeqOptions { MaxNewTokens = pairs.Max(p => p.Target.Count) });
        foreach (int id in pairs.SelectMany(p => p.Target))
            CheckId(id);
        var scores = new float[pairs.Count][];
        foreach (var batch in Batches.Pack([.. pairs.Select(p => p.Source.Count + p.Target.Count)], MaxBatchTokens))
        {
            using var scope = NewDisposeScope();
            var logits = network.Logits([.. batch.Select(i => pairs[i].Source)],
                [.. batch.Select(i => (int[])[Shape.DecoderStart, .. pairs[i].Target.SkipLast(1)])]);
            for (int b = 0; b < batch.Count; b++)
            {
                var target = pairs[batch[b]].Target;
                var ids = tensor(target.Select(t => (long)t).ToArray(), device: logits.device).unsqueeze(1);
                scores[batch[b]] = logits[b].narrow(0, 0, target.Count).to(ScalarType.Float32).log_softmax(1)
                    .gather(1, ids).Values<float>();
            }
        }
        return scores;
    }

    public void Dispose() => network.Dispose();

    private IReadOnlyList<Hypothesis>[] Greedy(
        IReadOnlyList<int>[] sources, Seq2SeqOptions options, CancellationToken cancellation)
    {
        var written = sources.Select(_ => new List<int>()).ToArray();
        double[] sums = new double[sources.Length];
        int[] live = [.. Enumerable.Range(0, sources.Length)];
        using var state = network.Start(sources);
        long[] given = Given(options);
        foreach (var target in written)
            target.AddRange(given[1..].Select(t => (int)t));
        long[] tokens = [.. live.SelectMany(_ => given)];
        for (int length = given.Length - 1; length < options.MaxNewTokens; length++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (best, index) = network.Step(state, tokens).log_softmax(1).max(1);
            float[] scores = best.Values<float>();
            tokens = index.Values<long>();
            var left = new List<long>();
            for (int r = 0; r < live.Length; r++)
            {
                written[live[r]].Add((int)tokens[r]);
                sums[live[r]] += scores[r];
                if (tokens[r] != options.EndOfText)
                    left.Add(r);
            }
            if (left.Count == 0)
                break;
            if (left.Count < live.Length)
            {
                long[] kept = [.. left];
                state.Keep(kept, kept);
                live = [.. kept.Select(r => live[r])];
                tokens = [.. kept.Select(r => tokens[r])];
            }
        }
        return [.. written.Select((w, i) => (IReadOnlyList<Hypothesis>)[new Hypothesis(w, sums[i])])];
    }

    private IReadOnlyList<Hypothesis>[] Search(
        IReadOnlyList<int>[] sources, Seq2SeqOptions options, CancellationToken cancellation)
    {
        BeamSearch[] searches = [.. sources.Select(_ => new BeamSearch(options))];
        BeamSearch[] live = searches;
        using var state = network.Start(sources);
        long[] given = Given(options);
        long[] tokens = [.. live.SelectMany(_ => given)];
        for (int length = given.Length - 1; length < options.MaxNewTokens && live.Length > 0; length++)
        {
            cancellation.ThrowIfCancellationRequested();
            var candidates = Candidates(network.Step(state, tokens), live, 2 * options.Beams);
            var rows = new List<long>();
            var left = new List<long>();
            for (int s = 0; s < live.Length; s++)
            {
                int width = live[s].Beams.Count;
                live[s].Advance(candidates[s]);
                if (live[s].IsDone)
                    continue;
                left.Add(s);
                rows.AddRange(live[s].Beams.Select(b => (long)s * width + b.Parent));
            }
            if (left.Count == 0)
                break;
            state.Keep([.. rows], left.Count < live.Length ? [.. left] : null);
            live = [.. left.Select(s => live[s])];
            tokens = [.. live.SelectMany(s => s.Beams).Select(b => (long)b.Tokens[^1])];
        }
        return [.. searches.Select(s => s.Results())];
    }

    /// <summary>For each source its best continuations; all have equally many beams.</summary>
    private (double Score, int Beam, int Token)[][] Candidates(Tensor logits, BeamSearch[] searches, int count)
    {
        using var scope = NewDisposeScope();
        logits.MoveToOtherDisposeScope(scope);
        var sums = tensor(searches.SelectMany(s => s.Beams).Select(b => (float)b.Score).ToArray(),
            device: logits.device).unsqueeze(1);
        var scores = logits.log_softmax(1).Plus(sums).view(searches.Length, -1);          // (B, W·V)
        var (values, indices) = scores.topk(count, 1);
        float[] best = values.Values<float>();
        long[] where = indices.Values<long>();
        int vocabulary = Shape.VocabularySize;
        return [.. Enumerable.Range(0, searches.Length).Select(s => Enumerable.Range(s * count, count)
            .Select(i => ((double)best[i], (int)(where[i] / vocabulary), (int)(where[i] % vocabulary))).ToArray())];
    }

    /// <summary>What a target begins with before anything is written.</summary>
    private long[] Given(Seq2SeqOptions options) =>
        options.ForcedFirstToken is { } forced ? [Shape.DecoderStart, forced] : [Shape.DecoderStart];

    private void Check(IReadOnlyList<IReadOnlyList<int>> sources, Seq2SeqOptions options)
    {
        if (options.Beams < 1 || 2 * options.Beams > Shape.VocabularySize)
            throw new ArgumentException($"{options.Beams} beams: give between 1 and {Shape.VocabularySize / 2:N0}.");
        if (options.Returned < 1 || options.Returned > options.Beams)
            throw new ArgumentException(
                $"{options.Returned} targets of {options.Beams} beams: ask for 1 to {options.Beams}.");
        if (options.MaxNewTokens < 1 || options.MaxNewTokens >= Shape.ContextLength)
            throw new ArgumentException($"MaxNewTokens is {options.MaxNewTokens:N0}: the model's context leaves room "
                + $"for 1 to {Shape.ContextLength - 1:N0}.");
        if (options.ForcedFirstToken is { } forced)
            CheckId(forced);
        foreach (var source in sources)
        {
            if (source.Count == 0 || source.Count > Shape.ContextLength)
                throw new ArgumentException($"A source has {source.Count:N0} tokens: it needs at least one, and the "
                    + $"model reads at most {Shape.ContextLength:N0}.");
            foreach (int id in source)
                CheckId(id);
        }
    }

    private void CheckId(int id)
    {
        if (id < 0 || id >= Shape.VocabularySize)
            throw new ArgumentException(
                $"Token id {id} is not in the model's vocabulary of {Shape.VocabularySize:N0}.");
    }
}
