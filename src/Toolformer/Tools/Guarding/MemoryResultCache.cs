namespace Toolformer.Tools.Guarding;

/// <summary>A cache that ends with the process. What was used longest ago makes room.</summary>
/// <param name="maxCharacters">Of all answers together.</param>
public sealed class MemoryResultCache(TimeProvider clock, int maxCharacters = 16 << 20) : ResultCache
{
    private const int Overhead = 100; // of an entry, beside its text

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _lastUsedFirst = [];
    private long _characters;

    private sealed record Entry(string Key, string Text, DateTimeOffset Time);

    public override string? Find(string key, TimeSpan maxAge)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var node))
                return null;
            if (clock.GetUtcNow() - node.Value.Time > maxAge)
            {
                Drop(node);
                return null;
            }
            _lastUsedFirst.Remove(node);
            _lastUsedFirst.AddFirst(node);
            return node.Value.Text;
        }
    }

    public override void Keep(string key, string text)
    {
        if (text.Length > MaxText)
            return;
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var old))
                Drop(old);
            _entries[key] = _lastUsedFirst.AddFirst(new Entry(key, text, clock.GetUtcNow()));
            _characters += text.Length + Overhead;
            while (_characters > maxCharacters)
                Drop(_lastUsedFirst.Last!);
        }
    }

    private void Drop(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Key);
        _lastUsedFirst.Remove(node);
        _characters -= node.Value.Text.Length + Overhead;
    }
}
