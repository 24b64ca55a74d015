using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Tools.Arguments;

namespace Toolformer.Tools.Outbound;

/// <summary>Where an argument of an operation goes.</summary>
public enum ArgumentPlace
{
    Path,
    Query,
    Header,

    /// <summary>A field of the JSON body.</summary>
    BodyField,

    /// <summary>The JSON body as a whole.</summary>
    Body,
}

/// <summary>An argument of an operation.</summary>
/// <param name="Argument">Its name in the signature.</param>
/// <param name="Sent">Its name in the request.</param>
/// <param name="Explode">Whether a list is sent as one pair of the query per element.</param>
public sealed record OperationArgument(string Argument, string Sent, ArgumentPlace Place, bool Explode);

/// <summary>A way to say who asks: an "apiKey", "http", "oauth2" or "openIdConnect" scheme.</summary>
public sealed record SecurityScheme(string Name, string Type, string Place, string Sent, string Scheme);

/// <summary>An operation of an OpenAPI document.</summary>
/// <param name="Server">The server's address as written, its variables filled; it may be relative.</param>
/// <param name="Schema">The JSON schema of all its arguments, complete in itself.</param>
/// <param name="Security">Sets of schemes of which one has to be met; none: nobody asks.</param>
public sealed record OpenApiOperation(string Id, HttpMethod Method, string Server, string Path, string Description,
    JsonElement Schema, IReadOnlyList<OperationArgument> Arguments,
    IReadOnlyList<IReadOnlyList<SecurityScheme>> Security);

/// <summary>
/// The operations of an OpenAPI 3.0 or 3.1 document, in JSON or YAML. References are followed inside the document
/// only, and cut where they lead in a circle.
/// </summary>
public sealed class OpenApiDocument
{
    private const int MaxSchemaDepth = 10, MaxSchemaNodes = 4000, MaxOperations = 2000;

    private static readonly string[] Methods = ["get", "put", "post", "delete", "head", "patch"];

    /// <summary>Headers that are not for an input to set.</summary>
    private static readonly HashSet<string> OwnHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept", "Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Host",
        "Keep-Alive", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "X-Forwarded-Host",
    };

    private readonly JsonElement _root;

    private OpenApiDocument(JsonElement root) => _root = root;

    /// <summary>Its operations; those that can't be asked with JSON are left out.</summary>
    public IReadOnlyList<OpenApiOperation> Operations { get; private set; } = [];

    /// <exception cref="FormatException">No such document; the message says why.</exception>
    public static OpenApiDocument Parse(string text)
    {
        JsonElement root;
        try
        {
            root = text.AsSpan().TrimStart("\ufeff \t\r\n").StartsWith("{")
                ? JsonSerializer.Deserialize<JsonElement>(text)
                : JsonSerializer.SerializeToElement(YamlDocument.Parse(text));
        }
        catch (JsonException e)
        {
            throw new FormatException($"it is no JSON: {e.Message}", e);
        }
        string version = Text(root, "openapi") ?? throw new FormatException(
            Text(root, "swagger") is { } old ? $"it is Swagger {old}, not OpenAPI 3" : "it has no field \"openapi\"");
        if (!version.StartsWith("3.", StringComparison.Ordinal))
            throw new FormatException($"it is OpenAPI {version}; 3.0 and 3.1 are read");
        var document = new OpenApiDocument(root);
        document.Operations = [.. document.Read().Take(MaxOperations)];
        return document;
    }

    private IEnumerable<OpenApiOperation> Read()
    {
        foreach (var path in Fields(_root, "paths"))
        {
            if (ArgumentType.Resolve(path.Value, _root) is not { ValueKind: JsonValueKind.Object } item)
                continue;
            foreach (string method in Methods)
            {
                if (item.TryGetProperty(method, out var operation) && operation.ValueKind == JsonValueKind.Object
                    && Operation(path.Name, method, item, operation) is { } read)
                    yield return read;
            }
        }
    }

    private OpenApiOperation? Operation(string path, string method, JsonElement item, JsonElement operation)
    {
        var properties = new JsonObject();
        var required = new HashSet<string>(StringComparer.Ordinal);
        var arguments = new List<OperationArgument>();
        foreach (var parameter in Parameters(item, operation))
        {
            string name = Text(parameter, "name") ?? "", place = Text(parameter, "in") ?? "";
            bool isRequired = place == "path" || IsTrue(parameter, "required");
            if (place == "cookie" || (place == "header" && OwnHeaders.Contains(name)))
            {
                if (isRequired && place == "cookie")
                    return null;
                continue;
            }
            if (name.Length == 0 || !Enum.TryParse<ArgumentPlace>(place, ignoreCase: true, out var where))
                continue;
            bool explode = !parameter.TryGetProperty("explode", out var e) || e.ValueKind != JsonValueKind.False;
            Add(name, name, where, isRequired, SchemaOf(parameter), Text(parameter, "description"), explode);
        }
        if (operation.TryGetProperty("requestBody", out var reference)
            && ArgumentType.Resolve(reference, _root) is { ValueKind: JsonValueKind.Object } body)
        {
            if (JsonContent(body) is not { } content)
            {
                if (IsTrue(body, "required"))
                    return null; // forms and files
            }
            else
            {
                AddBody(content, IsTrue(body, "required"));
            }
        }
        string description = Text(operation, "summary") ?? Text(operation, "description") ?? $"{method} {path}";
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = new JsonArray([.. required.Select(r => JsonValue.Create(r))]),
        };
        return new OpenApiOperation(Text(operation, "operationId") ?? $"{method}_{path}",
            new HttpMethod(method.ToUpperInvariant()), Server(operation) ?? Server(item) ?? Server(_root) ?? "/",
            path, description, JsonSerializer.SerializeToElement(schema), arguments, Security(operation));

        void Add(string name, string sent, ArgumentPlace place, bool isRequired, JsonNode? type, string? told,
            bool explode = true)
        {
            // The same name may stand in the path and in the query.
            string argument = properties.ContainsKey(name) ? $"{name}_{place.ToString().ToLowerInvariant()}" : name;
            var typed = type as JsonObject ?? [];
            if (told is not null)
                typed["description"] = told;
            if (!properties.TryAdd(argument, typed))
                return;
            if (isRequired)
                required.Add(argument);
            arguments.Add(new OperationArgument(argument, sent, place, explode));
        }

        void AddBody(JsonElement content, bool isRequired)
        {
            var type = SchemaOf(content) as JsonObject;
            if (type?["properties"] is not JsonObject { Count: > 0 } fields)
            {
                Add("body", "body", ArgumentPlace.Body, isRequired, type, "the body of the request");
                return;
            }
            var needed = (type["required"] as JsonArray)?.Select(n => n?.ToString()).ToHashSet() ?? [];
            foreach (var (name, field) in fields.ToList())
            {
                fields.Remove(name);
                Add(name, name, ArgumentPlace.BodyField, isRequired && needed.Contains(name), field, null);
            }
        }
    }

    /// <summary>The operation's parameters, and the path's that it does not replace.</summary>
    private IEnumerable<JsonElement> Parameters(JsonElement item, JsonElement operation) =>
        new[] { operation, item }
            .SelectMany(o => o.TryGetProperty("parameters", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray() : Enumerable.Empty<JsonElement>())
            .Select(p => ArgumentType.Resolve(p, _root)).OfType<JsonElement>()
            .Where(p => p.ValueKind == JsonValueKind.Object)
            .DistinctBy(p => (Text(p, "name"), Text(p, "in")));

    private static JsonElement? JsonContent(JsonElement holder) => Fields(holder, "content")
        .Where(c => c.Name.Split(';')[0].Trim() is "application/json" or "*/*"
            || c.Name.Split(';')[0].TrimEnd().EndsWith("+json", StringComparison.Ordinal))
        .Select(c => (JsonElement?)c.Value).FirstOrDefault();

    private JsonNode? SchemaOf(JsonElement holder)
    {
        int nodes = 0;
        if (holder.TryGetProperty("schema", out var schema))
            return Inline(schema, ref nodes, 0);
        return JsonContent(holder) is { } content && content.TryGetProperty("schema", out schema)
            ? Inline(schema, ref nodes, 0) : null;
    }

    /// <summary>A schema with its references written out, down to a depth; what lies deeper may be anything.</summary>
    private JsonNode? Inline(JsonElement schema, ref int nodes, int depth)
    {
        if (depth > MaxSchemaDepth || ++nodes > MaxSchemaNodes)
            return new JsonObject();
        if (ArgumentType.Resolve(schema, _root) is not { } resolved)
            return new JsonObject();
        switch (resolved.ValueKind)
        {
            case JsonValueKind.Object:
                var written = new JsonObject();
                foreach (var field in resolved.EnumerateObject().Where(f => f.Name is not ("example" or "examples")))
                    written[field.Name] = Inline(field.Value, ref nodes, depth + 1);
                return written;
            case JsonValueKind.Array:
                var list = new JsonArray();
                foreach (var element in resolved.EnumerateArray())
                    list.Add(Inline(element, ref nodes, depth + 1));
                return list;
            default:
                return JsonNode.Parse(resolved.GetRawText());
        }
    }

    /// <summary>The first server of a part of the document, its variables at their defaults.</summary>
    private static string? Server(JsonElement part)
    {
        if (!part.TryGetProperty("servers", out var servers) || servers.ValueKind != JsonValueKind.Array
            || servers.GetArrayLength() == 0 || Text(servers[0], "url") is not { } url)
            return null;
        foreach (var variable in Fields(servers[0], "variables"))
            url = url.Replace($"{{{variable.Name}}}", Text(variable.Value, "default") ?? "");
        return url;
    }

    private List<IReadOnlyList<SecurityScheme>> Security(JsonElement operation)
    {
        if (!operation.TryGetProperty("security", out var sets) && !_root.TryGetProperty("security", out sets))
            return [];
        return sets.ValueKind != JsonValueKind.Array ? [] :
            [.. sets.EnumerateArray().Where(s => s.ValueKind == JsonValueKind.Object)
                .Select(IReadOnlyList<SecurityScheme> (set) => [.. set.EnumerateObject().Select(s => Scheme(s.Name))])];
    }

    private SecurityScheme Scheme(string name)
    {
        string pointer = $"/components/securitySchemes/{name.Replace("~", "~0").Replace("/", "~1")}";
        var scheme = JsonPointer.Find(_root, pointer) is { } found ? ArgumentType.Resolve(found, _root) : null;
        return scheme is { ValueKind: JsonValueKind.Object } s
            ? new SecurityScheme(name, Text(s, "type") ?? "", Text(s, "in") ?? "", Text(s, "name") ?? "",
                Text(s, "scheme")?.ToLowerInvariant() ?? "")
            : new SecurityScheme(name, "", "", "", "");
    }

    private static IEnumerable<JsonProperty> Fields(JsonElement holder, string name) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty(name, out var fields)
            && fields.ValueKind == JsonValueKind.Object ? fields.EnumerateObject() : [];

    private static string? Text(JsonElement holder, string name) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty(name, out var text)
            && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static bool IsTrue(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
