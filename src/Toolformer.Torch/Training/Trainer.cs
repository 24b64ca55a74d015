using System.Globalization;
using System.Text.Json;
using static TorchSharp.torch;

namespace Toolformer.Torch.Training;

/// <summary>Numbers of a training run; the defaults are the paper's (section 4.1 and appendix B).</summary>
public sealed record TrainingOptions
{
    /// <summary>Updates to make.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>The highest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-5;

    /// <summary>Share of the steps in which the rate rises linearly from zero.</summary>
    public double WarmUp { get; init; } = 0.1;

    /// <summary>
    /// Share of the steps, the last ones, in which the rate falls linearly to zero. The paper does not say; 0 keeps it.
    /// </summary>
    public double CoolDown { get; init; }

    /// <summary>Gradients are scaled down to this L2 norm; 0: never.</summary>
    public double ClipNorm { get; init; } = 1;

    public AdamWOptions AdamW { get; init; } = new();

    /// <summary>Muon for the matrices inside the layers instead of AdamW; for pretraining.</summary>
    public bool Muon { get; init; }

    /// <summary>bfloat16 computes in half the time over float32 masters.</summary>
    public ScalarType ComputeType { get; init; } = ScalarType.BFloat16;

    /// <summary>
    /// Most positions of one forward and backward pass, padding included; a step is as many passes as it needs.
    /// </summary>
    public int MicroBatchTokens { get; init; } = 8192;

    /// <summary>How a pass trades memory for time.</summary>
    public PassLayout Layout { get; init; } = new();

    /// <summary>Of what is dropped in an adapter.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Held-out perplexity is measured, and the best model kept, after every so many steps (500).</summary>
    public int EvaluateEvery { get; init; } = 500;

    /// <summary>State for resuming is written after every so many steps.</summary>
    public int CheckpointEvery { get; init; } = 100;

    /// <summary>The rate of step s (0-based).</summary>
    public double RateAt(long step)
    {
        double warm = Math.Max(1, WarmUp * Steps), cool = CoolDown * Steps;
        double rise = Math.Min(1, (step + 1) / warm);
        double fall = cool > 0 ? Math.Min(1, (Steps - step) / cool) : 1;
        return LearningRate * Math.Min(rise, fall);
    }
}

/// <summary>How far a run is.</summary>
/// <param name="Loss">Mean NLL per scored token of the step, nats.</param>
/// <param name="Perplexity">Held-out perplexity, where it was measured after this step.</param>
public sealed record TrainingProgress(
    long Step, int Steps, double Loss, long Tokens, double LearningRate, double GradientNorm, double? Perplexity);

/// <summary>
/// The one training loop. What it learns from is a pure function of the step, so a run that is killed and started again
/// ends with the same numbers as one that was not.
/// </summary>
public sealed class Trainer
{
    private readonly TrainingOptions _options;
    private readonly string _folder;
    private readonly Func<long, IReadOnlyList<TrainingRow>> _batch;

    /// <summary>Positions of one pass; fewer from where memory has run out.</summary>
    private int _microBatchTokens;

    /// <param name="folder">Holds the state, the log and the best parameters.</param>
    /// <param name="batch">The rows of step s; must not depend on anything else.</param>
    public Trainer(string folder, TrainingOptions options, Func<long, IReadOnlyList<TrainingRow>> batch)
    {
        _folder = folder;
        _options = options;
        _batch = batch;
        _microBatchTokens = options.MicroBatchTokens;
        Directory.CreateDirectory(folder);
    }

    /// <summary>Rows on which the best step is chosen; empty: the last step is the best.</summary>
    public IReadOnlyList<TrainingRow> HeldOut { get; init; } = [];

    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Called with the live decoder every <see cref="TrainingOptions.EvaluateEvery"/> steps.</summary>
    public Action<long, Decoder>? Probe { get; init; }

    /// <summary>See <see cref="Decoder.BeforeBatch"/>.</summary>
    internal Action<long>? BeforeBatch { get; init; }

    private string StatePath => Path.Combine(_folder, "state.safetensors");
    private string BestPath => Path.Combine(_folder, "best.safetensors");
    private string LogPath => Path.Combine(_folder, "log.jsonl");

    /// <summary>Trains from <paramref name="start"/>, or from where an earlier run in the folder stopped.</summary>
    /// <returns>A new decoder with the best parameters, float32, on the CPU.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the state up to then is saved.</exception>
    public Decoder Run(Decoder start, CancellationToken cancellation = default)
    {
        Train(new FlatParameters(start, _options.ComputeType), cancellation);
        return new Decoder(start.Shape, ReadBest(start.Shape.Parameters()));
    }

    /// <summary>The same from a decoder that is not kept once its parameters are copied to where they train.</summary>
    public Decoder Run(Func<Decoder> read, Device device, CancellationToken cancellation = default)
    {
        FlatParameters parameters;
        DecoderShape shape;
        using (var start = read())
        {
            shape = start.Shape;
            parameters = new FlatParameters(start, _options.ComputeType, device);
        }
        Train(parameters, cancellation);
        return new Decoder(shape, ReadBest(shape.Parameters()));
    }

    /// <summary>Trains only an adapter of <paramref name="start"/>, whose own parameters stay as they are.</summary>
    /// <returns>A new adapter with the best parameters, float32, on the CPU.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the state up to then is saved.</exception>
    public Adapter Run(Decoder start, Adapter adapter, CancellationToken cancellation = default)
    {
        start.ComputeType = _options.ComputeType;
        Train(new FlatParameters(start, adapter), cancellation);
        return adapter.With(ReadBest(adapter.Parameters));
    }

    private void Train(FlatParameters trained, CancellationToken cancellation)
    {
        using var parameters = trained;
        parameters.Decoder.BeforeBatch = BeforeBatch;
        using Optimizer optimizer = _options.Muon
            ? new Muon(parameters, _options.AdamW)
            : new AdamW(parameters.Values, parameters.Gradients, _options.AdamW);
        double best = Restore(parameters, optimizer);
        while (optimizer.Steps < _options.Steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(parameters, optimizer, best);
                cancellation.ThrowIfCancellationRequested();
            }
            long step = optimizer.Steps;
            var (loss, tokens, norm) = Step(parameters, optimizer, _batch(step));
            if (!double.IsFinite(loss))
                throw NotFinite("loss of", step, loss);
            double? perplexity = null;
            bool last = optimizer.Steps == _options.Steps;
            if (last || optimizer.Steps % _options.EvaluateEvery == 0)
            {
                perplexity = HeldOut.Count > 0 ? Perplexity(parameters.Decoder) : null;
                if (perplexity is { } p && !double.IsFinite(p))
                    throw NotFinite("held-out perplexity after", step, p);
                if (perplexity is null ? last : perplexity < best)
                {
                    best = perplexity ?? best;
                    SaveBest(parameters);
                }
                Probe?.Invoke(optimizer.Steps, parameters.Decoder);
            }
            var progress = new TrainingProgress(
                optimizer.Steps, _options.Steps, loss, tokens, _options.RateAt(step), norm, perplexity);
            Log(progress);
            if (last || optimizer.Steps % _options.CheckpointEvery == 0)
                Save(parameters, optimizer, best);
            Progress?.Report(progress);
        }
    }

    private InvalidOperationException NotFinite(string what, long step, double value) => new(
        $"The {what} step {step} is {value}.\n  in {_folder}\n"
        + "  Lower the learning rate, or look for broken texts in the data.");

    private (double Loss, long Tokens, double Norm) Step(
        FlatParameters parameters, Optimizer optimizer, IReadOnlyList<TrainingRow> rows)
    {
        using var scope = NewDisposeScope();
        long scored = rows.Sum(r => r.Scored is { } s ? s.Skip(1).LongCount(x => x) : r.Tokens.Length - 1);
        double sum = InParts(rows, parts =>
        {
            // Also what a pass has left behind in which memory ran out.
            using (no_grad())
                parameters.Gradients.zero_();
            double all = 0;
            int pass = 0;
            foreach (var part in parts)
            {
                if (parameters.Decoder.Adapter is { } adapter)
                    adapter.DropoutSeed = ((_options.Seed * 1_000_003L) + optimizer.Steps) * 10_007 + pass++;
                all += TrainingLoss.Backward(parameters.Decoder, part, scored, _options.Layout).Sum;
            }
            return all;
        });
        double norm = parameters.Gradients.norm().item<float>();
        if (_options.ClipNorm > 0 && norm > _options.ClipNorm)
        {
            using var guard = no_grad();
            parameters.Gradients.MultiplyInPlace(_options.ClipNorm / norm);
        }
        optimizer.Step(_options.RateAt(optimizer.Steps));
        return (sum / scored, rows.Sum(r => (long)r.Tokens.Length), norm);
    }

    private double Perplexity(Decoder decoder)
    {
        if (decoder.Adapter is { } adapter)
            adapter.DropoutSeed = null;
        var (sum, count) = InParts(HeldOut, parts =>
            parts.Select(part => TrainingLoss.Evaluate(decoder, part, _options.Layout))
                .Aggregate((Sum: 0.0, Count: 0L), (a, b) => (a.Sum + b.Sum, a.Count + b.Count)));
        return Math.Exp(sum / count);
    }

    /// <summary>
    /// Gives the rows to <paramref name="work"/> in parts that fit into memory: where it runs out all begins again, in
    /// parts of half the size, until a part is one row.
    /// </summary>
    private T InParts<T>(IReadOnlyList<TrainingRow> rows, Func<IEnumerable<IReadOnlyList<TrainingRow>>, T> work)
    {
        while (true)
        {
            try
            {
                int[] lengths = [.. rows.Select(r => r.Tokens.Length)];
                var parts = _options.Layout.Packed
                    ? Batches.Fill(lengths, _microBatchTokens)
                    : Batches.Pack(lengths, _microBatchTokens);
                return work(parts.Select(IReadOnlyList<TrainingRow> (part) => [.. part.Select(i => rows[i])]));
            }
            catch (Exception e) when (DeviceMemory.RanOut(e))
            {
                int shortest = rows.Min(r => r.Tokens.Length), longest = rows.Max(r => r.Tokens.Length);
                if (_microBatchTokens <= shortest)
                    throw new InsufficientMemoryException($"Memory ran out with one row of {longest:N0} tokens at once."
                        + $"\n  in {_folder}\n  Take a smaller model, shorter texts, or a device with more memory.", e);
                _microBatchTokens = Math.Max(shortest, Math.Min(_microBatchTokens, rows.Sum(r => r.Tokens.Length)) / 2);
            }
        }
    }

    private void Save(FlatParameters parameters, Optimizer optimizer, double best) => Safetensors.Write(
        StatePath,
        [("values", parameters.Values), .. optimizer.State],
        new Dictionary<string, string>
        {
            ["step"] = optimizer.Steps.ToString(CultureInfo.InvariantCulture),
            ["best"] = best.ToString("R", CultureInfo.InvariantCulture),
        });

    /// <summary>Puts the saved state back, if there is one, and cuts what the log says of later steps.</summary>
    private double Restore(FlatParameters parameters, Optimizer optimizer)
    {
        if (!File.Exists(StatePath))
        {
            File.Delete(LogPath);
            return double.PositiveInfinity;
        }
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var saved = Safetensors.Read(StatePath);
        foreach (var (name, target) in optimizer.State.Prepend(("values", parameters.Values)))
        {
            if (!saved.TryGetValue(name, out var value) || !value.shape.SequenceEqual(target.shape))
                throw new InvalidDataException(
                    $"The saved state lacks '{name}' in this model's size.\n  in {StatePath}\n"
                    + "  It belongs to another model or optimiser: delete the folder or name another.");
            target.copy_(value);
        }
        var metadata = Safetensors.ReadMetadata(StatePath);
        optimizer.Steps = long.Parse(metadata["step"], CultureInfo.InvariantCulture);
        if (File.Exists(LogPath))
        {
            string[] lines = [.. File.ReadLines(LogPath).Take((int)optimizer.Steps)];
            File.WriteAllLines(LogPath + ".tmp", lines);
            File.Move(LogPath + ".tmp", LogPath, overwrite: true);
        }
        return double.Parse(metadata["best"], CultureInfo.InvariantCulture);
    }

    private void SaveBest(FlatParameters parameters) =>
        Safetensors.Write(BestPath, [("values", parameters.Values)]);

    private Dictionary<string, Tensor> ReadBest(IEnumerable<(string Name, long[] Shape)> layout)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var flat = Safetensors.Read(BestPath)["values"];
        var parameters = new Dictionary<string, Tensor>();
        long offset = 0;
        foreach (var (name, size) in layout)
        {
            long count = size.Aggregate(1L, (a, b) => a * b);
            parameters[name] = flat.narrow(0, offset, count).view(size).MoveToOuterDisposeScope();
            offset += count;
        }
        return parameters;
    }

    private void Log(TrainingProgress p) => File.AppendAllText(LogPath, JsonSerializer.Serialize(new
    {
        step = p.Step,
        loss = Math.Round(p.Loss, 6),
        tokens = p.Tokens,
        learning_rate = p.LearningRate,
        gradient_norm = Math.Round(p.GradientNorm, 6),
        perplexity = p.Perplexity,
    }) + "\n");
}
