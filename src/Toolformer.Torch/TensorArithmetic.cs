using TorchSharp;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// Tensor arithmetic with numbers. TorchSharp 0.107 makes a native scalar for every number, and for the factor 1 hidden
/// in every addition, and nothing keeps it alive while the native call runs: a garbage collection at that moment frees
/// it, and the operation fails or computes with whatever lies there. Here each scalar outlives its call. The operators
/// of Tensor are not used in this project for that reason.
/// </summary>
internal static class TensorArithmetic
{
    private static readonly Scalar One = 1.0.ToScalar(), MinusOne = (-1.0).ToScalar();

    /// <summary>The number 0, for calls that take a scalar.</summary>
    public static readonly Scalar Zero = 0.0.ToScalar();

    private static readonly Scalar NegativeInfinity = float.NegativeInfinity.ToScalar();

    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    public static Tensor Minus(this Tensor a, Tensor b) => a.add(b, MinusOne);

    public static Tensor AddInPlace(this Tensor a, Tensor b) => a.add_(b, One);

    /// <summary>a ← a + factor · b.</summary>
    public static Tensor AddInPlace(this Tensor a, Tensor b, double factor)
    {
        using var scalar = factor.ToScalar();
        return a.add_(b, scalar);
    }

    public static Tensor Times(this Tensor a, double factor)
    {
        using var scalar = factor.ToScalar();
        return a.mul(scalar);
    }

    public static Tensor MultiplyInPlace(this Tensor a, double factor)
    {
        using var scalar = factor.ToScalar();
        return a.mul_(scalar);
    }

    /// <summary>a ← a + factor · b ⊙ c.</summary>
    public static Tensor AddProductInPlace(this Tensor a, Tensor b, Tensor c, double factor)
    {
        using var scalar = factor.ToScalar();
        return a.addcmul_(b, c, scalar);
    }

    /// <summary>a ← a + factor · b ⊘ c.</summary>
    public static Tensor AddQuotientInPlace(this Tensor a, Tensor b, Tensor c, double factor)
    {
        using var scalar = factor.ToScalar();
        return a.addcdiv_(b, c, scalar);
    }

    public static Tensor AddInPlace(this Tensor a, double number)
    {
        using var scalar = number.ToScalar();
        return a.add_(scalar);
    }

    /// <summary>(size) of −∞.</summary>
    public static Tensor Forbidden(long[] size, Device device) =>
        full(size, NegativeInfinity, ScalarType.Float32, device);
}
