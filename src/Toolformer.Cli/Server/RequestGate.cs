using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Toolformer.Cli.Server;

/// <summary>
/// Who gets in: holders of a key where there are keys, and never a page of another site in somebody's browser, whether
/// it sends a request itself (Origin, plain forms) or lets a name point to this machine (Host).
/// </summary>
public sealed class RequestGate(ServerOptions options)
{
    private static readonly string[] Public = [.. WebPage.Files.Keys, "/health", "/openapi.json"];

    /// <summary>The client's name, for fairness and the log.</summary>
    /// <exception cref="ApiException">The request is refused.</exception>
    public string Admit(HttpRequest request)
    {
        string host = request.Host.Host.Trim('[', ']');
        if (options.IsLoopback && !(host is "localhost" or "" || (IPAddress.TryParse(host, out var address)
            && IPAddress.IsLoopback(address))))
            throw new ApiException(403, $"The host '{host}' is not this server's: it answers to localhost only.",
                code: "wrong_host");
        foreach (string? origin in request.Headers.Origin)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var from) || from.Authority != request.Host.Value)
                throw new ApiException(403, $"Pages of another site ('{origin}') may not use this server.",
                    code: "wrong_origin");
        }
        if (HttpMethods.IsPost(request.Method) && !(MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)))
            throw new ApiException(415, $"The content type is '{request.ContentType}'. Send application/json.",
                code: "wrong_content_type");
        string client = request.HttpContext.Connection.RemoteIpAddress?.ToString() ?? "";
        if (options.Keys is not { } keys || Public.Contains(request.Path.Value))
            return client;
        const string scheme = "Bearer ";
        string given = request.Headers.Authorization.ToString();
        return given.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            && keys.Owner(given[scheme.Length..].Trim()) is { } owner
                ? owner
                : throw new ApiException(401, given.Length == 0
                    ? "No API key. Send it as `Authorization: Bearer KEY`."
                    : "This API key is not known here.", code: "invalid_api_key");
    }
}
