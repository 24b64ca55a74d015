namespace Toolformer.Modeling;

/// <summary>
/// Runs a <see cref="TokenPattern"/> over a model's tokens: says for each state which tokens keep the text a beginning
/// of some text of the pattern, so that nothing else can be written. Every allowed token leads to a state from which
/// an accepting one can be reached with the vocabulary's tokens: there are no dead ends.
/// </summary>
/// <remarks>
/// States and masks are computed when first asked for and kept; masks up to a fixed amount of memory. An instance
/// therefore serves one thread at a time.
/// </remarks>
public sealed class TokenAutomaton
{
    private const int MaskMemory = 64 << 20;

    private readonly ByteAutomaton _bytes;
    private readonly TokenTrie _vocabulary;
    private readonly Dictionary<int, ulong[]> _masks = [];

    // Null where every byte of the pattern is a token: then what can be completed in bytes can be completed in tokens.
    private readonly Dictionary<int, bool>? _completable;

    private TokenAutomaton(PatternGraph graph, TokenTrie vocabulary)
    {
        _bytes = new ByteAutomaton(graph);
        _vocabulary = vocabulary;
        bool[] hasByte = [.. Enumerable.Range(0, 256).Select(b => vocabulary.HasByte((byte)b))];
        if (graph.Arcs.Any(arc => hasByte.AsSpan(arc.Low, arc.High - arc.Low + 1).Contains(false)))
            _completable = [];
        IsEmpty = !IsAccepting(Start) && !Allowed(Start).ContainsAnyExcept(0ul);
    }

    /// <exception cref="ArgumentException">The pattern is malformed or needs more than two million states.</exception>
    public static TokenAutomaton Compile(TokenPattern pattern, TokenTrie vocabulary) =>
        new(new PatternGraph(pattern), vocabulary);

    public int Start => _bytes.Start;

    /// <summary>Whether no text of the pattern can be written, such as one of no choices.</summary>
    public bool IsEmpty { get; }

    /// <summary>
    /// Whether the text so far is a whole text of the pattern; it may still be the beginning of others.
    /// </summary>
    public bool IsAccepting(int state) => _bytes.IsAccepting(state);

    /// <summary>Bit mask over token ids, 64 per word, of the tokens that may come next. It stays valid.</summary>
    public ReadOnlySpan<ulong> Allowed(int state)
    {
        if (_masks.TryGetValue(state, out ulong[]? mask))
            return mask;
        if ((_masks.Count + 1L) * _vocabulary.MaskLength * sizeof(ulong) > MaskMemory)
            _masks.Clear();
        mask = new ulong[_vocabulary.MaskLength];
        Walk(state, (tokens, next) =>
        {
            if (!IsCompletable(next))
                return;
            foreach (int token in tokens)
                mask[token >> 6] |= 1ul << (token & 63);
        });
        return _masks[state] = mask;
    }

    /// <summary>The state after one more token; false where the token is not allowed.</summary>
    public bool TryAdvance(int state, int token, out int next)
    {
        next = state;
        var bytes = _vocabulary.Bytes(token);
        foreach (byte value in bytes)
        {
            if ((next = _bytes.Next(next, value)) == ByteAutomaton.Dead)
                return false;
        }
        return bytes.Length > 0 && IsCompletable(next);
    }

    private delegate void Visit(ReadOnlySpan<int> tokens, int next);

    /// <summary>Visits the tokens that the bytes allow after a state, and the states to which they lead.</summary>
    private void Walk(int state, Visit visit)
    {
        int length = _vocabulary.LongestToken + 1;
        Span<int> path = length <= 512 ? stackalloc int[length] : new int[length];
        path[0] = state;
        for (int node = 0; node < _vocabulary.Nodes;)
        {
            int depth = _vocabulary.DepthAt(node);
            int next = path[depth + 1] = _bytes.Next(path[depth], _vocabulary.ByteAt(node));
            if (next == ByteAutomaton.Dead)
            {
                node = _vocabulary.EndOf(node);
                continue;
            }
            if (_vocabulary.TokensAt(node) is { IsEmpty: false } tokens)
                visit(tokens, next);
            node++;
        }
    }

    /// <summary>
    /// Whether the vocabulary's tokens lead from a state to an accepting one: a depth-first search over the states,
    /// which have no cycle, with what is known of each kept.
    /// </summary>
    private bool IsCompletable(int state)
    {
        if (_completable is null || _bytes.IsAccepting(state))
            return true;
        if (_completable.TryGetValue(state, out bool known))
            return known;
        var open = new Stack<(int State, IEnumerator<int> Next)>();
        open.Push((state, Successors(state).GetEnumerator()));
        while (open.TryPeek(out var top))
        {
            if (!top.Next.MoveNext())
                _completable[top.State] = false;
            else if (_bytes.IsAccepting(top.Next.Current) || _completable.GetValueOrDefault(top.Next.Current))
                _completable[top.State] = true;
            else if (!_completable.ContainsKey(top.Next.Current))
            {
                open.Push((top.Next.Current, Successors(top.Next.Current).GetEnumerator()));
                continue;
            }
            else
                continue;
            open.Pop();
            // The state below asks for this one again and now finds it known.
            if (_completable[top.State])
            {
                foreach (var (below, _) in open)
                    _completable[below] = true;
                break;
            }
        }
        return _completable[state];
    }

    private List<int> Successors(int state)
    {
        var next = new HashSet<int>();
        Walk(state, (_, to) => next.Add(to));
        return [.. next];
    }
}
