using System.Text.Json;
using System.Text.Json.Nodes;

namespace Toolformer.Torch;

/// <summary>
/// A model family: what its config.json means, and how its files name and lay out the decoder's parameters.
/// One file per family under Architectures/.
/// </summary>
public abstract class Architecture
{
    /// <summary>The `model_type` of config.json.</summary>
    public abstract string ModelType { get; }

    /// <summary>A prefix that some checkpoints of the family leave out, such as "transformer.".</summary>
    public abstract string OptionalPrefix { get; }

    /// <summary>Whether texts of this family start with a token of their own by convention.</summary>
    public abstract bool StartsWithBeginningOfText { get; }

    /// <exception cref="InvalidDataException">A setting that the decoder does not have.</exception>
    public abstract DecoderShape ReadShape(ModelConfig config);

    /// <summary>The config.json of a shape, without token ids and type.</summary>
    public abstract JsonObject WriteConfig(DecoderShape shape);

    /// <summary>
    /// Name of a decoder parameter in the family's files, and whether it is stored transposed, as (in, out).
    /// </summary>
    public abstract (string FileName, bool Transposed) Locate(string parameter);

    /// <summary>The family with this `model_type`.</summary>
    /// <param name="source">Where it was read, for the message.</param>
    public static Architecture Named(string modelType, string source)
    {
        var all = Catalog.Find<Architecture>();
        return all.FirstOrDefault(a => a.ModelType == modelType) ?? throw new InvalidDataException(
            $"model_type '{modelType}' is not a family that this version can run.\n  in {source}\n"
            + $"  Available: {string.Join(", ", all.Select(a => a.ModelType).Order())}.");
    }
}

/// <summary>A parsed config.json, read with types and defaults checked.</summary>
public sealed class ModelConfig(JsonElement root, string path)
{
    private const string Remedy = "Take the config.json that belongs to the weights.";

    public string Path => path;

    public JsonElement Root => root;

    public string Text(string key, string? fallback = null) =>
        Find(key, JsonValueKind.String)?.GetString() ?? fallback ?? throw Missing(key);

    public int Integer(string key, int? fallback = null, int min = 1, int max = 10_000_000)
    {
        int? value = Find(key, JsonValueKind.Number) is { } e
            ? (e.TryGetInt32(out int i) ? i : throw Bad(key, e))
            : fallback;
        if (value is null)
            throw Missing(key);
        if (value < min || value > max)
            throw new InvalidDataException(
                $"'{key}' is {value}; it must lie between {min:N0} and {max:N0}.\n  in {path}");
        return value.Value;
    }

    public double Number(string key, double fallback) => Find(key, JsonValueKind.Number)?.GetDouble() ?? fallback;

    public bool Flag(string key, bool fallback) =>
        Find(key, JsonValueKind.True, JsonValueKind.False)?.GetBoolean() ?? fallback;

    /// <summary>An optional token id; some configurations give a list, then the first counts.</summary>
    public int? TokenId(string key)
    {
        if (!root.TryGetProperty(key, out var value))
            return null;
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
            value = value[0];
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0 ? id : null;
    }

    /// <summary>Refuses a setting that would change the numbers silently.</summary>
    public void Require(string key, bool expected)
    {
        if (Flag(key, expected) != expected)
            throw new InvalidDataException(
                $"'{key}' is {(!expected).ToString().ToLowerInvariant()}, which is not supported."
                + $"\n  in {path}\n  Use a checkpoint with '{key}': {expected.ToString().ToLowerInvariant()}.");
    }

    private JsonElement? Find(string key, params JsonValueKind[] kinds)
    {
        if (!root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return kinds.Contains(value.ValueKind) ? value : throw Bad(key, value);
    }

    private InvalidDataException Bad(string key, JsonElement value) =>
        new($"'{key}' is {value.GetRawText()}, which has the wrong type.\n  in {path}\n  {Remedy}");

    private InvalidDataException Missing(string key) => new($"'{key}' is missing.\n  in {path}\n  {Remedy}");
}
