using System.Collections.Concurrent;
using System.Text;

namespace Toolformer.Torch;

/// <summary>Turns one word into token ids by the merges of a byte-level BPE vocabulary. Thread-safe.</summary>
/// <remarks>
/// Microsoft.ML.Tokenizers' BpeTokenizer (2.0.1) is not used: its ids agree with these on well-formed text, and the
/// tests hold this class against it, but its spans end inside characters beyond U+FFFF (😀 at [8, 9) instead of
/// [8, 10)), words with lone surrogates come out differently than with U+FFFD in their place, and merges can't be
/// ignored for whole words.
/// </remarks>
internal sealed class WordMerger
{
    // Words of one text repeat: a bounded cache saves most of the merging. Longer words hardly come twice.
    private const int CachedWords = 1 << 16, CachedLength = 32;

    private readonly Dictionary<(int Left, int Right), (int Rank, int Token)> _merges;
    private readonly int[] _byteIds;
    private readonly Dictionary<string, int>? _wholeWords;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cacheBySpan;
    private int _cached;

    /// <param name="merges">Per pair of ids its rank, the lowest being applied first, and what it becomes.</param>
    /// <param name="byteIds">The token of each byte.</param>
    /// <param name="wholeWords">Words, in the byte alphabet, that are tokens whatever the merges say; or null.</param>
    public WordMerger(
        Dictionary<(int Left, int Right), (int Rank, int Token)> merges,
        int[] byteIds,
        Dictionary<string, int>? wholeWords)
    {
        (_merges, _byteIds, _wholeWords) = (merges, byteIds, wholeWords);
        _cacheBySpan = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>
    /// The tokens of a word; lone surrogates count as U+FFFD. The array is shared: do not write to it.
    /// </summary>
    public int[] Encode(ReadOnlySpan<char> word)
    {
        if (_cacheBySpan.TryGetValue(word, out int[]? known))
            return known;
        var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        int[] tokens = _wholeWords is not null && _wholeWords.TryGetValue(ByteAlphabet.Spell(bytes), out int whole)
            ? [whole]
            : Merge(bytes);
        bool worth = word.Length <= CachedLength && Volatile.Read(ref _cached) < CachedWords;
        if (worth && _cacheBySpan.TryAdd(word, tokens))
            Interlocked.Increment(ref _cached);
        return tokens;
    }

    /// <summary>Applies the merge of lowest rank, the leftmost first, until none is left; O(n log n).</summary>
    private int[] Merge(ReadOnlySpan<byte> bytes)
    {
        int n = bytes.Length;
        int[] tokens = new int[n], next = new int[n], previous = new int[n];
        for (int i = 0; i < n; i++)
            (tokens[i], next[i], previous[i]) = (_byteIds[bytes[i]], i + 1, i - 1);
        var queue = new PriorityQueue<int, (int Rank, int Place)>();
        for (int i = 0; i + 1 < n; i++)
            Offer(i);

        int left = n;
        while (queue.TryDequeue(out int place, out var due))
        {
            // What was offered may have been merged away since: only a pair that still has this rank counts.
            if (tokens[place] < 0 || next[place] >= n
                || !_merges.TryGetValue((tokens[place], tokens[next[place]]), out var merge) || merge.Rank != due.Rank)
                continue;
            int gone = next[place];
            tokens[place] = merge.Token;
            tokens[gone] = -1;
            next[place] = next[gone];
            if (next[place] < n)
                previous[next[place]] = place;
            left--;
            if (previous[place] >= 0)
                Offer(previous[place]);
            Offer(place);
        }

        var result = new int[left];
        for (int i = 0, at = 0; i < n; i = next[i])
            result[at++] = tokens[i];
        return result;

        void Offer(int place)
        {
            if (next[place] < n && _merges.TryGetValue((tokens[place], tokens[next[place]]), out var merge))
                queue.Enqueue(place, (merge.Rank, place));
        }
    }
}
