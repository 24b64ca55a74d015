using System.Text.Json;
using System.Text.RegularExpressions;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Cli.Doctor;

/// <summary>
/// Whether a folder's weights are whole, are those that config.json speaks of, and are numbers. Every file is looked
/// at, not only up to the first fault.
/// </summary>
internal sealed partial class WeightHealth(string path, IReadOnlySet<string> damaged)
{
    private const string SingleFile = "model.safetensors", IndexFile = "model.safetensors.index.json";
    private const string FetchAnew = "Fetch the file again, or the whole model with `toolformer pull`.";

    private readonly Dictionary<string, IReadOnlyDictionary<string, Safetensors.Entry>> _headers = [];
    private Dictionary<string, long[]>? _wanted;

    /// <summary>Whether the model reads a tensor of this name.</summary>
    public bool IsWanted(ModelFolder folder, string name)
    {
        _wanted ??= Wanted(folder);
        return _wanted.ContainsKey(Canonical(folder, _wanted, name));
    }

    private string In(string file) => Path.Combine(path, file);

    /// <summary>The files by themselves: index, shards, headers.</summary>
    public IEnumerable<Finding> Files()
    {
        string[] files =
            [.. Directory.GetFiles(path, "*.safetensors").Select(Path.GetFileName).OfType<string>().Order()];
        Dictionary<string, string>? map = null;
        if (files.Contains(SingleFile))
        {
            files = [SingleFile];
        }
        else if (damaged.Contains(IndexFile))
        {
            yield break;
        }
        else if (File.Exists(In(IndexFile)))
        {
            var (index, findings) = Index();
            foreach (var finding in findings)
                yield return finding;
            map = index;
            files = [.. files.Intersect(map.Values)];
        }
        else if (files.Length > 0)
        {
            yield return Broken($"there is neither {SingleFile} nor {IndexFile}, only {Some(files)}", path,
                files.Any(f => f.Contains("-of-"))
                    ? $"{IndexFile} says which tensor is where: fetch it too."
                    : $"If these are the model's weights, name the file {SingleFile}.");
            yield break;
        }
        else if (!Directory.GetFiles(path).Any(f => OtherWeights().IsMatch(f)))
        {
            yield return Broken($"there are no weights: neither {SingleFile} nor {IndexFile}", path,
                "Fetch the model again with all its files, or name the folder that holds the weights.");
        }
        foreach (string file in files.Where(f => !damaged.Contains(f)))
        {
            foreach (var finding in Finding.Try("weights", In(file), FetchAnew, () => Header(file)))
                yield return finding;
        }
        if (map is not null)
        {
            foreach (var finding in AgainstIndex(map))
                yield return finding;
        }
    }

    /// <summary>The headers against config.json: names, shapes and number formats.</summary>
    public IEnumerable<Finding> Against(ModelFolder folder)
    {
        var wanted = _wanted ??= Wanted(folder);
        var found = new HashSet<string>();
        var shapes = new List<string>();
        var types = new List<string>();
        var unused = new List<string>();
        foreach (var (file, entry) in _headers.SelectMany(h => h.Value.Values.Select(e => (h.Key, e))))
        {
            string name = Canonical(folder, wanted, entry.Name);
            if (!wanted.TryGetValue(name, out long[]? shape))
            {
                unused.Add(entry.Name);
                continue;
            }
            found.Add(name);
            if (!entry.Shape.SequenceEqual(shape))
                shapes.Add($"{entry.Name} is [{string.Join(", ", entry.Shape)}] in {file} and "
                    + $"[{string.Join(", ", shape)}] by config.json");
            if (entry.Type is not (ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16
                or ScalarType.BFloat16))
                types.Add($"{entry.Name} in {file} holds {entry.Type}");
        }
        if (unused.FirstOrDefault(n => Packed().IsMatch(n)) is { } packed)
        {
            yield return Broken($"the weights are quantised: {packed}", path,
                "Take the model that this one was made from: its card names it.");
            yield break;
        }
        if (shapes.Count > 0)
            yield return Broken($"config and weights disagree in {Count(shapes.Count, "shape")}: {Some(shapes)}",
                folder.Config.Path, "They belong to different models, or config.json was changed: take both from one "
                + "place.");
        if (types.Count > 0)
            yield return Broken($"{Count(types.Count, "tensor")} can't be weights by the number format: {Some(types)}",
                path, "Take the model in float32, float16 or bfloat16.");
        string[] missing = [.. wanted.Keys.Where(name => !found.Contains(name))];
        string head = Stored(folder, "head.weight");
        if (missing.Length == 1 && missing[0] == head)
            yield return Broken($"tie_word_embeddings is false, but there is no {head}", folder.Config.Path,
                "If the model's head is its embedding, set tie_word_embeddings to true; else fetch the weights again.");
        else if (missing.Length > 0)
            yield return Broken($"{Count(missing.Length, "tensor")} of {wanted.Count:N0} missing: {Some(missing)}",
                path, "A shard may be missing, or config.json belongs to another model: fetch both again.");
        foreach (var finding in Unused(folder, wanted.Keys, unused))
            yield return finding;
    }

    /// <summary>The numbers themselves, a few tensors at a time.</summary>
    /// <param name="wanted">By the name in the file.</param>
    public IEnumerable<Finding> Values(Func<string, bool> wanted, CancellationToken cancellation)
    {
        const long atOnce = 256 << 20;
        var bad = new List<string>();
        var zero = new List<string>();
        long count = 0, values = 0;
        foreach (var (file, header) in _headers)
        {
            long bytes = 0;
            var groups = header.Values.OrderBy(e => e.Start)
                .Where(e => wanted(e.Name))
                .GroupBy(e => (bytes += e.Bytes) / atOnce).ToList();
            foreach (var group in groups)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var names = group.Select(e => e.Name).ToHashSet();
                foreach (var (name, tensor) in Safetensors.Read(In(file), names.Contains))
                {
                    if (!tensor.is_floating_point() || tensor.numel() == 0)
                        continue;
                    count++;
                    long wrong = tensor.numel() - tensor.isfinite().sum().item<long>();
                    values += wrong;
                    if (wrong > 0)
                        bad.Add($"{name} ({wrong:N0}) in {file}");
                    else if (tensor.dim() > 1 && tensor.count_nonzero().item<long>() == 0)
                        zero.Add($"{name} in {file}");
                }
            }
        }
        if (bad.Count > 0)
            yield return Broken($"{values:N0} values in {bad.Count} of {count} tensors are NaN or infinite: "
                + Some(bad), path, "A training that diverged leaves such weights, or a damaged file: take an earlier "
                + "checkpoint, or fetch it again.");
        if (zero.Count > 0)
            yield return new Finding("weights", Health.Limited, $"nothing but zeros in "
                + $"{Count(zero.Count, "matrix", "matrices")}: {Some(zero)}", path,
                "A download that was cut can leave a file of the right length with holes: fetch it again.");
    }

    /// <summary>A head that is there although the embedding is to be taken for it.</summary>
    public IEnumerable<Finding> Tied(ModelFolder folder)
    {
        if (!folder.Shape.TiedHead)
            yield break;
        string head = Stored(folder, "head.weight"), embedding = Stored(folder, "embedding");
        var places = _headers.SelectMany(h => h.Value.Keys.Select(name => (File: h.Key, Name: name))).ToList();
        var first = places.FirstOrDefault(p => p.Name == head);
        var second = places.FirstOrDefault(
            p => p.Name == embedding || folder.Architecture.OptionalPrefix + p.Name == embedding);
        if (first.Name is null || second.Name is null)
            yield break;
        using var scope = NewDisposeScope();
        var a = Safetensors.Read(In(first.File), name => name == first.Name)[first.Name];
        var b = Safetensors.Read(In(second.File), name => name == second.Name)[second.Name];
        if (!a.shape.SequenceEqual(b.shape) || !a.eq(b).all().item<bool>())
            yield return Broken($"tie_word_embeddings is true, but {first.Name} is another matrix than {second.Name}",
                folder.Config.Path, "Set tie_word_embeddings to false, if the head was trained by itself; else take "
                + "config and weights from one place.");
    }

    private (Dictionary<string, string> Map, List<Finding> Findings) Index()
    {
        var findings = new List<Finding>();
        var map = new Dictionary<string, string>();
        using var json = ConfigHealth.Json(In(IndexFile), out string? wrong);
        if (json is null || !json.RootElement.TryGetProperty("weight_map", out var weights)
            || weights.ValueKind != JsonValueKind.Object
            || weights.EnumerateObject().Any(p => p.Value.ValueKind != JsonValueKind.String))
        {
            findings.Add(Broken($"{IndexFile} {wrong ?? "has no weight_map from tensors to files"}", In(IndexFile),
                FetchAnew));
            return (map, findings);
        }
        foreach (var tensor in weights.EnumerateObject())
            map[tensor.Name] = tensor.Value.GetString()!;
        string[] shards = [.. map.Values.Distinct().Order()];
        string[] outside = [.. shards.Where(s => s != Path.GetFileName(s))];
        string[] missing = [.. shards.Except(outside).Where(s => !File.Exists(In(s)) && !damaged.Contains(s))];
        if (outside.Length > 0)
            findings.Add(Broken($"the index names files outside the folder: {Some(outside)}", In(IndexFile),
                "Do not use this model: no honest program writes such an index."));
        if (missing.Length > 0)
            findings.Add(Broken($"{missing.Length} of {shards.Length} shards are missing: {Some(missing)}", path,
                "Fetch these files, from the place and revision of the others."));
        return (map, findings);
    }

    private IEnumerable<Finding> AgainstIndex(Dictionary<string, string> map)
    {
        string[] absent = [.. map.Where(m => _headers.TryGetValue(m.Value, out var h) && !h.ContainsKey(m.Key))
            .Select(m => $"{m.Key} in {m.Value}")];
        if (absent.Length > 0)
            yield return Broken($"the index names {Count(absent.Length, "tensor")} that the shards do not have: "
                + Some(absent), In(IndexFile), "Index and shards are of different revisions: fetch all from one.");
    }

    private IEnumerable<Finding> Header(string file)
    {
        var header = _headers[file] = Safetensors.ReadHeader(In(file));
        long used = header.Values.Sum(e => e.Bytes), first = header.Values.Select(e => e.Start).DefaultIfEmpty().Min();
        long rest = header.Count == 0 ? 0 : StreamLength(file) - first - used;
        if (header.Count == 0)
            yield return Broken($"{file} holds no tensor", In(file), FetchAnew);
        else if (rest > 0)
            yield return new Finding("weights", Health.Limited, $"{rest:N0} bytes of {file} belong to no tensor",
                In(file), "Other programs refuse such a file: fetch it again.");
    }

    private long StreamLength(string file)
    {
        using var stream = File.OpenRead(In(file));
        return stream.Length;
    }

    private IEnumerable<Finding> Unused(ModelFolder folder, IEnumerable<string> wanted, List<string> unused)
    {
        var patterns = wanted.Select(WithoutNumbers).ToHashSet();
        string[] layers = [.. unused.Where(n => patterns.Contains(WithoutNumbers(n))
            || patterns.Contains(WithoutNumbers(folder.Architecture.OptionalPrefix + n)))];
        if (layers.Length > 0)
            yield return Broken($"the weights have more layers than the {folder.Shape.Layers} of config.json: "
                + Some(layers), folder.Config.Path, "Take the config.json that belongs to the weights.");
        string head = Stored(folder, "head.weight");
        string[] others = [.. unused.Except(layers).Where(n => n != head && !Buffer().IsMatch(n))];
        if (others.Length > 0)
            yield return new Finding("weights", Health.Limited, $"not used: {Count(others.Length, "tensor")}, "
                + $"{Some(others)}", path, "A part of the model may be left out: look at its card.");
    }

    private static Dictionary<string, long[]> Wanted(ModelFolder folder) => folder.Shape.Parameters()
        .SelectMany(p => folder.Architecture.Locate(p.Name, folder.Shape)
            .Select(stored => (stored.Name, Shape: stored.FileShape(p.Shape))))
        .ToDictionary(w => w.Name, w => w.Shape);

    private static string Stored(ModelFolder folder, string parameter) =>
        folder.Architecture.Locate(parameter, folder.Shape)[0].Name;

    private static string Canonical(ModelFolder folder, Dictionary<string, long[]> wanted, string name) =>
        wanted.ContainsKey(name) ? name : folder.Architecture.OptionalPrefix + name;

    private static Finding Broken(string what, string where, string remedy) =>
        new("weights", Health.Broken, what, where, remedy);

    private static string Some(IReadOnlyList<string> names) =>
        string.Join("; ", names.Take(3)) + (names.Count > 3 ? $"; and {names.Count - 3:N0} more" : "");

    private static string Count(int n, string one, string? many = null) =>
        n == 1 ? $"1 {one}" : $"{n:N0} {many ?? one + "s"}";

    private static string WithoutNumbers(string name) => Digits().Replace(name, "#");

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();

    [GeneratedRegex(@"\.(qweight|qzeros|g_idx|scales|weight_packed|weight_scale|absmax|quant_map|SCB)$"
        + @"|\.quant_state\.")]
    private static partial Regex Packed();

    [GeneratedRegex(@"\.(attn|attention)\.(bias|masked_bias)$|rotary_emb\.(inv_freq|cos_cached|sin_cached)$")]
    private static partial Regex Buffer();

    [GeneratedRegex(@"\.(bin|h5|msgpack|onnx|gguf|pt|pth|ckpt)$")]
    private static partial Regex OtherWeights();
}
