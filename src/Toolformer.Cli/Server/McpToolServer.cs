using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Toolformer.Tools;
using Toolformer.Tools.Arguments;

namespace Toolformer.Cli.Server;

/// <summary>
/// Our tools for MCP clients: each takes its named parameters, or where it has none one string, its input as it stands
/// in a call, and answers with one text.
/// </summary>
public static class McpToolServer
{
    private const string Input = "input";

    /// <summary>Serves until the client ends its stream.</summary>
    public static async Task RunAsync(
        Stream input, Stream output, Toolbox tools, ToolContext context, CancellationToken cancellation)
    {
        await using var transport = new StreamServerTransport(input, output, "toolformer");
        await using var server = McpServer.Create(transport, Options(tools, context));
        await server.RunAsync(cancellation);
    }

    /// <summary>
    /// Answers one message over streamable HTTP. Nothing is remembered from one to the next, so any server may answer
    /// any of them.
    /// </summary>
    /// <exception cref="ApiException">The body is no message.</exception>
    public static async Task AnswerAsync(
        HttpContext http, Toolbox tools, ToolContext context, CancellationToken cancellation)
    {
        JsonRpcMessage message;
        try
        {
            message = await JsonSerializer.DeserializeAsync<JsonRpcMessage>(
                http.Request.Body, McpJsonUtilities.DefaultOptions, cancellation)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw ApiException.Bad($"The body is no message of JSON-RPC: {e.Message}", code: "invalid_json");
        }
        await using var transport = new StreamableHttpServerTransport { Stateless = true };
        await using var server = McpServer.Create(transport, Options(tools, context));
        var running = server.RunAsync(cancellation);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
        if (!await transport.HandlePostRequestAsync(message, http.Response.Body, cancellation))
        {
            http.Response.Headers.Remove("Content-Type");
            http.Response.StatusCode = StatusCodes.Status202Accepted;
        }
        await transport.DisposeAsync();
        await running;
    }

    /// <summary>What a server over any transport offers.</summary>
    public static McpServerOptions Options(Toolbox tools, ToolContext context) => new()
    {
        ServerInfo = new Implementation { Name = "toolformer", Version = Manifest.BuiltFrom },
        Capabilities = new ServerCapabilities { Tools = new ToolsCapability() },
        Handlers = new McpServerHandlers
        {
            ListToolsHandler = (_, _) => new(new ListToolsResult { Tools = [.. tools.Tools.Select(Described)] }),
            CallToolHandler = async (request, cancellation) =>
                await CallAsync(tools, context, request.Params, cancellation),
        },
    };

    private static ModelContextProtocol.Protocol.Tool Described(Toolformer.Tools.Tool tool) => new()
    {
        Name = tool.Name,
        Description = tool.Description,
        InputSchema = tool is StructuredTool structured ? structured.Signature.Schema
            : JsonSerializer.SerializeToElement(new
            {
                type = "object",
                properties = new { input = new { type = "string", description = "As it stands in a call." } },
            }),
    };

    private static async ValueTask<CallToolResult> CallAsync(
        Toolbox tools, ToolContext context, CallToolRequestParams? call, CancellationToken cancellation)
    {
        if (call is null || tools.Find(call.Name) is not { } tool)
            throw new McpProtocolException(
                Spelling.Unknown("tool", call?.Name ?? "", tools.Names), McpErrorCode.InvalidParams);
        string input = InputOf(tool, call.Arguments ?? new Dictionary<string, JsonElement>());
        var result = await tools.CallAsync(call.Name, input, context, cancellation);
        return new CallToolResult
        {
            Content = [new TextContentBlock { Text = result.Text ?? result.Error! }],
            IsError = result.IsError,
        };
    }

    private static string InputOf(Toolformer.Tools.Tool tool, IDictionary<string, JsonElement> arguments)
    {
        if (tool is StructuredTool structured)
        {
            try
            {
                return structured.Signature.Print(new JsonObject(
                    arguments.Select(a => KeyValuePair.Create(a.Key, JsonSerializer.SerializeToNode(a.Value)))));
            }
            catch (ArgumentException e)
            {
                throw new McpProtocolException(e.Message, McpErrorCode.InvalidParams);
            }
        }
        string input = "";
        foreach (var (name, value) in arguments)
        {
            if (name != Input || value.ValueKind != JsonValueKind.String)
                throw new McpProtocolException($"The argument '{name}' is {value.ValueKind}: there is one argument, "
                    + $"\"{Input}\", a string.", McpErrorCode.InvalidParams);
            input = value.GetString()!;
        }
        return input;
    }
}
