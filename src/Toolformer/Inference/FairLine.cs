namespace Toolformer.Inference;

/// <summary>
/// Who waits for a turn: one per client goes in turn, however many a client has brought, and a client's own in order.
/// </summary>
internal sealed class FairLine<T>
{
    private readonly LinkedList<(string Client, Queue<T> Waiting)> _clients = [];
    private readonly Dictionary<string, LinkedListNode<(string Client, Queue<T> Waiting)>> _byName = [];

    public int Count { get; private set; }

    /// <summary>How many clients wait.</summary>
    public int Clients => _byName.Count;

    public int CountOf(string client) => _byName.TryGetValue(client, out var node) ? node.Value.Waiting.Count : 0;

    public void Add(string client, T item)
    {
        if (!_byName.TryGetValue(client, out var node))
            node = _byName[client] = _clients.AddLast((client, new Queue<T>()));
        node.Value.Waiting.Enqueue(item);
        Count++;
    }

    public bool TryPeek([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T item)
    {
        item = default;
        return _clients.First is { } first && first.Value.Waiting.TryPeek(out item);
    }

    /// <summary>The next one; its client goes to the end.</summary>
    public T Take()
    {
        var node = _clients.First ?? throw new InvalidOperationException("Nobody waits.");
        var item = node.Value.Waiting.Dequeue();
        _clients.Remove(node);
        if (node.Value.Waiting.Count > 0)
            _clients.AddLast(node);
        else
            _byName.Remove(node.Value.Client);
        Count--;
        return item;
    }

    /// <summary>Lets those of a client go that wait no more.</summary>
    public void Remove(string client, Func<T, bool> isGone)
    {
        if (!_byName.TryGetValue(client, out var node))
            return;
        var left = new Queue<T>(node.Value.Waiting.Where(item => !isGone(item)));
        Count -= node.Value.Waiting.Count - left.Count;
        node.Value = (client, left);
        if (left.Count > 0)
            return;
        _clients.Remove(node);
        _byName.Remove(client);
    }
}
