using Toolformer.Modeling;

namespace Toolformer.Inference;

/// <summary>
/// Keys and values of prompts that were read, up to an amount of memory: the least recently used go first. A prompt
/// that begins as another one did is read from there on. For one thread.
/// </summary>
/// <param name="capacity">Bytes; 0: nothing is kept.</param>
internal sealed class PrefixCache(long capacity) : IDisposable
{
    /// <summary>Shorter beginnings are not worth a segment of their own.</summary>
    public const int Least = 8;

    private sealed record Entry(int[] Tokens, IPrefix Prefix)
    {
        public long Used { get; set; }
    }

    private readonly List<Entry> _entries = [];
    private long _uses;

    /// <summary>Memory of all that is kept; what entries share counts for each.</summary>
    public long Bytes { get; private set; }

    /// <summary>How long a beginning is known.</summary>
    public int Known(ReadOnlySpan<int> tokens)
    {
        int best = 0;
        foreach (var entry in _entries)
            best = Math.Max(best, entry.Tokens.AsSpan().CommonPrefixLength(tokens));
        return best >= Least ? best : 0;
    }

    /// <summary>The longest known beginning, for the caller to dispose; null: there is none.</summary>
    public IPrefix? Find(ReadOnlySpan<int> tokens)
    {
        Entry? best = null;
        int length = Least - 1;
        foreach (var entry in _entries)
        {
            int common = entry.Tokens.AsSpan().CommonPrefixLength(tokens);
            // Among equals one that ends there: nothing has to be copied.
            if (common > length || (common == length && best?.Tokens.Length > common && entry.Tokens.Length == common))
                (best, length) = (entry, common);
        }
        if (best is null)
            return null;
        best.Used = ++_uses;
        var found = best.Prefix.First(length);
        if (length < best.Tokens.Length)
            Keep(tokens[..length], found);
        return found;
    }

    /// <summary>Keeps a prefix that was read; the caller's own stays the caller's.</summary>
    public void Keep(ReadOnlySpan<int> tokens, IPrefix prefix)
    {
        if (tokens.Length < Least || prefix.Bytes > capacity)
            return;
        foreach (var entry in _entries)
        {
            if (entry.Tokens.AsSpan().SequenceEqual(tokens))
            {
                entry.Used = ++_uses;
                return;
            }
        }
        _entries.Add(new Entry(tokens.ToArray(), prefix.First(prefix.Length)) { Used = ++_uses });
        Bytes += prefix.Bytes;
        while (Bytes > capacity)
            Drop(_entries.MinBy(entry => entry.Used)!);
    }

    public void Dispose()
    {
        while (_entries.Count > 0)
            Drop(_entries[^1]);
    }

    private void Drop(Entry entry)
    {
        _entries.Remove(entry);
        Bytes -= entry.Prefix.Bytes;
        entry.Prefix.Dispose();
    }
}
