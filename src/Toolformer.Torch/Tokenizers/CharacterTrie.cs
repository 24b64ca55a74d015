namespace Toolformer.Torch.Tokenizers;

/// <summary>Strings with a number each, found as the beginnings of a text.</summary>
internal sealed class CharacterTrie
{
    private readonly Dictionary<long, int> _next = [];
    private readonly List<int> _values = [-1];

    public bool IsEmpty => _next.Count == 0;

    public void Add(string text, int value)
    {
        int node = 0;
        foreach (char c in text)
        {
            if (!_next.TryGetValue(Arc(node, c), out int next))
            {
                _next.Add(Arc(node, c), next = _values.Count);
                _values.Add(-1);
            }
            node = next;
        }
        _values[node] = value;
    }

    /// <summary>The node after one more character, or −1. The root is 0.</summary>
    public int Next(int node, char c) => _next.GetValueOrDefault(Arc(node, c), -1);

    /// <summary>The number of the string that ends at a node, or −1.</summary>
    public int Value(int node) => _values[node];

    /// <summary>The longest string with which a text begins: its length, 0 for none, and its number.</summary>
    public int Longest(ReadOnlySpan<char> text, out int value)
    {
        value = -1;
        int length = 0, node = 0;
        for (int i = 0; i < text.Length && (node = Next(node, text[i])) >= 0; i++)
        {
            if (_values[node] >= 0)
                (length, value) = (i + 1, _values[node]);
        }
        return length;
    }

    private static long Arc(int node, char c) => (long)node << 16 | c;
}
