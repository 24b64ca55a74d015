using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Pipeline;

/// <summary>What the paper leaves open or fixes about scoring calls.</summary>
public sealed record FilterOptions
{
    /// <summary>How e(c, ε) is written, which the paper does not spell out.</summary>
    public EmptyCallForm EmptyForm { get; init; } = EmptyCallForm.ArrowKept;

    /// <summary>What stands between z and x: nothing, a space or a line break. The paper does not say.</summary>
    public string Separator { get; init; } = "";

    /// <summary>w_0, w_1, …; the paper's (section 4.1) unless others are given.</summary>
    public IReadOnlyList<double> Weights { get; init; } = FilterLosses.PaperWeights;

    /// <summary>Documents per group: what a kill can cost.</summary>
    public int DocumentsPerGroup { get; init; } = 32;

    /// <summary>At most this many tokens are handed to the model at a time, one sequence at least.</summary>
    public int TokensPerBatch { get; init; } = 16_384;
}

/// <summary>
/// Step 3 of the paper (section 2, "Filtering API calls"): a call c at position i with result r is kept if
/// L_i⁻ − L_i⁺ ≥ τ_f, where L_i⁺ = L_i(e(c, r)) and L_i⁻ = min(L_i(ε), L_i(e(c, ε))).
/// </summary>
/// <remarks>
/// One pass over plain x gives L_i(ε) for every i; one over [z, x] serves all positions at which the same z is a
/// candidate. Passes of all documents of a group are sorted by length. The losses are stored, so that another τ_f needs
/// no model.
/// </remarks>
public sealed class FilterCalls(ILanguageModel model, IEnumerable<TaughtTool> tools, FilterOptions options)
{
    public const string BelowThreshold = "below_threshold", NoResult = "no_result", TooLong = "too_long",
        NotFinite = "not_finite";

    private readonly Dictionary<string, double> _thresholds =
        tools.ToDictionary(t => t.Name, t => t.Options.FilterThreshold);

    private readonly CallTokens _markup = new(model.Tokenizer, options.EmptyForm);
    private readonly int[] _separator = [.. model.Tokenizer.EncodeContinuation(options.Separator).Select(t => t.Id)];

    /// <summary>Scores the calls of some documents: one record per call, in their order.</summary>
    /// <exception cref="InvalidDataException">A call names a position or a tool that is not there.</exception>
    public List<FilteredCall> Score(
        IReadOnlyList<(DocumentRecord Document, IReadOnlyList<ExecutedCall> Calls)> documents,
        CancellationToken cancellation = default)
    {
        var candidates = new List<Candidate>();
        var passes = new List<ScoringPass>();
        foreach (var (document, calls) in documents)
            candidates.AddRange(Candidates(document, calls, passes));

        passes.RemoveAll(p => !p.IsNeeded);
        passes.Sort((a, b) => a.Length - b.Length);
        for (int from = 0, to; from < passes.Count; from = to)
        {
            int tokens = passes[from].Length;
            for (to = from + 1; to < passes.Count && tokens + passes[to].Length <= options.TokensPerBatch; to++)
                tokens += passes[to].Length;
            var batch = passes[from..to];
            var results = model.Forward([.. batch.Select(p => p.Input())], cancellation);
            foreach (var (pass, result) in batch.Zip(results))
                pass.Take(result.LogProbabilities);
        }
        return candidates.ConvertAll(Filtered);
    }

    /// <summary>A call with the passes that score it; none of them where it can't be scored.</summary>
    private sealed record Candidate(ExecutedCall Call, string? Reason)
    {
        public int[]? PrefixCall { get; init; }
        public int[]? PrefixResult { get; init; }
        public ScoringPass[]? Passes { get; init; }
    }

    private IEnumerable<Candidate> Candidates(
        DocumentRecord document, IReadOnlyList<ExecutedCall> calls, List<ScoringPass> passes)
    {
        var known = new Dictionary<string, ScoringPass>();
        foreach (var call in calls)
        {
            if (call.Position < 0 || call.Position >= document.InputIds.Count || !_thresholds.ContainsKey(call.Tool))
                throw new InvalidDataException($"The call {call.Tool}({call.Input}) at position {call.Position} of "
                    + $"document {call.DocId} ({document.InputIds.Count} tokens) is of no tool of this run, or of no "
                    + "position of the text: make executed.jsonl anew.");
            if (call.Result is not { } result)
            {
                yield return new Candidate(call, NoResult);
                continue;
            }
            var bare = new ApiCall(call.Tool, call.Input);
            int[] prefixCall = [.. _markup.Encode(bare with { Result = "" }, call.CallIds), .. _separator];
            int[] prefixResult = [.. _markup.Encode(bare with { Result = result }, call.CallIds), .. _separator];
            // The last token that a loss needs is predicted, not read.
            int read = Math.Min(document.InputIds.Count, call.Position + options.Weights.Count) - 1;
            int before = (model.BeginningOfText is null ? 0 : 1) + Math.Max(prefixCall.Length, prefixResult.Length);
            if (before + read > model.ContextLength)
            {
                yield return new Candidate(call, TooLong);
                continue;
            }
            ScoringPass[] three = [Pass([]), Pass(prefixCall), Pass(prefixResult)];
            foreach (var pass in three)
                pass.Want(call.Position);
            yield return new Candidate(call, null)
            {
                PrefixCall = prefixCall,
                PrefixResult = prefixResult,
                Passes = three,
            };
        }

        ScoringPass Pass(int[] prefix)
        {
            string key = string.Join(' ', prefix);
            if (!known.TryGetValue(key, out var pass))
            {
                pass = new ScoringPass(document.InputIds, prefix, model.BeginningOfText, options.Weights);
                known.Add(key, pass);
                passes.Add(pass);
            }
            return pass;
        }
    }

    private FilteredCall Filtered(Candidate candidate)
    {
        if (candidate.Passes is not { } passes)
            return new FilteredCall(candidate.Call) { Kept = false, Reason = candidate.Reason };
        int i = candidate.Call.Position;
        var losses = new CallLosses(passes[0].Loss(i), passes[1].Loss(i)!.Value, passes[2].Loss(i)!.Value);
        var scored = new FilteredCall(candidate.Call)
        {
            Kept = false,
            PrefixCallIds = candidate.PrefixCall,
            PrefixResultIds = candidate.PrefixResult,
        };
        if (!double.IsFinite(losses.None ?? 0) || !double.IsFinite(losses.Call) || !double.IsFinite(losses.Result))
            return scored with { Reason = NotFinite };
        bool kept = losses.Gain >= _thresholds[candidate.Call.Tool];
        return scored with
        {
            LossNone = losses.None,
            LossCall = losses.Call,
            LossResult = losses.Result,
            Gain = losses.Gain,
            LogprobsNone = passes[0].Logs(i),
            LogprobsCall = passes[1].Logs(i),
            LogprobsResult = passes[2].Logs(i),
            Kept = kept,
            Reason = kept ? null : BelowThreshold,
        };
    }
}
