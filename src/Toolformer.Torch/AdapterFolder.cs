using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Torch.Architectures;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// An adapter in PEFT's layout: adapter_config.json and adapter_model.safetensors. What the configuration asks for
/// beyond plain LoRA would change the numbers silently, so it is refused by name.
/// </summary>
public static class AdapterFolder
{
    private const string ConfigFile = "adapter_config.json", WeightsFile = "adapter_model.safetensors";

    /// <summary>Whether a folder holds an adapter and no model.</summary>
    public static bool Is(string path) =>
        File.Exists(Path.Combine(path, ConfigFile)) && !File.Exists(Path.Combine(path, "config.json"));

    /// <summary>Whether a folder holds a whole adapter.</summary>
    public static bool IsComplete(string path) => File.Exists(Path.Combine(path, WeightsFile));

    /// <summary>The files that the adapter consists of.</summary>
    public static IReadOnlyList<string> Files(string path) =>
        [Path.Combine(path, ConfigFile), Path.Combine(path, WeightsFile)];

    /// <summary>
    /// The folder or hub name of the model that the adapter belongs to: a folder below or beside counts first.
    /// </summary>
    /// <exception cref="InvalidDataException">The configuration names none.</exception>
    public static string BaseModel(string path)
    {
        var config = ReadConfig(path);
        string name = config.Text("base_model_name_or_path", "");
        if (name.Length == 0)
            throw new InvalidDataException($"The adapter does not say which model it belongs to.\n"
                + $"  in {config.Path}\n  Name the model with --model and the adapter with --adapter.");
        string beside = Path.Combine(path, name), model = Directory.Exists(beside) ? beside : name;
        if (Is(model))
            throw new InvalidDataException($"The adapter's model '{name}' is an adapter itself.\n  in {config.Path}\n"
                + "  Merge that one first: `toolformer export`.");
        return model;
    }

    /// <summary>Reads an adapter for a model.</summary>
    /// <exception cref="InvalidDataException">It is damaged, another model's, or more than plain LoRA.</exception>
    public static Adapter Read(string path, Architecture architecture, DecoderShape shape)
    {
        var config = ReadConfig(path);
        string file = Path.Combine(path, WeightsFile);
        if (!File.Exists(file))
            throw new FileNotFoundException($"The adapter has no {WeightsFile}.\n  in {Path.GetFullPath(path)}\n"
                + (File.Exists(Path.Combine(path, "adapter_model.bin"))
                    ? "  Its adapter_model.bin can run code when opened: save it anew with safetensors."
                    : "  Fetch the adapter again with all its files."), file);
        var sites = AdapterSite.All(architecture, shape)
            .ToDictionary(s => Bare(s.Module, architecture), StringComparer.Ordinal);
        var header = Safetensors.ReadHeader(file);
        var pairs = new Dictionary<string, (string? Down, string? Up)>(StringComparer.Ordinal);
        foreach (string name in header.Keys)
        {
            string plain = name.Replace(".default.", ".", StringComparison.Ordinal);
            bool isDown = plain.EndsWith(".lora_A.weight", StringComparison.Ordinal);
            if (!isDown && !plain.EndsWith(".lora_B.weight", StringComparison.Ordinal))
                throw Refused($"holds '{name}', which is no part of plain LoRA on a matrix", file);
            string module = Bare(plain[..^".lora_A.weight".Length], architecture);
            if (!sites.ContainsKey(module))
                throw Bad($"The adapter changes '{module}', which this model does not have.", file);
            var (down, up) = pairs.GetValueOrDefault(module);
            pairs[module] = isDown ? (name, up) : (down, name);
        }
        var parts = new List<Adapter.Part>();
        using var scope = NewDisposeScope();
        var tensors = Safetensors.Read(file);
        foreach (var (module, (down, up)) in pairs.OrderBy(p => sites[p.Key].Parameter, StringComparer.Ordinal))
        {
            var site = sites[module];
            if (down is null || up is null)
                throw Bad($"Of the two matrices for '{module}' one is missing.", file);
            var (a, b) = (tensors[down], tensors[up]);
            if (a.dim() != 2 || b.dim() != 2 || a.shape[1] != site.Columns || b.shape[0] != site.Rows
                || a.shape[0] != b.shape[1] || a.shape[0] == 0)
                throw Bad($"The matrices for '{module}' have shapes [{string.Join(", ", a.shape)}] and "
                    + $"[{string.Join(", ", b.shape)}]; the model makes it [r, {site.Columns}] and "
                    + $"[{site.Rows}, r].", file);
            parts.Add(new Adapter.Part(site, a.to(ScalarType.Float32).clone(),
                site.Arrange(b.to(ScalarType.Float32)), Scale(config, module, a.shape[0])));
        }
        if (parts.Count == 0)
            throw Bad("The adapter changes nothing: there is no matrix in it.", file);
        return new Adapter(parts) { Dropout = config.Number("lora_dropout", 0) };
    }

    /// <summary>Writes an adapter so that PEFT can load it; the weights last and at once.</summary>
    /// <param name="baseModel">Folder or hub name of the model that it belongs to.</param>
    public static void Write(string path, Adapter adapter, LoraOptions options, string baseModel)
    {
        Directory.CreateDirectory(path);
        var config = new JsonObject
        {
            ["base_model_name_or_path"] = baseModel,
            ["bias"] = "none",
            ["fan_in_fan_out"] = adapter.Parts.Any(p => p.Site.Stored.Transposed),
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["lora_alpha"] = options.Alpha,
            ["lora_dropout"] = options.Dropout,
            ["modules_to_save"] = null,
            ["peft_type"] = "LORA",
            ["r"] = options.Rank,
            ["target_modules"] = new JsonArray([.. adapter.Parts.Select(p => p.Site.NameInLayer)
                .Distinct().Order(StringComparer.Ordinal).Select(name => (JsonNode)name)]),
            ["task_type"] = "CAUSAL_LM",
        };
        string configPath = Path.Combine(path, ConfigFile);
        File.WriteAllText(configPath + ".tmp",
            config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        File.Move(configPath + ".tmp", configPath, overwrite: true);
        using var guard = no_grad();
        Safetensors.Write(Path.Combine(path, WeightsFile),
            adapter.Parts.SelectMany(p => new[] { (p.Site.DownName, p.Down), (p.Site.UpName, p.Site.AsStored(p.Up)) }));
    }

    private static ModelConfig ReadConfig(string path)
    {
        string file = Path.Combine(path, ConfigFile);
        if (!File.Exists(file))
            throw new FileNotFoundException($"'{path}' has no {ConfigFile}, so it is not an adapter.\n"
                + $"  looked in {Path.GetFullPath(path)}\n"
                + "  Name the folder that PEFT or `finetune --lora` wrote.", file);
        var config = ModelConfig.Read(file);
        if (config.Text("peft_type") is not "LORA" and var kind)
            throw Refused($"is of type '{kind}'", file);
        if (config.Text("bias", "none") is not "none" and var bias)
            throw Refused($"also trained biases ('bias': '{bias}')", file);
        foreach (string flag in new[] { "use_dora", "lora_bias", "use_qalora" })
        {
            if (config.Flag(flag, false))
                throw Refused($"has '{flag}' set", file);
        }
        foreach (string list in new[] { "modules_to_save", "layer_replication", "trainable_token_indices",
            "alora_invocation_tokens", "target_parameters" })
        {
            if (config.Root.TryGetProperty(list, out var value) && value.ValueKind != JsonValueKind.Null
                && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0))
                throw Refused($"has '{list}' set", file);
        }
        // Others start from a base whose weights they changed, so they mean nothing over the model as it is.
        if (config.Root.TryGetProperty("init_lora_weights", out var start) && start.ValueKind == JsonValueKind.String
            && start.GetString() is not ("gaussian" or "eva" or "orthogonal") and var way)
            throw Refused($"was begun as '{way}', over changed weights of its base model", file);
        return config;
    }

    /// <summary>α/r, or α/√r where the adapter says so, with the α that alpha_pattern gives to the module.</summary>
    private static double Scale(ModelConfig config, string module, long rank)
    {
        double alpha = config.Number("lora_alpha", 8);
        if (config.Root.TryGetProperty("alpha_pattern", out var patterns) && patterns.ValueKind == JsonValueKind.Object)
        {
            foreach (var pattern in patterns.EnumerateObject())
            {
                // PEFT takes a regular expression here; names are what people write.
                if (pattern.Name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.')))
                    throw Refused($"has the pattern '{pattern.Name}' in 'alpha_pattern', which is no name",
                        config.Path);
                if (pattern.Value.ValueKind != JsonValueKind.Number)
                    throw Bad($"'alpha_pattern' gives '{pattern.Name}' no number.", config.Path);
                if (module == pattern.Name || module.EndsWith("." + pattern.Name, StringComparison.Ordinal))
                {
                    alpha = pattern.Value.GetDouble();
                    break;
                }
            }
        }
        return config.Flag("use_rslora", false) ? alpha / Math.Sqrt(rank) : alpha / rank;
    }

    /// <summary>A module's name without what PEFT and the family put before it.</summary>
    private static string Bare(string name, Architecture architecture)
    {
        foreach (string prefix in new[] { "base_model.model.", architecture.OptionalPrefix })
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                name = name[prefix.Length..];
        }
        return name;
    }

    private static InvalidDataException Refused(string what, string file) => new($"The adapter {what}: only LoRA on "
        + $"matrices can be read.\n  in {file}\n  Merge it where it was made, and use the merged model.");

    private static InvalidDataException Bad(string what, string file) => new(
        $"{what}\n  in {file}\n  Use the model that the adapter was trained for, or fetch the adapter again.");
}
