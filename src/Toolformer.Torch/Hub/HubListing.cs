using System.Text.Json;
using System.Text.RegularExpressions;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Torch.Hub;

/// <summary>What a hub says that a revision of a model consists of; hostile until it is read here.</summary>
internal sealed partial record HubListing(HubModel Model, string Commit, IReadOnlyList<HubFile> Files)
{
    public const string SingleFile = "model.safetensors", IndexFile = "model.safetensors.index.json";

    /// <summary>What is asked for beside the weights, where it is there.</summary>
    private static readonly string[] SmallFiles =
    [
        "config.json", "generation_config.json", .. TokenizerFiles.Names, "chat_template.jinja",
    ];

    /// <exception cref="JsonException">The answer is none of a hub's.</exception>
    /// <exception cref="HubException">It names files outside the model, or no commit.</exception>
    public static HubListing Parse(HubModel model, byte[] json, string source)
    {
        HubException Refused(string what) => new($"{what}\n  in {source}\n"
            + "  This is no answer that a hub should give: check HF_ENDPOINT.");
        using var answer = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
        if (answer.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("it is no object");
        string? commit = Text(answer.RootElement, "sha");
        if (!HubModel.IsCommit(commit))
            throw Refused($"The hub names no commit of {model}.");
        if (HubModel.IsCommit(model.Revision) && commit != model.Revision)
            throw Refused($"The hub answers with commit {commit} where {model.Revision} was asked for.");
        var files = new Dictionary<string, HubFile>(StringComparer.Ordinal);
        if (!answer.RootElement.TryGetProperty("siblings", out var siblings)
            || siblings.ValueKind != JsonValueKind.Array)
            throw Refused($"The hub lists no files of {model}.");
        foreach (var sibling in siblings.EnumerateArray())
        {
            string name = Text(sibling, "rfilename") ?? throw Refused("The hub lists a file without a name.");
            if (!IsInside(name))
                throw Refused($"The hub lists a file '{Printable(name)}', which would lie outside the model's folder.");
            files[name] = Read(name, sibling);
        }
        return new HubListing(model, commit, [.. files.Values.OrderBy(f => f.Name, StringComparer.Ordinal)]);
    }

    public HubFile? Find(string name) => Files.FirstOrDefault(f => f.Name == name);

    /// <summary>All that is needed but the weights.</summary>
    public IReadOnlyList<HubFile> Small() =>
        [.. SmallFiles.Append(SingleFileIsThere ? SingleFile : IndexFile)
            .Where(name => name != SingleFile).Select(Find).OfType<HubFile>()];

    /// <summary>Small files that the model does not have.</summary>
    public IEnumerable<string> Absent() => SmallFiles.Where(name => Find(name) is null);

    public bool SingleFileIsThere => Find(SingleFile) is not null;

    /// <summary>The shards by the look of their names, for an estimate before the index is there.</summary>
    public IEnumerable<HubFile> ProbableWeights() => SingleFileIsThere
        ? [Find(SingleFile)!]
        : Files.Where(f => Shard().IsMatch(f.Name));

    /// <summary>The shards that an index names.</summary>
    /// <exception cref="HubException">The index names what is not listed.</exception>
    public IReadOnlyList<HubFile> Shards(string indexPath)
    {
        HubException Refused(string what) => new($"{what}\n  in {IndexFile} of {Model} at {Commit}\n"
            + "  The model is broken where it comes from: pull another revision.");
        try
        {
            using var index = JsonDocument.Parse(File.ReadAllBytes(indexPath));
            string[] names = [.. index.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(tensor => tensor.Value.GetString() ?? "").Distinct().Order(StringComparer.Ordinal)];
            if (names.Length == 0)
                throw Refused("The index of the shards names none.");
            return [.. names.Select(name => name.EndsWith(".safetensors", StringComparison.Ordinal)
                && Find(name) is { } file
                    ? file
                    : throw Refused($"The index names the shard '{Printable(name)}', which the model does not have."))];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Refused($"The index of the shards is not valid: {e.Message}");
        }
    }

    /// <summary>Refuses what could not be run, with the way out.</summary>
    /// <exception cref="HubException">It lacks the configuration, or weights of a kind that is read.</exception>
    public void CheckUsable()
    {
        string where = $"in {Model} at {Commit}";
        if (Find("config.json") is null)
            throw new HubException($"The model has no config.json.\n  {where}\n  " + (
                Find("adapter_config.json") is not null
                    ? "It is an adapter: pull the model that its card names as the base, and add the adapter to it."
                    : "It is no language model in Hugging Face's layout; pull another."));
        if (SingleFileIsThere || Find(IndexFile) is not null)
            return;
        string[] others = [.. Files.Select(f => f.Name).Where(n => OtherWeights().IsMatch(n)).Take(5)];
        string what = others.Length == 0
            ? "The model has no weights."
            : $"The model has no {SingleFile}, only {string.Join(", ", others)}.";
        string remedy = others.Any(n => n.EndsWith(".bin", StringComparison.Ordinal))
            ? "A .bin file is a pickle, which can run code when opened, so it is not read. Hubs often hold a "
                + "conversion as a pull request: try --revision refs/pr/1, or look at the model's pull requests. Else "
                + "convert it where it is trusted: save_pretrained(folder, safe_serialization=True)."
            : "Only safetensors are read: look for a conversion of the model.";
        throw new HubException($"{what}\n  {where}\n  {remedy}");
    }

    /// <summary>What a server says, without what could do harm on a terminal.</summary>
    internal static string Printable(string text)
    {
        string safe = string.Concat(text.Take(200).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '·' : c));
        return text.Length > 200 ? safe + "…" : safe;
    }

    private static HubFile Read(string name, JsonElement sibling)
    {
        long? size = Number(sibling, "size");
        if (sibling.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object)
            return new HubFile(name, Number(lfs, "size") ?? size, Tag(lfs, "sha256", 64) ?? Tag(lfs, "oid", 64));
        return new HubFile(name, size, Tag(sibling, "blobId", 40));
    }

    private static string? Tag(JsonElement element, string key, int length) =>
        Text(element, key) is { } tag && tag.Length == length && tag.All(char.IsAsciiHexDigitLower) ? tag : null;

    private static string? Text(JsonElement element, string key) => element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static long? Number(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt64(out long number) && number >= 0 ? number : null;

    private static bool IsInside(string name) => name.Length is > 0 and <= 1024
        && !name.Any(c => c is '\\' or ':' || char.IsControl(c))
        && name.Split('/').All(part => part is not ("" or "." or ".."));

    [GeneratedRegex(@"^model-\d+-of-\d+\.safetensors\z")]
    private static partial Regex Shard();

    [GeneratedRegex(@"\.(bin|h5|msgpack|onnx|gguf|pt|pth|ckpt|ot|safetensors)\z")]
    private static partial Regex OtherWeights();
}
