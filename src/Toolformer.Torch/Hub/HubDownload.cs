namespace Toolformer.Torch.Hub;

/// <summary>
/// Fetches one file: goes on where an earlier attempt, or a killed process, has stopped, and holds what has arrived
/// against its size and hash.
/// </summary>
internal sealed class HubDownload(HubHttp http, Uri address, HubFile file, string what, string path)
{
    /// <summary>How often a file may arrive whole but wrong; the first may be what another program has begun.</summary>
    private const int MostSpoiled = 3;

    /// <summary>Where the hub does not say how long a file is.</summary>
    private const long LongestUnknown = 1L << 30;

    /// <summary>Bytes that came over the wire.</summary>
    public long Fetched { get; private set; }

    /// <param name="report">Hears how many bytes of the file are there.</param>
    /// <exception cref="HubException">It does not come, or not as the hub says that it is.</exception>
    public async Task RunAsync(Retries retries, Action<long> report, CancellationToken cancellation)
    {
        for (int spoiled = 0; ;)
        {
            long there = File.Exists(path) ? new FileInfo(path).Length : 0;
            if (there > (file.Size ?? long.MaxValue))
                there = Clear();
            report(there);
            try
            {
                if (there != file.Size || there == 0)
                    await FetchAsync(there, gained => { retries.Gained(); report(gained); }, cancellation);
            }
            catch (PassingFault fault)
            {
                await retries.AfterAsync(fault, what, cancellation);
                continue;
            }
            if (!file.IsVerifiable)
                return;
            string tag = await file.ComputeTagAsync(path, cancellation);
            if (tag == file.Tag)
                return;
            Clear();
            report(0);
            if (++spoiled == MostSpoiled)
                throw new HubException($"The file has arrived {spoiled} times with wrong bytes: its hash is {tag}, not "
                    + $"{file.Tag}.\n  for {what}, from {http.Host}\n  Nothing of it was kept. Try again later, or "
                    + "another mirror (HF_ENDPOINT).");
        }
    }

    private long Clear()
    {
        File.Delete(path);
        return 0;
    }

    private async Task FetchAsync(long there, Action<long> gained, CancellationToken cancellation)
    {
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(HttpMethod.Get, address, what, there, cancellation: cancellation);
        }
        catch (PassingFault) when (there > 0 && file.Size is null)
        {
            Clear(); // without a size, what is there may be all there is
            throw;
        }
        using var _ = response;
        if (response.StatusCode != System.Net.HttpStatusCode.PartialContent)
            there = 0;
        else if (response.Content.Headers.ContentRange is not { From: { } from } range || from != there
            || (range.Length is { } whole && file.Size is { } size && whole != size))
            throw new PassingFault($"{http.Host} sends another range of bytes than was asked for");
        long limit = file.Size ?? LongestUnknown;
        if (response.Content.Headers.ContentLength is { } coming && file.Size is not null && there + coming != limit)
            throw new PassingFault($"{http.Host} sends {there + coming:N0} bytes where {limit:N0} should be");
        await using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 0);
        stream.SetLength(there);
        stream.Position = there;
        await foreach (var piece in http.ReadAsync(response, address, cancellation))
        {
            if (there + piece.Length > limit)
            {
                stream.SetLength(0);
                throw new PassingFault($"{http.Host} sends more than the {limit:N0} bytes that there should be");
            }
            await stream.WriteAsync(piece, cancellation);
            there += piece.Length;
            Fetched += piece.Length;
            gained(there);
        }
        if (file.Size is { } expected && there != expected)
            throw new PassingFault($"{http.Host} sends {there:N0} of {expected:N0} bytes");
        stream.Flush(flushToDisk: true);
    }
}
