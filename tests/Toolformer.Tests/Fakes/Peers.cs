using System.Diagnostics;

namespace Toolformer.Tests.Fakes;

/// <summary>
/// Programs of the npm registry that the tests talk to, in tests/peers; installed by `npm ci --prefix tests/peers`.
/// Tests that need them skip without.
/// </summary>
internal static class Peers
{
    private static readonly Lazy<string?> Node = new(() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "node")).FirstOrDefault(File.Exists));

    public const string Everything = "node_modules/@modelcontextprotocol/server-everything/dist/index.js";
    public const string Client = "client.mjs", Hostile = "hostile-server.mjs", Page = "page.mjs";

    /// <summary>The words that run a script with node; skips the test where node or what it needs is missing.</summary>
    /// <param name="package">A package that the script imports.</param>
    /// <param name="leastNode">The oldest node that it runs on, by its first number.</param>
    public static string[] Need(string script, string package = "", int leastNode = 0)
    {
        Assert.SkipUnless(Node.Value is not null, "needs node: apt-get install nodejs npm");
        string folder = Path.Combine(Shared.Root, "tests", "peers");
        Assert.SkipUnless(script == Hostile || Directory.Exists(Path.Combine(folder, "node_modules", package)),
            "needs tests/peers/node_modules: npm ci --prefix tests/peers");
        Assert.SkipUnless(leastNode == 0 || Version() >= leastNode, $"needs node {leastNode} or newer");
        return [Node.Value!, Path.Combine(folder, script)];
    }

    private static int Version()
    {
        using var node = Process.Start(
            new ProcessStartInfo(Node.Value!, "--version") { RedirectStandardOutput = true })!;
        return int.Parse(node.StandardOutput.ReadToEnd().TrimStart('v').Split('.')[0]);
    }

    /// <summary>Starts the server of streamable HTTP and waits until it listens.</summary>
    public static (Process Process, int Port) StartHttp()
    {
        string[] words = Need(Everything);
        using var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        free.Start();
        int port = ((System.Net.IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        var start = new ProcessStartInfo(words[0], [words[1], "streamableHttp"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PORT"] = $"{port}";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        string said = "";
        while (process.StandardError.ReadLine() is { } line)
        {
            said += line;
            if (line.Contains("listening"))
            {
                _ = process.StandardError.ReadToEndAsync(); // read on, so that the server never waits for a reader
                return (process, port);
            }
        }
        throw new InvalidOperationException($"The server did not start: {said}");
    }
}
