using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Toolformer.Cli.Server;

/// <summary>Server-sent events, or one JSON object.</summary>
internal static class EventStream
{
    public static readonly JsonSerializerOptions Format = new(JsonLines.Format)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.Never,
    };

    public static void Begin(HttpResponse response)
    {
        if (response.HasStarted || response.ContentType is not null)
            return;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        // Proxies that gather an answer before they pass it on are told not to.
        response.Headers["X-Accel-Buffering"] = "no";
    }

    public static async Task SendAsync(HttpResponse response, JsonObject data, CancellationToken cancellation)
    {
        Begin(response);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(data, Format);
        await response.Body.WriteAsync((byte[])[.. "data: "u8, .. json, .. "\n\n"u8], cancellation);
        await response.Body.FlushAsync(cancellation);
    }

    public static async Task EndAsync(HttpResponse response, CancellationToken cancellation)
    {
        Begin(response);
        await response.Body.WriteAsync("data: [DONE]\n\n"u8.ToArray(), cancellation);
        await response.Body.FlushAsync(cancellation);
    }

    public static async Task WriteAsync(HttpResponse response, JsonObject body, CancellationToken cancellation)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(body, Format);
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        await response.Body.WriteAsync(json, cancellation);
    }
}
