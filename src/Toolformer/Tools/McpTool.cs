using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Markup;
using Toolformer.Tools.Arguments;
using Toolformer.Tools.Mcp;

namespace Toolformer.Tools;

/// <summary>
/// A tool of an MCP server. A server that dies, hangs or talks without an end costs the call, with a reason; the next
/// call starts it anew.
/// </summary>
public sealed class McpTool : StructuredTool
{
    private readonly McpConnection _connection;
    private readonly ModelContextProtocol.Protocol.Tool _remote;
    private readonly bool _changes;

    internal McpTool(string name, McpConnection connection, ModelContextProtocol.Protocol.Tool remote,
        IReadOnlyList<string> demonstrations, bool changes)
        : base(
            new ToolTexts(name, Described(remote)) { Demonstrations = demonstrations },
            Signature.Of(remote.InputSchema))
    {
        (_connection, _remote, _changes) = (connection, remote, changes);
        byte[] signature = JsonSerializer.SerializeToUtf8Bytes(
            new { remote.Name, remote.Description, remote.InputSchema }, JsonLines.Format);
        Version = Convert.ToHexStringLower(SHA256.HashData(signature))[..16];
    }

    /// <summary>A hash of what the server says of the tool: it changes with the server's signature.</summary>
    public override string Version { get; }

    /// <summary>
    /// True unless the server calls the tool read-only, as the protocol has it, or the tools file says otherwise.
    /// </summary>
    public override bool ChangesSomething(string input) => _changes;

    protected override async ValueTask<ToolResult> AnswerAsync(
        JsonObject arguments, ToolContext context, CancellationToken cancellation) =>
        await _connection.CallAsync(_remote.Name, arguments.ToDictionary(
            a => a.Key, object? (a) => a.Value is { } value ? JsonSerializer.SerializeToElement(value) : null),
            cancellation);

    private static string Described(ModelContextProtocol.Protocol.Tool remote) =>
        CallSyntax.Neutralise(remote.Description ?? remote.Title ?? $"Calls {remote.Name}.").TrimEnd('.') + ".";
}

/// <summary>What an entry of kind "mcp" may say. One of command and url.</summary>
public sealed record McpOptions
{
    /// <summary>The program that is the server, found on the PATH or given by its path.</summary>
    public string? Command { get; init; }

    public IReadOnlyList<string> Args { get; init; } = [];

    /// <summary>Its environment beside PATH and HOME; "${NAME}" is taken from ours.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>The address of a server that speaks streamable HTTP; its host has to be among the hosts.</summary>
    public string? Url { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// The server's names of the tools to take, with what is to be known of each; none: all that it offers.
    /// </summary>
    public IReadOnlyDictionary<string, McpToolOptions> Tools { get; init; } = new Dictionary<string, McpToolOptions>();

    /// <summary>Whether its tools change something; null: what the server says, or yes.</summary>
    public bool? ChangesSomething { get; init; }
}

/// <summary>What a tools file says of one tool of an MCP server.</summary>
public sealed record McpToolOptions
{
    /// <summary>Its name in calls; null: the server's, what is no letter or digit as an underscore.</summary>
    public string? Name { get; init; }

    public IReadOnlyList<string> Demonstrations { get; init; } = [];

    public bool? ChangesSomething { get; init; }
}

/// <summary>Makes tools of what an MCP server offers.</summary>
public sealed class McpKind : ToolKind
{
    public override string Kind => "mcp";

    public override async ValueTask<IReadOnlyList<Tool>> OpenAsync(
        ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<McpOptions>();
        if (options.Command is null == options.Url is null)
            throw settings.Bad("An MCP server is a command or a url, and one of them has to be given.",
                "Write \"command\": \"npx\", \"args\": […], or \"url\": \"https://…\".");
        if (options.Url is { } url && (!Uri.TryCreate(url, UriKind.Absolute, out var address)
            || settings.Http.Hosts.Refusal(address) is not null))
            throw settings.Bad($"The url '{url}' leads to no host that this file names.",
                "Write it with http:// or https://, and put its host under \"hosts\".");
        var connection = settings.Own(new McpConnection(settings.Name, options, settings));
        var offered = (await connection.ListAsync(cancellation)).DistinctBy(t => t.Name)
            .ToDictionary(t => t.Name, StringComparer.Ordinal);
        foreach (string wanted in options.Tools.Keys.Where(wanted => !offered.ContainsKey(wanted)))
            throw settings.Bad(Spelling.Unknown("tool of this server", wanted, offered.Keys),
                "Correct the name under \"tools\".");
        var tools = new List<Tool>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, remote) in offered)
        {
            if (options.Tools.GetValueOrDefault(key) is not { } own)
            {
                if (options.Tools.Count > 0)
                    continue;
                own = new McpToolOptions();
            }
            if (own.Name is { } given && !CallSyntax.IsName(given))
                throw settings.Bad($"The name '{given}' can't be written in a call.",
                    "Use letters, digits and underscores, a letter first.");
            string name = own.Name ?? NameOf(key);
            for (int n = 2; !names.Add(name); n++)
                name = $"{own.Name ?? NameOf(key)}_{n}";
            bool changes = own.ChangesSomething ?? options.ChangesSomething
                ?? remote.Annotations?.ReadOnlyHint is not true;
            tools.Add(new McpTool(name, connection, remote, own.Demonstrations, changes));
        }
        return tools;
    }

    /// <summary>A name for calls: "get-sum" becomes "get_sum", "2fa" becomes "T2fa".</summary>
    internal static string NameOf(string name)
    {
        string plain = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')).Trim('_');
        return plain.Length == 0 ? "Tool" : char.IsAsciiLetter(plain[0]) ? plain : "T" + plain;
    }
}
