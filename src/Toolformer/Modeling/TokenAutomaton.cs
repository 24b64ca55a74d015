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
    private const int MaskMemory = 64 << 20, Never = int.MaxValue;

    private readonly ByteAutomaton _bytes;
    private readonly TokenTrie _vocabulary;
    private readonly Dictionary<(int State, int Budget), ulong[]> _masks = [];

    // Per state the most tokens that are still needed after one of those that may come next.
    private readonly Dictionary<int, int> _longest = [];

    // Null where every byte of the pattern is a token: then what can be completed in bytes can be completed in tokens.
    private readonly Dictionary<int, int>? _needed;

    private TokenAutomaton(PatternGraph graph, TokenTrie vocabulary)
    {
        _bytes = new ByteAutomaton(graph);
        _vocabulary = vocabulary;
        if (graph.Arcs.Any(arc => vocabulary.HasByte[arc.Low..(arc.High + 1)].Contains(false)))
            _needed = [];
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
    public ReadOnlySpan<ulong> Allowed(int state) => Allowed(state, Never);

    /// <summary>The same, and after it at most <paramref name="budget"/> − 1 more tokens are needed.</summary>
    /// <param name="budget">At least <see cref="Needed"/> of the state: then some token is allowed.</param>
    public ReadOnlySpan<ulong> Allowed(int state, int budget)
    {
        // Mostly the budget is larger than what any token makes necessary, and one mask serves all such budgets.
        if (_longest.TryGetValue(state, out int longest) && budget > longest)
            budget = Never;
        if (_masks.TryGetValue((state, budget), out ulong[]? mask))
            return mask;
        if ((_masks.Count + 1L) * _vocabulary.MaskLength * sizeof(ulong) > MaskMemory)
            _masks.Clear();
        mask = new ulong[_vocabulary.MaskLength];
        longest = 0;
        Walk(state, (tokens, next) =>
        {
            int needed = Needed(next);
            if (needed != Never)
                longest = Math.Max(longest, needed);
            if (needed >= budget)
                return;
            foreach (int token in tokens)
                mask[token >> 6] |= 1ul << (token & 63);
        });
        _longest[state] = longest;
        return _masks[(state, budget > longest ? Never : budget)] = mask;
    }

    /// <summary>
    /// So many tokens are enough to complete the text from a state: the fewest bytes where every byte is a token.
    /// </summary>
    public int Needed(int state) => _needed is null ? _bytes.Distance(state)
        : _needed.TryGetValue(state, out int known) ? known
        : NeededInTokens(state, _needed);

    /// <summary>
    /// Draws the next token, so that the text is completed within a number of tokens. Where the model gives every token
    /// that is allowed the probability 0, one on the shortest way to the end is taken.
    /// </summary>
    /// <param name="budget">At least <see cref="Needed"/> of the state.</param>
    public int Draw(int state, int budget, ReadOnlySpan<float> logits, Sampler sampler, Random random)
    {
        var allowed = Allowed(state, budget);
        for (int id = 0; id < _vocabulary.VocabularySize; id++)
        {
            if ((allowed[id >> 6] >> (id & 63) & 1) != 0 && logits[id] != float.NegativeInfinity)
                return sampler.Sample(logits, random, allowed);
        }
        var shortest = Allowed(state, Needed(state));
        int word = shortest.IndexOfAnyExcept(0ul);
        return (word << 6) + System.Numerics.BitOperations.TrailingZeroCount(shortest[word]);
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

    private bool IsCompletable(int state) => _needed is null || Needed(state) != Never;

    /// <summary>
    /// The fewest tokens to an accepting state, where not every byte is a token: a depth-first search over the states,
    /// which have no cycle, with what is known of each kept.
    /// </summary>
    private int NeededInTokens(int state, Dictionary<int, int> needed)
    {
        var open = new Stack<(int State, List<int> Next)>();
        open.Push((state, Successors(state)));
        while (open.TryPeek(out var top))
        {
            if (_bytes.IsAccepting(top.State))
            {
                needed[top.State] = 0;
                open.Pop();
                continue;
            }
            int unknown = top.Next.FindIndex(next => !needed.ContainsKey(next));
            if (unknown >= 0)
            {
                open.Push((top.Next[unknown], Successors(top.Next[unknown])));
                continue;
            }
            int least = top.Next.Select(next => needed[next]).DefaultIfEmpty(Never).Min();
            needed[top.State] = least == Never ? Never : least + 1;
            open.Pop();
        }
        return needed[state];
    }

    private List<int> Successors(int state)
    {
        var next = new HashSet<int>();
        Walk(state, (_, to) => next.Add(to));
        return [.. next];
    }
}
