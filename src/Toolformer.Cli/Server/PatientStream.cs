namespace Toolformer.Cli.Server;

/// <summary>
/// A response's body that waits only so long for its reader. The web server's own limit lets one that has read a
/// megabyte at once stand still for hours: what was read too fast counts as credit.
/// </summary>
/// <param name="patience">Longest time in which <see cref="Part"/> bytes must find room.</param>
/// <param name="giveUp">Cuts the connection.</param>
internal sealed class PatientStream(Stream body, TimeSpan patience, TimeProvider clock, Action giveUp) : Stream
{
    private const int Part = 16 << 10;

    /// <summary>Whether the reader stood still too long.</summary>
    public bool HasGivenUp { get; private set; }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The reader stood still too long.</exception>
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (int start = 0; start < buffer.Length; start += Part)
            await Within(body.WriteAsync(buffer[start..Math.Min(buffer.Length, start + Part)], cancellationToken));
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken) =>
        await Within(new ValueTask(body.FlushAsync(cancellationToken)));

    public override void Flush() => throw new NotSupportedException();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async ValueTask Within(ValueTask work)
    {
        if (work.IsCompletedSuccessfully)
            return;
        try
        {
            await work.AsTask().WaitAsync(patience, clock);
        }
        catch (TimeoutException)
        {
            HasGivenUp = true;
            giveUp();
            throw new IOException($"The client has read nothing for {patience.TotalSeconds:0.#} s.");
        }
    }
}
