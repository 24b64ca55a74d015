using static TorchSharp.torch;

namespace Toolformer.Torch.Training;

/// <summary>
/// What is trained, a decoder's parameters or its adapter's, as views into one float32 buffer, their gradients as views
/// into another, so that clipping and the optimiser are a few operations over flat memory.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private readonly bool _ownsDecoder;

    /// <summary>All parameters of a decoder.</summary>
    /// <param name="source">Copied; not changed, not owned.</param>
    /// <param name="device">Where to train; null: where the source is.</param>
    public FlatParameters(Decoder source, ScalarType computeType, Device? device = null)
    {
        Layout = [.. source.Shape.Parameters()];
        (Values, Gradients) = Allocate(device ?? source.Device);
        Decoder = new Decoder(source.Shape, Leaves(name => source.Parameters[name])) { ComputeType = computeType };
        _ownsDecoder = true;
    }

    /// <summary>
    /// Only an adapter's: the decoder stays as it is, and the adapter is at work in it until the end.
    /// </summary>
    /// <param name="source">Used, not owned.</param>
    /// <param name="start">Copied; not changed, not owned.</param>
    public FlatParameters(Decoder source, Adapter start)
    {
        Layout = [.. start.Parameters];
        (Values, Gradients) = Allocate(source.Device);
        var tensors = start.Parts.SelectMany(p => new[] { (p.Site.DownName, p.Down), (p.Site.UpName, p.Up) })
            .ToDictionary();
        Decoder = source;
        Decoder.Adapter = start.With(Leaves(name => tensors[name]));
    }

    /// <summary>Names and shapes of what is trained, in the order in which it lies in the buffers.</summary>
    public IReadOnlyList<(string Name, long[] Shape)> Layout { get; }

    /// <summary>All parameters, float32, in the order of <see cref="Layout"/>.</summary>
    public Tensor Values { get; }

    /// <summary>All gradients; backward passes add to it until <see cref="Tensor.zero_"/>.</summary>
    public Tensor Gradients { get; }

    /// <summary>The decoder over these parameters.</summary>
    public Decoder Decoder { get; }

    public void Dispose()
    {
        if (_ownsDecoder)
        {
            Decoder.Dispose();
        }
        else
        {
            Decoder.Adapter?.Dispose();
            Decoder.Adapter = null;
        }
        Values.Dispose();
        Gradients.Dispose();
    }

    private (Tensor, Tensor) Allocate(Device device)
    {
        long count = Layout.Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));
        return (Buffer(), Buffer());
        Tensor Buffer() => zeros([count], ScalarType.Float32, device).DetachFromDisposeScope();
    }

    private Dictionary<string, Tensor> Leaves(Func<string, Tensor> source)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var views = new Dictionary<string, Tensor>();
        long offset = 0;
        foreach (var (name, shape) in Layout)
        {
            long size = shape.Aggregate(1L, (a, b) => a * b);
            var view = Values.narrow(0, offset, size).view(shape);
            view.copy_(source(name));
            var leaf = view.detach().requires_grad_();
            leaf.grad = Gradients.narrow(0, offset, size).view(shape);
            views[name] = leaf.DetachFromDisposeScope();
            offset += size;
        }
        return views;
    }
}
