using System.Text.Json.Nodes;
using System.Web;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Tools;

/// <summary>A service in this process that describes itself, and its operations as tools.</summary>
public sealed class OpenApiToolTests : IAsyncLifetime
{
    private const string Yaml = """
        openapi: 3.0.3
        info: {title: Pets, version: '1'}
        servers: [{url: 'http://{host}/v1', variables: {host: {default: HOST}}}]
        security: [{key: []}]
        paths:
          /pets/{id}:
            parameters: [{$ref: '#/components/parameters/Id'}]
            get: {operationId: getPet, summary: Tells about a pet., responses: {}}
            delete: {operationId: deletePet, security: [], responses: {}}
          /pets:
            get:
              operationId: list-pets
              parameters:
                - {name: tags, in: query, schema: {type: array, items: {type: string}}}
                - {name: limit, in: query, schema: {type: integer, nullable: true}}
                - {name: X-Trace, in: header, schema: {type: string}}
                - {name: Host, in: header, schema: {type: string}}
              security: [{user: []}]
              responses: {}
            post:
              operationId: addPet
              requestBody:
                required: true
                content:
                  application/json: {schema: {$ref: '#/components/schemas/Pet'}}
              responses: {}
          /upload:
            post:
              requestBody: {required: true, content: {multipart/form-data: {schema: {type: object}}}}
              responses: {}
        components:
          parameters:
            Id: {name: id, in: path, required: true, description: the pet's number, schema: {type: integer}}
          schemas:
            Pet:
              type: object
              required: [name]
              properties:
                name: {type: string}
                kind: {enum: [cat, dog]}
                mother: {$ref: '#/components/schemas/Pet'}
          securitySchemes:
            key: {type: apiKey, in: query, name: key}
            user: {type: http, scheme: basic}
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("openapi-");
    private RawServer? _service;
    private string _host = "";

    public ValueTask InitializeAsync()
    {
        _service = RawServer.Of(Answer);
        _host = _service.Host;
        return default;
    }

    /// <summary>The service: it takes requests apart as any server does, and answers by path and method.</summary>
    private string Answer(string request)
    {
        string[] head = request[..request.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Split("\r\n");
        string body = request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        string Header(string name) => head.FirstOrDefault(h => h.StartsWith(name + ": "))?[(name.Length + 2)..] ?? "";
        string[] line = head[0].Split(' ');
        var address = new Uri($"http://{_host}{line[1]}");
        var query = HttpUtility.ParseQueryString(address.Query);
        string last = Uri.UnescapeDataString(address.Segments[^1]);
        return (line[0], address.AbsolutePath) switch
        {
            ("GET", "/openapi.yaml") => RawServer.Ok(Yaml.Replace("HOST", _host), "application/yaml"),
            ("GET", "/v1/pets") => RawServer.Ok(string.Join('|', query.GetValues("tags") ?? [])
                + $" {query["limit"]} {Header("X-Trace")} {Header("Authorization")}", "text/plain"),
            ("POST", "/v1/pets") => RawServer.Ok(new JsonObject { ["got"] = JsonNode.Parse(body)!.ToJsonString() }
                .ToJsonString()),
            ("GET", _) when int.TryParse(last, out int id) => RawServer.Ok(
                new JsonObject { ["name"] = $"Rex {id}", ["key"] = query["key"] }.ToJsonString()),
            ("DELETE", _) => RawServer.Ok($"gone {last}", "text/plain"),
            _ => RawServer.Ok("", status: "404 Not Found"),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _service!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<ToolSet> Open(string options, string? document = null)
    {
        string path = Path.Combine(_folder.FullName, "pets.yaml");
        await File.WriteAllTextAsync(path, (document ?? Yaml).Replace("HOST", _host));
        return await ToolsFile.Parse($$$"""
            {"hosts": ["{{{_host}}}"], "tools": {"Pets": {"kind": "openapi", {{{options.Replace("HOST", _host)}}} } } }
            """, Path.Combine(_folder.FullName, "tools.json"))
            .OpenAsync(Catalog.Find<ToolKind>(), [], null,
                new Secrets(name => name switch { "KEY" => "key-12345", "USER" => "u:p4ssword", _ => null }),
                TimeProvider.System, default);
    }

    private const string Secured = "\"security\": {\"key\": \"${KEY}\", \"user\": \"${USER}\"}";

    private static async Task<ToolResult> Call(ToolSet set, string name, string input) =>
        await set.Toolbox.Under(set.Toolbox.Policies with { Approve = (_, _) => new(true) })
            .CallAsync(name, input, new ToolContext(new ManualTime()));

    [Theory]
    [InlineData("pets.yaml")]
    [InlineData("http://HOST/openapi.yaml")]
    public async Task Each_operation_is_a_tool(string document)
    {
        await using var set = await Open(
            $"\"document\": \"{document}\", \"result\": {{\"getPet\": \"/name\", \"addPet\": \"/got\"}}, {Secured}");
        Assert.Equal(["addPet", "deletePet", "getPet", "list_pets"], set.Toolbox.Tools.Select(t => t.Name));
        Assert.Equal("Tells about a pet.", set.Toolbox["getPet"].Description);
        Assert.Equal([true, true, false, false], set.Toolbox.Tools.Select(t => t.ChangesSomething("1")));
        Assert.Equal("Rex 5", (await Call(set, "getPet", "5")).Text);
        Assert.Equal("{\"name\":\"Tom\",\"kind\":\"cat\",\"mother\":{\"name\":\"Ada\"}}",
            (await Call(set, "addPet", "name=Tom, kind=cat, mother={\"name\": \"Ada\"}")).Text);
        Assert.Equal("gone 7", (await Call(set, "deletePet", "7")).Text);
    }

    [Fact]
    public async Task Lists_headers_and_credentials_go_where_they_belong_and_secrets_do_not_come_back()
    {
        await using var set = await Open($"\"document\": \"pets.yaml\", {Secured}");
        var list = await Call(set, "list_pets", "tags=(a&b, c), limit=3, X-Trace=t1");
        Assert.StartsWith("a&b|c 3 t1 Basic ", list.Text);
        Assert.DoesNotContain("dTpwNHNzd29yZA", list.Text); // base64 of the secret
        var pet = await Call(set, "getPet", "5");
        Assert.Equal("{\"name\":\"Rex 5\",\"key\":\"***\"}", pet.Text);
    }

    [Fact]
    public async Task An_error_of_the_service_is_a_reason()
    {
        await using var set = await Open($"\"document\": \"pets.yaml\", {Secured}");
        await _service!.DisposeAsync();
        var result = await Call(set, "getPet", "5");
        Assert.True(result.IsError);
        Assert.DoesNotContain("key-12345", result.Error);
        Assert.Contains("'x' is no whole number", (await Call(set, "getPet", "x")).Error);
    }

    [Fact]
    public async Task Only_the_operations_that_are_named_and_with_a_prefix()
    {
        await using var set = await Open(
            "\"document\": \"pets.yaml\", \"operations\": [\"deletePet\"], \"prefix\": \"Pets_\"");
        Assert.Equal(["Pets_deletePet"], set.Toolbox.Tools.Select(t => t.Name));
    }

    [Theory]
    [InlineData("\"document\": \"pets.yaml\"", null, "asks who asks: key")]
    [InlineData("\"document\": \"none.yaml\"", null, "no file")]
    [InlineData("\"document\": \"http://127.0.0.1:1/x\"", null, "not among those")]
    [InlineData("\"document\": \"pets.yaml\", \"operations\": [\"getPets\"]", null, "Did you mean getPet?")]
    [InlineData("\"document\": \"pets.yaml\", \"security\": {\"key\": \"12345\"}", null, "written out")]
    [InlineData("\"document\": \"pets.yaml\", \"server\": \"http://example.org\"", null, "example.org")]
    [InlineData("\"document\": \"pets.yaml\"", "openapi: 3.0.0\npaths: {", "line 3")]
    [InlineData("\"document\": \"pets.yaml\"", "{\"openapi\": ", "no JSON")]
    [InlineData("\"document\": \"pets.yaml\"", "swagger: '2.0'", "Swagger 2.0")]
    [InlineData("\"document\": \"pets.yaml\"", "a: &a [x]\nb: [*a, *c]", "&c")]
    [InlineData("\"document\": \"pets.yaml\"", "openapi: 3.1.0\nservers: [{url: 'http://169.254.169.254'}]\n"
        + "paths: {/x: {get: {operationId: x}}}", "169.254.169.254")]
    [InlineData("\"document\": \"pets.yaml\"", "openapi: 3.1.0\nservers: [{url: 'http://HOST'}]\n"
        + "paths: {'/x/{y}': {get: {operationId: x}}}", "place y")]
    public async Task What_can_not_be_opened_is_refused_in_three_parts(string options, string? document, string part)
    {
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => Open(options, document));
        Assert.Contains(part, e.Message);
        Assert.Contains("tool Pets", e.Message);
        Assert.True(e.Message.Split('\n').Length >= 3, e.Message);
    }

    [Fact]
    public void A_document_that_grows_by_its_aliases_is_cut_off()
    {
        string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i =>
            $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("nodes", Assert.Throws<FormatException>(() => YamlDocument.Parse(bomb)).Message);
        string deep = new string('[', 10_000);
        Assert.Contains("deep", Assert.Throws<FormatException>(() => YamlDocument.Parse(deep)).Message);
    }

    [Theory]
    [InlineData("a: 1\nb: [x, 'y', 2.5, true, ~, 0x1, 2024-01-01, on]",
        """{"a":1,"b":["x","y",2.5,true,null,"0x1","2024-01-01","on"]}""")]
    [InlineData("a: &x {b: 1}\nc: *x", """{"a":{"b":1},"c":{"b":1}}""")]
    [InlineData("? a\n: |\n  two\n  lines\n", """{"a":"two\nlines\n"}""")]
    [InlineData("", "")]
    public void YAML_is_read_as_JSON(string yaml, string json) =>
        Assert.Equal(json, YamlDocument.Parse(yaml)?.ToJsonString() ?? "");
}
