using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Toolformer.Tools.Mcp;

/// <summary>
/// The way to one MCP server, over a process's streams or streamable HTTP. Made when it is first needed, and again by
/// the next call after a server has died. Thread-safe.
/// </summary>
internal sealed class McpConnection(string name, McpOptions options, ToolSettings settings) : IAsyncDisposable
{
    private const int MaxTools = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _one = new(1);
    private Session? _session;
    private bool _disposed;

    private sealed record Session(McpClient Client, McpProcess? Process)
    {
        public bool IsOver => Client.Completion.IsCompleted;
    }

    /// <summary>What the server offers.</summary>
    /// <exception cref="InvalidDataException">It does not start, or does not answer as an MCP server does.</exception>
    public async Task<IReadOnlyList<ModelContextProtocol.Protocol.Tool>> ListAsync(CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(Patience, settings.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            var session = await OpenAsync(either.Token);
            var tools = await session.Client.ListToolsAsync(cancellationToken: either.Token);
            return [.. tools.Take(MaxTools).Select(t => t.ProtocolTool)];
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw settings.Bad($"{Reason(e)}.", "Try the command or the address by hand; it has to be an MCP server.");
        }
    }

    /// <summary>Calls a tool of the server; whatever happens there ends as a result or a reason.</summary>
    public async Task<ToolResult> CallAsync(
        string tool, IReadOnlyDictionary<string, object?> arguments, CancellationToken cancellation)
    {
        Session? session = null;
        try
        {
            session = await OpenAsync(cancellation);
            session.Process?.Output.Restart();
            var answer = await session.Client.CallToolAsync(tool, arguments, cancellationToken: cancellation);
            string text = settings.Http.Secrets.Hide(TextOf(answer));
            return answer.IsError == true ? ToolResult.Failure($"{name} says: {text}") : ToolResult.Success(text);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (McpProtocolException e)
        {
            return ToolResult.Failure($"{name} refused the call: {settings.Http.Secrets.Hide(e.Message)}");
        }
        catch (Exception e)
        {
            await EndAsync(session);
            return ToolResult.Failure(Reason(e, session), isTransient: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _one.WaitAsync();
        _disposed = true;
        var session = _session;
        _session = null;
        _one.Release();
        await CloseAsync(session);
    }

    private async Task<Session> OpenAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_session is { IsOver: true } dead)
            {
                _session = null;
                await CloseAsync(dead);
            }
            return _session ??= await ConnectAsync(cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<Session> ConnectAsync(CancellationToken cancellation)
    {
        var self = new McpClientOptions
        {
            ClientInfo = new Implementation { Name = "toolformer-net", Version = Manifest.BuiltFrom },
            InitializationTimeout = Patience,
            TimeProvider = settings.Clock,
        };
        if (options.Url is { } url)
        {
            var transport = new HttpClientTransport(new HttpClientTransportOptions
            {
                Endpoint = new Uri(url),
                Name = name,
                TransportMode = HttpTransportMode.StreamableHttp,
                EnableStandaloneGetStream = false,
                AdditionalHeaders = options.Headers.ToDictionary(h => h.Key, h => settings.Reveal(h.Value)),
            }, settings.Http.ClientOf(4 << 20), ownsHttpClient: true);
            return new Session(await McpClient.CreateAsync(transport, self, cancellationToken: cancellation), null);
        }
        var process = McpProcess.Start(options.Command!, options.Args, settings.Folder,
            options.Env.ToDictionary(v => v.Key, v => settings.Reveal(v.Value)), name, settings.Clock);
        try
        {
            var transport = new StreamClientTransport(process.Input, process.Output);
            return new Session(await McpClient.CreateAsync(transport, self, cancellationToken: cancellation), process);
        }
        catch (Exception e)
        {
            string said = process.LastErrors;
            await process.DisposeAsync();
            if (e is OperationCanceledException || said.Length == 0)
                throw;
            throw new IOException($"{e.Message} (it wrote: {said})", e);
        }
    }

    /// <summary>Gives up a session, if it is still the present one.</summary>
    private async Task EndAsync(Session? session)
    {
        if (session is null || Interlocked.CompareExchange(ref _session, null, session) != session)
            return;
        await CloseAsync(session);
    }

    private static async Task CloseAsync(Session? session)
    {
        if (session is null)
            return;
        if (session.Process is { } process)
            await process.DisposeAsync();
        await session.Client.DisposeAsync();
    }

    private string Reason(Exception e, Session? session = null)
    {
        string said = session?.Process?.LastErrors is { Length: > 0 } errors ? $" (it wrote: {errors})" : "";
        string why = e is OperationCanceledException
            ? $"did not answer within {Patience.TotalSeconds} s"
            : $"failed: {(e.InnerException is IOException inner ? inner : e).Message}";
        return settings.Http.Secrets.Hide($"The MCP server {name} {why}{said}");
    }

    private static string TextOf(CallToolResult answer)
    {
        var parts = answer.Content.Select(block => block switch
        {
            TextContentBlock text => text.Text,
            EmbeddedResourceBlock { Resource: TextResourceContents resource } => resource.Text,
            ImageContentBlock => "(an image)",
            AudioContentBlock => "(a sound)",
            ResourceLinkBlock link => link.Uri,
            _ => "",
        }).Where(part => part.Length > 0).ToList();
        return parts.Count > 0 ? string.Join(" ", parts)
            : answer.StructuredContent is { } json ? JsonSerializer.Serialize(json, JsonLines.Format)
            : "";
    }
}
