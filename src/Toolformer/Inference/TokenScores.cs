using Toolformer.Modeling;

namespace Toolformer.Inference;

/// <summary>Log-probabilities from logits.</summary>
internal static class TokenScores
{
    /// <summary>The log-probability of one token, in nats.</summary>
    public static float Of(ReadOnlySpan<float> logits, int token) => (float)(logits[token] - Normaliser(logits));

    /// <summary>The likeliest tokens, the likeliest first; the lower id first among equals.</summary>
    public static IReadOnlyList<TokenScore> Likeliest(ReadOnlySpan<float> logits, int count)
    {
        var best = new List<TokenScore>(count + 1);
        for (int id = 0; id < logits.Length && count > 0; id++)
        {
            if (best.Count == count && logits[id] <= best[^1].LogProbability)
                continue;
            int at = best.Count;
            while (at > 0 && best[at - 1].LogProbability < logits[id])
                at--;
            best.Insert(at, new TokenScore(id, logits[id]));
            if (best.Count > count)
                best.RemoveAt(count);
        }
        double normaliser = Normaliser(logits);
        return best.ConvertAll(b => b with { LogProbability = (float)(b.LogProbability - normaliser) });
    }

    private static double Normaliser(ReadOnlySpan<float> logits)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        foreach (float logit in logits)
            sum += Math.Exp(logit - max);
        return max + Math.Log(sum);
    }
}
