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
    private int[]? _toEnd;
    private readonly Dictionary<int, int> _distances = [];

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

    /// <summary>The fewest bytes that complete the text from a state.</summary>
    public int Distance(int state)
    {
        if (_distances.TryGetValue(state, out int known))
            return known;
        _toEnd ??= DistancesToEnd();
        return _distances[state] = _nodes[state].Min(node => _toEnd[node]);
    }

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

    /// <summary>Per node the fewest bytes to the end, searched backwards: a jump costs nothing, an arc one.</summary>
    private int[] DistancesToEnd()
    {
        int nodes = _arcStart.Length - 1;
        var arcs = Backwards(_arcStart, a => _arcs[a].To, _arcs.Length);
        var jumps = Backwards(_jumpStart, j => _jumps[j], _jumps.Length);
        int[] distance = new int[nodes];
        Array.Fill(distance, int.MaxValue);
        distance[_end] = 0;
        var (now, later) = (new Stack<int>([_end]), new List<int>());
        for (int bytes = 0; now.Count > 0; bytes++)
        {
            while (now.TryPop(out int node))
            {
                foreach (int before in jumps.Before(node))
                    Visit(before, bytes, now.Push);
                foreach (int before in arcs.Before(node))
                    Visit(before, bytes + 1, later.Add);
            }
            foreach (int node in later.Where(node => distance[node] == bytes + 1))
                now.Push(node);
            later.Clear();
        }
        return distance;

        void Visit(int node, int to, Action<int> then)
        {
            if (distance[node] <= to)
                return;
            distance[node] = to;
            then(node);
        }
    }

    private readonly record struct Reversed(int[] Start, int[] From)
    {
        public ArraySegment<int> Before(int node) => new(From, Start[node], Start[node + 1] - Start[node]);
    }

    private static Reversed Backwards(int[] starts, Func<int, int> to, int count)
    {
        int nodes = starts.Length - 1;
        int[] into = Starts(nodes, Enumerable.Range(0, count).Select(to)), next = [.. into], from = new int[count];
        for (int node = 0; node < nodes; node++)
        {
            for (int edge = starts[node]; edge < starts[node + 1]; edge++)
                from[next[to(edge)]++] = node;
        }
        return new Reversed(into, from);
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
