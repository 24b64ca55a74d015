using Toolformer.Pipeline;

namespace Toolformer.Reports;

/// <summary>A token after a call, with its part of each of the three losses, in nats.</summary>
/// <param name="None">Of L(ε); null where that is not defined.</param>
/// <param name="Call">Of L(e(c, ε)).</param>
/// <param name="Result">Of L(e(c, r)).</param>
internal readonly record struct TokenLoss(string Text, double? None, double Call, double Result);

/// <summary>A call inside its text.</summary>
/// <param name="Before">What stands before it, its beginning cut off.</param>
/// <param name="After">What stands after it.</param>
/// <param name="Tokens">The tokens that its losses sum up; empty: the run does not say.</param>
internal sealed record ShownCall(FilteredCall Call, string Before, string After, IReadOnlyList<TokenLoss> Tokens)
{
    private const int Context = 240;

    /// <summary>Losses are sums of doubles: those of the same numbers in the same order are equal.</summary>
    private const double Rounding = 1e-9;

    /// <summary>Whether L(ε) is the smaller loss without a result, from which the gain is counted.</summary>
    public bool FromNone => Call.LossNone <= Call.LossCall;

    /// <param name="document">Its text; null: it is not there.</param>
    /// <param name="weights">w_0, w_1, … of the losses.</param>
    public static ShownCall Of(FilteredCall call, DocumentRecord? document, IReadOnlyList<double> weights)
    {
        string text = document?.Text ?? "";
        int at = Math.Clamp(call.Offset, 0, text.Length);
        int from = Math.Max(0, at - Context), to = Math.Min(text.Length, at + Context);
        return new(call, (from > 0 ? "…" : "") + text[from..at], text[at..to] + (to < text.Length ? "…" : ""),
            document is null ? [] : TokensOf(call, document, weights));
    }

    /// <summary>The tokens, if their parts add up to the losses that the run has stored.</summary>
    private static IReadOnlyList<TokenLoss> TokensOf(
        FilteredCall call, DocumentRecord document, IReadOnlyList<double> weights)
    {
        if (document.Offsets is not { } offsets || call.LogprobsCall is not { } less
            || call.LogprobsResult is not { } with || call.LossCall is not { } lossCall
            || call.LossResult is not { } lossResult || less.Count != with.Count || less.Count > weights.Count
            || call.Position < 0 || call.Position + less.Count > offsets.Count)
            return [];
        var none = call.LossNone is null ? null : call.LogprobsNone;
        if (!AddsUp(less, lossCall) || !AddsUp(with, lossResult)
            || (call.LossNone is { } lossNone && (none?.Count != less.Count || !AddsUp(none, lossNone))))
            return [];
        var tokens = new TokenLoss[less.Count];
        for (int t = 0; t < tokens.Length; t++)
        {
            int start = offsets[call.Position + t];
            int end = call.Position + t + 1 < offsets.Count ? offsets[call.Position + t + 1] : document.Text.Length;
            if (start < 0 || end < start || end > document.Text.Length)
                return [];
            tokens[t] = new(document.Text[start..end], none is null ? null : -weights[t] * none[t],
                -weights[t] * less[t], -weights[t] * with[t]);
        }
        return tokens;

        bool AddsUp(IReadOnlyList<float> logs, double loss) =>
            Math.Abs(FilterLosses.Weighted(logs, weights) - loss) <= Rounding * Math.Max(1, Math.Abs(loss));
    }
}
