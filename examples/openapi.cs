// The operations of a service that describes itself as tools; the service is started here:
//   dotnet run examples/openapi.cs
#:sdk Microsoft.NET.Sdk.Web
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer.Tools;
using Toolformer.Tools.Outbound;

var builder = WebApplication.CreateSlimBuilder();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Logging.ClearProviders();
await using var service = builder.Build();
service.MapGet("/openapi.yaml", () => """
    openapi: 3.1.0
    info: {title: Pets, version: "1"}
    servers: [{url: /v1}]
    paths:
      /pets/{id}:
        get:
          operationId: pet
          summary: Tells the name of a pet.
          parameters: [{name: id, in: path, required: true, description: its number, schema: {type: integer}}]
      /pets:
        get:
          operationId: findPets
          summary: Finds pets.
          parameters:
            - {name: kind, in: query, required: true, schema: {enum: [cat, dog]}}
            - {name: colours, in: query, schema: {type: array, items: {type: string}}}
    """);
service.MapGet("/v1/pets/{id:int}", (int id) => Results.Json(new { name = $"Rex {id}" }));
service.MapGet("/v1/pets", (string kind, string[] colours) =>
    Results.Json(colours.Select(c => $"a {c} {kind}")));
await service.StartAsync();

string address = service.Urls.Single(), host = new Uri(address).Authority;
string file = $$"""
    {"hosts": ["{{host}}"],
     "tools": {"Pets": {"kind": "openapi", "document": "{{address}}/openapi.yaml", "result": {"pet": "/name"} } } }
    """;
await using var tools = await ToolsFile.Parse(file, "tools.json").OpenAsync(
    Toolformer.Catalog.Find<ToolKind>(), shipped: [], selected: null, Secrets.None, TimeProvider.System, default);

foreach (var (name, input) in new[] { ("pet", "7"), ("pet", "seven"),
    ("findPets", "cat, colours=(black, \"off-white\")"), ("findPets", "cow") })
{
    var result = await tools.Toolbox.CallAsync(name, input, new ToolContext(TimeProvider.System));
    Console.WriteLine($"{name}({input}) -> {result.Text ?? result.Error}");
}
