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

/// <summary>
/// AdamW (Loshchilov and Hutter 2019) with decoupled decay on every parameter, over flat buffers.
/// </summary>
public sealed class AdamW(Tensor values, Tensor gradients, AdamWOptions options) : IDisposable
{
    /// <summary>Number of updates made.</summary>
    public long Steps { get; set; }

    /// <summary>First moment m.</summary>
    public Tensor First { get; } = zeros_like(values).DetachFromDisposeScope();

    /// <summary>Second moment v.</summary>
    public Tensor Second { get; } = zeros_like(values).DetachFromDisposeScope();

    /// <summary>One update from the gradients as they stand.</summary>
    public void Step(double learningRate)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        Steps++;
        var (beta1, beta2) = (options.Beta1, options.Beta2);
        First.mul_(beta1).add_(gradients, alpha: 1 - beta1);
        Second.mul_(beta2).addcmul_(gradients, gradients, 1 - beta2);
        double correction1 = 1 - Math.Pow(beta1, Steps), correction2 = 1 - Math.Pow(beta2, Steps);
        var denominator = Second.sqrt().div_(Math.Sqrt(correction2)).add_(options.Epsilon);
        values.mul_(1 - learningRate * options.WeightDecay);
        values.addcdiv_(First, denominator, -learningRate / correction1);
    }

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}

/// <summary>Constants of <see cref="AdamW"/>; the paper names none, these are the common ones.</summary>
public sealed record AdamWOptions
{
    public double Beta1 { get; init; } = 0.9;
    public double Beta2 { get; init; } = 0.999;
    public double Epsilon { get; init; } = 1e-8;
    public double WeightDecay { get; init; }
}
