using static TorchSharp.torch;

namespace Toolformer.Torch.Training;

/// <summary>Turns gradients into a change of the parameters. Its state can be saved and put back exactly.</summary>
public abstract class Optimizer : IDisposable
{
    /// <summary>Number of updates made.</summary>
    public long Steps { get; set; }

    /// <summary>The tensors to save and restore, by name.</summary>
    public abstract IEnumerable<(string Name, Tensor Value)> State { get; }

    /// <summary>One update from the gradients as they stand.</summary>
    public void Step(double learningRate)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        Steps++;
        Update(learningRate);
    }

    protected abstract void Update(double learningRate);

    public virtual void Dispose()
    {
        foreach (var (_, tensor) in State)
            tensor.Dispose();
    }
}

/// <summary>
/// AdamW (Loshchilov and Hutter 2019) with decoupled decay on every parameter, over flat buffers.
/// </summary>
public sealed class AdamW(Tensor values, Tensor gradients, AdamWOptions options) : Optimizer
{
    /// <summary>Most parameters that are updated at once.</summary>
    internal const long MaxSlice = 1 << 26;

    private readonly Tensor _first = zeros_like(values).DetachFromDisposeScope();       // m
    private readonly Tensor _second = zeros_like(values).DetachFromDisposeScope();      // v

    public override IEnumerable<(string, Tensor)> State => [("m", _first), ("v", _second)];

    protected override void Update(double learningRate)
    {
        // In slices, so that what is needed between the operations stays small beside the parameters.
        for (long start = 0; start < values.shape[0]; start += MaxSlice)
        {
            using var scope = NewDisposeScope();
            long count = Math.Min(MaxSlice, values.shape[0] - start);
            Update(learningRate, values.narrow(0, start, count), gradients.narrow(0, start, count),
                _first.narrow(0, start, count), _second.narrow(0, start, count));
        }
    }

    private void Update(double learningRate, Tensor value, Tensor gradient, Tensor first, Tensor second)
    {
        var (beta1, beta2) = (options.Beta1, options.Beta2);
        first.MultiplyInPlace(beta1).AddInPlace(gradient, 1 - beta1);
        second.MultiplyInPlace(beta2).AddProductInPlace(gradient, gradient, 1 - beta2);
        double correction1 = 1 - Math.Pow(beta1, Steps), correction2 = 1 - Math.Pow(beta2, Steps);
        var denominator = second.sqrt().MultiplyInPlace(1 / Math.Sqrt(correction2)).AddInPlace(options.Epsilon);
        value.MultiplyInPlace(1 - learningRate * options.WeightDecay);
        value.AddQuotientInPlace(first, denominator, -learningRate / correction1);
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

/// <summary>
/// Muon (Jordan et al. 2024): the momentum of each matrix inside the layers is replaced by the nearest orthogonal
/// matrix, found by five Newton–Schulz iterations; embeddings, norms and biases go through AdamW. It needs fewer tokens
/// than AdamW to pretrain a small model from nothing.
/// </summary>
public sealed class Muon : Optimizer
{
    private const double Momentum = 0.95;

    private readonly AdamW _rest;
    private readonly List<(Tensor Value, Tensor Gradient, Tensor Velocity)> _matrices = [];
    private readonly Tensor _restValues, _restGradients, _velocity;
    private readonly FlatParameters _parameters;
    private readonly List<(long Offset, long Size)> _restSpans = [];
    private readonly double _ratio;

    /// <param name="matrixRatio">Learning rate of the matrices divided by that of the rest.</param>
    public Muon(FlatParameters parameters, AdamWOptions options, double matrixRatio = 10)
    {
        using var scope = NewDisposeScope();
        _parameters = parameters;
        _ratio = matrixRatio;
        var shape = parameters.Decoder.Shape;
        _velocity = zeros_like(parameters.Values).DetachFromDisposeScope();
        long offset = 0;
        foreach (var (name, size) in shape.Parameters())
        {
            long count = size.Aggregate(1L, (a, b) => a * b);
            if (name.StartsWith("layers.") && size.Length == 2)
            {
                // Queries, keys and values are three matrices that happen to lie in one.
                long[] parts = name.EndsWith("qkv.weight")
                    ? [shape.QueryWidth, shape.KeyWidth, shape.KeyWidth]
                    : [size[0]];
                long start = offset;
                foreach (long rows in parts)
                {
                    Tensor View(Tensor flat) => flat.narrow(0, start, rows * size[1])
                        .view(rows, size[1]).DetachFromDisposeScope();
                    _matrices.Add((View(parameters.Values), View(parameters.Gradients), View(_velocity)));
                    start += rows * size[1];
                }
            }
            else
            {
                _restSpans.Add((offset, count));
            }
            offset += count;
        }
        long rest = _restSpans.Sum(s => s.Size);
        _restValues = zeros(rest, ScalarType.Float32, parameters.Values.device).DetachFromDisposeScope();
        _restGradients = zeros_like(_restValues).DetachFromDisposeScope();
        _rest = new AdamW(_restValues, _restGradients, options);
    }

    public override IEnumerable<(string, Tensor)> State => [("velocity", _velocity), .. _rest.State];

    protected override void Update(double learningRate)
    {
        foreach (var (value, gradient, velocity) in _matrices)
        {
            using var scope = NewDisposeScope();
            velocity.MultiplyInPlace(Momentum).AddInPlace(gradient);
            var direction = Orthogonal(gradient.Plus(velocity.Times(Momentum)));
            double scale = Math.Sqrt(Math.Max(1, (double)value.shape[0] / value.shape[1]));
            value.AddInPlace(direction, -learningRate * _ratio * scale);
        }
        Copy(_parameters.Values, _restValues, gather: true);
        Copy(_parameters.Gradients, _restGradients, gather: true);
        _rest.Steps = Steps - 1;
        _rest.Step(learningRate);
        Copy(_parameters.Values, _restValues, gather: false);
    }

    public override void Dispose()
    {
        base.Dispose();
        _restValues.Dispose();
        _restGradients.Dispose();
        foreach (var (value, gradient, velocity) in _matrices)
        {
            value.Dispose();
            gradient.Dispose();
            velocity.Dispose();
        }
    }

    /// <summary>U·Vᵀ of the singular value decomposition, to the accuracy that the method needs.</summary>
    private static Tensor Orthogonal(Tensor matrix)
    {
        bool tall = matrix.shape[0] > matrix.shape[1];
        var x = (tall ? matrix.t() : matrix).to(ScalarType.BFloat16);
        x = x.div(matrix.norm().AddInPlace(1e-7).to(ScalarType.BFloat16));
        for (int i = 0; i < 5; i++)
        {
            var a = x.matmul(x.t());
            var b = a.Times(-4.7750).Plus(a.matmul(a).Times(2.0315));
            x = x.Times(3.4445).Plus(b.matmul(x));
        }
        return (tall ? x.t() : x).to(ScalarType.Float32);
    }

    private void Copy(Tensor whole, Tensor rest, bool gather)
    {
        long at = 0;
        foreach (var (offset, size) in _restSpans)
        {
            using var scope = NewDisposeScope();
            var (there, here) = (whole.narrow(0, offset, size), rest.narrow(0, at, size));
            (gather ? here : there).copy_(gather ? there : here);
            at += size;
        }
    }
}
