using Toolformer.Modeling;

namespace Toolformer.Evaluation;

/// <summary>
/// Texts whose perplexity is measured (paper, section 4.3): with calls disabled, in windows that overlap, per token,
/// per word and per byte.
/// </summary>
public abstract class PerplexityTask : Benchmark
{
    /// <summary>The texts of a file, each predicted from its own beginning.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is of another format, or has no text.</exception>
    public abstract IEnumerable<string> Load(string path);

    /// <summary>Measures a model on the texts.</summary>
    /// <param name="open">
    /// The token " [", whose probability is set to 0 as in the paper's "disabled"; null: the model as it is, which is
    /// the mode "base" and equals exp of the mean that `score` writes.
    /// </param>
    /// <param name="limit">At most this many texts, the first ones; null: all.</param>
    /// <param name="stride">How far a window moves; null: half of the context.</param>
    public PerplexityResult Measure(ILanguageModel model, string path, int? open, int? limit = null,
        int? stride = null, CancellationToken cancellation = default) =>
        Perplexity.Measure(model, limit is { } most ? Load(path).Take(most) : Load(path), open, stride, cancellation);
}
