using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Modeling;
using Toolformer.Torch.Architectures;
using Toolformer.Torch.Tokenizers;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// A model in Hugging Face's layout: config.json, one or several safetensors files, tokenizer files. Reads it and
/// writes it back so that others can load it.
/// </summary>
public sealed record ModelFolder(string Path, Architecture Architecture, ModelConfig Config, DecoderShape Shape)
{
    /// <summary>Files beside weights and tokenizer that travel with a model.</summary>
    private static readonly string[] Companions =
        ["chat_template.jinja", "chat_template.json", "generation_config.json"];

    /// <summary>Folder of an adapter that is merged into the weights as they are read; null: none is.</summary>
    public string? Adapter { get; init; }

    /// <summary>The id that stands before every text: config.json's, where the family uses one.</summary>
    public int? BeginningOfText => Architecture.StartsWithBeginningOfText ? Config.TokenId("bos_token_id") : null;

    public int? EndOfText => Config.TokenId("eos_token_id");

    public bool HasTokenizer => TokenizerFiles.Exist(Path);

    /// <summary>Reads the configuration only. A folder with an adapter stands for its model with it.</summary>
    public static ModelFolder Open(string path)
    {
        if (AdapterFolder.Is(path))
            return Open(AdapterFolder.BaseModel(path)) with { Adapter = path };
        var config = Checkpoint.ReadConfig(path);
        var architecture = Architecture.Named(config.Text("model_type"), config.Path);
        return new ModelFolder(path, architecture, config, architecture.ReadShape(config));
    }

    /// <summary>Reads the weights.</summary>
    /// <param name="type">The type to hold them in; null: float32 for training.</param>
    public Decoder ReadDecoder(ScalarType type = ScalarType.Float32, Device? device = null)
    {
        var wanted = Shape.Parameters()
            .SelectMany(p => Architecture.Locate(p.Name, Shape).Select(s => (Stored: s, Parameter: p)))
            .ToDictionary(w => w.Stored.Name);
        var found = new HashSet<string>();
        var parameters = new Dictionary<string, Tensor>();
        using var _ = no_grad();
        try
        {
            foreach (string file in Checkpoint.WeightFiles(Path))
            {
                // Names are compared with the family's prefix, whether the file has it or not.
                string Canonical(string name) =>
                    wanted.ContainsKey(name) ? name : Architecture.OptionalPrefix + name;
                foreach (var (entry, raw) in Safetensors.Stream(file, name => wanted.ContainsKey(Canonical(name))))
                {
                    using var stored = raw;
                    var (place, (name, shape)) = wanted[Canonical(entry.Name)];
                    CheckShape(file, entry, place.FileShape(shape));
                    if (!parameters.TryGetValue(name, out var parameter))
                        parameters[name] = parameter = empty(shape, type, device ?? CPU);
                    place.Read(stored, parameter);
                    found.Add(place.Name);
                }
            }
            CheckComplete(wanted.Keys, found);
            var decoder = new Decoder(Shape, parameters);
            if (Adapter is not null)
            {
                using var adapter = AdapterFolder.Read(Adapter, Architecture, Shape);
                adapter.MergeInto(decoder);
            }
            return decoder;
        }
        catch
        {
            foreach (var parameter in parameters.Values)
                parameter.Dispose();
            throw;
        }
    }

    private void CheckComplete(IReadOnlyCollection<string> wanted, HashSet<string> found)
    {
        string[] missing = [.. wanted.Where(name => !found.Contains(name))];
        if (missing.Length > 0)
            throw new InvalidDataException($"{missing.Length} of {wanted.Count} tensors are missing, the first is "
                + $"'{missing[0]}'.\n  in {Path}\n  A shard may be missing, or config.json belongs to another model.");
    }

    /// <summary>
    /// Reads weights and tokenizer, to infer with (<see cref="Decoder.Pack"/>); where the folder has no tokenizer
    /// files, the model still works on token ids.
    /// </summary>
    /// <exception cref="InvalidDataException">The folder is damaged, or its tokenizer is another model's.</exception>
    public TorchLanguageModel ReadModel(ScalarType type = ScalarType.Float32, Device? device = null)
    {
        ITokenizer tokenizer = TokenizerFiles.Exist(Path)
            ? Tokenizer.Load(Path)
            : new NoTokenizer(Path, Shape.VocabularySize);
        if (tokenizer.VocabularySize > Shape.VocabularySize)
            throw new InvalidDataException($"The tokenizer has {tokenizer.VocabularySize:N0} tokens, the model "
                + $"{Shape.VocabularySize:N0}.\n  in {Path}\n  They belong to different models: fetch both anew.");
        var decoder = ReadDecoder(type, device);
        decoder.Pack();
        return new TorchLanguageModel(decoder, tokenizer, BeginningOfText, EndOfText);
    }

    /// <summary>
    /// Writes config.json, model.safetensors and the tokenizer files of <paramref name="source"/>. What the source's
    /// config.json says beyond the shape is kept, its token ids too.
    /// </summary>
    /// <param name="type">The type in which weights are stored.</param>
    /// <param name="endOfText">The id that ends a text, and stands before one, where no source says which.</param>
    /// <param name="source">The folder that the model was made from.</param>
    public static void Write(
        string path, Decoder decoder, Architecture architecture, ScalarType type, int? endOfText, string? source = null)
    {
        Directory.CreateDirectory(path);
        var config = new JsonObject { ["bos_token_id"] = endOfText, ["eos_token_id"] = endOfText };
        if (source is not null && File.Exists(System.IO.Path.Combine(source, "config.json")))
            config = JsonNode.Parse(File.ReadAllBytes(System.IO.Path.Combine(source, "config.json")))!.AsObject();
        foreach (var (key, value) in architecture.WriteConfig(decoder.Shape))
            config[key] = value?.DeepClone();
        // Newer files say these two under other names, which would be read first.
        config.Remove("rope_parameters");
        config.Remove("dtype");
        config["torch_dtype"] = type.ToString().ToLowerInvariant();
        Write(path, config, decoder, architecture, _ => type, source);
    }

    /// <summary>
    /// Writes the model as a folder of its own, with its adapter merged in. What the configuration says beside the type
    /// stays as it is; without a type each tensor keeps the one that it is stored in.
    /// </summary>
    public void Export(string path, ScalarType? type = null, Device? device = null)
    {
        if (System.IO.Path.GetFullPath(path) == System.IO.Path.GetFullPath(Path))
            throw new ArgumentException($"The model would be written over itself.\n  in {Path}\n"
                + "  Name another folder.");
        var stored = Checkpoint.WeightFiles(Path).SelectMany(file => Safetensors.ReadHeader(file).Values)
            .GroupBy(entry => Bare(entry.Name)).ToDictionary(g => g.Key, g => g.First().Type);
        var config = JsonNode.Parse(Config.Root.GetRawText())!.AsObject();
        foreach (string key in new[] { "torch_dtype", "dtype" })
        {
            if (type is { } given && config.ContainsKey(key))
                config[key] = given.ToString().ToLowerInvariant();
        }
        using var decoder = ReadDecoder(device: device);
        Directory.CreateDirectory(path);
        Write(path, config, decoder, Architecture, name => type ?? stored[Bare(name)], Path);

        string Bare(string name) => name.StartsWith(Architecture.OptionalPrefix, StringComparison.Ordinal)
            ? name[Architecture.OptionalPrefix.Length..]
            : name;
    }

    private static void Write(string path, JsonObject config, Decoder decoder, Architecture architecture,
        Func<string, ScalarType> type, string? source)
    {
        AtomicWrite(System.IO.Path.Combine(path, "config.json"),
            config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        string[] travelling = source is null
            ? []
            : [.. TokenizerFiles.Names.Concat(Companions).Where(f => File.Exists(System.IO.Path.Combine(source, f)))];
        foreach (string file in travelling)
            File.Copy(System.IO.Path.Combine(source!, file), System.IO.Path.Combine(path, file), overwrite: true);
        // Last, and at once: a folder that has its weights is complete.
        using var guard = no_grad();
        using var scope = TorchSharp.torch.NewDisposeScope();
        string weights = System.IO.Path.Combine(path, Checkpoint.SingleFile);
        Safetensors.Write(weights, decoder.Shape.Parameters().SelectMany(p =>
        {
            var value = decoder.Parameters[p.Name].detach();
            return architecture.Locate(p.Name, decoder.Shape)
                .Select(stored => (stored.Name, stored.Write(value).to(type(stored.Name))));
        }));
    }

    /// <summary>
    /// What tells this model from others, for a run's manifest: its name and the hashes of its weights.
    /// </summary>
    public JsonObject Identity()
    {
        var identity = new JsonObject
        {
            ["name"] = Hub.HubCache.IdOf(Path)
                ?? System.IO.Path.GetFileName(System.IO.Path.GetFullPath(Path).TrimEnd('/', '\\')),
            ["model_type"] = Architecture.ModelType,
            ["sha256"] = Hashes(Checkpoint.WeightFiles(Path)),
        };
        if (Adapter is not null)
            identity["adapter"] = Hashes(AdapterFolder.Files(Adapter));
        return identity;

        static JsonArray Hashes(IEnumerable<string> files) => new([.. files.Select(file =>
        {
            using var stream = File.OpenRead(file);
            return (JsonNode)Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(stream));
        })]);
    }

    /// <summary>Whether a folder holds a whole model in one file.</summary>
    public static bool IsComplete(string path) => File.Exists(System.IO.Path.Combine(path, Checkpoint.SingleFile));

    private static void AtomicWrite(string path, string text)
    {
        File.WriteAllText(path + ".tmp", text);
        File.Move(path + ".tmp", path, overwrite: true);
    }

    private static void CheckShape(string file, Safetensors.Entry entry, long[] expected)
    {
        if (!entry.Shape.SequenceEqual(expected))
            throw new InvalidDataException($"Tensor '{entry.Name}' has shape [{string.Join(", ", entry.Shape)}]; "
                + $"config.json makes it [{string.Join(", ", expected)}].\n  in {file}\n"
                + "  The weights and config.json belong to different models.");
    }
}
