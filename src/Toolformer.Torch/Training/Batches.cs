namespace Toolformer.Torch.Training;

/// <summary>Packs sequences of different lengths into padded batches that waste little.</summary>
public static class Batches
{
    /// <summary>
    /// Groups indices of sequences into batches: sorted by length, a batch holds at most <paramref name="maxTokens"/>
    /// positions (padding included, one sequence always fits) and its padding is at most a tenth of them, as long as
    /// the batch is not tiny.
    /// </summary>
    public static IEnumerable<IReadOnlyList<int>> Pack(IReadOnlyList<int> lengths, int maxTokens)
    {
        int[] order = [.. Enumerable.Range(0, lengths.Count).OrderByDescending(i => lengths[i])];
        var batch = new List<int>();
        long real = 0, longest = 0;
        foreach (int i in order)
        {
            long padded = longest * (batch.Count + 1), filled = real + lengths[i];
            bool wasteful = padded > 1024 && padded - filled > padded / 10;
            if (batch.Count > 0 && (padded > maxTokens || wasteful))
            {
                yield return batch;
                batch = [];
                real = 0;
            }
            if (batch.Count == 0)
                longest = lengths[i];
            batch.Add(i);
            real += lengths[i];
        }
        if (batch.Count > 0)
            yield return batch;
    }

    /// <summary>
    /// Groups indices of sequences that stand one after the other in a batch without padding: sorted by length, so that
    /// those of one length are neighbours, at most <paramref name="maxTokens"/> together (one always fits).
    /// </summary>
    public static IEnumerable<IReadOnlyList<int>> Fill(IReadOnlyList<int> lengths, int maxTokens)
    {
        var batch = new List<int>();
        long filled = 0;
        foreach (int i in Enumerable.Range(0, lengths.Count).OrderByDescending(i => lengths[i]))
        {
            if (batch.Count > 0 && filled + lengths[i] > maxTokens)
            {
                yield return batch;
                batch = [];
                filled = 0;
            }
            batch.Add(i);
            filled += lengths[i];
        }
        if (batch.Count > 0)
            yield return batch;
    }
}
