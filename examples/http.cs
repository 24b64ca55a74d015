// A web address as a tool, from a tools file; the service behind it is started here:
//   dotnet run examples/http.cs
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using System.Net;
using System.Net.Sockets;
using System.Text;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;

string host = $"127.0.0.1:{FreePort()}";
using var service = new HttpListener { Prefixes = { $"http://{host}/" } };
service.Start();
var serving = ServeAsync();

string file = """
    {
      "hosts": ["HOST"],
      "tools": {
        "Mayor": {
          "kind": "http",
          "description": "Tells the mayor of a city.",
          "url": "http://HOST/cities/{city}",
          "headers": {"Authorization": "Bearer ${CITY_KEY}"},
          "result": "/mayor/name",
          "limits": {"time_limit": 5, "retries": 1}
        }
      }
    }
    """.Replace("HOST", host);
var secrets = new Secrets(name => name == "CITY_KEY" ? "not-in-any-file" : null);
await using var tools = await ToolsFile.Parse(file, "tools.json").OpenAsync(
    Toolformer.Catalog.Find<ToolKind>(), shipped: [], selected: null, secrets, TimeProvider.System, default);

foreach (string city in new[] { "Lisbon", "São Paulo", "../keys", "Nowhere" })
{
    var result = await tools.Toolbox.CallAsync("Mayor", city, new ToolContext(TimeProvider.System));
    Console.WriteLine($"Mayor({city}) -> {result.Text ?? result.Error}");
}
service.Stop();
await serving;

async Task ServeAsync()
{
    try
    {
        while (true)
        {
            var context = await service.GetContextAsync();
            string city = Uri.UnescapeDataString(context.Request.Url!.Segments[^1]);
            bool known = city != "Nowhere" && context.Request.Headers["Authorization"] == "Bearer not-in-any-file";
            context.Response.StatusCode = known ? 200 : 404;
            context.Response.ContentType = "application/json";
            context.Response.OutputStream.Write(Encoding.UTF8.GetBytes(
                $$$"""{"mayor": {"name": "the mayor of {{{city}}}"}}"""));
            context.Response.Close();
        }
    }
    catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
    {
        // stopped
    }
}

static int FreePort()
{
    using var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    return ((IPEndPoint)listener.LocalEndpoint).Port;
}
