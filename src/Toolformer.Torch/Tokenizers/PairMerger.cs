namespace Toolformer.Torch.Tokenizers;

/// <summary>Byte-pair encoding's merging of neighbouring symbols; what the symbols are does not matter to it.</summary>
/// <param name="merges">Per pair its rank, the lowest being applied first, and the symbol that it becomes.</param>
/// <remarks>
/// Microsoft.ML.Tokenizers' BpeTokenizer (2.0.1) is not used: its ids agree with these on well-formed text, and the
/// tests hold this class against it, but its spans end inside characters beyond U+FFFF (😀 at [8, 9) instead of
/// [8, 10)), words with lone surrogates come out differently than with U+FFFD in their place, and merges can't be
/// ignored for whole words.
/// </remarks>
internal sealed class PairMerger(Dictionary<(int Left, int Right), (int Rank, int Symbol)> merges)
{
    // Up to here a scan for the lowest rank is faster than a queue.
    private const int Short = 24;

    /// <summary>
    /// Applies the merge of lowest rank, the leftmost first, until none is left; O(n log n).
    /// </summary>
    /// <param name="symbols">The word's; the first <c>result</c> of them are what is left of them.</param>
    /// <param name="ends">Where each symbol ends, in any unit; shortened alike.</param>
    /// <returns>How many symbols are left.</returns>
    public int Merge(Span<int> symbols, Span<int> ends) =>
        symbols.Length <= Short ? Scan(symbols, ends) : Queue(symbols, ends);

    private int Scan(Span<int> symbols, Span<int> ends)
    {
        Span<int> ranks = stackalloc int[Short], results = stackalloc int[Short];
        int n = symbols.Length;
        for (int i = 0; i + 1 < n; i++)
            (ranks[i], results[i]) = Look(symbols[i], symbols[i + 1]);
        while (n > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < n; i++)
                best = ranks[i] < ranks[best] ? i : best;
            if (ranks[best] == int.MaxValue)
                break;
            symbols[best] = results[best];
            ends[best] = ends[best + 1];
            n--;
            symbols[(best + 2)..(n + 1)].CopyTo(symbols[(best + 1)..]);
            ends[(best + 2)..(n + 1)].CopyTo(ends[(best + 1)..]);
            ranks[(best + 1)..n].CopyTo(ranks[best..]);
            results[(best + 1)..n].CopyTo(results[best..]);
            if (best + 1 < n)
                (ranks[best], results[best]) = Look(symbols[best], symbols[best + 1]);
            if (best > 0)
                (ranks[best - 1], results[best - 1]) = Look(symbols[best - 1], symbols[best]);
        }
        return n;
    }

    private (int Rank, int Symbol) Look(int left, int right) =>
        merges.TryGetValue((left, right), out var merge) ? merge : (int.MaxValue, 0);

    private int Queue(Span<int> symbols, Span<int> ends)
    {
        int n = symbols.Length;
        int[] all = symbols.ToArray(), next = new int[n], previous = new int[n];
        for (int i = 0; i < n; i++)
            (next[i], previous[i]) = (i + 1, i - 1);
        var queue = new PriorityQueue<int, (int Rank, int Place)>();
        for (int i = 0; i + 1 < n; i++)
            Offer(i);
        while (queue.TryDequeue(out int place, out var due))
        {
            // What was offered may have been merged away since: only a pair that still has this rank counts.
            if (all[place] < 0 || next[place] >= n
                || !merges.TryGetValue((all[place], all[next[place]]), out var merge) || merge.Rank != due.Rank)
                continue;
            int gone = next[place];
            all[place] = merge.Symbol;
            ends[place] = ends[gone];
            all[gone] = int.MinValue;
            next[place] = next[gone];
            if (next[place] < n)
                previous[next[place]] = place;
            if (previous[place] >= 0)
                Offer(previous[place]);
            Offer(place);
        }
        int left = 0;
        for (int i = 0; i < n; i = next[i], left++)
            (symbols[left], ends[left]) = (all[i], ends[i]);
        return left;

        void Offer(int place)
        {
            if (next[place] < n && merges.TryGetValue((all[place], all[next[place]]), out var merge))
                queue.Enqueue(place, (merge.Rank, place));
        }
    }
}
