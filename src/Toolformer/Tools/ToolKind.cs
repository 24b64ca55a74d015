using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tools;

/// <summary>
/// A way to make tools from an entry of a tools file, found by the catalogue. An entry names it with "kind"; without
/// that the kind is the entry's name: so a shipped tool that takes options has a kind of its own name.
/// </summary>
public abstract class ToolKind
{
    /// <summary>What an entry's "kind" says: "http", "openapi".</summary>
    public abstract string Kind { get; }

    /// <summary>
    /// The files that `tools new NAME` writes to begin with, by name; tools.json is merged into one that is there. Its
    /// tools can be opened as they are. Empty: there is nothing to begin with.
    /// </summary>
    /// <param name="name">The name of the tool.</param>
    public virtual IReadOnlyDictionary<string, string> Starter(string name) => new Dictionary<string, string>();

    /// <summary>Makes the tools of an entry: one, or as many as the service behind it offers.</summary>
    /// <exception cref="InvalidDataException">The options are wrong; <see cref="ToolSettings.Bad"/>.</exception>
    public abstract ValueTask<IReadOnlyList<Tool>> OpenAsync(ToolSettings settings, CancellationToken cancellation);
}

/// <summary>An entry of a tools file, and what a kind may use to make tools from it.</summary>
/// <param name="Name">The entry's name.</param>
/// <param name="Options">Its fields, without "kind" and "limits", which every entry may have.</param>
/// <param name="Source">The tools file, for messages.</param>
/// <param name="Folder">The folder that relative paths start from.</param>
/// <param name="Http">The way to the web, shared by all tools of the file; it holds the secrets.</param>
/// <param name="Clock">What a tool measures its own times with.</param>
public sealed record ToolSettings(
    string Name, JsonElement Options, string Source, string Folder, OutboundHttp Http, TimeProvider Clock)
{
    /// <summary>
    /// Names as snake_case; comments and a last comma are forgiven, unknown and repeated names are not.
    /// </summary>
    internal static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private readonly List<object> _owned = [];

    /// <summary>What was handed to <see cref="Own"/>, last first.</summary>
    internal IEnumerable<object> Owned => _owned.AsEnumerable().Reverse();

    /// <summary>The options as a record, read strictly.</summary>
    /// <exception cref="InvalidDataException">A field is unknown, missing or of another type.</exception>
    public T Read<T>() where T : class => Read<T>(Options, "option", Bad);

    /// <summary>Whether nothing outside of <see cref="Folder"/> may be opened.</summary>
    internal bool IsConfined { get; init; }

    /// <summary>A path of the options, relative to the tools file.</summary>
    /// <exception cref="InvalidDataException">It leads out of a folder in which the file was to stay.</exception>
    public string Locate(string path)
    {
        string full = Path.GetFullPath(path, Folder), inside = Path.GetFullPath(Folder + Path.DirectorySeparatorChar);
        return !IsConfined || full.StartsWith(inside, StringComparison.Ordinal) ? full : throw Bad(
            $"'{path}' leads out of the folder of the tools file, which was not asked for by its name.",
            $"Give --tools-file {Source} if you trust it.");
    }

    /// <summary>A header's value with its "${NAME}" replaced by the environment's.</summary>
    /// <exception cref="InvalidDataException">The variable is not set.</exception>
    public string Reveal(string text)
    {
        try
        {
            return Http.Secrets.Reveal(text);
        }
        catch (Exception e) when (e is KeyNotFoundException or FormatException)
        {
            throw Bad(e.Message, "See what the tool's description says of its variables.");
        }
    }

    /// <summary>Has something disposed together with the tools; gives it back.</summary>
    public T Own<T>(T resource) where T : class
    {
        _owned.Add(resource);
        return resource;
    }

    /// <summary>An error in three parts about this entry.</summary>
    public InvalidDataException Bad(string what, string remedy) =>
        new($"{what}\n  in {Source}, tool {Name}\n  {remedy}");

    internal static T Read<T>(JsonElement json, string field, Func<string, string, InvalidDataException> bad)
        where T : class
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw bad($"Expected an object {{ … }}, but there is {json.ValueKind}.", "Write the fields in braces.");
        var known = Format.GetTypeInfo(typeof(T)).Properties.Select(p => p.Name).ToList();
        foreach (var property in json.EnumerateObject())
        {
            if (!known.Contains(property.Name))
                throw bad(Spelling.Unknown(field, property.Name, known), "Correct the name, or leave the field out.");
        }
        try
        {
            return json.Deserialize<T>(Format)!;
        }
        catch (JsonException e)
        {
            throw bad($"A field can't be read: {e.Message}", $"The fields are {string.Join(", ", known)}.");
        }
    }
}
