
namespace Toolformer.Modeling;

/// <summary>
/// The narrow waist: all that sampling, filtering, generation and evaluation need of a causal language model.
/// Token ids in, natural-log probabilities or logits out. Implementations are not thread-safe: one caller at a time.
/// </summary>
/// <remarks>
/// Two verbs are enough. <see cref="Forward"/> reads whole token sequences (scores them, and keeps their keys and
/// values where asked); <see cref="Fork"/> continues kept sequences row by row.
/// </remarks>
public interface ILanguageModel : IDisposable
{
    ITokenizer Tokenizer { get; }

    /// <summary>Size V of the output distribution; at least the tokenizer's vocabulary.</summary>
    int VocabularySize { get; }

    /// <summary>The longest sequence, prefix included, that the model can read.</summary>
    int ContextLength { get; }

    /// <summary>The id that stands before every text in this model family, or null where there is none.</summary>
    int? BeginningOfText { get; }

    /// <summary>The id that ends a text, or null where there is none.</summary>
    int? EndOfText { get; }

    /// <summary>
    /// Token positions computed so far, padding excluded: the unit in which the pipeline's cost is counted.
    /// </summary>
    long ForwardTokens { get; }

    /// <summary>
    /// Reads sequences in as few batches as fit into memory, and returns one result per input, in order.
    /// </summary>
    /// <exception cref="OutOfMemoryException">Not even one sequence at a time fits.</exception>
    IReadOnlyList<ForwardResult> Forward(IReadOnlyList<ForwardInput> inputs, CancellationToken cancellation = default);

    /// <summary>
    /// Opens a batch of rows, row r continuing <paramref name="starts"/>[r]. Rows over the same prefix share its memory
    /// and its attention products; prefixes with the same parent share the parent's.
    /// </summary>
    /// <exception cref="OutOfMemoryException">
    /// Here and in the batch: so many rows do not fit into memory. The batch can then only be disposed; fewer may fit.
    /// </exception>
    IDecodeBatch Fork(IReadOnlyList<ForkPoint> starts);
}

/// <summary>One sequence for <see cref="ILanguageModel.Forward"/>.</summary>
/// <param name="Tokens">The n ≥ 1 tokens to read, after those of <paramref name="Prefix"/>.</param>
/// <param name="Prefix">What stands before them; null: nothing.</param>
public sealed record ForwardInput(IReadOnlyList<int> Tokens, IPrefix? Prefix = null)
{
    /// <summary>The log-probabilities wanted. The language-model head runs only where one is.</summary>
    public IReadOnlyList<Target> Targets { get; init; } = [];

    /// <summary>Whether the most likely next token at each position is wanted too (runs the head everywhere).</summary>
    public bool Argmax { get; init; }

    /// <summary>How many of the likeliest next tokens are wanted at each position; 0: none.</summary>
    public int Top { get; init; }

    /// <summary>Whether the result shall carry an <see cref="IPrefix"/> that can be continued.</summary>
    public bool Keep { get; init; }
}

/// <summary>
/// Asks for log p(<paramref name="Token"/> | prefix, Tokens[0..<paramref name="Position"/>)): the token would stand
/// before Tokens[Position]. 1 ≤ Position ≤ n, so that something of this input is always read before it.
/// </summary>
public readonly record struct Target(int Position, int Token);

/// <summary>What came back for one <see cref="ForwardInput"/>.</summary>
/// <param name="LogProbabilities">One value in nats per target, in the order of the targets.</param>
/// <param name="Argmax">Per position the most likely next token, where it was asked for.</param>
/// <param name="Prefix">The kept state, where it was asked for; the caller disposes it.</param>
public sealed record ForwardResult(float[] LogProbabilities, int[]? Argmax, IPrefix? Prefix)
{
    /// <summary>Per position the likeliest next tokens, the likeliest first, where they were asked for.</summary>
    public IReadOnlyList<TokenScore[]> Top { get; init; } = [];
}

/// <summary>A token that may come next, and its log-probability in nats.</summary>
public readonly record struct TokenScore(int Token, float LogProbability);

/// <summary>
/// The immutable keys and values of a read sequence. Forking it costs nothing. A prefix keeps its parent alive.
/// </summary>
public interface IPrefix : IDisposable
{
    /// <summary>Number of tokens, the parents' included.</summary>
    int Length { get; }

    IPrefix? Parent { get; }

    /// <summary>Memory that keys and values take, the parents' included.</summary>
    long Bytes { get; }

    /// <summary>
    /// The first tokens alone, for the caller to dispose. It shares the memory where a prefix of the chain ends there.
    /// </summary>
    /// <param name="length">From 1 to <see cref="Length"/>.</param>
    IPrefix First(int length);
}

/// <summary>
/// Where a row starts: after the first <paramref name="Length"/> tokens of <paramref name="Prefix"/>.
/// </summary>
/// <param name="Length">
/// From the length of the prefix's parent (or 1) up to the prefix's own length; null: all of it.
/// </param>
public readonly record struct ForkPoint(IPrefix Prefix, int? Length = null);

/// <summary>
/// Rows that are decoded together. Rows are numbered 0..Count−1; <see cref="Retain"/> renumbers them.
/// </summary>
public interface IDecodeBatch : IDisposable
{
    int Count { get; }

    /// <summary>
    /// Feeds <paramref name="tokens"/>[r] (possibly none) to every row r and returns the logits after the last token of
    /// each row that was fed. The memory is valid until the next call.
    /// </summary>
    IReadOnlyList<ReadOnlyMemory<float>> Step(IReadOnlyList<IReadOnlyList<int>> tokens);

    /// <summary>
    /// Keeps the named rows, in the order given, and frees the others: finished rows leave the batch.
    /// </summary>
    void Retain(IReadOnlyList<int> rows);

    /// <summary>
    /// Lets rows join that continue <paramref name="starts"/>; they are numbered after the present ones.
    /// </summary>
    void Join(IReadOnlyList<ForkPoint> starts);
}
