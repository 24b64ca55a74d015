using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// Rotary position embedding (Su et al. 2021): pairs of numbers of each query and key are turned by an angle that grows
/// with the position, each pair at a speed of its own.
/// </summary>
/// <param name="Dimensions">How many numbers of a head are turned, the first ones; even.</param>
/// <param name="Base">Pair i of R / 2 turns by position · Base^(−2i / R).</param>
/// <param name="Interleaved">
/// Pairs are neighbours (GPT-J); else number i belongs to number i + R / 2 (GPT-NeoX, Llama).
/// </param>
public sealed record Rotary(int Dimensions, double Base = 10_000, bool Interleaved = false)
{
    /// <summary>How the speeds are changed for a longer context; null: not at all.</summary>
    public RotaryScaling? Scaling { get; init; }

    /// <summary>Radians per position of each pair, in float32 as the references compute with.</summary>
    public float[] Frequencies()
    {
        var speeds = Enumerable.Range(0, Dimensions / 2).Select(i => 1 / Math.Pow(Base, 2.0 * i / Dimensions));
        return [.. speeds.Select(speed => (float)(Scaling?.Scale(speed) ?? speed))];
    }

    /// <summary>
    /// Cosine and signed sine (B or 1, T, 1, R) with which <see cref="Turn"/> turns what stands at some positions.
    /// </summary>
    /// <param name="positions">(B, T) or (T), int64.</param>
    internal (Tensor Cosine, Tensor Sine) Table(Tensor positions, ScalarType type)
    {
        using var scope = NewDisposeScope();
        long length = positions.shape[^1];
        var angles = positions.to(ScalarType.Float32).view(-1, length, 1)
            .mul(tensor(Frequencies(), device: positions.device));                          // (B, T, R/2)
        var (cosine, sine) = (angles.cos(), angles.sin());
        Tensor Spread(Tensor first, Tensor second) => (Interleaved
                ? stack([first, second], 3).flatten(2)
                : cat([first, second], 2))
            .unsqueeze(2).to(type).MoveToOuterDisposeScope();
        return (Spread(cosine, cosine), Spread(sine.neg(), sine));
    }

    /// <summary>Turns the first R numbers of each head of <paramref name="x"/> (B, T, H, D).</summary>
    internal Tensor Turn(Tensor x, (Tensor Cosine, Tensor Sine) table)
    {
        using var scope = NewDisposeScope();
        long width = x.shape[3];
        var part = width == Dimensions ? x : x.narrow(3, 0, Dimensions);
        var partner = Interleaved
            ? part.unflatten(3, [Dimensions / 2, 2]).flip(4).flatten(3)
            : part.roll(Dimensions / 2, 3);
        var turned = part.mul(table.Cosine).AddProductInPlace(partner, table.Sine, 1);
        return (width == Dimensions ? turned : cat([turned, x.narrow(3, Dimensions, width - Dimensions)], 3))
            .MoveToOuterDisposeScope();
    }
}

/// <summary>How a rotary embedding was stretched to a longer context.</summary>
public abstract record RotaryScaling
{
    /// <param name="speed">Radians per position before.</param>
    public abstract double Scale(double speed);
}

/// <summary>Positions count 1 / <paramref name="Factor"/> each.</summary>
public sealed record LinearScaling(double Factor) : RotaryScaling
{
    public override double Scale(double speed) => speed / Factor;
}

/// <summary>
/// Llama 3.1's: what turns often within the original context stays, what turns hardly at all is slowed down, and
/// between the two it goes over smoothly.
/// </summary>
/// <param name="LowTurns">At most so many turns in the original context: slowed down.</param>
/// <param name="HighTurns">At least so many: unchanged.</param>
public sealed record Llama3Scaling(double Factor, double LowTurns, double HighTurns, int OriginalContext)
    : RotaryScaling
{
    public override double Scale(double speed)
    {
        double turns = OriginalContext * speed / (2 * Math.PI);
        double kept = Math.Clamp((turns - LowTurns) / (HighTurns - LowTurns), 0, 1);
        return speed * (kept + (1 - kept) / Factor);
    }
}
