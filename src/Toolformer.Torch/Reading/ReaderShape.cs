namespace Toolformer.Torch.Reading;

/// <summary>Sizes and settings of an encoder that marks where an answer starts and ends.</summary>
public sealed record ReaderShape
{
    public required int VocabularySize { get; init; }

    /// <summary>Longest input, question and passage together: rows of the position embedding.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Kinds of input that are told apart: question and passage.</summary>
    public required int TypeCount { get; init; }

    /// <summary>Width d of the residual stream.</summary>
    public required int Width { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    /// <summary>Width of the MLP's inner layer.</summary>
    public required int InnerWidth { get; init; }

    public required Activation Activation { get; init; }

    public required double NormEpsilon { get; init; }

    /// <summary>The id that fills up rows.</summary>
    public required int PaddingId { get; init; }

    /// <summary>Names and shapes of the parameters; matrices are (out, in).</summary>
    public IEnumerable<(string Name, long[] Shape)> Parameters()
    {
        yield return ("embedding", [VocabularySize, Width]);
        yield return ("positions", [ContextLength, Width]);
        yield return ("types", [TypeCount, Width]);
        yield return ("norm.weight", [Width]);
        yield return ("norm.bias", [Width]);
        for (int l = 0; l < Layers; l++)
        {
            foreach (string part in (string[])["q", "k", "v", "out"])
            {
                yield return ($"layers.{l}.{part}.weight", [Width, Width]);
                yield return ($"layers.{l}.{part}.bias", [Width]);
            }
            yield return ($"layers.{l}.up.weight", [InnerWidth, Width]);
            yield return ($"layers.{l}.up.bias", [InnerWidth]);
            yield return ($"layers.{l}.down.weight", [Width, InnerWidth]);
            yield return ($"layers.{l}.down.bias", [Width]);
            foreach (string norm in (string[])["norm1", "norm2"])
            {
                yield return ($"layers.{l}.{norm}.weight", [Width]);
                yield return ($"layers.{l}.{norm}.bias", [Width]);
            }
        }
        yield return ("answer.weight", [2, Width]);
        yield return ("answer.bias", [2]);
    }
}
