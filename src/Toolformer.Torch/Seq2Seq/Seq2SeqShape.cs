namespace Toolformer.Torch.Seq2Seq;

/// <summary>Sizes and settings of an encoder–decoder with sinusoidal positions and norms before each block.</summary>
public sealed record Seq2SeqShape
{
    /// <summary>Size V of the vocabulary, shared by source, target and head.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest source and longest target, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Width d of both residual streams.</summary>
    public required int Width { get; init; }

    public required Stack Encoder { get; init; }

    public required Stack Decoder { get; init; }

    public required Activation Activation { get; init; }

    /// <summary>What token embeddings are multiplied with: √d or 1.</summary>
    public required double EmbeddingScale { get; init; }

    /// <summary>The id that fills up rows; it has no position, and positions count on from it.</summary>
    public required int PaddingId { get; init; }

    /// <summary>The id that every target starts with; it is given, not written.</summary>
    public required int DecoderStart { get; init; }

    public int? EndOfText { get; init; }

    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>One of the two stacks of layers.</summary>
    public sealed record Stack(int Layers, int Heads, int InnerWidth);

    /// <summary>Names and shapes of the parameters; matrices are (out, in).</summary>
    public IEnumerable<(string Name, long[] Shape)> Parameters()
    {
        yield return ("embedding", [VocabularySize, Width]);
        foreach (var (name, stack) in ((string, Stack)[])[("encoder", Encoder), ("decoder", Decoder)])
        {
            for (int l = 0; l < stack.Layers; l++)
            {
                string layer = $"{name}.layers.{l}.";
                foreach (var p in Attention(layer + "self"))
                    yield return p;
                if (name == "decoder")
                {
                    foreach (var p in Attention(layer + "cross"))
                        yield return p;
                }
                yield return (layer + "mlp.norm.weight", [Width]);
                yield return (layer + "mlp.norm.bias", [Width]);
                yield return (layer + "mlp.up.weight", [stack.InnerWidth, Width]);
                yield return (layer + "mlp.up.bias", [stack.InnerWidth]);
                yield return (layer + "mlp.down.weight", [Width, stack.InnerWidth]);
                yield return (layer + "mlp.down.bias", [Width]);
            }
            yield return (name + ".norm.weight", [Width]);
            yield return (name + ".norm.bias", [Width]);
        }
    }

    private IEnumerable<(string Name, long[] Shape)> Attention(string name)
    {
        yield return (name + ".norm.weight", [Width]);
        yield return (name + ".norm.bias", [Width]);
        foreach (string part in (string[])["q", "k", "v", "out"])
        {
            yield return ($"{name}.{part}.weight", [Width, Width]);
            yield return ($"{name}.{part}.bias", [Width]);
        }
    }
}
