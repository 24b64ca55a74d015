using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Toolformer.Tools.Outbound;

/// <summary>What a tool asks of the web.</summary>
public sealed record OutboundRequest(HttpMethod Method, Uri Address)
{
    /// <summary>Names and values; a redirect to another host does not get them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public string? Body { get; init; }

    /// <summary>The media type of the body.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>A request whose body is an object as JSON.</summary>
    public static OutboundRequest Post(Uri address, JsonElement body) =>
        new(HttpMethod.Post, address) { Body = body.GetRawText() };

    public static OutboundRequest Get(Uri address) => new(HttpMethod.Get, address);
}

/// <summary>How much an answer may cost.</summary>
public sealed record OutboundLimits
{
    /// <summary>From the first byte sent to the last one read, redirects included.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most bytes of a body, after decompression.</summary>
    public int BodyBytes { get; init; } = 1 << 20;

    public int Redirects { get; init; } = 5;
}

/// <summary>What came back: an answer of status 2xx, read to its end, or the reason why there is none.</summary>
public sealed record OutboundAnswer
{
    private static readonly JsonDocumentOptions JsonDepth = new() { MaxDepth = 64 };

    /// <summary>The HTTP status; 0 where none came.</summary>
    public int Status { get; init; }

    /// <summary>The media type in lower case, without parameters; empty where the server gives none.</summary>
    public string ContentType { get; init; } = "";

    /// <summary>The body, decompressed, as text; that of an answer of another status too.</summary>
    public string Body { get; init; } = "";

    /// <summary>Why there is no answer, in one line; null: there is one.</summary>
    public string? Error { get; init; }

    /// <summary>Whether asking again may help: the server was not reached, was busy, or broke off.</summary>
    public bool IsTransient { get; init; }

    /// <summary>The reason as a tool gives it.</summary>
    /// <exception cref="InvalidOperationException">There is an answer.</exception>
    public ToolResult Failure() => ToolResult.Failure(
        Error ?? throw new InvalidOperationException("There is an answer, so there is no reason."), IsTransient);

    /// <summary>The body as JSON, or the reason why it is none.</summary>
    public (JsonElement Json, string? Error) ReadJson()
    {
        if (Error is not null)
            return (default, Error);
        try
        {
            using var document = JsonDocument.Parse(Body, JsonDepth);
            return (document.RootElement.Clone(), null);
        }
        catch (JsonException e)
        {
            string type = ContentType.Length == 0 ? "no content type" : ContentType;
            return (default, $"The answer ({type}) is no JSON: {e.Message}");
        }
    }

    internal static string Decode(byte[] body, MediaTypeHeaderValue? type)
    {
        var encoding = type?.CharSet?.Trim('"', '\'').ToLowerInvariant() switch
        {
            "iso-8859-1" or "latin1" or "windows-1252" => Encoding.Latin1,
            "utf-16" or "utf-16le" => Encoding.Unicode,
            "utf-16be" => Encoding.BigEndianUnicode,
            _ => Encoding.UTF8, // JSON is, and what is mislabelled mostly is too
        };
        int mark = encoding.Preamble.Length > 0 && body.AsSpan().StartsWith(encoding.Preamble)
            ? encoding.Preamble.Length : 0;
        return encoding.GetString(body, mark, body.Length - mark);
    }

    internal static bool MayPass(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout
        or HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
        or HttpStatusCode.GatewayTimeout;
}
