using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Tools.Arguments;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tools;

/// <summary>
/// A tool that asks a web address, whose places in braces are its parameters; with a body it posts. Inputs stay in
/// their places (<see cref="AddressTemplate"/>), requests on the hosts of the tools file (<see cref="OutboundHttp"/>).
/// </summary>
public sealed class HttpTool(ToolTexts texts, Signature signature, HttpToolRequest request, OutboundHttp http)
    : StructuredTool(texts, signature)
{
    public override string Version => request.ToString();

    public override bool ChangesSomething(string input) => request.Changes;

    protected override async ValueTask<ToolResult> AnswerAsync(
        JsonObject arguments, ToolContext context, CancellationToken cancellation)
    {
        OutboundRequest asked;
        try
        {
            asked = new OutboundRequest(request.Method, request.Address.Fill(name => Text(arguments[name])))
            {
                Headers = request.Headers,
                Body = request.Body is { } body ? Fill(body, arguments)?.ToJsonString() : null,
            };
        }
        catch (FormatException e)
        {
            return ToolResult.Failure($"The input can't be asked: {e.Message}.");
        }
        return request.Result.Select(await http.SendAsync(asked, cancellation));
    }

    /// <summary>
    /// The body with its places filled: a string that is nothing but a place becomes the argument itself; other places
    /// become text inside their string. An argument that is not given leaves null, or nothing.
    /// </summary>
    private static JsonNode? Fill(JsonNode? template, JsonObject arguments) => template switch
    {
        JsonObject fields => new JsonObject(fields.Select(f => KeyValuePair.Create(f.Key, Fill(f.Value, arguments)))),
        JsonArray items => new JsonArray([.. items.Select(i => Fill(i, arguments))]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Fill(value.GetValue<string>(), arguments),
        _ => template?.DeepClone(),
    };

    private static JsonNode? Fill(string text, JsonObject arguments)
    {
        if (PlacesOf(text) is [var only] && text == $"{{{only}}}")
            return arguments[only]?.DeepClone();
        // In one pass, so that what an argument says is never taken for a place.
        var filled = new System.Text.StringBuilder();
        int at = 0;
        foreach (string place in PlacesOf(text))
        {
            int open = text.IndexOf($"{{{place}}}", at, StringComparison.Ordinal);
            filled.Append(text, at, open - at).Append(Text(arguments[place]));
            at = open + place.Length + 2;
        }
        return filled.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>The names in braces, in order.</summary>
    internal static IReadOnlyList<string> PlacesOf(string text)
    {
        var places = new List<string>();
        for (int open = -1; (open = text.IndexOf('{', open + 1)) >= 0 && text.IndexOf('}', open) is > 0 and var close;)
        {
            string name = text[(open + 1)..close];
            if (name.Length > 0 && name.All(Parameter.IsNamePart))
                places.Add(name);
        }
        return places;
    }

    private static string? Text(JsonNode? value) => value switch
    {
        null => null,
        JsonArray list => string.Join(",", list.Select(Text)),
        _ => value.ToString(),
    };
}

/// <summary>What an <see cref="HttpTool"/> asks, and what of the answer it takes.</summary>
/// <param name="Headers">With their secrets; not for logs.</param>
/// <param name="Body">JSON with places in its strings; null: no body.</param>
/// <param name="Changes">Whether it changes something in the world.</param>
public sealed record HttpToolRequest(HttpMethod Method, AddressTemplate Address,
    IReadOnlyList<KeyValuePair<string, string>> Headers, JsonNode? Body, AnswerSelection Result, bool Changes)
{
    /// <summary>Without headers, which may hold secrets.</summary>
    public override string ToString() => $"{Method} {Address.Fill(p => p)} {Body?.ToJsonString()}";
}

/// <summary>
/// Tools files' kind "http": url, method, headers, body, parameters (JSON schemas by name), optional (names), result
/// (a JSON pointer or several), changes (whether a call changes something; else GET does not and others do).
/// </summary>
public sealed class HttpToolKind : ToolKind
{
    private sealed record Options : ToolTextOptions
    {
        public required string Url { get; init; }
        public string? Method { get; init; }
        public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
        public JsonElement? Body { get; init; }
        public IReadOnlyDictionary<string, JsonElement> Parameters { get; init; } =
            new Dictionary<string, JsonElement>();
        public IReadOnlyList<string> Optional { get; init; } = [];
        public JsonElement? Result { get; init; }
        public bool? Changes { get; init; }
    }

    public override string Kind => "http";

    public override IReadOnlyDictionary<string, string> Starter(string name) => new Dictionary<string, string>
    {
        ["tools.json"] = $$$"""
            {
              "hosts": ["api.example.org"],
              "tools": {
                "{{{name}}}": {
                  "kind": "http",
                  "description": "Tells the mayor of a city.",
                  "url": "https://api.example.org/cities/{city}",
                  "result": "/mayor/name",
                  "parameters": {"city": {"type": "string", "description": "the name of the city"}},
                  "demonstrations": [
                    "The mayor of Lisbon is [{{{name}}}(Lisbon)] elected for four years.",
                    "In Graz [{{{name}}}(Graz)] the mayor opened the new library."
                  ],
                  "limits": {"time_limit": 10}
                }
              }
            }
            """,
    };

    public override ValueTask<IReadOnlyList<Tool>> OpenAsync(ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Options>();
        AddressTemplate address;
        try
        {
            address = new AddressTemplate(options.Url);
        }
        catch (FormatException e)
        {
            throw settings.Bad($"\"url\": {e.Message}.", "Write \"https://HOST/path?query={name}\".");
        }
        if (settings.Http.Hosts.Refusal(address.Origin) is { } refusal)
            throw settings.Bad($"\"url\": {refusal}.", "Name the host under \"hosts\" of the tools file.");
        var body = options.Body is { } json ? JsonNode.Parse(json.GetRawText()) : null;
        var method = new HttpMethod(options.Method?.ToUpperInvariant() ?? (body is null ? "GET" : "POST"));
        if (method.Method is not ("GET" or "POST" or "PUT" or "PATCH" or "DELETE"))
            throw settings.Bad(Spelling.Unknown("method", method.Method, ["GET", "POST", "PUT", "PATCH", "DELETE"]),
                "Correct \"method\".");
        if (body is not null && method == HttpMethod.Get)
            throw settings.Bad("A GET has no body.", "Leave \"body\" out, or set \"method\" to POST.");
        var result = new AnswerSelection(options.Result switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(p => p.ToString())],
            { } one => [one.ToString()],
        });
        if (result.Fault is { } fault)
            throw settings.Bad($"\"result\" is '{fault}', which is no JSON pointer.", "Write \"/name/0/name\".");
        var signature = SignatureOf(settings, options,
            [.. address.Places.Concat(body is null ? [] : Strings(body).SelectMany(HttpTool.PlacesOf)).Distinct()]);
        var headers = options.Headers.Select(h => KeyValuePair.Create(h.Key, settings.Reveal(h.Value))).ToList();
        var request = new HttpToolRequest(
            method, address, headers, body, result, options.Changes ?? method != HttpMethod.Get);
        var texts = options.Texts(settings, settings.Name, $"Asks {address.Origin.Host}.", signature);
        return new([new HttpTool(texts, signature, request, settings.Http)]);
    }

    private static Signature SignatureOf(ToolSettings settings, Options options, IReadOnlyList<string> places)
    {
        if (options.Parameters.Keys.Concat(options.Optional).FirstOrDefault(n => !places.Contains(n)) is { } unused)
            throw settings.Bad(Spelling.Unknown("place", unused, places),
                $"Put {{{unused}}} into \"url\" or \"body\", or leave it out of \"parameters\" and \"optional\".");
        var any = JsonSerializer.SerializeToElement(new { type = "string" });
        return Signature.Of(JsonSerializer.SerializeToElement(new
        {
            type = "object",
            properties = places.ToDictionary(p => p, p => options.Parameters.GetValueOrDefault(p, any)),
            required = places.Except(options.Optional),
        }));
    }

    private static IEnumerable<string> Strings(JsonNode? node) => node switch
    {
        JsonObject fields => fields.SelectMany(f => Strings(f.Value)),
        JsonArray items => items.SelectMany(Strings),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => [value.GetValue<string>()],
        _ => [],
    };
}
