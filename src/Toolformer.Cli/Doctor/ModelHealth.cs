using Toolformer.Modeling;
using Toolformer.Torch;
using Toolformer.Torch.Reading;
using Toolformer.Torch.Seq2Seq;
using Toolformer.Torch.Tokenizers;
using static TorchSharp.torch;

namespace Toolformer.Cli.Doctor;

/// <summary>Whether a model folder can be scored, written on from, and taught to call tools.</summary>
public static class ModelHealth
{
    private const string FetchAnew = "Fetch the folder again with all its files.";

    /// <summary>Everything that is wrong with a folder, as far as one fault does not hide another.</summary>
    public static IEnumerable<Finding> Examine(
        string path, Compute compute, CancellationToken cancellation = default)
    {
        var files = FolderHealth.Examine(path, out var damaged);
        foreach (var finding in files)
            yield return finding;
        ModelFolder? folder = null;
        bool sound = files.All(f => f.Health != Health.Broken);
        // What is damaged as a file has been told.
        if (!damaged.Contains("config.json") && OtherKind(path) is { } other)
        {
            foreach (var finding in Examine(other, path, damaged, sound, cancellation))
                yield return finding;
            yield break;
        }
        if (!damaged.Contains("config.json"))
        {
            foreach (var finding in Try("configuration", () => [Configuration(path, out folder)]))
                yield return finding;
        }
        if (!Directory.Exists(path))
            yield break;
        if (folder is not null)
        {
            foreach (var finding in Try("configuration", () => ConfigHealth.Misspelt(folder)))
                yield return finding;
            if (!damaged.Overlaps(TokenizerFiles.Names))
            {
                foreach (var finding in Try("tokenizer", () => TokenizerHealth.Examine(folder)))
                    yield return finding;
            }
            if (!damaged.Contains("generation_config.json"))
            {
                foreach (var finding in Try("end of text", () => ConfigHealth.TokenIds(folder)))
                    yield return finding;
            }
        }
        var weights = new WeightHealth(path, damaged);
        foreach (var examine in Steps())
        {
            foreach (var finding in Try("weights", examine))
            {
                sound &= finding.Health != Health.Broken;
                yield return finding;
            }
        }
        if (sound && folder is not null)
        {
            foreach (var finding in Try("weights", () => Computed(folder, compute)))
                yield return finding;
        }

        IEnumerable<Func<IEnumerable<Finding>>> Steps()
        {
            yield return weights.Files;
            if (folder is null)
                yield break;
            // A missing file has been told; its tensors need not be.
            if (sound)
                yield return () => weights.Against(folder);
            yield return () => weights.Values(name => weights.IsWanted(folder, name), cancellation);
            yield return () => weights.Tied(folder);
        }

        IEnumerable<Finding> Try(string subject, Func<IEnumerable<Finding>> examine) =>
            Finding.Try(subject, path, FetchAnew, examine);
    }

    /// <summary>A model that is no language model of its own: one that translates, or finds answers.</summary>
    private static (string Kind, Action<string> Open)? OtherKind(string path)
    {
        string file = Path.Combine(path, "config.json");
        using var config = File.Exists(file) ? ConfigHealth.Json(file, out _) : null;
        if (config is null || !config.RootElement.TryGetProperty("model_type", out var type))
            return null;
        if (Catalog.Find<Seq2SeqFamily>().Any(f => f.ModelType == type.ToString()))
            return ($"{type}, a translator", p => EncoderDecoder.Open(p).Dispose());
        if (Catalog.Find<ReaderFamily>().Any(f => f.ModelType == type.ToString()))
            return ($"{type}, a reader that finds answers", p => SpanModel.Open(p).Dispose());
        return null;
    }

    private static IEnumerable<Finding> Examine((string Kind, Action<string> Open) model, string path,
        IReadOnlySet<string> damaged, bool sound, CancellationToken cancellation)
    {
        var weights = new WeightHealth(path, damaged);
        foreach (var examine in new[] { weights.Files, () => weights.Values(_ => true, cancellation), Tokens, Read })
        {
            foreach (var finding in Finding.Try("weights", path, FetchAnew, examine))
            {
                sound &= finding.Health != Health.Broken;
                yield return finding;
            }
        }

        IEnumerable<Finding> Tokens()
        {
            if (!damaged.Overlaps(TokenizerFiles.Names) && TokenizerFiles.Exist(path))
                yield return Finding.Try("tokenizer", path, FetchAnew, () => [new Finding("tokenizer", Health.Ok,
                    $"{Tokenizer.Load(path).VocabularySize:N0} tokens")]).Single();
        }

        IEnumerable<Finding> Read()
        {
            if (!sound)
                yield break;
            model.Open(path);
            yield return new Finding("weights", Health.Ok, $"{model.Kind}: all tensors are there, and finite", path);
        }
    }

    private static Finding Configuration(string path, out ModelFolder folder)
    {
        folder = Models.OpenFolder(path);
        var shape = folder.Shape;
        return new Finding("configuration", Health.Ok, $"{folder.Architecture.ModelType}, "
            + $"{shape.ParameterCount:N0} parameters, {shape.Layers} layers of {shape.Width}, context "
            + $"{shape.ContextLength:N0}, vocabulary {shape.VocabularySize:N0}", path);
    }

    /// <summary>Reads a token with the whole model, where it fits.</summary>
    private static List<Finding> Computed(ModelFolder folder, Compute compute)
    {
        var type = compute.Type ?? ScalarType.Float32;
        long needed = folder.Shape.ParameterCount * (type == ScalarType.Float32 ? 4 : 2);
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (compute.Device.type == TorchSharp.DeviceType.CPU && needed > memory)
        {
            return [new Finding("weights", Health.Limited, $"in {Name(type)} they take {needed / 1e9:F1} GB, this "
                + $"machine has {memory / 1e9:F1} GB", folder.Path, type != ScalarType.Float32 || needed / 2 > memory
                    ? "Use a smaller model, or a machine with more memory."
                    : "Use --dtype bfloat16, which takes half as much.")];
        }
        using var decoder = folder.ReadDecoder(type, compute.Device);
        using var guard = no_grad();
        string what = $"{decoder.Parameters.Count} tensors, all finite";
        using var model = new TorchLanguageModel(decoder, new NoTokenizer(folder.Path, 0), null, null);
        int vocabulary = model.VocabularySize, first = folder.BeginningOfText ?? 0;
        var read = model.Forward([new ForwardInput([Math.Min(first, vocabulary - 1)])
        {
            Targets = [.. Enumerable.Range(0, Math.Min(vocabulary, 64)).Select(token => new Target(1, token))],
        }])[0];
        return [read.LogProbabilities.All(float.IsFinite)
            ? new Finding("weights", Health.Ok, $"{what}; a first token was read")
            : new Finding("weights", Health.Broken, $"{what}, but what they compute is not", folder.Path,
                $"The weights are too large for {Name(type)}: take a wider --dtype, or an earlier checkpoint.")];
    }

    private static string Name(ScalarType type) => type.ToString().ToLowerInvariant();
}
