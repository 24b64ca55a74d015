namespace Toolformer.Tools.Outbound;

/// <summary>
/// What a peer sends, up to a limit of bytes per line and in all; then reading fails. For readers that would gather a
/// line without an end until memory is gone.
/// </summary>
internal sealed class LimitedStream(Stream inner, long maxLine, long maxTotal, string who) : ReadOnlyStream
{
    private long _line;
    private long _total;

    /// <summary>Counts all bytes anew: a new request has been made.</summary>
    public void Restart() => Interlocked.Exchange(ref _total, 0);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer);
        Count(buffer[..read]);
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken);
        Count(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private void Count(ReadOnlySpan<byte> read)
    {
        int newline = read.LastIndexOf((byte)'\n');
        _line = newline < 0 ? _line + read.Length : read.Length - newline - 1;
        long total = Interlocked.Add(ref _total, read.Length);
        if (_line > maxLine || total > maxTotal || read.Length > maxLine)
            throw new IOException(_line > maxLine
                ? $"{who} sent a line of more than {maxLine:N0} bytes"
                : $"{who} sent more than {maxTotal:N0} bytes for one request");
    }
}

/// <summary>Lets no answer, streamed or not, grow beyond a number of bytes.</summary>
internal sealed class LimitedAnswers(HttpMessageHandler inner, long maxBytes) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var whole = response.Content;
        var body = await whole.ReadAsStreamAsync(cancellationToken);
        response.Content = new StreamContent(
            new LimitedStream(body, maxBytes, maxBytes, request.RequestUri?.Host ?? "the server"));
        foreach (var header in whole.Headers)
            response.Content.Headers.TryAddWithoutValidation(header.Key, header.Value);
        return response;
    }
}
