using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Toolformer.Tools.Outbound;

/// <summary>
/// The one way of tools to the web: only to hosts that the user named, only to addresses that are allowed for them,
/// within limits of time and bytes. A hostile server makes it return a reason; it does not throw. Thread-safe.
/// </summary>
/// <remarks>Proxies are not used: behind one the address that is connected to could not be checked.</remarks>
public sealed class OutboundHttp : IDisposable
{
    private readonly TimeProvider _timer;
    private readonly OutboundLimits _limits;
    private readonly GuardedHandler _handler;

    /// <param name="secrets">What must not come back: a server that echoes a secret gets it blotted out.</param>
    /// <param name="timer">What measures the time limit; null: the system.</param>
    /// <param name="lookup">How names become addresses; null: the system's resolver.</param>
    public OutboundHttp(AllowedHosts hosts, Secrets? secrets = null, OutboundLimits? limits = null,
        TimeProvider? timer = null, AddressLookup? lookup = null)
    {
        Hosts = hosts;
        Secrets = secrets ?? Secrets.None;
        _limits = limits ?? new OutboundLimits();
        _timer = timer ?? TimeProvider.System;
        lookup ??= async (host, cancellation) => await System.Net.Dns.GetHostAddressesAsync(host, cancellation);
        _handler = new GuardedHandler(hosts, lookup, _limits.Redirects);
        Client = new HttpClient(_handler)
        {
            Timeout = Timeout.InfiniteTimeSpan, // ours is measured by the timer
            MaxResponseContentBufferSize = _limits.BodyBytes,
        };
        Client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("toolformer-net", null));
    }

    public AllowedHosts Hosts { get; }

    public Secrets Secrets { get; }

    /// <summary>
    /// A client for libraries that want one: hosts, addresses and redirects are guarded, and what it buffers is
    /// limited, but time and the length of streams are the library's. It throws <see cref="HttpRequestException"/>.
    /// </summary>
    public HttpClient Client { get; }

    /// <summary>
    /// The same with a limit on each answer, streams too: reading on throws <see cref="IOException"/>. The caller
    /// disposes it.
    /// </summary>
    public HttpClient ClientOf(long maxBytes) =>
        new(new LimitedAnswers(_handler, maxBytes), disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Asks, and reads the answer to its end.</summary>
    /// <param name="limits">Limits of this request; null: those of the constructor (which the redirects keep).</param>
    /// <exception cref="OperationCanceledException">The caller cancelled; nothing else is thrown.</exception>
    public async ValueTask<OutboundAnswer> SendAsync(
        OutboundRequest request, CancellationToken cancellation = default, OutboundLimits? limits = null)
    {
        cancellation.ThrowIfCancellationRequested();
        limits ??= _limits;
        using var late = new CancellationTokenSource(limits.Time, _timer);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            using var message = Message(request);
            using var response = await Client.SendAsync(
                message, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return await ReadAsync(request, response, limits, either.Token);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (Exception) when (late.IsCancellationRequested)
        {
            return Failure(request, $"did not answer within {limits.Time.TotalSeconds:0.###} s", isTransient: true);
        }
        catch (RefusedException e)
        {
            return Failure(request, $"was not asked: {e.Message}");
        }
        catch (HttpRequestException e) when (e.InnerException is RefusedException refused)
        {
            return Failure(request, $"was not asked: {refused.Message}");
        }
        catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
        {
            return Failure(request, $"answered with more than is read: {e.Message}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return Failure(request, $"could not be reached, or broke off: {e.Message}", isTransient: true);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or InvalidOperationException
            or ArgumentException or NotSupportedException)
        {
            return Failure(request, $"gave no answer that can be read: {e.Message}");
        }
    }

    public void Dispose() => Client.Dispose();

    private static HttpRequestMessage Message(OutboundRequest request)
    {
        var message = new HttpRequestMessage(request.Method, request.Address);
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType, "utf-8");
        }
        foreach (var (name, value) in request.Headers)
        {
            if (value.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0)
                throw new FormatException($"the header {name} has a line break in it");
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content?.Headers.TryAddWithoutValidation(name, value);
        }
        return message;
    }

    private async Task<OutboundAnswer> ReadAsync(OutboundRequest request, HttpResponseMessage response,
        OutboundLimits limits, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > limits.BodyBytes)
            return TooLong(request, limits);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var body = new MemoryStream();
        byte[] buffer = new byte[16 << 10];
        for (int read; (read = await stream.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (body.Length + read > limits.BodyBytes)
                return TooLong(request, limits);
            body.Write(buffer, 0, read);
        }
        var type = response.Content.Headers.ContentType;
        var answer = new OutboundAnswer
        {
            Status = (int)response.StatusCode,
            ContentType = type?.MediaType?.ToLowerInvariant() ?? "",
            Body = Secrets.Hide(OutboundAnswer.Decode(body.ToArray(), type)),
        };
        return response.IsSuccessStatusCode
            ? answer
            : answer with
            {
                Error = $"{Shown(request)} answered {answer.Status} ({response.StatusCode}).",
                IsTransient = OutboundAnswer.MayPass(response.StatusCode),
            };
    }

    private OutboundAnswer TooLong(OutboundRequest request, OutboundLimits limits) =>
        Failure(request, $"answered with more than {limits.BodyBytes:N0} bytes");

    private OutboundAnswer Failure(OutboundRequest request, string what, bool isTransient = false) => new()
    {
        Error = Secrets.Hide($"{Shown(request)} {what}{(what.EndsWith('.') ? "" : ".")}"),
        IsTransient = isTransient,
    };

    // Without the query, which may be long and is known to who asks.
    private static string Shown(OutboundRequest request)
    {
        var address = request.Address;
        string text = address.IsAbsoluteUri
            ? $"{address.Scheme}://{AllowedHosts.HostOf(address)}{(address.IsDefaultPort ? "" : $":{address.Port}")}"
                + address.AbsolutePath
            : address.OriginalString;
        return text.Length <= 100 ? text : text[..100] + "…";
    }
}
