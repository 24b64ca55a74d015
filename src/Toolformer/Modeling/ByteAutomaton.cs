namespace Toolformer.Modeling;

/// <summary>
/// The deterministic automaton of a <see cref="PatternGraph"/>, built as far as it is walked: a state is the set of
/// nodes that the bytes read so far may have reached.
/// </summary>
internal sealed class ByteAutomaton
{
    public const int Dead = -1;
    private const int Unknown = -2, MaxStates = 1_000_000;

    // Bytes that no arc tells apart are one class.
    private readonly byte[] _class = new byte[256];
    private readonly int _classes;
    private readonly (byte Low, byte High, int To)[] _arcs;
    private readonly int[] _arcStart;
    private readonly int[] _jumps;
    private readonly int[] _jumpStart;
    private readonly int _end;

    private readonly Dictionary<int[], int> _states = new(new SetComparer());
    private readonly List<int[]> _nodes = [];
    private readonly List<int[]> _next = [];
    private readonly List<bool> _accepting = [];
    private readonly int[] _seen;
    private readonly List<int> _reached = [];
    private readonly Stack<int> _open = new();
    private int _search;

    public ByteAutomaton(PatternGraph graph)
    {
        var cut = new bool[257];
        foreach (var arc in graph.Arcs)
            cut[arc.Low] = cut[arc.High + 1] = true;
        for (int b = 1; b < 256; b++)
            _class[b] = (byte)(_class[b - 1] + (cut[b] ? 1 : 0));
        _classes = _class[255] + 1;

        _arcStart = Starts(graph.Nodes, graph.Arcs.Select(a => a.From));
        _arcs = [.. graph.Arcs.OrderBy(a => a.From).Select(a => (_class[a.Low], _class[a.High], a.To))];
        _jumpStart = Starts(graph.Nodes, graph.Jumps.Select(j => j.From));
        _jumps = [.. graph.Jumps.OrderBy(j => j.From).Select(j => j.To)];
        _end = graph.End;
        _seen = new int[graph.Nodes];
        BeginSearch();
        Reach(graph.Start);
        Start = StateOfReached();
    }

    public int Start { get; }

    public bool IsAccepting(int state) => _accepting[state];

    /// <summary>The state after one more byte, or <see cref="Dead"/>.</summary>
    public int Next(int state, byte value)
    {
        int next = _next[state][_class[value]];
        return next != Unknown ? next : Explore(state, _class[value]);
    }

    private int Explore(int state, byte @class)
    {
        BeginSearch();
        foreach (int node in _nodes[state])
        {
            for (int a = _arcStart[node]; a < _arcStart[node + 1]; a++)
            {
                if (_arcs[a].Low <= @class && @class <= _arcs[a].High)
                    Reach(_arcs[a].To);
            }
        }
        return _next[state][@class] = _reached.Count == 0 ? Dead : StateOfReached();
    }

    private void BeginSearch()
    {
        _search++;
        _reached.Clear();
    }

    /// <summary>Adds a node and those that it jumps to; nodes that only jump are left out of the set.</summary>
    private void Reach(int start)
    {
        _open.Push(start);
        while (_open.TryPop(out int node))
        {
            if (_seen[node] == _search)
                continue;
            _seen[node] = _search;
            if (node == _end || _arcStart[node] < _arcStart[node + 1])
                _reached.Add(node);
            for (int j = _jumpStart[node]; j < _jumpStart[node + 1]; j++)
                _open.Push(_jumps[j]);
        }
    }

    private int StateOfReached()
    {
        _reached.Sort();
        int[] nodes = [.. _reached];
        if (_states.TryGetValue(nodes, out int state))
            return state;
        if (_nodes.Count == MaxStates)
        {
            throw new InvalidOperationException($"The pattern has led to {MaxStates:N0} states while it was run; "
                + "it is too ambiguous. Repeat less, or offer fewer texts.");
        }
        state = _states[nodes] = _nodes.Count;
        _nodes.Add(nodes);
        _accepting.Add(nodes.AsSpan().Contains(_end));
        int[] next = new int[_classes];
        Array.Fill(next, Unknown);
        _next.Add(next);
        return state;
    }

    private static int[] Starts(int nodes, IEnumerable<int> from)
    {
        int[] starts = new int[nodes + 1];
        foreach (int node in from)
            starts[node + 1]++;
        for (int node = 0; node < nodes; node++)
            starts[node + 1] += starts[node];
        return starts;
    }

    private sealed class SetComparer : IEqualityComparer<int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] nodes)
        {
            var hash = new HashCode();
            foreach (int node in nodes)
                hash.Add(node);
            return hash.ToHashCode();
        }
    }
}
