using System.Text.Json;
using System.Text.Json.Nodes;

namespace Toolformer.Torch;

/// <summary>A parsed config.json, read with types and defaults checked.</summary>
public sealed class ModelConfig(JsonElement root, string path)
{
    private const string Remedy = "Take the config.json that belongs to the weights.";

    public string Path => path;

    /// <summary>Reads a file that holds one JSON object.</summary>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    internal static ModelConfig Read(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? new ModelConfig(json.RootElement.Clone(), path)
                : throw new InvalidDataException($"{name} holds no object.\n  in {path}\n  Fetch the file again.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{name} is not valid JSON: {e.Message}\n  in {path}\n  Fetch the file again.", e);
        }
    }

    public JsonElement Root => root;

    public string Text(string key, string? fallback = null) =>
        Find(key, JsonValueKind.String)?.GetString() ?? fallback ?? throw Missing(key);

    /// <summary>A whole number between the two bounds.</summary>
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

    public int? OptionalInteger(string key, int min = 1, int max = 10_000_000) =>
        Find(key, JsonValueKind.Number) is null ? null : Integer(key, null, min, max);

    public double Number(string key, double? fallback = null) =>
        Find(key, JsonValueKind.Number)?.GetDouble() ?? fallback ?? throw Missing(key);

    /// <summary>A nested object, null where it is absent or null.</summary>
    public ModelConfig? Part(string key) =>
        Find(key, JsonValueKind.Object) is { } part ? new ModelConfig(part, path) : null;

    /// <summary>A width that the heads share out evenly.</summary>
    public int SharedWidth(string widthKey, string headsKey)
    {
        int width = Integer(widthKey), heads = Integer(headsKey);
        return width % heads == 0
            ? width
            : throw new InvalidDataException(
                $"{widthKey} {width} is not a multiple of {headsKey} {heads}.\n  in {path}\n  {Remedy}");
    }

    /// <summary>How many numbers of a head are turned, where that is given in numbers.</summary>
    public int RotaryDimensions(string key, int headWidth, int fallback) =>
        RotaryPart(key, (double)Integer(key, fallback) / headWidth, headWidth);

    /// <summary>How many numbers of a head are turned, where that is a share of them.</summary>
    /// <param name="key">Names the setting in the message.</param>
    public int RotaryPart(string key, double share, int headWidth)
    {
        int dimensions = (int)(share * headWidth);
        return dimensions > 0 && dimensions <= headWidth && dimensions % 2 == 0
            ? dimensions
            : throw new InvalidDataException($"'{key}' makes rotary positions turn {dimensions} of the {headWidth} "
                + $"numbers of a head; it must be an even number of them.\n  in {path}\n  {Remedy}");
    }

    /// <summary>The MLP's non-linearity by its name in configurations.</summary>
    public Activation Activation(string key, string fallback) => Text(key, fallback) switch
    {
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Torch.Activation.GeluTanh,
        "gelu" => Torch.Activation.Gelu,
        "relu" => Torch.Activation.Relu,
        "silu" or "swish" => Torch.Activation.Silu,
        var other => throw new InvalidDataException(
            $"{key} '{other}' is not supported (gelu_new, gelu, relu, silu).\n  in {path}"),
    };

    /// <summary>The name of an activation in configurations.</summary>
    public static string Name(Activation activation) => activation switch
    {
        Torch.Activation.GeluTanh => "gelu_new",
        Torch.Activation.Gelu => "gelu",
        Torch.Activation.Silu => "silu",
        _ => "relu",
    };

    /// <summary>What `rope_scaling` (in newer files `rope_parameters`) says; null: positions are not scaled.</summary>
    /// <exception cref="InvalidDataException">A kind of scaling that the decoder does not have.</exception>
    public RotaryScaling? Scaling()
    {
        if ((Part("rope_parameters") ?? Part("rope_scaling")) is not { } scaling)
            return null;
        string kind = scaling.Text("rope_type", scaling.Text("type", "default"));
        return kind switch
        {
            "default" => null,
            "linear" => new LinearScaling(scaling.Number("factor")),
            "llama3" => new Llama3Scaling(
                scaling.Number("factor"), scaling.Number("low_freq_factor"), scaling.Number("high_freq_factor"),
                scaling.Integer("original_max_position_embeddings")),
            _ => throw new InvalidDataException($"The rope scaling '{kind}' is not supported (default, linear, llama3)."
                + $"\n  in {path}\n  Take a checkpoint without it. A model that was only stretched afterwards reads "
                + "its original context: take 'rope_scaling' out of the file, and set 'max_position_embeddings'."),
        };
    }

    /// <summary>The `rope_scaling` that <see cref="Scaling"/> reads back.</summary>
    public static JsonObject? Write(RotaryScaling? scaling) => scaling switch
    {
        LinearScaling linear => new() { ["type"] = "linear", ["factor"] = linear.Factor },
        Llama3Scaling llama => new()
        {
            ["rope_type"] = "llama3",
            ["factor"] = llama.Factor,
            ["low_freq_factor"] = llama.LowTurns,
            ["high_freq_factor"] = llama.HighTurns,
            ["original_max_position_embeddings"] = llama.OriginalContext,
        },
        _ => null,
    };

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
