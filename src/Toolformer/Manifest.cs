using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Toolformer;

/// <summary>What a run folder was made from and how far it is: written as manifest.json, whole or not at all.</summary>
public sealed record Manifest
{
    public const string FileName = "manifest.json";

    /// <summary>The commit that the program was built from.</summary>
    public string Commit { get; init; } = BuiltFrom;

    public long? Seed { get; init; }

    /// <summary>The model: its folder or id, and what else tells it from others (hash, device, dtype).</summary>
    public JsonObject? Model { get; init; }

    /// <summary>The id that stood before every text when it was scored, null where the model family has none.</summary>
    public int? BeginningOfText { get; init; }

    /// <summary>What day the calendar tells where a text has none of its own.</summary>
    public DateOnly? Today { get; init; }

    public IReadOnlyList<InputFile> Inputs { get; init; } = [];

    /// <summary>The stages by name, in the order in which they were begun.</summary>
    public IReadOnlyDictionary<string, StageRecord> Stages { get; init; } = new Dictionary<string, StageRecord>();

    /// <summary>The commit named in this build, or its version where the build names none.</summary>
    public static string BuiltFrom
    {
        get
        {
            string version = typeof(Manifest).Assembly
                .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
            return version.Split('+') is [_, var commit] ? commit : version;
        }
    }

    /// <summary>The manifest of a folder, or null where there is none.</summary>
    /// <exception cref="InvalidDataException">It is there, but no manifest.</exception>
    public static Manifest? Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<Manifest>(File.ReadAllBytes(path), JsonLines.Format);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is not the manifest of a run ({e.Message}). "
                + "Choose another folder, or remove the file to begin the run anew.", e);
        }
    }

    public void Save(string folder)
    {
        string path = Path.Combine(folder, FileName), draft = path + ".new";
        var format = new JsonSerializerOptions(JsonLines.Format) { WriteIndented = true };
        using (var file = File.Create(draft))
        {
            JsonSerializer.Serialize(file, this, format);
            file.Flush(flushToDisk: true);
        }
        File.Move(draft, path, overwrite: true);
    }
}

/// <summary>One stage of a run.</summary>
/// <param name="Options">All that its output depends on. A run is only continued with the same.</param>
public sealed record StageRecord(JsonObject Options)
{
    public bool Complete { get; init; }

    /// <summary>Seconds spent, over all starts of the program.</summary>
    public double Seconds { get; init; }

    public IReadOnlyDictionary<string, long> Counts { get; init; } = new Dictionary<string, long>();
}

/// <summary>A file that a run read.</summary>
public sealed record InputFile(string Path, long Bytes, string Sha256)
{
    public static InputFile Of(string path)
    {
        using var file = File.OpenRead(path);
        return new(path, file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }
}
