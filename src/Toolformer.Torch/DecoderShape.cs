namespace Toolformer.Torch;

/// <summary>Every way in which the decoders of the supported families differ.</summary>
public sealed record DecoderShape
{
    /// <summary>Size V of the vocabulary as stored in the embedding, padding rows included.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest sequence: rows of the position embedding.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Width d of the residual stream.</summary>
    public required int Width { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    /// <summary>Width of the MLP's inner layer.</summary>
    public required int InnerWidth { get; init; }

    public required double NormEpsilon { get; init; }

    public required Activation Activation { get; init; }

    /// <summary>Whether the LM head is the token embedding.</summary>
    public required bool TiedHead { get; init; }

    public int HeadWidth => Width / Heads;

    /// <summary>Names and shapes of the decoder's parameters, in a fixed order; matrices are (out, in).</summary>
    public IEnumerable<(string Name, long[] Shape)> Parameters()
    {
        yield return ("embedding", [VocabularySize, Width]);
        yield return ("positions", [ContextLength, Width]);
        for (int l = 0; l < Layers; l++)
        {
            yield return ($"layers.{l}.norm1.weight", [Width]);
            yield return ($"layers.{l}.norm1.bias", [Width]);
            yield return ($"layers.{l}.qkv.weight", [3 * Width, Width]);
            yield return ($"layers.{l}.qkv.bias", [3 * Width]);
            yield return ($"layers.{l}.out.weight", [Width, Width]);
            yield return ($"layers.{l}.out.bias", [Width]);
            yield return ($"layers.{l}.norm2.weight", [Width]);
            yield return ($"layers.{l}.norm2.bias", [Width]);
            yield return ($"layers.{l}.up.weight", [InnerWidth, Width]);
            yield return ($"layers.{l}.up.bias", [InnerWidth]);
            yield return ($"layers.{l}.down.weight", [Width, InnerWidth]);
            yield return ($"layers.{l}.down.bias", [Width]);
        }
        yield return ("norm.weight", [Width]);
        yield return ("norm.bias", [Width]);
        if (!TiedHead)
            yield return ("head", [VocabularySize, Width]);
    }

    /// <summary>Number of parameters, a tied head counted once.</summary>
    public long ParameterCount => Parameters().Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));
}

/// <summary>The MLP's non-linearity.</summary>
public enum Activation
{
    /// <summary>GELU in its tanh approximation, called gelu_new in GPT-2's configuration.</summary>
    GeluTanh,

    /// <summary>Exact GELU.</summary>
    Gelu,

    Relu,
}
