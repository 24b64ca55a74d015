// The tools of any MCP server as tools of ours; without arguments the server is ./toolformer serve --mcp:
//   dotnet run examples/mcp.cs
//   dotnet run examples/mcp.cs -- npx -y @modelcontextprotocol/server-everything
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using System.Text.Json;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;

string[] server = args.Length > 0 ? args : ["./toolformer", "serve", "--mcp", "--tools", "Calculator,Calendar"];
string file = JsonSerializer.Serialize(new
{
    tools = new { Server = new { kind = "mcp", command = server[0], args = server[1..], changes_something = false } },
});
await using var tools = await ToolsFile.Parse(file, Path.GetFullPath("tools.json")).OpenAsync(
    [new McpKind()], shipped: [], selected: null, Secrets.OfProcess(), TimeProvider.System, CancellationToken.None);

foreach (var tool in tools.Toolbox.Tools)
    Console.WriteLine($"{tool.Name}: {tool.Description}");
if (tools.Toolbox.Find("Calculator") is not null)
{
    var result = await tools.Toolbox.CallAsync("Calculator", "400 / 1400", new ToolContext(TimeProvider.System));
    Console.WriteLine($"400 / 1400 is {result.Text ?? result.Error}");
}
