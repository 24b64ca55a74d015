namespace Toolformer.Torch;

/// <summary>Every way in which the decoders of the supported families differ.</summary>
public sealed record DecoderShape
{
    /// <summary>Size V of the vocabulary as stored in the embedding, padding rows included.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest sequence: rows of the position embedding where there is one.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Width d of the residual stream.</summary>
    public required int Width { get; init; }

    public required int Layers { get; init; }

    /// <summary>Query heads H.</summary>
    public required int Heads { get; init; }

    /// <summary>
    /// Query heads that share one head of keys and values: 1 is plain attention, more is grouped, all is multi-query.
    /// </summary>
    public int HeadsPerKey { get; init; } = 1;

    /// <summary>Width D of a head where it is not d / H.</summary>
    public int? OwnHeadWidth { get; init; }

    /// <summary>Width of the MLP's inner layer.</summary>
    public required int InnerWidth { get; init; }

    public required double NormEpsilon { get; init; }

    /// <summary>Root mean square norms without biases instead of layer norms.</summary>
    public bool RmsNorm { get; init; }

    public required Activation Activation { get; init; }

    /// <summary>Whether the MLP has a second inner layer, whose non-linear result multiplies the first.</summary>
    public bool GatedMlp { get; init; }

    public Residual Residual { get; init; } = Residual.Sequential;

    /// <summary>How queries and keys are turned by their positions; null: positions are a learned table.</summary>
    public Rotary? Rotary { get; init; }

    /// <summary>A query sees itself and the Window − 1 tokens before it; null: all before it.</summary>
    public int? Window { get; init; }

    /// <summary>The first layer in which <see cref="Window"/> holds.</summary>
    public int FirstWindowLayer { get; init; }

    public Biases Biases { get; init; } = Biases.Attention | Biases.Output | Biases.Mlp;

    /// <summary>Whether the LM head is the token embedding.</summary>
    public required bool TiedHead { get; init; }

    public int HeadWidth => OwnHeadWidth ?? Width / Heads;

    /// <summary>Heads K of keys and values.</summary>
    public int KeyHeads => Heads / HeadsPerKey;

    /// <summary>Rows H·D of the queries' part of the matrix "qkv".</summary>
    public int QueryWidth => Heads * HeadWidth;

    /// <summary>Rows K·D of the keys' and of the values' part.</summary>
    public int KeyWidth => KeyHeads * HeadWidth;

    /// <summary>The window of a layer, null where it sees everything.</summary>
    public int? WindowOf(int layer) => layer >= FirstWindowLayer ? Window : null;

    /// <summary>Names and shapes of the decoder's parameters, in a fixed order; matrices are (out, in).</summary>
    public IEnumerable<(string Name, long[] Shape)> Parameters()
    {
        yield return ("embedding", [VocabularySize, Width]);
        if (Rotary is null)
            yield return ("positions", [ContextLength, Width]);
        for (int l = 0; l < Layers; l++)
        {
            foreach (var (name, shape) in LayerParameters())
                yield return ($"layers.{l}.{name}", shape);
        }
        foreach (var parameter in Norm("norm"))
            yield return parameter;
        if (!TiedHead)
            yield return ("head.weight", [VocabularySize, Width]);
        if (Biases.HasFlag(Biases.Head))
            yield return ("head.bias", [VocabularySize]);
    }

    /// <summary>Number of parameters, a tied head counted once.</summary>
    public long ParameterCount => Parameters().Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));

    private IEnumerable<(string Name, long[] Shape)> LayerParameters() =>
    [
        .. Norm("norm1"),
        .. Matrix("qkv", QueryWidth + 2 * KeyWidth, Width, Biases.Attention),
        .. Matrix("out", Width, QueryWidth, Biases.Output),
        .. Residual == Residual.ParallelOneNorm ? [] : Norm("norm2"),
        .. GatedMlp ? Matrix("gate", InnerWidth, Width, Biases.Mlp) : [],
        .. Matrix("up", InnerWidth, Width, Biases.Mlp),
        .. Matrix("down", Width, InnerWidth, Biases.Mlp),
    ];

    private IEnumerable<(string Name, long[] Shape)> Norm(string name)
    {
        yield return (name + ".weight", [Width]);
        if (!RmsNorm)
            yield return (name + ".bias", [Width]);
    }

    private IEnumerable<(string Name, long[] Shape)> Matrix(string name, int rows, int columns, Biases bias)
    {
        yield return (name + ".weight", [rows, columns]);
        if (Biases.HasFlag(bias))
            yield return (name + ".bias", [rows]);
    }
}

/// <summary>The MLP's non-linearity.</summary>
public enum Activation
{
    /// <summary>GELU in its tanh approximation, called gelu_new in GPT-2's configuration.</summary>
    GeluTanh,

    /// <summary>Exact GELU.</summary>
    Gelu,

    Relu,

    /// <summary>x · sigmoid(x), also called swish.</summary>
    Silu,
}

/// <summary>What attention and MLP of a layer read.</summary>
public enum Residual
{
    /// <summary>The MLP reads what attention has written, each behind its own norm.</summary>
    Sequential,

    /// <summary>Both read the layer's input, each behind its own norm (GPT-NeoX).</summary>
    Parallel,

    /// <summary>Both read the layer's input behind one norm (GPT-J).</summary>
    ParallelOneNorm,
}

/// <summary>The matrices that have a bias.</summary>
[Flags]
public enum Biases
{
    None = 0,

    /// <summary>Queries, keys and values.</summary>
    Attention = 1,

    /// <summary>The projection of the attended values back to the residual stream.</summary>
    Output = 2,

    /// <summary>All matrices of the MLP.</summary>
    Mlp = 4,

    /// <summary>The LM head.</summary>
    Head = 8,
}
