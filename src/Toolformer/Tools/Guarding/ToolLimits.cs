namespace Toolformer.Tools.Guarding;

/// <summary>
/// What holds for the calls of one tool, as the "limits" of a tools file's entry give it; null: the toolbox's own.
/// </summary>
public sealed record ToolLimits
{
    /// <summary>Longest time of a call, in seconds: its retries count, waiting for its turn does not.</summary>
    public double? TimeLimit { get; init; }

    /// <summary>Most further attempts after transient faults; 2 where nothing is said.</summary>
    public int? Retries { get; init; }

    /// <summary>Most calls per minute; a second's worth of them may come at once.</summary>
    public double? RatePerMinute { get; init; }

    /// <summary>Most calls at once.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Longest wait for a turn under the two limits above, in seconds; 60 where nothing is said.</summary>
    public double? WaitSeconds { get; init; }

    /// <summary>After so many transient faults in a row the tool rests; where nothing is said: never.</summary>
    public int? BreakAfter { get; init; }

    /// <summary>How long it rests, in seconds, until one call tries it; 30 where nothing is said.</summary>
    public double? BreakSeconds { get; init; }

    /// <summary>How long a result stays good, in seconds; 0: results are not kept.</summary>
    public double? CacheSeconds { get; init; }

    /// <summary>Longest result, in characters.</summary>
    public int? MaxResultLength { get; init; }

    /// <summary>Longest result, in tokens of the model that reads it.</summary>
    public int? MaxResultTokens { get; init; }

    /// <summary>What makes no sense of these numbers; null: nothing.</summary>
    public string? Problem()
    {
        (string Name, double? Value, double Least, double Most)[] ranges =
        [
            ("time_limit", TimeLimit, 0.001, 86_400), ("retries", Retries, 0, 20),
            ("rate_per_minute", RatePerMinute, 0.001, 60_000_000), ("concurrency", Concurrency, 1, 10_000),
            ("wait_seconds", WaitSeconds, 0, 86_400), ("break_after", BreakAfter, 1, 1_000_000),
            ("break_seconds", BreakSeconds, 0, 86_400), ("cache_seconds", CacheSeconds, 0, 1e10),
            ("max_result_length", MaxResultLength, 1, 1 << 20), ("max_result_tokens", MaxResultTokens, 1, 1 << 20),
        ];
        var bad = ranges.FirstOrDefault(r => r.Value is { } value && !(value >= r.Least && value <= r.Most));
        return bad.Name is null ? null : FormattableString.Invariant(
            $"{bad.Name} is {bad.Value}, where {bad.Least} to {bad.Most} makes sense.");
    }
}
