using System.Collections.Immutable;
using Toolformer.Modeling;

namespace Toolformer.Pipeline;

/// <summary>The three losses of one candidate call, in nats.</summary>
/// <param name="None">L_i(ε); null where the text's first token has nothing before it.</param>
/// <param name="Call">L_i(e(c, ε)).</param>
/// <param name="Result">L_i⁺ = L_i(e(c, r)).</param>
public readonly record struct CallLosses(double? None, double Call, double Result)
{
    /// <summary>L_i⁻ = min(L_i(ε), L_i(e(c, ε))); the second where the first is not defined.</summary>
    public double Best => None is { } none ? Math.Min(none, Call) : Call;

    /// <summary>L_i⁻ − L_i⁺: the call is kept if this is at least τ_f.</summary>
    public double Gain => Best - Result;
}

/// <summary>
/// L_i(z) = −Σ_{j=i..n} w_{j−i} log p(x_j | z, x_1..x_{j−1}) of the paper (section 2, "Filtering API calls"). z stands
/// before the whole text (footnote 3), not at position i.
/// </summary>
public static class FilterLosses
{
    /// <summary>
    /// w_t = w̃_t / Σ_s w̃_s with w̃_t = max(0, 1 − 0.2 t) (section 4.1): five weights whose sum is 1. Where the text
    /// ends before the fifth token they are not normalised anew.
    /// </summary>
    public static ImmutableArray<double> PaperWeights { get; } =
        [.. Enumerable.Range(0, 5).Select(t => (5 - t) / 15.0)];

    /// <summary>−Σ_t w_t log p_t, added up in the tokens' order.</summary>
    internal static double Weighted(IReadOnlyList<float> logs, IReadOnlyList<double> weights)
    {
        double loss = 0;
        for (int t = 0; t < logs.Count; t++)
            loss -= weights[t] * logs[t];
        return loss;
    }

    /// <summary>Scores one call by itself, from token ids alone.</summary>
    /// <param name="text">x, without a token that stands before every text.</param>
    /// <param name="position">i, 0-based: the call would stand before this token.</param>
    /// <param name="prefixCall">e(c, ε) as tokens, with the separator if there is one.</param>
    /// <param name="prefixResult">e(c, r), likewise.</param>
    /// <param name="beginningOfText">What stands before everything, where the model family has such a token.</param>
    public static CallLosses Score(
        ILanguageModel model, IReadOnlyList<int> text, int position, IReadOnlyList<int> prefixCall,
        IReadOnlyList<int> prefixResult, int? beginningOfText, IReadOnlyList<double>? weights = null)
    {
        weights ??= PaperWeights;
        IReadOnlyList<int>[] prefixes = [[], prefixCall, prefixResult];
        ScoringPass[] passes = [.. prefixes.Select(z => new ScoringPass(text, z, beginningOfText, weights))];
        double?[] losses = new double?[passes.Length];
        foreach (var pass in passes)
            pass.Want(position);
        ScoringPass[] needed = [.. passes.Where(p => p.IsNeeded)];
        var results = model.Forward([.. needed.Select(p => p.Input())]);
        foreach (var (pass, result) in needed.Zip(results))
            pass.Take(result.LogProbabilities);
        return new(passes[0].Loss(position), passes[1].Loss(position)!.Value, passes[2].Loss(position)!.Value);
    }
}

/// <summary>
/// One pass over [z, x], which answers for all positions at which z is a candidate: the text is cut after the last
/// token that a loss needs, and only the log-probabilities are asked for that one does.
/// </summary>
internal sealed class ScoringPass(
    IReadOnlyList<int> text, IReadOnlyList<int> prefix, int? beginningOfText, IReadOnlyList<double> weights)
{
    private readonly SortedSet<int> _tokens = [];
    private readonly Dictionary<int, float> _logs = [];
    private readonly int _before = prefix.Count + (beginningOfText is null ? 0 : 1);

    /// <summary>Asks for the loss at a position.</summary>
    public void Want(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, text.Count);
        if (!IsDefined(position))
            return;
        for (int j = position; j < End(position); j++)
            _tokens.Add(j);
    }

    /// <summary>Whether any loss that was asked for is defined.</summary>
    public bool IsNeeded => _tokens.Count > 0;

    /// <summary>Number of tokens of the pass.</summary>
    public int Length => _before + _tokens.Max;

    public ForwardInput Input()
    {
        int[] bos = beginningOfText is { } id ? [id] : [];
        // The last token wanted is predicted, not read.
        return new([.. bos, .. prefix, .. text.Take(_tokens.Max)])
        {
            Targets = [.. _tokens.Select(j => new Target(_before + j, text[j]))],
        };
    }

    /// <summary>Takes log p of the targets, in their order.</summary>
    public void Take(float[] logs)
    {
        foreach (var (token, log) in _tokens.Zip(logs))
            _logs[token] = log;
    }

    /// <summary>L_i(z) in nats, or null where nothing stands before the text's first token.</summary>
    public double? Loss(int position) => Logs(position) is { } logs ? FilterLosses.Weighted(logs, weights) : null;

    /// <summary>log p of the tokens that L_i(z) sums up.</summary>
    public float[]? Logs(int position) => !IsDefined(position) ? null
        : [.. Enumerable.Range(position, End(position) - position).Select(j => _logs[j])];

    private bool IsDefined(int position) => _before + position > 0;

    private int End(int position) => Math.Min(text.Count, position + weights.Count);
}
