using System.Net;
using System.Net.Sockets;

namespace Toolformer.Tools.Outbound;

/// <summary>Finds the addresses of a host.</summary>
public delegate ValueTask<IPAddress[]> AddressLookup(string host, CancellationToken cancellation);

/// <summary>
/// Lets requests go to the allowed hosts only, and connections to the addresses that are allowed for them: each
/// redirect is judged as a request of its own, and the address judged is the one that is connected to, so that a name
/// that resolves to another address the second time gains nothing.
/// </summary>
internal sealed class GuardedHandler : DelegatingHandler
{
    /// <summary>Headers that may follow to another host: they say nothing of who asks.</summary>
    private static readonly string[] Harmless = ["Accept", "Accept-Language", "User-Agent"];

    private readonly AllowedHosts _hosts;
    private readonly int _maxRedirects;

    public GuardedHandler(AllowedHosts hosts, AddressLookup lookup, int maxRedirects)
    {
        _hosts = hosts;
        _maxRedirects = maxRedirects;
        InnerHandler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false, // a proxy would connect in our place, to whatever it likes
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            MaxConnectionsPerServer = 16,
            MaxResponseDrainSize = 0,
            MaxResponseHeadersLength = 16, // KiB
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ConnectCallback = (context, cancellation) => ConnectAsync(context.DnsEndPoint, lookup, cancellation),
        };
    }

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellation)
    {
        var first = request.RequestUri ?? throw new RefusedException("the request has no address");
        if (_hosts.Refusal(first) is { } refusal)
            throw new RefusedException(refusal);
        for (int redirects = 0; ; redirects++)
        {
            var response = await base.SendAsync(request, cancellation);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
                return response;
            using (response)
            {
                if (redirects == _maxRedirects)
                    throw new RefusedException($"the server redirects more than {_maxRedirects} times");
                request = Follow(request, response.StatusCode, new Uri(request.RequestUri!, location));
            }
        }
    }

    private HttpRequestMessage Follow(HttpRequestMessage request, HttpStatusCode status, Uri target)
    {
        var from = request.RequestUri!;
        if (_hosts.Refusal(target) is { } refusal)
            throw new RefusedException($"the server redirects elsewhere: {refusal}");
        bool isSameHost = (target.Scheme, AllowedHosts.HostOf(target), target.Port)
            == (from.Scheme, AllowedHosts.HostOf(from), from.Port);
        if (!isSameHost && AllowedHosts.IsInternal(target))
            throw new RefusedException($"the server redirects to {target.Host}, which is no public host");
        if (from.Scheme == Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttps)
            throw new RefusedException("the server redirects from https to http");
        bool becomesGet = status is HttpStatusCode.SeeOther || (request.Method == HttpMethod.Post
            && status is HttpStatusCode.Moved or HttpStatusCode.Found);
        bool hasBody = request.Content is not null && !becomesGet;
        if (hasBody && !isSameHost)
            throw new RefusedException("the server redirects a request with a body to another host");
        var next = new HttpRequestMessage(becomesGet ? HttpMethod.Get : request.Method, target)
        {
            Version = request.Version,
            VersionPolicy = request.VersionPolicy,
            Content = hasBody ? request.Content : null,
        };
        foreach (var header in request.Headers.Where(h => isSameHost || Harmless.Contains(h.Key)))
            next.Headers.TryAddWithoutValidation(header.Key, header.Value);
        return next;
    }

    private async ValueTask<Stream> ConnectAsync(
        DnsEndPoint endpoint, AddressLookup lookup, CancellationToken cancellation)
    {
        string host = endpoint.Host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        IPAddress[] addresses = IPAddress.TryParse(host, out var ip) ? [ip] : await lookup(host, cancellation);
        IPAddress[] allowed = [.. addresses.Where(a => _hosts.MayConnect(host, endpoint.Port, a))];
        if (addresses.Length > 0 && allowed.Length == 0)
            throw new RefusedException($"{host} is at {addresses[0]}, which is no public address: to allow it, name "
                + "the address itself among the hosts");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, endpoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsRedirect(HttpStatusCode status) => status is HttpStatusCode.Moved or HttpStatusCode.Found
        or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
}

/// <summary>A request that may not be made; the message says why.</summary>
internal sealed class RefusedException(string message) : HttpRequestException(message);
