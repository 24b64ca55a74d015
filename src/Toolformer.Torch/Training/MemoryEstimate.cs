using System.Globalization;
using static TorchSharp.torch;

namespace Toolformer.Torch.Training;

/// <summary>
/// How many bytes training needs at its peak, computed from the shape alone: what lives the whole time, what autograd
/// keeps of a forward pass, and what passes by. Each figure is an upper bound of what the decoder's operations keep.
/// </summary>
/// <param name="Weights">
/// Parameters: float32 masters, or a frozen model in the type that it computes in, and its adapter.
/// </param>
/// <param name="Gradients">Float32, of what is trained.</param>
/// <param name="Optimizer">AdamW's two moments.</param>
/// <param name="Activations">What a forward pass keeps for the backward pass.</param>
/// <param name="Casts">Copies of masters in the narrower type that matrices are multiplied in.</param>
/// <param name="Passing">Logits, gradients of a layer and the like: the most that lives at once.</param>
public sealed record MemoryEstimate(
    long Weights, long Gradients, long Optimizer, long Activations, long Casts, long Passing)
{
    /// <summary>Bytes of all tensors at the peak; the program itself comes on top.</summary>
    public long Peak => Weights + Gradients + Optimizer + Activations + Casts + Passing;

    /// <summary>The parts by name, in order.</summary>
    public IEnumerable<(string Name, long Bytes)> Parts =>
    [
        ("weights", Weights), ("gradients", Gradients), ("optimizer", Optimizer), ("activations", Activations),
        ("casts", Casts), ("passing", Passing),
    ];

    /// <param name="longest">Tokens of the longest row, which is never cut.</param>
    /// <param name="sites">Where an adapter is trained; null: everything is trained.</param>
    public static MemoryEstimate Of(
        DecoderShape shape, TrainingOptions options, int longest,
        IReadOnlyList<AdapterSite>? sites = null, LoraOptions? lora = null)
    {
        long width = Size(options.ComputeType), tokens = Math.Max(options.MicroBatchTokens, longest);
        bool narrow = width < 4, frozen = sites is not null;
        long all = shape.ParameterCount;
        long trained = sites?.Sum(s => (s.Rows + s.Columns) * lora!.Rank) ?? all;
        var layer = shape.Parameters().Where(p => p.Name.StartsWith("layers.0.", StringComparison.Ordinal))
            .Select(p => p.Shape.Aggregate(1L, (a, b) => a * b)).ToList();

        long perLayer = tokens * LayerBytes(shape, width) + Adapted();
        long layerCasts = narrow && !frozen ? layer.Sum() * width : 0;
        long states = (options.Layout.Checkpointed ? shape.Layers + 1 : 1) * tokens * shape.Width * width;
        int kept = options.Layout.Checkpointed ? 1 : shape.Layers;

        // While the head runs: logits in the compute type, in float32, their log-softmax and both gradients; the head's
        // matrix once more where it is cast, and its gradient before that is added up.
        long rows = Math.Min(tokens, TrainingLoss.HeadRows(shape.VocabularySize));
        long logits = rows * shape.VocabularySize * (narrow ? 16 : 12);
        long matrix = (long)shape.VocabularySize * shape.Width;
        long head = logits + tokens * shape.Width * width * 3
            + (frozen ? 0 : matrix * (narrow ? 2 * width + 4 : 4));
        // While a layer runs backward: gradients of its widest activations, and of its largest matrix.
        long back = tokens * width * (2 * shape.Width + 2 * Math.Max(shape.InnerWidth, shape.QueryWidth))
            + (frozen ? 0 : layer.Max() * (narrow ? width + 4 : 4));
        // At the end the embedding's gradient is scattered into a table of its own; then the optimiser takes its turn.
        long table = frozen ? 0 : matrix * (narrow ? width + 4 : 4);
        long step = Math.Min(trained, AdamW.MaxSlice) * 4;

        return new MemoryEstimate(
            Weights: frozen ? all * width + trained * 4 : all * 4,
            Gradients: trained * 4,
            Optimizer: trained * 8,
            Activations: states + kept * perLayer,
            Casts: kept * layerCasts,
            Passing: options.Layout.Checkpointed
                ? Math.Max(Math.Max(head - perLayer - layerCasts, back), Math.Max(table, step))
                : Math.Max(Math.Max(head, back), Math.Max(table, step) - kept * perLayer));

        // The inner values of each site and, with dropout, what was let through.
        long Adapted() => sites is null ? 0 : tokens * sites
            .Where(s => s.Parameter.StartsWith("layers.0.", StringComparison.Ordinal))
            .Sum(s => 2 * lora!.Rank * width + (lora.Dropout > 0 ? s.Columns * 3 * width : 0));
    }

    /// <summary>Refuses work that can't fit.</summary>
    /// <param name="available">Bytes that are free; null: nobody knows, and nothing is refused.</param>
    /// <param name="device">For the message.</param>
    /// <exception cref="InvalidOperationException">More is needed than there is.</exception>
    public void Require(long? available, string device)
    {
        if (available is { } free && Peak > free)
            throw new InvalidOperationException($"Training needs about {Gibibytes(Peak)} at its peak; "
                + $"{Gibibytes(free)} are free ({this}).\n  on the device {device}\n"
                + "  --lora trains a small part, --checkpoint-activations and a smaller --micro-batch-tokens need less "
                + "for activations, --dtype bfloat16 half of both; or take a larger device.");
    }

    public override string ToString() =>
        string.Join(", ", Parts.Where(p => p.Bytes > 0).Select(p => $"{p.Name} {Gibibytes(p.Bytes)}"));

    /// <summary>"1.50 GiB".</summary>
    public static string Gibibytes(long bytes) =>
        (bytes / (double)(1L << 30)).ToString("N2", CultureInfo.InvariantCulture) + " GiB";

    /// <summary>Bytes that autograd keeps of one layer for one token; see <see cref="Decoder.Layer"/>.</summary>
    private static long LayerBytes(DecoderShape shape, long type)
    {
        long d = shape.Width, q = shape.QueryWidth, k = shape.KeyWidth, inner = shape.InnerWidth;
        int norms = shape.Residual == Residual.ParallelOneNorm ? 1 : 2;
        // A layer norm keeps what it gives; RMS also the value before the weight, and in narrower types a wide copy.
        long norm = shape.RmsNorm ? 2 * d * type + (type < 4 ? 4 * d : 0) : d * type;
        // Queries, keys and values, turned ones beside those as they were, shared ones as contiguous copies.
        long attention = q + 2 * k + (shape.Rotary is null ? 0 : q + k) + (shape.HeadsPerKey > 1 ? q + 2 * k : 0)
            + q + shape.Heads * 2;
        // The input of the non-linearity and of the matrix after it; with a gate both factors too.
        long mlp = shape.GatedMlp ? 4 * inner : 2 * inner;
        // What stands between attention and MLP, and what leaves the layer.
        return norms * norm + (attention + mlp + 2 * d) * type;
    }

    private static long Size(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float16 ? 2 : 4;
}
