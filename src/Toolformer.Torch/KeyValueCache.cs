using Toolformer.Modeling;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Toolformer.Torch;

/// <summary>
/// Keys and values of a read sequence, per layer (1, H, T, D): this segment's own; those before it are its parent's.
/// Immutable, so any number of rows may continue it.
/// </summary>
internal sealed class TorchPrefix : IPrefix
{
    private int _references = 1;

    public TorchPrefix(TorchPrefix? parent, IReadOnlyList<(Tensor K, Tensor V)> layers)
    {
        Parent = parent;
        Layers = layers;
        OwnLength = (int)layers[0].K.shape[2];
        Length = OwnLength + (parent?.Length ?? 0);
        parent?.Retain();
    }

    public TorchPrefix? Parent { get; }

    IPrefix? IPrefix.Parent => Parent;

    public IReadOnlyList<(Tensor K, Tensor V)> Layers { get; }

    /// <summary>Tokens of this segment alone.</summary>
    public int OwnLength { get; }

    public int Length { get; }

    /// <summary>The segments from the root down to this one.</summary>
    public IReadOnlyList<TorchPrefix> Chain => Parent is null ? [this] : [.. Parent.Chain, this];

    public void Retain() => _references++;

    /// <summary>Frees the tensors when nobody holds the prefix any more.</summary>
    public void Dispose()
    {
        if (--_references != 0)
            return;
        foreach (var (k, v) in Layers)
        {
            k.Dispose();
            v.Dispose();
        }
        Parent?.Dispose();
    }
}

/// <summary>
/// Whole sequences after a common prefix (or none): every query sees the whole prefix, and its own sequence causally.
/// Records each layer's keys and values if asked to.
/// </summary>
internal sealed class PrefixedAttention(TorchPrefix? prefix, long length, bool record, ScalarType type, Device device)
    : IAttention, IDisposable
{
    private readonly Tensor? _mask = prefix is null ? null : Mask(prefix.Length, length, type, device);

    /// <summary>Per layer (B, H, T, D), in the order of the layers.</summary>
    public List<(Tensor K, Tensor V)> Recorded { get; } = [];

    public Tensor Attend(int layer, Tensor q, Tensor k, Tensor v)
    {
        if (record)
            Recorded.Add((k.contiguous().DetachFromDisposeScope(), v.contiguous().DetachFromDisposeScope()));
        if (prefix is null)
            return F.scaled_dot_product_attention(q, k, v, is_casual: true);
        long batch = q.shape[0];
        Tensor[] keys = [.. prefix.Chain.Select(s => s.Layers[layer].K.expand(batch, -1, -1, -1)), k];
        Tensor[] values = [.. prefix.Chain.Select(s => s.Layers[layer].V.expand(batch, -1, -1, -1)), v];
        return F.scaled_dot_product_attention(q, cat(keys, 2), cat(values, 2), _mask);
    }

    public void Dispose() => _mask?.Dispose();

    /// <summary>(T, P + T), 0 where a query may look and −∞ where not.</summary>
    private static Tensor Mask(long prefixLength, long length, ScalarType type, Device device)
    {
        using var future = TensorArithmetic.Forbidden([length, length], device).triu_(1);
        using var past = zeros([length, prefixLength], ScalarType.Float32, device);
        using var mask = cat([past, future], 1);
        return mask.to(type).DetachFromDisposeScope();
    }
}
