namespace Toolformer.Torch.Seq2Seq;

/// <summary>How a target is written.</summary>
public sealed record Seq2SeqOptions
{
    /// <summary>1: always the likeliest token. More: so many targets are pursued side by side.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>How many targets of a source are given back, the best first; at most <see cref="Beams"/>.</summary>
    public int Returned { get; init; } = 1;

    /// <summary>At most this many tokens, the forced and the ending one included.</summary>
    public int MaxNewTokens { get; init; } = 200;

    /// <summary>The token that is written first whatever the model says: the language of the target.</summary>
    public int? ForcedFirstToken { get; init; }

    /// <summary>The token that ends a target; null: none does.</summary>
    public int? EndOfText { get; init; }

    /// <summary>A target's score is the sum of its log-probabilities divided by its length to this power.</summary>
    public double LengthPenalty { get; init; } = 1;

    public EarlyStopping EarlyStopping { get; init; } = EarlyStopping.Estimate;
}

/// <summary>When the search for the targets of a source ends, once as many as there are beams have ended.</summary>
public enum EarlyStopping
{
    /// <summary>When the best beam, scored at its present length, would not beat the worst of those.</summary>
    Estimate,

    /// <summary>At once.</summary>
    AtOnce,

    /// <summary>When no beam can beat the worst of those any more, however long it gets.</summary>
    Never,
}

/// <summary>A target that was written.</summary>
/// <param name="Tokens">With the forced first token and the ending one, without the decoder's start.</param>
/// <param name="Score">
/// The sum of the log-probabilities of what was not forced; in a beam search divided by the length's power.
/// </param>
public sealed record Hypothesis(IReadOnlyList<int> Tokens, double Score);
