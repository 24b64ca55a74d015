using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Toolformer.Torch.Seq2Seq;

/// <summary>
/// The transformer of Vaswani et al. (2017) with the norms before the blocks: an encoder that reads a source, and a
/// decoder that sees what it has written and the encoder's states. For inference: it keeps no gradients.
/// </summary>
public sealed class EncoderDecoder : IDisposable
{
    private readonly ParameterSet _parameters;

    /// <param name="parameters">
    /// All tensors that <see cref="Seq2SeqShape.Parameters"/> names; owned from now on.
    /// </param>
    public EncoderDecoder(Seq2SeqShape shape, Dictionary<string, Tensor> parameters)
    {
        Shape = shape;
        _parameters = new ParameterSet(parameters);
    }

    public Seq2SeqShape Shape { get; }

    /// <summary>Reads a model folder.</summary>
    /// <exception cref="InvalidDataException">The folder is damaged or holds another kind of model.</exception>
    /// <exception cref="IOException">The folder or a file is missing.</exception>
    public static EncoderDecoder Open(string folder, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        var config = Checkpoint.ReadConfig(folder);
        var family = Seq2SeqFamily.Named(config.Text("model_type"), config.Path);
        var shape = family.ReadShape(config);
        return new EncoderDecoder(
            shape, Checkpoint.Read(folder, shape.Parameters(), family.NamesInFile, type, device ?? CPU));
    }

    /// <summary>Logits (B, T, V) of the token after each of the targets'; rows may differ in length.</summary>
    /// <param name="targets">Each begins with <see cref="Seq2SeqShape.DecoderStart"/>.</param>
    public Tensor Logits(IReadOnlyList<IReadOnlyList<int>> sources, IReadOnlyList<IReadOnlyList<int>> targets)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var state = Start(sources);
        var hidden = Decode(state, _parameters.Padded(targets, Shape.PaddingId));
        return Head(hidden).MoveToOuterDisposeScope();
    }

    public void Dispose() => _parameters.Dispose();

    /// <summary>Reads sources; one row per source is ready to be written.</summary>
    internal DecoderState Start(IReadOnlyList<IReadOnlyList<int>> sources)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        int[] lengths = [.. sources.Select(s => s.Count)];
        var ids = _parameters.Padded(sources, Shape.PaddingId);
        var mask = _parameters.PaddingMask(lengths, lengths.Max());
        var x = Embed(ids, first: 0);
        for (int l = 0; l < Shape.Encoder.Layers; l++)
        {
            using var inner = NewDisposeScope();
            string layer = $"encoder.layers.{l}.";
            var read = Norm(layer + "self.norm", x);
            var (q, k, v) = (Heads("q"), Heads("k"), Heads("v"));
            var y = x.Plus(_parameters.Attend(layer + "self", q, k, v, mask));
            x = Mlp(layer, y).MoveToOuterDisposeScope();

            Tensor Heads(string part) => _parameters.Heads($"{layer}self.{part}", read, Shape.Encoder.Heads);
        }
        x = Norm("encoder.norm", x);
        var cross = new (Tensor, Tensor)[Shape.Decoder.Layers];
        for (int l = 0; l < cross.Length; l++)
        {
            Tensor Heads(string part) =>
                _parameters.Heads($"decoder.layers.{l}.cross.{part}", x, Shape.Decoder.Heads).contiguous();
            cross[l] = (Heads("k"), Heads("v"));
        }
        return new DecoderState(mask, cross);
    }

    /// <summary>Reads L more tokens of each row and gives the logits (N, V) of what comes next, in float32.</summary>
    /// <param name="tokens">Row by row.</param>
    internal Tensor Step(DecoderState state, long[] tokens)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var hidden = Decode(state, tensor(tokens, device: _parameters.Device).view(state.Rows, -1));
        return Head(hidden.narrow(1, hidden.shape[1] - 1, 1)).squeeze(1).to(ScalarType.Float32)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Hidden states (N, L, d) of new tokens (N, L), which the state remembers.</summary>
    private Tensor Decode(DecoderState state, Tensor ids)
    {
        var x = Embed(ids, state.Length);
        for (int l = 0; l < Shape.Decoder.Layers; l++)
        {
            using var inner = NewDisposeScope();
            string layer = $"decoder.layers.{l}.";
            var read = Norm(layer + "self.norm", x);
            Tensor Heads(string part) => _parameters.Heads(layer + part, read, Shape.Decoder.Heads);
            var q = Heads("self.q");
            // What is new sees all before it and itself: causal from the start, or a single token that sees everything.
            var (k, v) = state.Append(l, Heads("self.k"), Heads("self.v"));
            var y = x.Plus(_parameters.Attend(layer + "self", q, k, v, null, causal: state.Length == 0));
            read = Norm(layer + "cross.norm", y);
            y = y.Plus(Cross(state, l, Heads("cross.q")));
            x = Mlp(layer, y).MoveToOuterDisposeScope();
        }
        state.Length += (int)ids.shape[1];
        return Norm("decoder.norm", x);
    }

    /// <summary>
    /// The W rows of a source share its keys and values: they count as further queries, and nothing is copied.
    /// </summary>
    private Tensor Cross(DecoderState state, int layer, Tensor q)
    {
        var (k, v) = state.Cross[layer];                                                // (B, H, S, D)
        long sources = k.shape[0], heads = q.shape[1], length = q.shape[2], width = q.shape[3];
        var grouped = q.view(sources, -1, heads, length, width).transpose(1, 2)
            .reshape(sources, heads, -1, width);                                        // (B, H, W·L, D)
        var mixed = F.scaled_dot_product_attention(grouped, k, v, state.Mask)
            .view(sources, heads, -1, length, width).permute(0, 2, 3, 1, 4)
            .reshape(q.shape[0], length, heads * width);                                // (N, L, d)
        return _parameters.Linear($"decoder.layers.{layer}.cross.out", mixed);
    }

    private Tensor Mlp(string layer, Tensor x)
    {
        var up = _parameters.Linear(layer + "mlp.up", Norm(layer + "mlp.norm", x));
        return x.Plus(_parameters.Linear(layer + "mlp.down", ParameterSet.Activate(Shape.Activation, up)));
    }

    private Tensor Norm(string name, Tensor x) => _parameters.Norm(name, x, Shape.NormEpsilon);

    private Tensor Head(Tensor hidden) => F.linear(hidden, _parameters["embedding"]);

    /// <summary>Scaled embeddings plus sinusoids; ids (B, T) stand at positions first, first + 1, …</summary>
    private Tensor Embed(Tensor ids, int first)
    {
        int length = (int)ids.shape[1];
        var table = Sinusoids(first + Shape.PaddingId + 1, length).to(_parameters.Type);
        // Padding has the position zero, whose sinusoid is taken to be zero. It only stands behind a row's tokens.
        using var padding = ids.eq(Shape.PaddingId);
        var positions = table.unsqueeze(0).expand(ids.shape[0], -1, -1)
            .masked_fill(padding.unsqueeze(2), TensorArithmetic.Zero);
        return _parameters.Rows("embedding", ids).Times(Shape.EmbeddingScale).Plus(positions);
    }

    /// <summary>(length, d): sines in the first half, cosines in the second; in float32 as the reference.</summary>
    private Tensor Sinusoids(int first, int length)
    {
        int half = Shape.Width / 2;
        var device = _parameters.Device;
        var rates = Numbers(0, half).Times(-Math.Log(10_000) / (half - 1)).exp();
        var positions = Numbers(first, length);
        var angles = positions.unsqueeze(1).mul(rates.unsqueeze(0));                    // (length, d / 2)
        var both = cat([angles.sin(), angles.cos()], 1);
        return Shape.Width % 2 == 0 ? both : cat([both, zeros([length, 1], device: device)], 1);

        Tensor Numbers(int start, int count) =>
            tensor(Enumerable.Range(start, count).Select(i => (float)i).ToArray(), device: device);
    }
}
