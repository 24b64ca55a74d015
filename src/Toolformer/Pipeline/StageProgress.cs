namespace Toolformer.Pipeline;

/// <summary>How far a stage is.</summary>
/// <param name="Stage">Its name: sample, execute, filter or dataset.</param>
/// <param name="Done">Documents done, those of earlier starts included.</param>
/// <param name="Total">Documents in all, where that is known.</param>
/// <param name="Counts">What the stage has counted; "calls" are its candidates.</param>
/// <param name="Seconds">Time spent, that of earlier starts included.</param>
public sealed record StageProgress(
    string Stage, long Done, long? Total, IReadOnlyDictionary<string, long> Counts, double Seconds)
{
    /// <summary>Token positions that the model computed per text; 0 in stages without a model.</summary>
    public double ForwardTokensPerText => Done == 0 ? 0 : Counts.GetValueOrDefault("forward_tokens") / (double)Done;

    /// <summary>Candidate calls per second.</summary>
    public double CallsPerSecond => Seconds <= 0 ? 0 : Counts.GetValueOrDefault("calls") / Seconds;
}
