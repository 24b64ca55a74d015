using System.Numerics;
using System.Text.Json.Serialization;

namespace Toolformer.Modeling;

/// <summary>
/// How the next token is drawn: temperature, then top-k, then top-p, each on what the one before has left, as in the
/// logits warpers of Hugging Face transformers. The paper samples (section 2) without naming values; these draw from
/// the model's own distribution.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the most likely token, the lowest id among equals.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the k most likely tokens, and those as likely as the k-th; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Keeps the fewest most likely tokens whose probabilities sum to at least p; at least one. 1 keeps all.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>
    /// Makes tokens that stand in the text already less likely (Keskar et al. 2019): positive logits are divided by it,
    /// negative ones multiplied. 1: off.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>No sequence of so many tokens is written twice; 0: off.</summary>
    public int NoRepeatNGram { get; init; }

    /// <summary>Whether what stands in the text already matters.</summary>
    [JsonIgnore]
    public bool MindsRepetition => RepetitionPenalty != 1 || NoRepeatNGram > 0;

    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };
}

/// <summary>
/// Draws tokens from logits. Its buffers grow to the vocabulary once and are reused, so that a draw allocates nothing;
/// therefore an instance serves one thread at a time.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private int[] _ids = [];
    private double[] _weights = [];
    private double[] _highest = [];

    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public Sampler(SamplingOptions options)
    {
        if (!(options.Temperature >= 0) || double.IsInfinity(options.Temperature))
            throw OutOfRange("Temperature", options.Temperature, "0 (greedy) or a positive number");
        if (options.TopK < 0)
            throw OutOfRange("TopK", options.TopK, "0 (off) or a positive number");
        if (!(options.TopP is >= 0 and <= 1))
            throw OutOfRange("TopP", options.TopP, "a number from 0 to 1 (off)");
        if (!(options.RepetitionPenalty > 0) || double.IsInfinity(options.RepetitionPenalty))
            throw OutOfRange("RepetitionPenalty", options.RepetitionPenalty, "1 (off) or another positive number");
        if (options.NoRepeatNGram < 0)
            throw OutOfRange("NoRepeatNGram", options.NoRepeatNGram, "0 (off) or a positive number");
        _options = options;
    }

    /// <summary>Changes logits as the options about repetition say; to be called before <see cref="Sample"/>.</summary>
    /// <param name="logits">(V), changed in place.</param>
    /// <param name="context">The token ids written so far, the prompt's included.</param>
    public void Discourage(Span<float> logits, IReadOnlyList<int> context)
    {
        if (_options.RepetitionPenalty != 1)
        {
            float penalty = (float)_options.RepetitionPenalty;
            foreach (int id in new HashSet<int>(context))
                logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
        }
        int n = _options.NoRepeatNGram;
        for (int start = 0; n > 0 && start + n <= context.Count; start++)
        {
            bool sameBeginning = true;
            for (int i = 0; i < n - 1; i++)
                sameBeginning &= context[start + i] == context[context.Count - n + 1 + i];
            if (sameBeginning)
                logits[context[start + n - 1]] = float.NegativeInfinity;
        }
    }

    /// <summary>Draws one token.</summary>
    /// <param name="logits">(V) unnormalised log-probabilities; −∞ is never drawn.</param>
    /// <param name="allowed">
    /// Bit mask over token ids, 64 per word; empty: all. Ids beyond the mask are not allowed.
    /// </param>
    /// <exception cref="ArgumentException">A logit is NaN or +∞, or no token can be drawn.</exception>
    public int Sample(ReadOnlySpan<float> logits, Random random, ReadOnlySpan<ulong> allowed = default)
    {
        if (_options.Temperature == 0)
            return ArgMax(logits, allowed);

        int first = Narrow(logits, allowed, out int end, out double total);
        double rest = random.NextDouble() * total;
        int last = -1;
        for (int i = first; i < end; i++)
        {
            if (_weights[i] == 0)
                continue;
            last = i;
            if ((rest -= _weights[i]) < 0)
                break;
        }
        return _ids[last];
    }

    /// <summary>
    /// The probability that a token drawn without a mask, at the temperature, would be an allowed one. The cuts to the
    /// likeliest tokens do not count.
    /// </summary>
    public double Share(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> allowed)
    {
        double max = double.NegativeInfinity, all = 0, inside = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        for (int id = 0; id < logits.Length; id++)
        {
            double weight = _options.Temperature > 0 ? Math.Exp((logits[id] - max) / _options.Temperature)
                : logits[id] == max ? 1 : 0;
            all += weight;
            if (id >> 6 < allowed.Length && (allowed[id >> 6] >> (id & 63) & 1) != 0)
                inside += weight;
        }
        return inside / all;
    }

    /// <summary>(V) the probabilities with which <see cref="Sample"/> draws. Allocates its result.</summary>
    public double[] Probabilities(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> allowed = default)
    {
        var probabilities = new double[logits.Length];
        if (_options.Temperature == 0)
        {
            probabilities[ArgMax(logits, allowed)] = 1;
            return probabilities;
        }
        int first = Narrow(logits, allowed, out int end, out double total);
        for (int i = first; i < end; i++)
            probabilities[_ids[i]] = _weights[i] / total;
        return probabilities;
    }

    /// <summary>
    /// Leaves in _ids[first..end) the tokens that can be drawn and in _weights their probabilities, up to the factor
    /// total.
    /// </summary>
    private int Narrow(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> allowed, out int end, out double total)
    {
        if (_ids.Length < logits.Length)
            (_ids, _weights) = (new int[logits.Length], new double[logits.Length]);
        double max = double.NegativeInfinity;
        end = 0;
        for (int id = Next(0, logits.Length, allowed); id >= 0; id = Next(id + 1, logits.Length, allowed))
        {
            float logit = Checked(logits[id], id);
            if (float.IsNegativeInfinity(logit))
                continue;
            _ids[end] = id;
            _weights[end++] = logit;
            max = Math.Max(max, logit);
        }
        if (end == 0)
            throw NothingToDraw(logits.Length, allowed);
        if (_options.TopK > 0 && _options.TopK < end)
            end = KeepMostLikely(_options.TopK, end);

        total = 0;
        for (int i = 0; i < end; i++)
            total += _weights[i] = Math.Exp((_weights[i] - max) / _options.Temperature);
        return _options.TopP < 1 ? DropTail(end, ref total) : 0;
    }

    /// <summary>
    /// Moves the k highest weights, and those equal to the lowest of them, to the front, in the order of ids.
    /// </summary>
    private int KeepMostLikely(int k, int count)
    {
        if (_highest.Length < k)
            _highest = new double[k];
        // A heap of the k highest so far, the lowest of them on top: most weights are turned away by one comparison.
        var heap = _highest.AsSpan(0, k);
        _weights.AsSpan(0, k).CopyTo(heap);
        for (int i = k / 2 - 1; i >= 0; i--)
            Sink(heap, i);
        for (int i = k; i < count; i++)
        {
            if (_weights[i] <= heap[0])
                continue;
            heap[0] = _weights[i];
            Sink(heap, 0);
        }
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            if (_weights[i] >= heap[0])
                (_ids[kept], _weights[kept++]) = (_ids[i], _weights[i]);
        }
        return kept;
    }

    private static void Sink(Span<double> heap, int i)
    {
        for (int child; (child = 2 * i + 1) < heap.Length; i = child)
        {
            if (child + 1 < heap.Length && heap[child + 1] < heap[child])
                child++;
            if (heap[i] <= heap[child])
                return;
            (heap[i], heap[child]) = (heap[child], heap[i]);
        }
    }

    /// <summary>
    /// Top-p: sorts by weight, ascending, and drops from the front while the dropped share stays within 1 − p. Tokens
    /// with a share of at most (1 − p) / count cannot exceed it together, so they are dropped without being sorted.
    /// </summary>
    private int DropTail(int count, ref double total)
    {
        double mayDrop = (1 - _options.TopP) * total, dropped = 0, negligible = mayDrop / count * (1 - 1e-9);
        int first = 0;
        for (int i = 0; i < count; i++)
        {
            if (_weights[i] > negligible)
                continue;
            dropped += _weights[i];
            (_ids[first], _ids[i]) = (_ids[i], _ids[first]);
            (_weights[first], _weights[i]) = (_weights[i], _weights[first]);
            first++;
        }
        int start = first;
        Array.Sort(_weights, _ids, first, count - first);
        while (first < count - 1 && dropped + _weights[first] <= mayDrop)
            dropped += _weights[first++];
        KeepHighestIds(start, first, count);
        total = 0;
        for (int i = first; i < count; i++)
            total += _weights[i];
        return first;
    }

    /// <summary>Where the cut goes through equal weights, the higher ids stay, as after a stable sort.</summary>
    private void KeepHighestIds(int start, int cut, int count)
    {
        int low = cut, high = cut + 1;
        while (low > start && _weights[low - 1] == _weights[cut])
            low--;
        while (high < count && _weights[high] == _weights[cut])
            high++;
        if (low < cut)
            Array.Sort(_ids, low, high - low);
    }

    private static int ArgMax(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> allowed)
    {
        int best = -1;
        float highest = float.NegativeInfinity;
        for (int id = Next(0, logits.Length, allowed); id >= 0; id = Next(id + 1, logits.Length, allowed))
        {
            if (Checked(logits[id], id) > highest)
                (best, highest) = (id, logits[id]);
        }
        return best >= 0 ? best : throw NothingToDraw(logits.Length, allowed);
    }

    /// <summary>The lowest allowed id from <paramref name="id"/> on, or −1.</summary>
    private static int Next(int id, int size, ReadOnlySpan<ulong> allowed)
    {
        if (allowed.IsEmpty)
            return id < size ? id : -1;
        for (int word = id >> 6; word < allowed.Length; word++, id = word << 6)
        {
            ulong bits = allowed[word] >> (id & 63);
            if (bits != 0)
                return (id += BitOperations.TrailingZeroCount(bits)) < size ? id : -1;
        }
        return -1;
    }

    private static float Checked(float logit, int id) => logit < float.PositiveInfinity
        ? logit
        : throw new ArgumentException($"The logit of token {id} is {logit}: the model's weights or its number format "
            + "overflow. Load it with --dtype float32, or check the model folder.", nameof(logit));

    private static ArgumentException NothingToDraw(int size, ReadOnlySpan<ulong> allowed) => new(
        $"None of {size} tokens can be drawn: " + (allowed.IsEmpty ? "every logit is −∞." : "every allowed one is −∞, "
        + "or the mask allows none. Widen the pattern or the tools that are allowed."), nameof(allowed));

    private static ArgumentOutOfRangeException OutOfRange(string option, double value, string want) =>
        new($"{option} is {value} in the sampling options; use {want}.", innerException: null);
}
