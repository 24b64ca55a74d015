using System.Text.Json;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// What a model folder in Hugging Face's layout holds whatever its family: config.json and one or several safetensors
/// files. Both are hostile until checked.
/// </summary>
internal static class Checkpoint
{
    public const string SingleFile = "model.safetensors", IndexFile = "model.safetensors.index.json";

    /// <exception cref="InvalidDataException">config.json is malformed.</exception>
    /// <exception cref="IOException">There is no such folder, or no config.json in it.</exception>
    public static ModelConfig ReadConfig(string path)
    {
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException(
                $"There is no model folder '{path}'.\n  It should hold config.json and {SingleFile}.");
        string configPath = Path.Combine(path, "config.json");
        if (!File.Exists(configPath))
            throw new FileNotFoundException($"'{path}' has no config.json, so it is not a model folder.\n"
                + $"  looked in {Path.GetFullPath(path)}\n"
                + "  Fetch the model again with all its files, or name the folder that holds them.", configPath);
        var config = ModelConfig.Read(configPath);
        if (config.Part("quantization_config") is { } quantised)
            throw new InvalidDataException($"The weights are quantised ({quantised.Text("quant_method", "unknown")}), "
                + $"which is not supported.\n  in {configPath}\n  Take the model in float16, bfloat16 or float32.");
        return config;
    }

    /// <summary>The files with weights, in order of their names.</summary>
    /// <exception cref="InvalidDataException">The index of the shards is malformed.</exception>
    /// <exception cref="FileNotFoundException">There are no weights, or a shard is missing.</exception>
    public static IReadOnlyList<string> WeightFiles(string path)
    {
        string In(string file) => Path.Combine(path, file);
        if (File.Exists(In(SingleFile)))
            return [In(SingleFile)];
        if (!File.Exists(In(IndexFile)))
        {
            if (Directory.GetFiles(path, "pytorch_model*.bin") is { Length: > 0 } pickles)
                throw Pickled(pickles.Min(StringComparer.Ordinal)!);
            throw new FileNotFoundException($"There is neither {SingleFile} nor {IndexFile}.\n  in {path}\n"
                + "  Fetch the model again with all its files, or name the folder that holds the weights.",
                In(SingleFile));
        }
        try
        {
            using var index = JsonDocument.Parse(File.ReadAllBytes(In(IndexFile)));
            string[] shards = [.. index.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(p => p.Value.GetString() ?? "").Distinct().Order(StringComparer.Ordinal)];
            foreach (string shard in shards)
            {
                if (shard != Path.GetFileName(shard))
                    throw new InvalidDataException($"Shard '{shard}' lies outside the folder.\n  in {In(IndexFile)}");
                if (!File.Exists(In(shard)))
                    throw new FileNotFoundException(
                        $"Shard '{shard}' is missing.\n  named by {In(IndexFile)}\n  Fetch it again.", In(shard));
            }
            return [.. shards.Select(In)];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException(
                $"The index of the shards is not valid: {e.Message}\n  in {In(IndexFile)}", e);
        }
    }

    private static FileNotFoundException Pickled(string file) => new(
        $"The weights are there only as {Path.GetFileName(file)}: a pickle, which can run any program when it is "
        + $"opened, so it is never opened here.\n  in {Path.GetDirectoryName(file)}\n"
        + $"  Most models have {SingleFile} where they come from: fetch that. Else convert the file, with a loader "
        + "that runs nothing of it:\n"
        + "  python3 -c \"import torch, safetensors.torch as s; "
        + "w = torch.load('pytorch_model.bin', map_location='cpu', weights_only=True); "
        + "s.save_file({k: v.clone() for k, v in w.items()}, 'model.safetensors', {'format': 'pt'})\"",
        file);

    /// <summary>Reads the parameters of a network; tensors that it does not ask for are passed over.</summary>
    /// <param name="parameters">Their names and shapes.</param>
    /// <param name="namesInFile">
    /// The names under which a parameter may be stored; the first that is there counts.
    /// </param>
    /// <exception cref="InvalidDataException">A tensor is missing or has another shape.</exception>
    public static Dictionary<string, Tensor> Read(
        string path, IEnumerable<(string Name, long[] Shape)> parameters,
        Func<string, IReadOnlyList<string>> namesInFile, ScalarType type, Device device)
    {
        var places = new Dictionary<string, (string File, Safetensors.Entry Entry)>(StringComparer.Ordinal);
        foreach (string file in WeightFiles(path))
        {
            foreach (var entry in Safetensors.ReadHeader(file).Values)
                places.TryAdd(entry.Name, (file, entry));
        }
        var wanted = new Dictionary<(string File, string Name), string>();
        foreach (var (parameter, shape) in parameters)
        {
            var names = namesInFile(parameter);
            if (names.FirstOrDefault(places.ContainsKey) is not { } name)
                throw new InvalidDataException($"There is no tensor '{string.Join("' or '", names)}'.\n  in {path}\n"
                    + "  A shard may be missing, or config.json belongs to another model.");
            var (file, entry) = places[name];
            if (!entry.Shape.SequenceEqual(shape))
                throw new InvalidDataException($"Tensor '{name}' has shape [{string.Join(", ", entry.Shape)}]; "
                    + $"config.json makes it [{string.Join(", ", shape)}].\n  in {file}\n"
                    + "  The weights and config.json belong to different models.");
            wanted[(file, name)] = parameter;
        }
        var found = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        using var _ = no_grad();
        try
        {
            foreach (string file in wanted.Keys.Select(k => k.File).Distinct())
            {
                foreach (var (entry, stored) in Safetensors.Stream(file, n => wanted.ContainsKey((file, n))))
                {
                    var tensor = stored.to(type, device);
                    if (!ReferenceEquals(tensor, stored))
                        stored.Dispose();
                    found[wanted[(file, entry.Name)]] = tensor.DetachFromDisposeScope();
                }
            }
            return found;
        }
        catch
        {
            foreach (var tensor in found.Values)
                tensor.Dispose();
            throw;
        }
    }
}
