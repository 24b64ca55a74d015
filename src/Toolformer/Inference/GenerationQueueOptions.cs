namespace Toolformer.Inference;

/// <summary>How much a <see cref="GenerationQueue"/> takes on.</summary>
public sealed record GenerationQueueOptions
{
    /// <summary>Most texts in the batch at once.</summary>
    public int Rows { get; init; } = 16;

    /// <summary>
    /// Most texts that wait for a place in it. Beyond that a client may still bring its equal share of so many, so that
    /// one that has taken all places keeps out itself alone.
    /// </summary>
    public int MaxWaiting { get; init; } = 256;

    /// <summary>
    /// Most tokens of prompts that are read between two steps, so that a long prompt holds others up for so long; one
    /// prompt is read whatever its length.
    /// </summary>
    public int PromptTokensPerStep { get; init; } = 2048;

    /// <summary>Memory for the beginnings of prompts, in bytes; 0: none are kept.</summary>
    public long PrefixCacheBytes { get; init; } = 256L << 20;
}

/// <summary>How a <see cref="GenerationQueue"/> is doing.</summary>
/// <param name="Waiting">Texts that wait for a place.</param>
/// <param name="Rows">Texts in the batch.</param>
/// <param name="ForwardTokens">Token positions that the model has computed.</param>
/// <param name="KnownTokens">Those of prompts that it did not have to, for they were known.</param>
/// <param name="CacheBytes">Memory of the beginnings of prompts that are kept.</param>
/// <param name="Steps">Steps of the batch.</param>
public sealed record GenerationQueueStatus(
    int Waiting, int Rows, long ForwardTokens, long KnownTokens, long CacheBytes, long Steps);

/// <summary>There is no place for so many texts: more wait than may, or nothing is taken on any more.</summary>
/// <param name="retryAfter">When to come again; null: not to this queue.</param>
public sealed class QueueFullException(string message, TimeSpan? retryAfter) : Exception(message)
{
    public TimeSpan? RetryAfter => retryAfter;
}
