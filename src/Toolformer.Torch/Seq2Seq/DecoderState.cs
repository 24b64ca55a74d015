using static TorchSharp.torch;

namespace Toolformer.Torch.Seq2Seq;

/// <summary>
/// What the decoder remembers while it writes: per layer the keys and values of each source, computed once, and those
/// of what each row has written so far. The rows of a source stand together, equally many for each.
/// </summary>
internal sealed class DecoderState : IDisposable
{
    private readonly (Tensor K, Tensor V)?[] _own;

    /// <param name="mask">(B, 1, 1, S): 0 or −∞.</param>
    /// <param name="cross">Per layer (B, H, S, D).</param>
    public DecoderState(Tensor mask, (Tensor K, Tensor V)[] cross)
    {
        Mask = mask.DetachFromDisposeScope();
        Cross = cross;
        _own = new (Tensor, Tensor)?[cross.Length];
        foreach (var (k, v) in cross)
        {
            k.DetachFromDisposeScope();
            v.DetachFromDisposeScope();
        }
        Rows = (int)cross[0].K.shape[0];
    }

    public Tensor Mask { get; private set; }

    public (Tensor K, Tensor V)[] Cross { get; private set; }

    /// <summary>Tokens that each row has read.</summary>
    public int Length { get; set; }

    public int Rows { get; private set; }

    /// <summary>Adds keys and values (N, H, L, D) of a layer and gives all there are.</summary>
    public (Tensor K, Tensor V) Append(int layer, Tensor k, Tensor v)
    {
        var old = _own[layer];
        var all = old is { } before
            ? (cat([before.K, k], 2).DetachFromDisposeScope(), cat([before.V, v], 2).DetachFromDisposeScope())
            : (k.contiguous().DetachFromDisposeScope(), v.contiguous().DetachFromDisposeScope());
        old?.K.Dispose();
        old?.V.Dispose();
        _own[layer] = all;
        return all;
    }

    /// <summary>Goes on with these rows, in this order; a row may be taken several times.</summary>
    /// <param name="sources">The sources that are left, if not all.</param>
    public void Keep(long[] rows, long[]? sources)
    {
        using var scope = NewDisposeScope();
        var device = Mask.device;
        var chosen = tensor(rows, device: device);
        for (int l = 0; l < _own.Length; l++)
            _own[l] = Select(_own[l]!.Value, chosen);
        Rows = rows.Length;
        if (sources is null)
            return;
        var left = tensor(sources, device: device);
        Cross = [.. Cross.Select(layer => Select(layer, left))];
        var mask = Mask.index_select(0, left).DetachFromDisposeScope();
        Mask.Dispose();
        Mask = mask;
    }

    public void Dispose()
    {
        Mask.Dispose();
        foreach (var (k, v) in Cross.Concat(_own.OfType<(Tensor, Tensor)>()))
        {
            k.Dispose();
            v.Dispose();
        }
    }

    private static (Tensor, Tensor) Select((Tensor K, Tensor V) layer, Tensor rows)
    {
        var fresh = (layer.K.index_select(0, rows).DetachFromDisposeScope(),
            layer.V.index_select(0, rows).DetachFromDisposeScope());
        layer.K.Dispose();
        layer.V.Dispose();
        return fresh;
    }
}
