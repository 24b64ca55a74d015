using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Toolformer.Tests.Fakes;

/// <summary>
/// A web server on the loopback that writes whatever bytes a test wants, one request per connection, so that it can
/// also answer wrongly, half, endlessly or not at all.
/// </summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _work;

    /// <param name="answer">Gets the head of the request and its body, and the stream to write to.</param>
    public RawServer(Func<string, Stream, CancellationToken, Task> answer)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _work = AcceptAsync(answer);
    }

    /// <summary>A server that gives the same answer to all.</summary>
    public static RawServer Of(string answer) => Of(_ => answer);

    /// <summary>A server that answers by the request, head and body.</summary>
    public static RawServer Of(Func<string, string> answer) => new((request, stream, cancellation) =>
        stream.WriteAsync(Encoding.UTF8.GetBytes(answer(request)), cancellation).AsTask());

    /// <summary>A whole answer with a body.</summary>
    public static string Ok(string body, string contentType = "application/json", string status = "200 OK") =>
        $"HTTP/1.1 {status}\r\nContent-Type: {contentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n"
        + $"Connection: close\r\n\r\n{body}";

    public static string Redirect(string to, string status = "302 Found") =>
        $"HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    public int Port { get; }

    /// <summary>As a tools file names it.</summary>
    public string Host => $"127.0.0.1:{Port}";

    public Uri Address(string path = "/") => new($"http://{Host}{path}");

    /// <summary>The requests so far: head and body.</summary>
    public IReadOnlyList<string> Requests
    {
        get { lock (_requests) return [.. _requests]; }
    }

    /// <summary>Bytes that were written by answers that count them.</summary>
    public long Written => Interlocked.Read(ref _written);

    private readonly List<string> _requests = [];
    private long _written;

    /// <summary>Writes bytes again and again until the client has enough of them.</summary>
    public async Task WriteEndlesslyAsync(Stream stream, byte[] bytes, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await stream.WriteAsync(bytes, cancellation);
            Interlocked.Add(ref _written, bytes.Length);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync(); // may be asked for twice
        _listener.Stop();
        await _work;
    }

    private async Task AcceptAsync(Func<string, Stream, CancellationToken, Task> answer)
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stopped.Token), answer));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(TcpClient client, Func<string, Stream, CancellationToken, Task> answer)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                string request = await ReadAsync(stream, _stopped.Token);
                lock (_requests)
                    _requests.Add(request);
                await answer(request, stream, _stopped.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client went away, or the test is over.
            }
        }
    }

    private static async Task<string> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[4096];
        int expected = int.MaxValue;
        while (bytes.Length < expected)
        {
            int read = await stream.ReadAsync(buffer, cancellation);
            if (read == 0)
                break;
            bytes.Write(buffer, 0, read);
            int head = bytes.GetBuffer().AsSpan(0, (int)bytes.Length).IndexOf("\r\n\r\n"u8);
            if (head < 0)
                continue;
            var length = Encoding.UTF8.GetString(bytes.GetBuffer(), 0, head).Split("\r\n")
                .FirstOrDefault(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            expected = head + 4 + (length is null ? 0 : int.Parse(length.Split(':')[1]));
        }
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
