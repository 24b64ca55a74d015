using System.Text.Json;
using Toolformer.Tools.Guarding;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tools;

/// <summary>
/// A tools file (tools.json): <c>{"hosts": ["api.example.org"], "tools": {"Calculator": {}, "Weather": {"kind": "http",
/// …, "limits": {…}}}}</c>. It names the tools, their options and limits, and the hosts that they may ask.
/// </summary>
public sealed class ToolsFile
{
    private const int MaxBytes = 8 << 20;

    private const string KindField = "kind", LimitsField = "limits";

    private readonly string _folder;
    private readonly Dictionary<string, Entry> _entries;

    private sealed record Entry(string Kind, bool HasKind, JsonElement Options, ToolLimits Limits);

    private sealed record Content
    {
        public IReadOnlyList<string> Hosts { get; init; } = [];
        public required JsonElement Tools { get; init; }
    }

    private ToolsFile(string path, Content content)
    {
        Path = path;
        _folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        try
        {
            Hosts = new AllowedHosts(content.Hosts);
        }
        catch (ArgumentException e)
        {
            throw Bad(e.Message.Split(" (Parameter")[0], "Correct the entry under \"hosts\".");
        }
        if (content.Tools.ValueKind != JsonValueKind.Object)
            throw Bad($"\"tools\" is {content.Tools.ValueKind}, not an object.",
                "Write {\"tools\": {\"NAME\": {…}}}.");
        _entries = content.Tools.EnumerateObject().ToDictionary(e => e.Name, e => ReadEntry(e.Name, e.Value));
    }

    /// <summary>Where it lies; relative paths in it start from its folder.</summary>
    public string Path { get; }

    public AllowedHosts Hosts { get; }

    /// <summary>
    /// Whether its tools may open only what lies in its folder, because nobody asked for the file by its name.
    /// </summary>
    public bool IsConfined { get; private init; }

    /// <summary>The names of its entries, in order of the file.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>The kinds of its entries; an entry without one is of the kind of its own name.</summary>
    public IEnumerable<string> Kinds => _entries.Values.Select(e => e.Kind);

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no tools file; the message says where and what to do.</exception>
    /// <param name="confined">See <see cref="IsConfined"/>.</param>
    public static ToolsFile Read(string path, bool confined = false)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new FileNotFoundException($"There is no tools file '{path}'.\n  looked in {file.FullName}\n"
                + "  `toolformer tools new NAME` writes one.", path);
        return file.Length <= MaxBytes
            ? Parse(File.ReadAllText(path), path, confined)
            : throw new InvalidDataException($"The tools file has {file.Length:N0} bytes; {MaxBytes:N0} are read.\n"
                + $"  in {path}\n  Name a smaller file.");
    }

    /// <summary>Reads the text of a tools file that lies, or is to lie, at a path.</summary>
    /// <exception cref="InvalidDataException">It is no tools file; the message says where and what to do.</exception>
    public static ToolsFile Parse(string json, string path, bool confined = false)
    {
        JsonElement root;
        try
        {
            root = JsonSerializer.Deserialize<JsonElement>(json, ToolSettings.Format);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The tools file is no JSON: {e.Message}\n  in {path}\n"
                + "  Write {\"tools\": {\"Calculator\": {}}}, or start from `toolformer tools new NAME`.", e);
        }
        return new ToolsFile(path, ToolSettings.Read<Content>(root, "field",
            (what, remedy) => new InvalidDataException($"{what}\n  in {path}\n  {remedy}")))
        {
            IsConfined = confined,
        };
    }

    /// <summary>Makes the tools.</summary>
    /// <param name="kinds">What can make tools: the catalogue's, those of other assemblies.</param>
    /// <param name="shipped">The tools that an entry without options may name.</param>
    /// <param name="selected">Names of tools; others are left out; null: all.</param>
    /// <param name="secrets">Where secrets come from.</param>
    /// <param name="lookup">How names of hosts become addresses; null: the system's resolver.</param>
    /// <exception cref="InvalidDataException">An entry is wrong; the message says where and what to do.</exception>
    /// <exception cref="KeyNotFoundException">A name that is selected is no tool's.</exception>
    public async ValueTask<ToolSet> OpenAsync(IReadOnlyList<ToolKind> kinds, IReadOnlyList<Tool> shipped,
        IReadOnlyCollection<string>? selected, Secrets secrets, TimeProvider clock, CancellationToken cancellation,
        AddressLookup? lookup = null)
    {
        var http = new OutboundHttp(Hosts, secrets, timer: clock, lookup: lookup);
        var owned = new List<object> { http };
        var tools = new List<Tool>();
        var limits = new Dictionary<string, ToolLimits>(StringComparer.Ordinal);
        // An entry may make several tools, so where a name is no entry's all have to be opened to find it.
        bool all = selected is null || !selected.All(_entries.ContainsKey);
        try
        {
            foreach (var (name, entry) in _entries.Where(e => all || selected!.Contains(e.Key)))
            {
                var settings = new ToolSettings(name, entry.Options, Path, _folder, http, clock)
                {
                    IsConfined = IsConfined,
                };
                try
                {
                    foreach (var tool in await OpenAsync(entry, settings, kinds, shipped, cancellation))
                    {
                        tools.Add(tool);
                        if (!limits.TryAdd(tool.Name, entry.Limits))
                            throw settings.Bad($"There are two tools named {tool.Name}.", "Rename one of them.");
                    }
                }
                finally
                {
                    owned.InsertRange(0, settings.Owned);
                }
            }
            return new ToolSet(tools, limits, owned).Only(selected);
        }
        catch
        {
            await new ToolSet([], limits, owned).DisposeAsync();
            throw;
        }
    }

    private static async ValueTask<IReadOnlyList<Tool>> OpenAsync(Entry entry, ToolSettings settings,
        IReadOnlyList<ToolKind> kinds, IReadOnlyList<Tool> shipped, CancellationToken cancellation)
    {
        if (kinds.FirstOrDefault(k => k.Kind == entry.Kind) is { } kind)
            return await kind.OpenAsync(settings, cancellation);
        if (entry.HasKind)
            throw settings.Bad(Spelling.Unknown("kind of tool", entry.Kind, kinds.Select(k => k.Kind)),
                "Correct \"kind\", or leave it out for a tool that ships.");
        if (shipped.FirstOrDefault(t => t.Name == settings.Name) is not { } tool)
            throw settings.Bad(
                Spelling.Unknown("tool that ships", settings.Name, shipped.Select(t => t.Name)
                    .Union(kinds.Select(k => k.Kind).Where(k => char.IsAsciiLetterUpper(k[0])))),
                "Correct the name, or say with \"kind\" how the tool is made.");
        if (settings.Options.EnumerateObject().Any())
            throw settings.Bad($"{tool.Name} takes no options but \"limits\".", "Leave the other fields out.");
        return [tool];
    }

    private Entry ReadEntry(string name, JsonElement json)
    {
        InvalidDataException BadEntry(string what, string remedy) =>
            new($"{what}\n  in {Path}, tool {name}\n  {remedy}");
        if (json.ValueKind != JsonValueKind.Object)
            throw BadEntry($"The entry is {json.ValueKind}, not an object.", "Write {} where there are no options.");
        bool hasKind = json.TryGetProperty(KindField, out var kind);
        if (hasKind && kind.ValueKind != JsonValueKind.String)
            throw BadEntry($"\"kind\" is {kind.ValueKind}, not a string.", "Write \"kind\": \"http\" or another.");
        var limits = json.TryGetProperty(LimitsField, out var given)
            ? ToolSettings.Read<ToolLimits>(given, "limit", BadEntry) : new ToolLimits();
        if (limits.Problem() is { } problem)
            throw BadEntry($"Of the limits {problem}", "Correct the number under \"limits\".");
        var options = JsonSerializer.SerializeToElement(json.EnumerateObject()
            .Where(p => p.Name is not (KindField or LimitsField)).ToDictionary(p => p.Name, p => p.Value));
        return new Entry(hasKind ? kind.GetString()! : name, hasKind, options, limits);
    }

    private InvalidDataException Bad(string what, string remedy) => new($"{what}\n  in {Path}\n  {remedy}");
}
