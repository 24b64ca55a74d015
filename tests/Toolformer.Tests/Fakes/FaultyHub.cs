using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Toolformer.Tests.Fakes;

/// <summary>
/// A hub on this machine, byte by byte under the test's control: it lists models, gives small files itself and sends on
/// to another host for large ones, as the real one does. A test may change or cut any answer.
/// </summary>
internal sealed class FaultyHub : IDisposable
{
    public const string Commit = "1234567890abcdef1234567890abcdef12345678";

    private readonly TcpListener _hub = new(IPAddress.Loopback, 0), _store = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();

    public FaultyHub()
    {
        foreach (var listener in new[] { _hub, _store })
        {
            listener.Start();
            _ = AcceptAsync(listener);
        }
    }

    public sealed record Request(string Method, string Path, IReadOnlyDictionary<string, string> Headers, bool OnHub)
    {
        public long From => Headers.TryGetValue("range", out string? range)
            ? long.Parse(range.Split('=', '-')[1], CultureInfo.InvariantCulture)
            : 0;
    }

    public sealed record Reply(int Status, byte[] Body, params (string Name, string Value)[] Headers)
    {
        /// <summary>So many bytes of the body are sent, then the connection is cut.</summary>
        public int? CutAt { get; init; }

        /// <summary>What the header says of the length; -1: nothing.</summary>
        public long? Length { get; init; }

        /// <summary>Nothing is sent until this ends.</summary>
        public Task? After { get; init; }

        /// <summary>The body comes in pieces of one byte.</summary>
        public bool Drips { get; init; }
    }

    public string Address => $"http://127.0.0.1:{Port(_hub)}";

    public string StoreAddress => $"http://127.0.0.1:{Port(_store)}";

    public string Model { get; init; } = "owner/name";

    public Dictionary<string, byte[]> Files { get; } = [];

    public Dictionary<string, string> Revisions { get; } = new() { ["main"] = Commit };

    /// <summary>Whether the list of files has their sizes and hashes.</summary>
    public bool ListsHashes { get; init; } = true;

    /// <summary>What becomes of an answer.</summary>
    public Func<Request, Reply, Reply> Fault { get; set; } = (_, reply) => reply;

    public ConcurrentQueue<Request> Requests { get; } = [];

    /// <summary>Requests for the content of a file, at the hub or where it sends on to.</summary>
    public int CountOf(string file) => Requests.Count(r => r.Method == "GET" && r.Path.EndsWith("/" + file));

    public static string TagOf(string name, byte[] content) => IsLarge(name)
        ? Convert.ToHexStringLower(SHA256.HashData(content))
        : Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    public void Dispose()
    {
        _end.Cancel();
        _hub.Dispose();
        _store.Dispose();
    }

    private static bool IsLarge(string name) => name.EndsWith(".safetensors") || name.EndsWith(".bin");

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private async Task AcceptAsync(TcpListener listener)
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync(_end.Token);
                _ = Task.Run(() => ServeAsync(client, listener == _hub));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client, bool onHub)
    {
        using var _ = client;
        try
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            string[] first = (await reader.ReadLineAsync(_end.Token) ?? "").Split(' ');
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 } line)
                headers[line.Split(':')[0]] = line[(line.IndexOf(':') + 1)..].Trim();
            if (first.Length < 2)
                return;
            var request = new Request(first[0], first[1], headers, onHub);
            Requests.Enqueue(request);
            await SendAsync(client, stream, request, Fault(request, Answer(request)));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The other side has gone.
        }
    }

    private async Task SendAsync(TcpClient client, NetworkStream stream, Request request, Reply reply)
    {
        if (reply.After is not null)
            await reply.After.WaitAsync(_end.Token);
        var head = new StringBuilder($"HTTP/1.1 {reply.Status} So\r\nConnection: close\r\n");
        if ((reply.Length ?? reply.Body.Length) is >= 0 and var length)
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
        foreach (var (name, value) in reply.Headers)
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), _end.Token);
        if (request.Method == "HEAD")
            return;
        var body = reply.Body.AsMemory(0, Math.Min(reply.CutAt ?? int.MaxValue, reply.Body.Length));
        for (int at = 0; at < body.Length;)
        {
            int count = reply.Drips ? 1 : Math.Min(body.Length - at, 1 << 16);
            await stream.WriteAsync(body.Slice(at, count), _end.Token);
            at += count;
        }
        // What was written arrives before the end does: closed in order, as a proxy that gives up does.
        client.Client.Shutdown(SocketShutdown.Send);
    }

    private Reply Answer(Request request)
    {
        string path = Uri.UnescapeDataString(request.Path.Split('?')[0]);
        string api = $"/api/models/{Model}/revision/", resolve = $"/{Model}/resolve/{Commit}/";
        if (request.OnHub && path.StartsWith(api))
        {
            return Revisions.TryGetValue(path[api.Length..], out string? commit) || path[api.Length..] == Commit
                ? new Reply(200, Listing(commit ?? Commit), ("Content-Type", "application/json"))
                : new Reply(404, [], ("X-Error-Code", "RevisionNotFound"), ("X-Error-Message", "Invalid rev id"));
        }
        string name = path.StartsWith(resolve) ? path[resolve.Length..] : path.TrimStart('/');
        if (!Files.TryGetValue(name, out byte[]? content) || (request.OnHub && !path.StartsWith(resolve)))
            return new Reply(404, [], ("X-Error-Code", request.OnHub ? "RepoNotFound" : ""));
        string tag = TagOf(name, content);
        if (request.OnHub && IsLarge(name))
            return new Reply(302, "elsewhere"u8.ToArray(), ("Location", $"{StoreAddress}/{name}"),
                ("X-Linked-Etag", $"\"{tag}\""), ("X-Linked-Size", $"{content.Length}"));
        if (request.From == 0)
            return new Reply(200, content, ("ETag", $"\"{tag}\""));
        return request.From >= content.Length
            ? new Reply(416, [])
            : new Reply(206, content[(int)request.From..],
                ("Content-Range", $"bytes {request.From}-{content.Length - 1}/{content.Length}"));
    }

    private byte[] Listing(string commit) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        id = Model,
        sha = commit,
        siblings = Files.Select(f => !ListsHashes
            ? new Dictionary<string, object> { ["rfilename"] = f.Key }
            : IsLarge(f.Key)
                ? new Dictionary<string, object>
                {
                    ["rfilename"] = f.Key,
                    ["size"] = f.Value.Length,
                    ["blobId"] = new string('0', 40),
                    ["lfs"] = new { sha256 = TagOf(f.Key, f.Value), size = f.Value.Length, pointerSize = 133 },
                }
                : new Dictionary<string, object>
                {
                    ["rfilename"] = f.Key,
                    ["size"] = f.Value.Length,
                    ["blobId"] = TagOf(f.Key, f.Value),
                }),
    });
}
