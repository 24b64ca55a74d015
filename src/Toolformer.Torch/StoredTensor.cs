using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>A tensor of a checkpoint, and which rows of a decoder parameter it holds in which order.</summary>
/// <param name="Start">The first row of the parameter that it holds.</param>
/// <param name="Rows">How many; null: all.</param>
public sealed record StoredTensor(string Name, long Start, long? Rows)
{
    /// <summary>Whether it is stored as (in, out).</summary>
    public bool Transposed { get; init; }

    /// <summary>
    /// Where rows go head by head, each with its query, key and value: the number of heads; else 0.
    /// </summary>
    public int HeadByHead { get; init; }

    /// <summary>Its shape in the file.</summary>
    /// <param name="parameter">The shape of the whole parameter.</param>
    public long[] FileShape(long[] parameter)
    {
        long[] rows = [Rows ?? parameter[0], .. parameter.Skip(1)];
        return Transposed ? [.. rows.Reverse()] : rows;
    }

    /// <summary>Writes what the file holds into the rows of a parameter.</summary>
    public void Read(Tensor stored, Tensor parameter)
    {
        using var scope = NewDisposeScope();
        var rows = Transposed ? stored.t() : stored;
        if (HeadByHead > 0)
            rows = Reorder(rows, HeadByHead, 3);
        Part(parameter).copy_(rows);
    }

    /// <summary>What the file shall hold, possibly a view of the parameter.</summary>
    public Tensor Write(Tensor parameter)
    {
        var rows = Part(parameter);
        if (HeadByHead > 0)
            rows = Reorder(rows, 3, HeadByHead);
        return Transposed ? rows.t() : rows;
    }

    private Tensor Part(Tensor parameter) => Rows is { } rows ? parameter.narrow(0, Start, rows) : parameter;

    /// <summary>(a · b · D, …) → (b · a · D, …).</summary>
    private static Tensor Reorder(Tensor t, long a, long b) =>
        t.reshape([a, b, t.shape[0] / (a * b), .. t.shape.Skip(1)]).transpose(0, 1).reshape(t.shape);
}
