using System.Text;

namespace Toolformer.Modeling;

/// <summary>
/// A <see cref="TokenPattern"/> as a nondeterministic automaton over UTF-8 bytes (Thompson's construction). The
/// patterns have no unlimited repetition, so the graph has no cycle. Nodes from which the end cannot be reached have
/// no arcs.
/// </summary>
internal sealed class PatternGraph
{
    private const int MaxNodes = 2_000_000;

    /// <summary>An arc for every byte from <paramref name="Low"/> to <paramref name="High"/>.</summary>
    internal readonly record struct Arc(int From, byte Low, byte High, int To);

    private readonly List<Arc> _arcs = [];
    private readonly List<(int From, int To)> _jumps = [];

    public PatternGraph(TokenPattern pattern)
    {
        Start = NewNode();
        End = NewNode();
        Add(pattern, Start, End);
        Prune();
    }

    public int Start { get; }
    public int End { get; }
    public int Nodes { get; private set; }
    public IReadOnlyList<Arc> Arcs => _arcs;
    public IReadOnlyList<(int From, int To)> Jumps => _jumps;

    /// <summary>Adds all ways to write the pattern between two nodes.</summary>
    private void Add(TokenPattern pattern, int from, int to)
    {
        switch (pattern)
        {
            case TokenPattern.Literal literal:
                AddLiterals([literal], from, to);
                break;
            case TokenPattern.Choice choice:
                var options = Flatten(choice).ToList();
                AddLiterals(options.OfType<TokenPattern.Literal>(), from, to);
                foreach (var option in options.Where(o => o is not TokenPattern.Literal))
                    Add(option, from, to);
                break;
            case TokenPattern.Sequence sequence:
                for (int i = 0, at = from; i < sequence.Parts.Length; i++)
                {
                    int next = NewNode();
                    Add(sequence.Parts[i], at, next);
                    at = next;
                    if (i == sequence.Parts.Length - 1)
                        _jumps.Add((at, to));
                }
                if (sequence.Parts.IsEmpty)
                    _jumps.Add((from, to));
                break;
            case TokenPattern.Repeat repeat:
                AddRepeat(repeat, from, to);
                break;
            case TokenPattern.AnyExcept any:
                AddAnyExcept(any.Characters, from, to);
                break;
            default:
                throw new ArgumentException($"{pattern.GetType().Name} is no pattern that an automaton knows; "
                    + $"compose it from the kinds that {nameof(TokenPattern)} declares.", nameof(pattern));
        }
    }

    private static IEnumerable<TokenPattern> Flatten(TokenPattern.Choice choice) => choice.Options.SelectMany(
        option => option is TokenPattern.Choice inner ? Flatten(inner) : [option]);

    /// <summary>
    /// Adds texts as a trie, so that thousands of phrases with common beginnings stay one thread of control.
    /// </summary>
    private void AddLiterals(IEnumerable<TokenPattern.Literal> literals, int from, int to)
    {
        var texts = literals.Select(literal => Encoding.UTF8.GetBytes(literal.Text)).ToList();
        texts.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        var path = new List<int> { from };
        byte[] previous = [];
        foreach (byte[] text in texts)
        {
            int shared = text.AsSpan().CommonPrefixLength(previous);
            path.RemoveRange(shared + 1, path.Count - shared - 1);
            for (int i = shared; i < text.Length; i++)
            {
                path.Add(NewNode());
                _arcs.Add(new Arc(path[^2], text[i], text[i], path[^1]));
            }
            _jumps.Add((path[^1], to));
            previous = text;
        }
    }

    private void AddRepeat(TokenPattern.Repeat repeat, int from, int to)
    {
        if (repeat.Min < 0 || repeat.Max < repeat.Min)
        {
            throw new ArgumentException($"A pattern repeats a part from {repeat.Min} to {repeat.Max} times; "
                + "use 0 ≤ Min ≤ Max.", nameof(repeat));
        }
        for (int i = 0, at = from; ; i++)
        {
            if (i >= repeat.Min)
                _jumps.Add((at, to));
            if (i == repeat.Max)
                break;
            int next = NewNode();
            Add(repeat.Part, at, next);
            at = next;
        }
    }

    /// <summary>Adds the UTF-8 forms of all Unicode scalars that are not excluded.</summary>
    private void AddAnyExcept(string characters, int from, int to)
    {
        // Continuation bytes that may be anything: after[k] has k of them before it reaches `to`.
        int[] after = [to, -1, -1, -1];
        int low = 0;
        (int, int)[] lengths = [(0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)];
        foreach (int excluded in characters.EnumerateRunes().Select(r => r.Value).Distinct().Order().Append(0x110000))
        {
            foreach (var (first, last) in lengths)
                AddScalars(Math.Max(low, first), Math.Min(excluded - 1, last), from, after);
            low = excluded + 1;
        }
    }

    /// <summary>Adds the scalars of a range whose UTF-8 forms are of one length.</summary>
    private void AddScalars(int low, int high, int from, int[] after)
    {
        if (low > high)
            return;
        Span<byte> lowest = stackalloc byte[4], highest = stackalloc byte[4];
        int length = new Rune(low).EncodeToUtf8(lowest);
        _ = new Rune(high).EncodeToUtf8(highest);
        AddBytes(lowest[..length], highest[..length], from, after);
    }

    /// <summary>
    /// Adds the byte strings from lowest to highest: those that share the lowest first byte, those that share the
    /// highest, and between them the first bytes after which anything may follow.
    /// </summary>
    private void AddBytes(ReadOnlySpan<byte> lowest, ReadOnlySpan<byte> highest, int from, int[] after)
    {
        int rest = lowest.Length - 1;
        if (rest == 0)
        {
            _arcs.Add(new Arc(from, lowest[0], highest[0], after[0]));
            return;
        }
        ReadOnlySpan<byte> zeros = [0x80, 0x80, 0x80], ones = [0xBF, 0xBF, 0xBF];
        int low = lowest[0], high = highest[0];
        if (low == high && !(lowest[1..].SequenceEqual(zeros[..rest]) && highest[1..].SequenceEqual(ones[..rest])))
        {
            AddBytes(lowest[1..], highest[1..], Branch(from, lowest[0]), after);
            return;
        }
        if (!lowest[1..].SequenceEqual(zeros[..rest]))
            AddBytes(lowest[1..], ones[..rest], Branch(from, (byte)low++), after);
        if (!highest[1..].SequenceEqual(ones[..rest]))
            AddBytes(zeros[..rest], highest[1..], Branch(from, (byte)high--), after);
        if (low <= high)
            _arcs.Add(new Arc(from, (byte)low, (byte)high, Continuation(rest, after)));
    }

    private int Branch(int from, byte value)
    {
        int node = NewNode();
        _arcs.Add(new Arc(from, value, value, node));
        return node;
    }

    private int Continuation(int count, int[] after)
    {
        if (after[count] < 0)
        {
            after[count] = NewNode();
            _arcs.Add(new Arc(after[count], 0x80, 0xBF, Continuation(count - 1, after)));
        }
        return after[count];
    }

    private int NewNode() => Nodes < MaxNodes
        ? Nodes++
        : throw new ArgumentException($"The pattern needs more than {MaxNodes:N0} states; "
            + "repeat less, or offer fewer texts.");

    /// <summary>
    /// Drops what does not lead to the end, so that every set of nodes that a text reaches can be completed.
    /// </summary>
    private void Prune()
    {
        var into = _arcs.Select(a => (a.From, a.To)).Concat(_jumps).ToLookup(a => a.To, a => a.From);
        var live = new HashSet<int> { End };
        var open = new Stack<int>([End]);
        while (open.TryPop(out int node))
        {
            foreach (int before in into[node])
            {
                if (live.Add(before))
                    open.Push(before);
            }
        }
        _arcs.RemoveAll(arc => !live.Contains(arc.To));
        _jumps.RemoveAll(jump => !live.Contains(jump.To));
    }
}
