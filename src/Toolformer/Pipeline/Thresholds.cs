namespace Toolformer.Pipeline;

/// <summary>How many calls a threshold keeps.</summary>
/// <param name="Threshold">τ_f in nats.</param>
/// <param name="Calls">Calls with a gain of at least τ_f.</param>
/// <param name="Texts">Texts with at least one of them: what table 2 of the paper counts.</param>
public sealed record ThresholdCount(string Tool, double Threshold, int Calls, int Texts);

/// <summary>Table 2 of the paper, from the stored losses: what each τ_f would keep.</summary>
public static class Thresholds
{
    /// <summary>The columns of table 2.</summary>
    public static IReadOnlyList<double> Paper { get; } = [0.5, 1, 2];

    /// <param name="calls">In the order of filtered.jsonl.</param>
    public static IReadOnlyList<ThresholdCount> Count(
        IEnumerable<FilteredCall> calls, IReadOnlyList<double>? thresholds = null)
    {
        thresholds ??= Paper;
        var counts = new SortedDictionary<(string Tool, int Column), (int Calls, int Texts, string? Last)>();
        foreach (var call in calls)
        {
            for (int t = 0; t < thresholds.Count; t++)
            {
                var (n, texts, last) = counts.GetValueOrDefault((call.Tool, t));
                if (call.Gain >= thresholds[t])
                    (n, texts, last) = (n + 1, texts + (last == call.DocId ? 0 : 1), call.DocId);
                counts[(call.Tool, t)] = (n, texts, last);
            }
        }
        return [.. counts.Select(c =>
            new ThresholdCount(c.Key.Tool, thresholds[c.Key.Column], c.Value.Calls, c.Value.Texts))];
    }
}
