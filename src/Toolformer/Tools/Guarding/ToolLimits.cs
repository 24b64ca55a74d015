namespace Toolformer.Tools.Guarding;

/// <summary>
/// What holds for the calls of one tool, as the "limits" of a tools file's entry give it; null: the toolbox's own.
/// </summary>
public sealed record ToolLimits
{
    /// <summary>Longest time of a call, in seconds.</summary>
    public double? TimeLimit { get; init; }

    /// <summary>Most further attempts after transient faults.</summary>
    public int? Retries { get; init; }

    /// <summary>Most calls per minute.</summary>
    public double? RatePerMinute { get; init; }

    /// <summary>Most calls at once.</summary>
    public int? Concurrency { get; init; }

    /// <summary>How long a result stays good, in seconds; 0: results are not kept.</summary>
    public double? CacheSeconds { get; init; }

    /// <summary>Longest result, in characters.</summary>
    public int? MaxResultLength { get; init; }
}
