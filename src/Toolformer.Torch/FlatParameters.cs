using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// A decoder's parameters as views into one float32 buffer, their gradients as views into another, so that clipping and
/// the optimiser are a few operations over flat memory.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    /// <param name="source">Copied; not changed, not owned.</param>
    public FlatParameters(Decoder source, ScalarType computeType)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var device = source.Device;
        Values = zeros([source.Shape.ParameterCount], ScalarType.Float32, device).DetachFromDisposeScope();
        Gradients = zeros_like(Values).DetachFromDisposeScope();
        var views = new Dictionary<string, Tensor>();
        long offset = 0;
        foreach (var (name, shape) in source.Shape.Parameters())
        {
            long size = shape.Aggregate(1L, (a, b) => a * b);
            var view = Values.narrow(0, offset, size).view(shape);
            view.copy_(source.Parameters[name]);
            var leaf = view.detach().requires_grad_();
            leaf.grad = Gradients.narrow(0, offset, size).view(shape);
            views[name] = leaf.DetachFromDisposeScope();
            offset += size;
        }
        Decoder = new Decoder(source.Shape, views) { ComputeType = computeType };
    }

    /// <summary>All parameters, float32, in the order of <see cref="DecoderShape.Parameters"/>.</summary>
    public Tensor Values { get; }

    /// <summary>All gradients; backward passes add to it until <see cref="Tensor.zero_"/>.</summary>
    public Tensor Gradients { get; }

    /// <summary>The decoder over these parameters.</summary>
    public Decoder Decoder { get; }

    public void Dispose()
    {
        Decoder.Dispose();
        Values.Dispose();
        Gradients.Dispose();
    }
}
