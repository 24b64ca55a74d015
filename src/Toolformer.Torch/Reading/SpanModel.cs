using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Torch.Reading;

/// <summary>
/// An encoder that says of each token how likely an answer starts or ends there (Devlin et al. 2019, section 4.2). For
/// inference: it keeps no gradients. Not thread-safe: one caller at a time.
/// </summary>
public sealed class SpanModel : IDisposable
{
    /// <summary>Most positions of one batch, padding included.</summary>
    private const int MaxBatchTokens = 8192;

    private readonly ParameterSet _parameters;

    /// <param name="parameters">
    /// All tensors that <see cref="ReaderShape.Parameters"/> names; owned from now on.
    /// </param>
    public SpanModel(ReaderShape shape, Dictionary<string, Tensor> parameters)
    {
        Shape = shape;
        _parameters = new ParameterSet(parameters);
    }

    public ReaderShape Shape { get; }

    /// <summary>Reads a model folder.</summary>
    /// <exception cref="InvalidDataException">The folder is damaged or holds another kind of model.</exception>
    /// <exception cref="IOException">The folder or a file is missing.</exception>
    public static SpanModel Open(string folder, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        var config = Checkpoint.ReadConfig(folder);
        var family = ReaderFamily.Named(config.Text("model_type"), config.Path);
        var shape = family.ReadShape(config);
        return new SpanModel(
            shape, Checkpoint.Read(folder, shape.Parameters(), family.NamesInFile, type, device ?? CPU));
    }

    /// <summary>Logits of start and end for each token of each input.</summary>
    /// <exception cref="ArgumentException">An input is empty or too long, or an id is out of range.</exception>
    public IReadOnlyList<SpanLogits> Read(
        IReadOnlyList<SpanInput> inputs, CancellationToken cancellation = default)
    {
        foreach (var input in inputs)
            Check(input);
        var results = new SpanLogits[inputs.Count];
        foreach (var batch in Batches.Pack([.. inputs.Select(i => i.Ids.Count)], MaxBatchTokens))
        {
            cancellation.ThrowIfCancellationRequested();
            using var logits = Logits([.. batch.Select(i => inputs[i])]);
            for (int b = 0; b < batch.Count; b++)
            {
                using var scope = NewDisposeScope();
                float[] both = logits[b].narrow(0, 0, inputs[batch[b]].Ids.Count).t().Values<float>();
                results[batch[b]] = new(both[..(both.Length / 2)], both[(both.Length / 2)..]);
            }
        }
        return results;
    }

    /// <summary>Logits (B, T, 2) of a padded batch, in float32 on the CPU.</summary>
    public Tensor Logits(IReadOnlyList<SpanInput> inputs)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        int[] lengths = [.. inputs.Select(i => i.Ids.Count)];
        int longest = lengths.Max();
        var mask = _parameters.PaddingMask(lengths, longest);
        var types = _parameters.Padded([.. inputs.Select(i => i.Types)], 0);
        var x = _parameters.Rows("embedding", _parameters.Padded([.. inputs.Select(i => i.Ids)], Shape.PaddingId))
            .Plus(_parameters.Rows("types", types))
            .Plus(_parameters["positions"].narrow(0, 0, longest).unsqueeze(0));
        x = Norm("norm", x);
        for (int l = 0; l < Shape.Layers; l++)
        {
            using var inner = NewDisposeScope();
            string layer = $"layers.{l}.";
            var read = x;
            Tensor Heads(string part) => _parameters.Heads(layer + part, read, Shape.Heads);
            var mixed = _parameters.Attend($"layers.{l}", Heads("q"), Heads("k"), Heads("v"), mask);
            var y = Norm(layer + "norm1", x.Plus(mixed));
            var up = ParameterSet.Activate(Shape.Activation, _parameters.Linear(layer + "up", y));
            x = Norm(layer + "norm2", y.Plus(_parameters.Linear(layer + "down", up))).MoveToOuterDisposeScope();
        }
        return _parameters.Linear("answer", x).to(ScalarType.Float32).cpu().MoveToOuterDisposeScope();
    }

    public void Dispose() => _parameters.Dispose();

    private Tensor Norm(string name, Tensor x) => _parameters.Norm(name, x, Shape.NormEpsilon);

    private void Check(SpanInput input)
    {
        if (input.Ids.Count == 0 || input.Ids.Count > Shape.ContextLength)
            throw new ArgumentException($"An input has {input.Ids.Count:N0} tokens: it needs at least one, and the "
                + $"model reads at most {Shape.ContextLength:N0}.");
        if (input.Types.Count != input.Ids.Count)
            throw new ArgumentException($"An input has {input.Ids.Count:N0} tokens but {input.Types.Count:N0} types.");
        foreach (int id in input.Ids)
        {
            if (id < 0 || id >= Shape.VocabularySize)
                throw new ArgumentException(
                    $"Token id {id} is not in the model's vocabulary of {Shape.VocabularySize:N0}.");
        }
        foreach (int type in input.Types)
        {
            if (type < 0 || type >= Shape.TypeCount)
                throw new ArgumentException($"Type {type} is not among the model's {Shape.TypeCount}.");
        }
    }
}
