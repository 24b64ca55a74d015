using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Toolformer.Torch;

/// <summary>
/// The parameters of a network by their names, all of one type on one device, and the layers that are built of them. A
/// layer "up" is a matrix "up.weight" (out, in) with "up.bias" (out).
/// </summary>
internal sealed class ParameterSet : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors;

    /// <param name="tensors">Owned from now on.</param>
    public ParameterSet(Dictionary<string, Tensor> tensors)
    {
        _tensors = tensors;
        foreach (var tensor in tensors.Values)
            tensor.DetachFromDisposeScope();
        (Type, Device) = (tensors.Values.First().dtype, tensors.Values.First().device);
    }

    public ScalarType Type { get; }

    public Device Device { get; }

    public Tensor this[string name] => _tensors[name];

    /// <summary>(…, in) → (…, out).</summary>
    public Tensor Linear(string name, Tensor x) =>
        F.linear(x, _tensors[name + ".weight"], _tensors[name + ".bias"]);

    /// <summary>Layer norm over the last dimension.</summary>
    public Tensor Norm(string name, Tensor x, double epsilon) =>
        F.layer_norm(x, [x.shape[^1]], _tensors[name + ".weight"], _tensors[name + ".bias"], epsilon);

    /// <summary>Rows of a table (n, d) by ids (…): (…, d).</summary>
    public Tensor Rows(string table, Tensor ids) =>
        _tensors[table].index_select(0, ids.reshape(-1)).view([.. ids.shape, _tensors[table].shape[1]]);

    /// <summary>A projection (B, T, d) split into heads: (B, H, T, D).</summary>
    public Tensor Heads(string name, Tensor x, int heads) =>
        Linear(name, x).view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);

    /// <summary>Attention of queries (B, H, T, D) to keys and values, projected by "name.out": (B, T, d).</summary>
    /// <param name="mask">Added to the scores, broadcast to (B, H, T, S); null: every key is seen.</param>
    public Tensor Attend(string name, Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal = false)
    {
        var mixed = F.scaled_dot_product_attention(q, k, v, mask, is_casual: causal);
        return Linear(name + ".out", mixed.transpose(1, 2).reshape(q.shape[0], q.shape[2], -1));
    }

    /// <summary>(B, 1, 1, S): 0 for the first Length tokens of each row, −∞ for the padding behind them.</summary>
    public Tensor PaddingMask(IReadOnlyList<int> lengths, int longest)
    {
        var mask = new float[lengths.Count * longest];
        for (int b = 0; b < lengths.Count; b++)
            mask.AsSpan(b * longest + lengths[b], longest - lengths[b]).Fill(float.NegativeInfinity);
        return tensor(mask, device: Device).to(Type).view(lengths.Count, 1, 1, longest);
    }

    /// <summary>(B, T) of rows filled up with a padding id.</summary>
    public Tensor Padded(IReadOnlyList<IReadOnlyList<int>> rows, int padding)
    {
        int longest = rows.Max(r => r.Count);
        var ids = new long[rows.Count * longest];
        Array.Fill(ids, padding);
        for (int b = 0; b < rows.Count; b++)
        {
            for (int t = 0; t < rows[b].Count; t++)
                ids[b * longest + t] = rows[b][t];
        }
        return tensor(ids, device: Device).view(rows.Count, longest);
    }

    /// <summary>The non-linearity of a layer.</summary>
    public static Tensor Activate(Activation activation, Tensor x) => activation switch
    {
        Activation.GeluTanh => x.gelu(TorchSharp.Modules.GELU.Approximate.tanh),
        Activation.Gelu => x.gelu(),
        Activation.Relu => x.relu(),
        _ => throw new NotSupportedException($"The encoders have no activation {activation}."),
    };

    /// <exception cref="InvalidDataException">The networks with encoders have no such activation.</exception>
    public static Activation ReadActivation(ModelConfig config, string key, string fallback) =>
        config.Text(key, fallback) switch
        {
            "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Activation.GeluTanh,
            "gelu" => Activation.Gelu,
            "relu" => Activation.Relu,
            var other => throw new InvalidDataException(
                $"{key} '{other}' is not supported (gelu_new, gelu, relu).\n  in {config.Path}"),
        };

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
    }
}
