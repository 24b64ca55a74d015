using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools.Searching;

namespace Toolformer.Tools.Reading;

/// <summary>Numbers of a <see cref="ModelReader"/>.</summary>
public sealed record ModelReaderOptions
{
    /// <summary>At most this many new tokens per answer.</summary>
    public int MaxNewTokens { get; init; } = 24;

    /// <summary>
    /// The answer must be a phrase of a passage of one to five words: for small models, which write what stands
    /// nowhere. Without it a model writes freely, and the answer must still occur in a passage.
    /// </summary>
    public bool Extract { get; init; }

    /// <summary>
    /// By how much at least the passages must raise the mean log-probability of the answer's tokens, in nats: an answer
    /// that the model would have given without them is a guess.
    /// </summary>
    public double MinGain { get; init; } = 0.1;

    /// <summary>The least mean log-probability of the answer's tokens, in nats; −∞: any.</summary>
    public double MinLogProbability { get; init; } = -3;
}

/// <summary>
/// Any causal language model as the reader: it is shown the passages and the question and writes on after "Answer:". It
/// abstains where the answer stands in no passage, or where the passages make it hardly more likely.
/// </summary>
/// <param name="model">It stays the caller's to dispose. One question at a time is read.</param>
public sealed class ModelReader(ILanguageModel model, ModelReaderOptions? options = null) : AnswerReader
{
    private const string Introduction = "Answer the question with a few words of the text.\n\n";

    private readonly ModelReaderOptions _options = options ?? new();
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly Lazy<TokenTrie> _vocabulary = new(() => TokenTrie.Of(model));
    private readonly Sampler _greedy = new(SamplingOptions.Greedy);
    private readonly Random _unused = new(0); // nothing is drawn

    public override async ValueTask<ToolResult> AnswerAsync(
        string question, IReadOnlyList<Passage> passages, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (passages.Count == 0)
            return ToolResult.Failure("There is no passage to read.");
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            return Answer(question, passages, cancellation);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _oneAtATime.Dispose();
        base.Dispose(disposing);
    }

    private ToolResult Answer(string question, IReadOnlyList<Passage> passages, CancellationToken cancellation)
    {
        var (with, read) = Prompt(question, passages);
        if (read.Count == 0)
            return ToolResult.Failure($"The question and one passage do not fit into the model's {model.ContextLength} "
                + "tokens: ask a shorter question.");
        var (tokens, likelihood) = Write(with, read, cancellation);
        string answer = Shorten(model.Tokenizer.Decode(tokens));
        if (answer.Length == 0)
            return ToolResult.Failure("The model wrote no answer.");
        if (!read.Any(p => Contains(p, answer)))
            return ToolResult.Failure($"The model's answer '{answer}' stands in none of the passages.");
        double without = Likelihood(Prompt(question, []).Tokens, tokens, cancellation);
        return likelihood < _options.MinLogProbability || likelihood - without < _options.MinGain
            ? ToolResult.Failure($"The model's answer '{answer}' is a guess: {likelihood:0.0} nats per token with the "
                + $"passages, {without:0.0} without.")
            : ToolResult.Success(answer);
    }

    /// <summary>
    /// The prompt, with as many of the best passages as fit into the context. The best stands next to the question.
    /// </summary>
    private (int[] Tokens, IReadOnlyList<Passage> Read) Prompt(string question, IReadOnlyList<Passage> passages)
    {
        int[] head = [.. model.BeginningOfText is { } begin ? [begin] : Array.Empty<int>(), .. Encode(Introduction)];
        int[] tail = Encode($"Question: {question}\nAnswer:");
        int room = model.ContextLength - _options.MaxNewTokens - head.Length - tail.Length;
        var texts = new List<int[]>();
        foreach (var passage in passages)
        {
            int[] text = Encode(CallSyntax.Neutralise($"{passage.Title}: {passage.Text}", 4000) + "\n\n");
            if ((room -= text.Length) < 0)
                break;
            texts.Insert(0, text);
        }
        return ([.. head, .. texts.SelectMany(t => t), .. tail], [.. passages.Take(texts.Count)]);
    }

    /// <summary>The likeliest tokens up to the end of the line, and their mean log-probability.</summary>
    private (List<int> Tokens, double LogProbability) Write(
        int[] prompt, IReadOnlyList<Passage> passages, CancellationToken cancellation)
    {
        var automaton = _options.Extract ? Phrases(passages) : null;
        int state = automaton?.Start ?? 0;
        var written = new List<int>();
        double sum = 0;
        var prefix = model.Forward([new(prompt[..^1]) { Keep = true }], cancellation)[0].Prefix!;
        using (prefix)
        {
            using var batch = model.Fork([new(prefix)]);
            for (int next = prompt[^1]; written.Count < _options.MaxNewTokens;)
            {
                cancellation.ThrowIfCancellationRequested();
                var logits = batch.Step([[next]])[0].Span;
                if (automaton is { IsEmpty: true })
                    break;
                next = _greedy.Sample(logits, _unused, automaton is null ? default : automaton.Allowed(state));
                if (next == model.EndOfText || model.Tokenizer.Bytes(next).Contains((byte)'\n'))
                    break;
                automaton?.TryAdvance(state, next, out state);
                sum += LogProbability(logits, next);
                written.Add(next);
            }
        }
        return (written, written.Count == 0 ? double.NegativeInfinity : sum / written.Count);
    }

    private TokenAutomaton Phrases(IReadOnlyList<Passage> passages) => TokenAutomaton.Compile(
        TokenPattern.Concat(
            TokenPattern.OneOf(passages.SelectMany(p => TextPhrases.Of(p.Text).Take(2000)).Select(p => " " + p)),
            TokenPattern.Exactly("\n")),
        _vocabulary.Value);

    private double Likelihood(int[] prompt, List<int> answer, CancellationToken cancellation)
    {
        var scored = model.Forward(
            [
                new ForwardInput([.. prompt, .. answer])
                {
                    Targets = [.. answer.Select((token, i) => new Target(prompt.Length + i, token))],
                },
            ],
            cancellation)[0].LogProbabilities;
        return scored.Average();
    }

    private static double LogProbability(ReadOnlySpan<float> logits, int token)
    {
        double max = float.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        foreach (float logit in logits)
            sum += Math.Exp(logit - max);
        return logits[token] - max - Math.Log(sum);
    }

    private static bool Contains(Passage passage, string answer) =>
        Normal($"{passage.Title} {passage.Text}").Contains(Normal(answer), StringComparison.Ordinal);

    /// <summary>" lower case words only ", so that "Nile" is not found in "Juvenile".</summary>
    private static string Normal(string text)
    {
        string letters = new([.. text.ToLowerInvariant().Select(c => char.IsLetterOrDigit(c) ? c : ' ')]);
        return $" {string.Join(' ', Sentences.Words(letters))} ";
    }

    private int[] Encode(string text) => [.. model.Tokenizer.Encode(text).Select(t => t.Id)];
}
