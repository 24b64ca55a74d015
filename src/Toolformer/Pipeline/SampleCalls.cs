using System.Security.Cryptography;
using System.Text;
using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Pipeline;

/// <summary>How calls are sampled, beside each tool's own numbers.</summary>
public sealed record SampleOptions
{
    /// <summary>How tokens are drawn. The paper (section 2) gives no values.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Every draw depends on this, the document's id, tool, position and sample number alone.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Whether only a call of the tool at hand can be written, with an input as the tool describes it for the text.
    /// The paper samples freely; a small model needs the help. The loss filter judges either way.
    /// </summary>
    public bool Constrained { get; init; }

    /// <summary>Documents per group: what a kill can cost.</summary>
    public int DocumentsPerGroup { get; init; } = 16;

    /// <summary>At most this many tokens of texts are kept in memory at a time, one text at least.</summary>
    public int TokensInFlight { get; init; } = 16_384;

    /// <summary>At most this many calls are written at a time.</summary>
    public int Rows { get; init; } = 256;
}

/// <summary>
/// Step 1 of the paper (section 2, "Sampling API calls"). For every position i of a text x, p_i = p(&lt;API&gt; | P(x),
/// x_1..x_{i−1}) is read off one pass over [P(x), x]. The positions with p_i &gt; τ_s are kept, at most the k likeliest
/// of them; at each, m calls are sampled after [P(x), x_1..x_{i−1}, &lt;API&gt;] until &lt;/API&gt;.
/// </summary>
/// <remarks>
/// The prompt's head is computed once per tool, each text once after it, and the k·m samples of all texts in flight
/// continue those as rows of one batch. A position inside a character's bytes is no candidate. A call is finished by
/// "]" in any token, or by the arrow; samples that end otherwise are discarded (footnote 2 of the paper), as are those
/// that are no call of the tool and those that repeat an earlier one of the same position.
/// </remarks>
public sealed class SampleCalls : IDisposable
{
    public const string Unfinished = "unfinished", LineBreak = "line_break", EndOfText = "end_of_text",
        Malformed = "malformed", OtherTool = "other_tool", Duplicate = "duplicate", TooLong = "too_long",
        NotWorth = "not_worth_annotating", NoInput = "no_possible_input",
        FreeProbes = "free_probes", FreeWellFormed = "free_well_formed_millionths";

    /// <summary>Why a sample is no call of the tool: what constraining leaves nothing of.</summary>
    public static IReadOnlyList<string> IllFormed { get; } = [Unfinished, LineBreak, EndOfText, Malformed, OtherTool];

    private readonly ILanguageModel _model;
    private readonly SampleOptions _options;
    private readonly CallTokens _markup;
    private readonly CallDecoder _decoder;
    private readonly TokenTrie? _vocabulary;
    private readonly Dictionary<string, IPrefix> _heads = [];
    private readonly Dictionary<string, TokenAutomaton> _automata = [];

    public SampleCalls(ILanguageModel model, SampleOptions options)
    {
        (_model, _options) = (model, options);
        _markup = new CallTokens(model.Tokenizer);
        _decoder = new CallDecoder(model, _markup.Open, new Sampler(options.Sampling), options.Rows);
        _vocabulary = options.Constrained ? TokenTrie.Of(model) : null;
    }

    /// <summary>
    /// The calls that the model writes into some documents for one tool, by document and position; and p_i of every
    /// position of the documents that it has read for that, by their index, null for the others.
    /// </summary>
    /// <param name="count">Told what is counted: "texts", "calls", and why others are skipped or discarded.</param>
    public (List<SampledCall>[] Calls, float[]?[] Starts) Sample(
        IReadOnlyList<TokenisedDocument> documents, TaughtTool tool, Action<string, int> count,
        CancellationToken cancellation)
    {
        var calls = documents.Select(_ => new List<SampledCall>()).ToArray();
        float[]?[] starts = new float[documents.Count][];
        var texts = new List<PromptedText>();
        for (int d = 0; d < documents.Count; d++)
        {
            if (!tool.Tool.IsWorthAnnotating(documents[d].Document))
            {
                count(NotWorth, 1);
                continue;
            }
            var text = new PromptedText(d, documents[d], Query(documents[d]));
            int length = Head(tool, cancellation).Length + text.Chunk.Count + 1 + tool.Options.MaxCallTokens;
            if (length > _model.ContextLength)
                count(TooLong, 1);
            else
                texts.Add(text);
        }

        for (int from = 0, to; from < texts.Count; from = to)
        {
            int tokens = 0;
            for (to = from; to < texts.Count && (to == from || tokens < _options.TokensInFlight); to++)
                tokens += texts[to].Chunk.Count;
            count("texts", to - from);
            SampleTogether(texts[from..to], tool, calls, starts, count, cancellation);
        }
        return (calls, starts);
    }

    public void Dispose()
    {
        foreach (var head in _heads.Values)
            head.Dispose();
        _heads.Clear();
    }

    private void SampleTogether(
        List<PromptedText> texts, TaughtTool tool, List<SampledCall>[] calls, float[]?[] starts,
        Action<string, int> count, CancellationToken cancellation)
    {
        var head = Head(tool, cancellation);
        var results = _model.Forward([.. texts.Select(t => new ForwardInput(t.Chunk, head)
        {
            // Position i of the text is position QueryLength + i of the chunk.
            Targets = [.. Enumerable.Range(t.QueryLength, t.Length).Select(p => new Target(p, _markup.Open))],
            Keep = true,
        })], cancellation);
        try
        {
            var rows = new List<CallRow>();
            foreach (var (text, result) in texts.Zip(results))
            {
                starts[text.Index] = Array.ConvertAll(result.LogProbabilities, MathF.Exp);
                foreach (var (position, p) in Positions(text, result.LogProbabilities, tool))
                {
                    // Only what stands before the call: when generating, the rest is not there yet.
                    int offset = text.Source.Tokens[position].Start;
                    var automaton = Automaton(tool, text.Source.Document.Text[..offset]);
                    if (automaton is { IsEmpty: true }
                        || automaton?.Needed(automaton.Start) > tool.Options.MaxCallTokens)
                    {
                        count(NoInput, 1);
                        continue;
                    }
                    var start = new ForkPoint(result.Prefix!, head.Length + text.QueryLength + position);
                    rows.AddRange(Enumerable.Range(0, tool.Options.CallsPerPosition).Select(sample =>
                        new CallRow(start, automaton, () => Dice(text, tool, position, sample))
                        {
                            Text = text,
                            Position = position,
                            PStart = p,
                            StaysIfFree = automaton is not null && sample == 0 ? 1 : null,
                        }));
                }
            }
            count("samples", rows.Count);
            _decoder.Run(rows, tool.Options.MaxCallTokens, cancellation);
            // What free sampling would have made of the same places, told beside what constrained sampling did.
            foreach (var probe in rows.Where(row => row.StaysIfFree is not null))
            {
                count(FreeProbes, 1);
                count(FreeWellFormed, (int)Math.Round(1e6 * probe.StaysIfFree!.Value));
            }
            var distinct = new HashSet<(int Text, int Position, string Input)>();
            foreach (var row in rows)
            {
                string? reason = Read(row, tool, out var call);
                if (call is not null && !distinct.Add((row.Text.Index, row.Position, call.Input)))
                    (reason, call) = (Duplicate, null);
                if (call is null)
                {
                    count("discarded." + reason, 1);
                    continue;
                }
                count("calls", 1);
                var source = row.Text.Source;
                calls[row.Text.Index].Add(new SampledCall
                {
                    DocId = source.Document.Id,
                    Tool = call.Tool,
                    Position = row.Position,
                    Offset = source.Tokens[row.Position].Start,
                    PStart = row.PStart,
                    Input = call.Input,
                    CallIds = _markup.EncodeHead(call),
                });
            }
        }
        finally
        {
            foreach (var result in results)
                result.Prefix?.Dispose();
        }
    }

    /// <summary>I = { i : p_i &gt; τ_s }, at most the k with the largest p_i (of equals the earlier).</summary>
    private static List<(int Position, double P)> Positions(PromptedText text, float[] logs, TaughtTool tool) =>
        [.. logs.Select((log, i) => (Position: i, P: Math.Exp(log)))
            .Where(c => c.P > tool.Options.StartThreshold && text.Source.IsBoundary(c.Position))
            .OrderByDescending(c => c.P).ThenBy(c => c.Position)
            .Take(tool.Options.Positions)
            .OrderBy(c => c.Position)];

    /// <summary>The call of a finished row, normalised, or null and why there is none.</summary>
    private static string? Read(CallRow row, TaughtTool tool, out ApiCall? call)
    {
        call = null;
        if (row.Ending is not null)
            return row.Ending;
        var read = row.Written!.Contains('\uFFFD') ? null : CallSyntax.ParseHead(row.Written);
        if (read is null)
            return Malformed;
        if (read.Tool != tool.Name)
            return OtherTool;
        call = CallSyntax.Normalise(read);
        return null;
    }

    private IPrefix Head(TaughtTool tool, CancellationToken cancellation)
    {
        if (_heads.TryGetValue(tool.Name, out var known))
            return known;
        int[] bos = _model.BeginningOfText is { } id ? [id] : [];
        var tokens = _model.Tokenizer.Encode(tool.PromptHead).Select(t => t.Id);
        var input = new ForwardInput([.. bos, .. tokens]) { Keep = true };
        if (input.Tokens.Count >= _model.ContextLength)
            throw new InvalidOperationException(
                $"The annotation prompt of {tool.Name} has {input.Tokens.Count} tokens, the model reads "
                + $"{_model.ContextLength}: shorten its demonstrations or take a model that reads more.");
        return _heads[tool.Name] = _model.Forward([input], cancellation)[0].Prefix!;
    }

    private int[] Query(TokenisedDocument text) =>
        [.. _model.Tokenizer.EncodeContinuation(Tools.AnnotationPrompt.Query(text.Document.Text)).Select(t => t.Id)];

    private TokenAutomaton? Automaton(TaughtTool tool, string text)
    {
        if (_vocabulary is null)
            return null;
        var input = tool.Tool.InputPattern(text);
        if (input is null && _automata.TryGetValue(tool.Name, out var known))
            return known;
        var pattern = TokenPattern.Concat(
            TokenPattern.Exactly(tool.Name + "("),
            input ?? TokenPattern.FreeText(CallSyntax.NotInInput),
            TokenPattern.Exactly(")" + CallSyntax.Close));
        var automaton = TokenAutomaton.Compile(pattern, _vocabulary);
        if (input is null)
            _automata[tool.Name] = automaton;
        return automaton;
    }

    /// <summary>The dice of one sample: they do not depend on what else is in the batch.</summary>
    private Random Dice(PromptedText text, TaughtTool tool, int position, int sample)
    {
        string name = $"{_options.Seed}\n{text.Source.Document.Id}\n{tool.Name}\n{position}\n{sample}";
        return new Random(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes(name))));
    }
}

/// <summary>A text after its query, as it is read after the prompt's head.</summary>
/// <param name="Index">Of the document in its group.</param>
internal sealed record PromptedText(int Index, TokenisedDocument Source, int[] Query)
{
    public int QueryLength => Query.Length;
    public int Length => Source.Tokens.Count;

    /// <summary>"Input: x Output:" and x.</summary>
    public IReadOnlyList<int> Chunk { get; } = [.. Query, .. Source.Tokens.Select(t => t.Id)];
}
