using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Pipeline;

/// <summary>How the finetuning data is put together.</summary>
public sealed record DatasetOptions
{
    /// <summary>
    /// Longest example in tokens, one that stands before every text included (section 4.1); longer texts are cut into
    /// windows around their calls.
    /// </summary>
    public int MaxLength { get; init; } = 1024;

    /// <summary>τ_f for all tools, in place of each tool's own: the losses are stored, so it needs no model.</summary>
    public double? FilterThreshold { get; init; }

    /// <summary>Documents per group: what a kill can cost.</summary>
    public int DocumentsPerGroup { get; init; } = 256;
}

/// <summary>
/// Step 4 of the paper (section 2, "Model finetuning"): the calls of all tools that were kept are merged into their
/// texts, x* = x_1..x_{i−1}, e(c_i, r_i), x_i..x_n, several per text; texts without one are dropped (footnote 4).
/// </summary>
/// <remarks>
/// At one position the call with the largest gain stays (the earlier record of equals), also among several tools. A
/// tool has the last word on a call (<see cref="Tools.Tool.IsAdmissible"/>: the leak filter of machine translation).
/// Per tool at most MaxExamples examples hold its calls, those with the largest gains.
/// </remarks>
public sealed class WriteDataset
{
    public const string Conflict = "same_position", Inadmissible = "inadmissible", TooLong = "call_too_long",
        OverCap = "over_max_examples";

    private readonly ITokenizer _tokenizer;
    private readonly DatasetOptions _options;
    private readonly Dictionary<string, TaughtTool> _tools;
    private readonly CallTokens _markup;
    private readonly int _maxLength;

    /// <param name="beginningOfText">Whether a token will stand before every text.</param>
    public WriteDataset(
        ITokenizer tokenizer, IEnumerable<TaughtTool> tools, DatasetOptions options, bool beginningOfText)
    {
        (_tokenizer, _options) = (tokenizer, options);
        _tools = tools.ToDictionary(t => t.Name);
        _markup = new CallTokens(tokenizer);
        _maxLength = options.MaxLength - (beginningOfText ? 1 : 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(_maxLength, 2, nameof(options));
    }

    /// <summary>The examples of all documents in order, one list per document.</summary>
    /// <param name="documents">Gives the documents with all their scored calls; asked twice.</param>
    /// <param name="count">Told how many calls are left out, by reason, document by document.</param>
    public IEnumerable<IReadOnlyList<DatasetExample>> Build(
        Func<IEnumerable<(DocumentRecord Document, IReadOnlyList<FilteredCall> Calls)>> documents,
        Action<string, int> count)
    {
        var over = OverCaps(documents());
        int index = 0;
        foreach (var (document, calls) in documents())
        {
            var examples = new List<DatasetExample>();
            var windows = Windows(document, calls, count, out var tokens);
            for (int w = 0; w < windows.Count; w++)
            {
                var kept = windows[w].Calls.Where(c => !over.Contains((c.Call.Tool, index, w))).ToList();
                if (kept.Count < windows[w].Calls.Count)
                    count(OverCap, windows[w].Calls.Count - kept.Count);
                if (kept.Count > 0)
                    examples.Add(Example(document, tokens, windows[w] with { Calls = kept }, examples.Count + 1));
            }
            index++;
            yield return examples;
        }
    }

    /// <summary>The examples (document, window) in which a tool's calls are too many, by tool.</summary>
    private HashSet<(string Tool, int Document, int Window)> OverCaps(
        IEnumerable<(DocumentRecord Document, IReadOnlyList<FilteredCall> Calls)> documents)
    {
        var examples = _tools.Keys.ToDictionary(t => t, _ => new List<(double Gain, int Document, int Window)>());
        int index = 0;
        foreach (var (document, calls) in documents)
        {
            var windows = Windows(document, calls, (_, _) => { }, out _);
            for (int w = 0; w < windows.Count; w++)
            {
                foreach (var tool in windows[w].Calls.GroupBy(c => c.Call.Tool))
                    examples[tool.Key].Add((tool.Max(c => c.Call.Gain!.Value), index, w));
            }
            index++;
        }
        return [.. examples.SelectMany(e => e.Value
            .OrderByDescending(x => x.Gain).ThenBy(x => x.Document).ThenBy(x => x.Window)
            .Skip(_tools[e.Key].Options.MaxExamples)
            .Select(x => (e.Key, x.Document, x.Window)))];
    }

    /// <summary>A call and its tokens in the markup.</summary>
    private sealed record Insertion(FilteredCall Call, IReadOnlyList<int> Ids);

    /// <summary>Tokens [Start, End) of a text with the calls that stand before some of them.</summary>
    private sealed record Window(int Start, int End, List<Insertion> Calls);

    private List<Window> Windows(
        DocumentRecord document, IReadOnlyList<FilteredCall> calls, Action<string, int> count,
        out TokenisedDocument tokens)
    {
        tokens = new TokenisedDocument(document.ToDocument(), []);
        var kept = Choose(document, calls, count);
        if (kept.Count == 0)
            return [];
        tokens = new TokenisedDocument(document.ToDocument(), _tokenizer.Encode(document.Text));
        if (!tokens.Tokens.Select(t => t.Id).SequenceEqual(document.InputIds))
            throw new InvalidDataException(
                $"Document {document.DocId} in documents.jsonl has {document.InputIds.Count} "
                + "tokens that this tokenizer does not give for its text: use the model that sampled the calls.");
        int whole = document.InputIds.Count + kept.Sum(c => c.Ids.Count);
        return whole <= _maxLength
            ? [new Window(0, document.InputIds.Count, kept)]
            : Cut(tokens, kept, count);
    }

    /// <summary>The calls above the threshold that may stand in the text, at most one per position, in order.</summary>
    private List<Insertion> Choose(
        DocumentRecord document, IReadOnlyList<FilteredCall> calls, Action<string, int> count)
    {
        var good = calls.Where(c => c.Gain >= Threshold(c)).ToList();
        var admissible = good
            .Where(c => _tools[c.Tool].Tool.IsAdmissible(document.Text, c.Offset, c.Input)).ToList();
        var best = admissible.GroupBy(c => c.Position).OrderBy(g => g.Key)
            .Select(g => g.MaxBy(c => c.Gain)!).ToList();
        Count(Inadmissible, good.Count - admissible.Count);
        Count(Conflict, admissible.Count - best.Count);
        return best.ConvertAll(c => new Insertion(c, _markup.Encode(ToApiCall(c), c.CallIds)));

        void Count(string reason, int number)
        {
            if (number > 0)
                count(reason, number);
        }
    }

    private double Threshold(FilteredCall call) => _options.FilterThreshold
        ?? (_tools.TryGetValue(call.Tool, out var tool) ? tool.Options.FilterThreshold : double.PositiveInfinity);

    /// <summary>
    /// Windows that do not overlap, each with as many calls, one after the other, as fit, and as much text on both
    /// sides as still does. Neither calls nor characters are cut.
    /// </summary>
    private List<Window> Cut(TokenisedDocument text, List<Insertion> calls, Action<string, int> count)
    {
        var windows = new List<Window>();
        for (int first = 0, free = 0, last; first < calls.Count; first = last + 1)
        {
            last = first;
            int start = calls[first].Call.Position, end = After(start);
            int size = calls[first].Ids.Count + end - start;
            if (size > _maxLength)
            {
                count(TooLong, 1);
                continue;
            }
            for (; last + 1 < calls.Count; last++)
            {
                int next = After(calls[last + 1].Call.Position);
                if (size + calls[last + 1].Ids.Count + next - end > _maxLength)
                    break;
                size += calls[last + 1].Ids.Count + next - end;
                end = next;
            }
            int room = _maxLength - size;
            int limit = last + 1 < calls.Count ? Math.Max(end, calls[last + 1].Call.Position) : text.Tokens.Count;
            int right = Math.Min(limit - end, room - Math.Min(start - free, room / 2));
            int left = Math.Min(start - free, room - right);
            int from = start - left, to = end + right;
            while (from < start && !text.IsBoundary(from))
                from++;
            while (to > end && to < text.Tokens.Count && !text.IsBoundary(to))
                to--;
            windows.Add(new Window(from, to, calls[first..(last + 1)]));
            free = to;
        }
        return windows;

        // The end of the character that the token at a position begins.
        int After(int position)
        {
            int after = position + 1;
            while (after < text.Tokens.Count && !text.IsBoundary(after))
                after++;
            return after;
        }
    }

    private DatasetExample Example(DocumentRecord document, TokenisedDocument text, Window window, int number)
    {
        var ids = new List<int>();
        var spans = new List<DatasetCall>();
        int from = window.Start;
        foreach (var (call, callIds) in window.Calls)
        {
            ids.AddRange(document.InputIds.Skip(from).Take(call.Position - from));
            int result = ids.Count + 1 + call.CallIds.Count + _markup.Arrow.Length;
            spans.Add(new DatasetCall(
                call.Tool, call.Input, call.Result!, ids.Count, result, ids.Count + callIds.Count));
            ids.AddRange(callIds);
            from = call.Position;
        }
        ids.AddRange(document.InputIds.Skip(from).Take(window.End - from));
        int first = text.Tokens[window.Start].Start, end = text.Tokens[window.End - 1].End;
        var (spliced, _) = CallSyntax.Splice(
            document.Text[first..end], window.Calls.Select(c => (c.Call.Offset - first, ToApiCall(c.Call))));
        return new(number == 1 ? document.DocId : $"{document.DocId}~{number}", spliced, ids, spans);
    }

    private static ApiCall ToApiCall(FilteredCall call) => new(call.Tool, call.Input, call.Result);
}
