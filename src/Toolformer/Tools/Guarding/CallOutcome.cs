namespace Toolformer.Tools.Guarding;

/// <summary>How a call of a toolbox ended.</summary>
public enum CallOutcome
{
    /// <summary>The tool answered.</summary>
    Answered,

    /// <summary>The answer was in the cache.</summary>
    Cached,

    /// <summary>The tool failed, or answered with nothing.</summary>
    Failed,

    /// <summary>It did not answer in time.</summary>
    TimedOut,

    /// <summary>Too many calls before it: it did not get its turn.</summary>
    Crowded,

    /// <summary>The tool rests after failures in a row.</summary>
    Resting,

    /// <summary>It would have changed something and was not approved, or it costs more than is left.</summary>
    Refused,

    /// <summary>There is no such tool.</summary>
    Unknown,

    /// <summary>The caller cancelled it.</summary>
    Cancelled,
}
