using System.Text;
using System.Text.Json.Nodes;
using Toolformer.Tools.Arguments;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tools;

/// <summary>
/// An operation of a service that an OpenAPI document describes: its parameters, and the fields of its JSON body, are
/// the tool's. Inputs stay in their places, requests on the hosts of the tools file.
/// </summary>
public sealed class OpenApiTool : StructuredTool
{
    private readonly OpenApiOperation _operation;
    private readonly AddressTemplate _address;
    private readonly IReadOnlyList<(SecurityScheme Scheme, string Secret)> _credentials;
    private readonly AnswerSelection _result;
    private readonly OutboundHttp _http;

    /// <param name="address">The server with the operation's path.</param>
    /// <param name="credentials">What says who asks.</param>
    /// <exception cref="FormatException">The path has a place that is no parameter of it.</exception>
    public OpenApiTool(ToolTexts texts, Signature signature, OpenApiOperation operation, AddressTemplate address,
        IReadOnlyList<(SecurityScheme Scheme, string Secret)> credentials, AnswerSelection result, OutboundHttp http)
        : base(texts, signature)
    {
        (_operation, _address, _credentials, _result, _http) = (operation, address, credentials, result, http);
        var known = operation.Arguments.Where(a => a.Place == ArgumentPlace.Path).Select(a => a.Sent);
        if (address.Places.Except(known).FirstOrDefault() is { } unknown)
            throw new FormatException($"the path {operation.Path} has a place {unknown} that is no parameter of it");
    }

    public override string Version => $"{_operation.Method} {_address.Fill(place => place)}";

    public override bool ChangesSomething(string input) => _operation.Method.Method is not ("GET" or "HEAD");

    protected override async ValueTask<ToolResult> AnswerAsync(
        JsonObject arguments, ToolContext context, CancellationToken cancellation)
    {
        OutboundRequest request;
        try
        {
            request = Request(arguments);
        }
        catch (FormatException e)
        {
            return ToolResult.Failure($"The input can't be asked: {e.Message}.");
        }
        return _result.Select(await _http.SendAsync(request, cancellation));
    }

    private OutboundRequest Request(JsonObject arguments)
    {
        var path = new Dictionary<string, string?>(StringComparer.Ordinal);
        var query = new List<KeyValuePair<string, string>>();
        var headers = new List<KeyValuePair<string, string>>();
        JsonNode? body = null;
        foreach (var argument in _operation.Arguments.Where(a => arguments.ContainsKey(a.Argument)))
        {
            var value = arguments[argument.Argument];
            switch (argument.Place)
            {
                case ArgumentPlace.Path:
                    path[argument.Sent] = Text(value);
                    break;
                case ArgumentPlace.Query when value is JsonArray list && argument.Explode:
                    query.AddRange(list.Select(v => KeyValuePair.Create(argument.Sent, Text(v))));
                    break;
                case ArgumentPlace.Query:
                    query.Add(KeyValuePair.Create(argument.Sent, Text(value)));
                    break;
                case ArgumentPlace.Header:
                    if (Text(value).Any(char.IsControl))
                        throw new FormatException($"{argument.Argument} has a control character in it");
                    headers.Add(KeyValuePair.Create(argument.Sent, Text(value)));
                    break;
                case ArgumentPlace.Body:
                    body = value?.DeepClone();
                    break;
                default:
                    body ??= new JsonObject();
                    body[argument.Sent] = value?.DeepClone();
                    break;
            }
        }
        foreach (var (scheme, secret) in _credentials)
        {
            if (scheme is { Type: "apiKey", Place: "query" })
                query.Add(KeyValuePair.Create(scheme.Sent, secret));
            else if (scheme is { Type: "apiKey", Place: "cookie" })
                headers.Add(KeyValuePair.Create("Cookie", $"{scheme.Sent}={Uri.EscapeDataString(secret)}"));
            else if (scheme.Type == "apiKey")
                headers.Add(KeyValuePair.Create(scheme.Sent, secret));
            else if (scheme is { Type: "http", Scheme: "basic" })
                headers.Add(KeyValuePair.Create(
                    "Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(secret))}"));
            else
                headers.Add(KeyValuePair.Create("Authorization", $"Bearer {secret}"));
        }
        return new OutboundRequest(_operation.Method, _address.Fill(path.GetValueOrDefault, query))
        {
            Headers = headers,
            Body = body?.ToJsonString(),
        };
    }

    private static string Text(JsonNode? value) => value switch
    {
        null => "",
        JsonArray list => string.Join(",", list.Select(Text)),
        JsonObject fields => fields.ToJsonString(),
        _ => value.ToString(),
    };
}

/// <summary>
/// Tools files' kind "openapi": document (a file, or an address), server, operations (names; else all), prefix (of
/// the tools' names), security (a secret per scheme, as "${NAME}"), result (JSON pointers by operation),
/// demonstrations (by operation).
/// </summary>
public sealed class OpenApiToolKind : ToolKind
{
    private const int MaxDocument = 8 << 20, MaxTools = 200;

    private sealed record Options
    {
        public required string Document { get; init; }
        public string? Server { get; init; }
        public IReadOnlyList<string>? Operations { get; init; }
        public string Prefix { get; init; } = "";
        public IReadOnlyDictionary<string, string> Security { get; init; } = new Dictionary<string, string>();
        public IReadOnlyDictionary<string, string> Result { get; init; } = new Dictionary<string, string>();
        public IReadOnlyDictionary<string, IReadOnlyList<string>> Demonstrations { get; init; } =
            new Dictionary<string, IReadOnlyList<string>>();
    }

    /// <summary>An operation's texts.</summary>
    private sealed record OperationTexts : ToolTextOptions;

    public override string Kind => "openapi";

    public override IReadOnlyDictionary<string, string> Starter(string name) => new Dictionary<string, string>
    {
        ["tools.json"] = $$$"""
            {
              "hosts": ["api.example.org"],
              "tools": {
                "{{{name}}}": {
                  "kind": "openapi",
                  "document": "{{{name}}}.yaml",
                  "operations": ["cityMayor"],
                  "result": {"cityMayor": "/name"},
                  "demonstrations": {
                    "cityMayor": [
                      "The mayor of Lisbon is [cityMayor(Lisbon)] elected for four years.",
                      "In Graz [cityMayor(Graz)] the mayor opened the new library."
                    ]
                  }
                }
              }
            }
            """,
        [$"{name}.yaml"] = """
            openapi: 3.1.0
            info: {title: Cities, version: "1"}
            servers: [{url: "https://api.example.org/v1"}]
            paths:
              /cities/{city}/mayor:
                get:
                  operationId: cityMayor
                  summary: Tells the mayor of a city.
                  parameters:
                    - {name: city, in: path, required: true, description: the name of the city, schema: {type: string}}
                  responses: {"200": {description: the mayor}}

            """,
    };

    public override async ValueTask<IReadOnlyList<Tool>> OpenAsync(
        ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Options>();
        if (options.Security.FirstOrDefault(s => !s.Value.Contains("${")) is { Key: { } open })
            throw settings.Bad($"The secret for {open} is written out.", "Write \"${NAME}\" and export NAME.");
        var (document, at) = await ReadAsync(options.Document, settings, cancellation);
        var named = document.Operations.Select(o => (Operation: o, Name: options.Prefix + NameOf(o.Id))).ToList();
        var ids = document.Operations.Select(o => o.Id).ToList();
        foreach (string id in (options.Operations ?? [])
            .Concat(options.Result.Keys).Concat(options.Demonstrations.Keys))
        {
            if (!ids.Contains(id))
                throw settings.Bad(Spelling.Unknown("operation", id, ids), "Correct the name.");
        }
        if (options.Operations is { } chosen)
            named = [.. named.Where(n => chosen.Contains(n.Operation.Id))];
        if (named.Count is 0 or > MaxTools)
            throw settings.Bad($"The document has {named.Count} operations that can be asked with JSON; 1 to "
                + $"{MaxTools} become tools.", "Name some under \"operations\".");
        return [.. named.Select(n => Make(n.Operation, n.Name, options, at, settings))];
    }

    private static OpenApiTool Make(
        OpenApiOperation operation, string name, Options options, Uri? at, ToolSettings settings)
    {
        string server = (options.Server ?? operation.Server).TrimEnd('/');
        if (!server.Contains("://"))
            server = at is null
                ? throw settings.Bad($"The document names no server for {operation.Id} but '{server}/'.",
                    "Write \"server\": \"https://HOST/path\".")
                : new Uri(at, server).ToString().TrimEnd('/');
        try
        {
            var address = new AddressTemplate(server + operation.Path);
            if (settings.Http.Hosts.Refusal(address.Origin) is { } refusal)
                throw settings.Bad($"{operation.Id}: {refusal}.", "Name the host under \"hosts\" of the tools file.");
            var signature = Signature.Of(operation.Schema);
            var result = new AnswerSelection(options.Result.TryGetValue(operation.Id, out string? p) ? [p] : []);
            if (result.Fault is { } fault)
                throw settings.Bad($"\"result\" is '{fault}', which is no JSON pointer.", "Write \"/name/0/name\".");
            var texts = new OperationTexts
            {
                Demonstrations = options.Demonstrations.GetValueOrDefault(operation.Id, []),
            }.Texts(settings, name, FirstSentence(operation.Description), signature);
            return new OpenApiTool(
                texts, signature, operation, address, Credentials(operation, options, settings), result, settings.Http);
        }
        catch (FormatException e)
        {
            throw settings.Bad($"{operation.Id}: {e.Message}.", "Mend the document, or leave the operation out.");
        }
    }

    /// <summary>The first set of schemes for which all secrets are there.</summary>
    private static List<(SecurityScheme, string)> Credentials(
        OpenApiOperation operation, Options options, ToolSettings settings)
    {
        if (operation.Security.Count == 0)
            return [];
        // A set with schemes goes before the empty one, which says that nobody has to.
        var set = operation.Security.OrderByDescending(s => s.Count > 0)
            .FirstOrDefault(s => s.All(scheme => options.Security.ContainsKey(scheme.Name)))
            ?? throw settings.Bad($"{operation.Id} asks who asks: "
                + string.Join(" or ", operation.Security.Select(s => string.Join(" with ", s.Select(c => c.Name))))
                + ".", "Write \"security\": {\"SCHEME\": \"${NAME}\"} and export NAME.");
        return [.. set.Select(scheme => (scheme, settings.Reveal(options.Security[scheme.Name])))];
    }

    private static async Task<(OpenApiDocument Document, Uri? At)> ReadAsync(
        string place, ToolSettings settings, CancellationToken cancellation)
    {
        string text;
        Uri? at = null;
        if (place.Contains("://"))
        {
            if (!Uri.TryCreate(place, UriKind.Absolute, out at))
                throw settings.Bad($"'{place}' is no address.", "Write a file, or https://…");
            var answer = await settings.Http.SendAsync(
                OutboundRequest.Get(at), cancellation, new OutboundLimits { BodyBytes = MaxDocument });
            if (answer.Error is { } error)
                throw settings.Bad(error, "Mend \"document\", or save the document beside the tools file.");
            text = answer.Body;
        }
        else
        {
            var file = new FileInfo(settings.Locate(place));
            if (!file.Exists || file.Length > MaxDocument)
                throw settings.Bad(file.Exists ? $"{place} has {file.Length:N0} bytes; {MaxDocument:N0} are read."
                    : $"There is no file {file.FullName}.", "Mend \"document\": a file, or https://…");
            text = await File.ReadAllTextAsync(file.FullName, cancellation);
        }
        try
        {
            return (OpenApiDocument.Parse(text), at);
        }
        catch (FormatException e)
        {
            throw settings.Bad($"{place} can't be read: {e.Message}.", "Give an OpenAPI 3 document in JSON or YAML.");
        }
    }

    private static string NameOf(string id)
    {
        string name = new string([.. id.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]).Trim('_');
        return name.Length > 0 && char.IsAsciiLetter(name[0]) ? name : "op_" + name;
    }

    private static string FirstSentence(string text)
    {
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        int end = line.IndexOf(". ", StringComparison.Ordinal);
        line = end < 0 ? line : line[..(end + 1)];
        return line.Length <= 300 ? line : line[..300] + "…";
    }
}
