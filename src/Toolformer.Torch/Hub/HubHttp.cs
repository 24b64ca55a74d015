using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;

namespace Toolformer.Torch.Hub;

/// <summary>
/// Requests to a hub and to where it sends on to. The token goes to the hub's own host only. Faults that may pass
/// are thrown as <see cref="PassingFault"/>, the others as <see cref="HubException"/>.
/// </summary>
internal sealed class HubHttp : IDisposable
{
    private const int MaxRedirects = 8, MaxAnswer = 64 << 20;

    private readonly HubSettings _settings;
    private readonly TimeProvider _clock;
    private readonly HttpClient _client;

    public HubHttp(HubSettings settings, TimeProvider clock)
    {
        (_settings, _clock) = (settings, clock);
        // Redirects are followed here, where it is seen to that the token stays; bodies are hashed as they come.
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 64,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("toolformer",
            typeof(HubHttp).Assembly.GetName().Version?.ToString(3)));
    }

    /// <summary>An address on the hub.</summary>
    public Uri Address(string path) => new(_settings.EndPoint.AbsoluteUri.TrimEnd('/') + "/" + path);

    /// <summary>A name of the hub for messages.</summary>
    public string Host => _settings.EndPoint.Authority;

    /// <summary>Asks, and follows where it is sent on to.</summary>
    /// <param name="what">What is asked for, for messages.</param>
    /// <param name="from">The first byte that is wanted.</param>
    /// <param name="leaveHub">Whether to follow to another host; else the answer is the one that leads there.</param>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, string what, long from = 0,
        bool leaveHub = true, CancellationToken cancellation = default)
    {
        for (int redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            var response = await SendOnceAsync(method, address, from, cancellation);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308)
                || response.Headers.Location is not { } location)
                return Succeeded(response) ? response : throw Failed(response, address, what);
            var next = location.IsAbsoluteUri ? location : new Uri(address, location);
            if (!leaveHub && next.Authority != _settings.EndPoint.Authority)
                return response;
            response.Dispose();
            if (next.Scheme is not ("http" or "https") || next.UserInfo != ""
                || (address.Scheme == "https" && next.Scheme == "http"))
                throw new HubException($"{address.Authority} sends on to {next.Scheme}://{next.Authority}, which is "
                    + $"less safe than where it was asked.\n  for {what}\n  Check HF_ENDPOINT, or ask who runs it.");
            address = next;
        }
        throw new HubException($"{_settings.EndPoint.Authority} sends on more than {MaxRedirects} times.\n"
            + $"  for {what}\n  Check HF_ENDPOINT, or ask who runs it.");
    }

    /// <summary>A whole answer of bounded length.</summary>
    public async Task<byte[]> GetAsync(Uri address, string what, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Get, address, what, cancellation: cancellation);
        using var body = new MemoryStream();
        await foreach (var piece in ReadAsync(response, address, cancellation))
        {
            body.Write(piece.Span);
            if (body.Length > MaxAnswer)
                throw new HubException($"{address.Authority} answers with more than {MaxAnswer:N0} bytes.\n"
                    + $"  for {what}\n  Check HF_ENDPOINT.");
        }
        return body.ToArray();
    }

    /// <summary>The body piece by piece; each is valid until the next is asked for.</summary>
    /// <exception cref="PassingFault">The connection was cut, or the server fell silent.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage response, Uri address,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        byte[] buffer = new byte[1 << 17];
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        using var silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silence.Token);
        while (true)
        {
            silence.CancelAfter(_settings.Patience);
            int count = await GuardAsync(
                async () => await body.ReadAsync(buffer, either.Token), address, silence.Token, cancellation);
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
            if (count == 0)
                yield break;
            yield return buffer.AsMemory(0, count);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(
        HttpMethod method, Uri address, long from, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        request.Headers.AcceptEncoding.ParseAdd("identity");
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        bool isHub = address.Authority == _settings.EndPoint.Authority && address.Scheme == _settings.EndPoint.Scheme;
        if (isHub && _settings.Token is { } token)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using var silence = new CancellationTokenSource(_settings.Patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silence.Token);
        return await GuardAsync(
            () => _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token), address,
            silence.Token, cancellation);
    }

    private async Task<T> GuardAsync<T>(
        Func<Task<T>> work, Uri address, CancellationToken silence, CancellationToken cancellation)
    {
        try
        {
            return await work();
        }
        catch (OperationCanceledException) when (silence.IsCancellationRequested
            && !cancellation.IsCancellationRequested)
        {
            throw new PassingFault($"{address.Authority} is silent for {_settings.Patience.TotalSeconds:0} s");
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException)
        {
            throw new HubException($"No safe connection to {address.Authority}: {e.InnerException.Message}\n"
                + "  in the TLS handshake\n  Check the clock of this machine, its certificates, and HF_ENDPOINT.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new PassingFault($"{address.Authority}: {e.GetBaseException().Message}", cause: e);
        }
    }

    private static bool Succeeded(HttpResponseMessage response) => response.IsSuccessStatusCode;

    private Exception Failed(HttpResponseMessage response, Uri address, string what)
    {
        using var _ = response;
        int status = (int)response.StatusCode;
        string said = Said(response);
        if (status is 408 or 425 or 429 or >= 500)
            return new PassingFault($"{address.Authority} answers {status}{said}", WaitOf(response.Headers.RetryAfter));
        if (status == 416)
            return new PassingFault($"{address.Authority} has no such range of bytes");
        string code = Header(response, "X-Error-Code");
        string card = $"{_settings.EndPoint.AbsoluteUri.TrimEnd('/')}/{what.Split('@', ' ')[0]}";
        string token = _settings.Token is null
            ? "Log in: set HF_TOKEN, or put a token into the file `token` of HF_HOME."
            : "The token that was sent does not permit it: take one that does.";
        return status switch
        {
            401 or 403 when code == "GatedRepo" => new HubException($"The model asks for consent to its licence: "
                + $"{status}{said}\n  for {what}\n  Open {card}, accept, and log in there. {token}"),
            401 when code == "RepoNotFound" || (code == "" && _settings.Token is null) => new HubException(
                $"There is no such model, or it is private: {status}{said}\n  for {what}, on {Host}\n"
                + $"  Check the spelling. {token}"),
            401 or 403 => new HubException($"The hub refuses: {status}{said}\n  for {what}, on {Host}\n  {token}"),
            404 or 410 => new FileNotFoundException(
                $"The hub has no {(code == "EntryNotFound" ? "such file" : "such model or revision")}: {status}{said}\n"
                + $"  for {what}, on {Host}\n  Check the spelling; a private model needs a token (HF_TOKEN)."),
            _ => new HubException($"{address.Authority} answers {status}{said}\n  for {what}\n  Check HF_ENDPOINT."),
        };
    }

    /// <summary>What the server adds; never the token, which a server could echo.</summary>
    private string Said(HttpResponseMessage response)
    {
        string said = Header(response, "X-Error-Message");
        if (_settings.Token is { Length: > 0 } token)
            said = said.Replace(token, "…", StringComparison.Ordinal);
        return said == "" ? "" : $", \"{HubListing.Printable(said)}\"";
    }

    private static string Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(' ', values) : "";

    private TimeSpan? WaitOf(RetryConditionHeaderValue? after) =>
        after?.Delta ?? (after?.Date is { } date ? Later(date - _clock.GetUtcNow()) : null);

    private static TimeSpan Later(TimeSpan wait) => wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
}

/// <summary>How often and when something is tried again.</summary>
internal sealed class Retries(TimeProvider clock, Action<string> notice)
{
    private const int MostInVain = 6, MostAtAll = 500;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    private int _inVain, _all;

    /// <summary>Something was gained: the next fault is the first again.</summary>
    public void Gained() => _inVain = 0;

    /// <summary>Waits before the next attempt: 1, 2, 4, 8 and 16 seconds, or as long as the server asks.</summary>
    /// <exception cref="HubException">It was tried often enough.</exception>
    public async Task AfterAsync(PassingFault fault, string what, CancellationToken cancellation)
    {
        _inVain++;
        _all++;
        if (_inVain >= MostInVain || _all >= MostAtAll)
            throw new HubException($"{fault.Message}, {_all} times.\n  for {what}\n"
                + "  Run the same command again later: what has arrived is kept. HF_ENDPOINT names another mirror.",
                fault);
        var wait = fault.Wait ?? TimeSpan.FromSeconds(1 << (_inVain - 1));
        if (wait > LongestWait)
            throw new HubException($"{fault.Message} and asks to wait for "
                + string.Create(CultureInfo.InvariantCulture, $"{wait.TotalMinutes:N0} minutes.\n  for {what}\n")
                + "  Run the same command again then: what has arrived is kept.", fault);
        notice($"{fault.Message}; again in {wait.TotalSeconds:0} s");
        await Task.Delay(wait, clock, cancellation);
    }
}
