using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Evaluation;

/// <summary>A perplexity with what it rests on.</summary>
/// <param name="Tokens">Tokens predicted.</param>
/// <param name="Texts">Texts with at least one of them.</param>
/// <param name="MeanLoss">Mean negative log-likelihood per token, in nats.</param>
/// <param name="Stderr">Standard error of <see cref="Value"/>, texts taken as the independent units.</param>
public sealed record PerplexityResult(long Tokens, int Texts, double MeanLoss, double Stderr)
{
    /// <summary>Words, as spaces divide them, in what was predicted.</summary>
    public long Words { get; init; }

    /// <summary>Bytes of UTF-8 in what was predicted.</summary>
    public long Bytes { get; init; }

    /// <summary>exp(mean loss).</summary>
    public double Value => Math.Exp(MeanLoss);

    /// <summary>exp(loss / words): models with other tokens can be compared by it.</summary>
    public double PerWord => Math.Exp(MeanLoss * Tokens / Words);

    /// <summary>exp(loss / bytes).</summary>
    public double PerByte => Math.Exp(MeanLoss * Tokens / Bytes);

    /// <summary>Bits that a byte costs: log₂ of <see cref="PerByte"/>.</summary>
    public double BitsPerByte => MeanLoss * Tokens / Bytes / Math.Log(2);
}

/// <summary>
/// Perplexity of plain texts, with calls disabled (paper, section 4.3): the probability of &lt;API&gt; is set to 0 and
/// the others are scaled up. Texts longer than the context are read in windows that overlap.
/// </summary>
public static class Perplexity
{
    /// <summary>Texts handed to the model at a time.</summary>
    private const int Batch = 64;

    /// <param name="open">The token " [", which can't occur; null: measure the model as it is.</param>
    /// <param name="stride">
    /// How far a window moves, so that every token but the first window's sees at least context − stride tokens
    /// before it; null: half of the context.
    /// </param>
    public static PerplexityResult Measure(
        ILanguageModel model, IEnumerable<string> texts, int? open, int? stride = null,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        int context = model.ContextLength, step = stride ?? Math.Max(1, context / 2);
        if (step < 1 || step > context - 1)
            throw new ArgumentOutOfRangeException(nameof(stride),
                $"A window of {context} tokens can't move by {step}: choose a stride from 1 to {context - 1}.");
        var sums = new List<(double Loss, long Tokens)>();
        long words = 0, bytes = 0;
        foreach (var batch in texts.Chunk(Batch))
        {
            cancellation.ThrowIfCancellationRequested();
            var windows = batch.SelectMany((text, i) => Windows(model, text, open, context, step)
                .Select(input => (Text: i, Input: input))).ToList();
            foreach (string text in batch)
            {
                var predicted = Predicted(model, text);
                bytes += Encoding.UTF8.GetByteCount(predicted);
                words += CountWords(predicted);
            }
            var read = model.Forward([.. windows.Select(w => w.Input)], cancellation);
            var losses = new (double Loss, long Tokens)[batch.Length];
            foreach (var (window, result) in windows.Zip(read))
            {
                ref var sum = ref losses[window.Text];
                int perToken = open is null ? 1 : 2;
                for (int t = 0; t < result.LogProbabilities.Length; t += perToken)
                {
                    sum.Loss -= result.LogProbabilities[t];
                    // p'(x) = p(x) / (1 − p(<API>)); a " [" that the text itself contains stays as it is.
                    if (open is not null && window.Input.Targets[t].Token != open)
                        sum.Loss += double.LogP1(-Math.Exp(result.LogProbabilities[t + 1]));
                    sum.Tokens++;
                }
            }
            sums.AddRange(losses.Where(l => l.Tokens > 0));
            progress?.Report(batch.Length);
        }
        return Summarise(sums) with { Words = words, Bytes = bytes };
    }

    /// <summary>The part of a text that is predicted: without a token before it, the first one is only read.</summary>
    private static ReadOnlySpan<char> Predicted(ILanguageModel model, string text)
    {
        if (model.BeginningOfText is not null)
            return text;
        var tokens = model.Tokenizer.Encode(text);
        return tokens.Count > 1 ? text.AsSpan(tokens[1].Start) : [];
    }

    private static int CountWords(ReadOnlySpan<char> text)
    {
        int words = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsWhiteSpace(text[i]) && (i == 0 || char.IsWhiteSpace(text[i - 1])))
                words++;
        }
        return words;
    }

    /// <summary>
    /// The windows of one text; together they predict each token once, the first if a BOS stands before it.
    /// </summary>
    private static IEnumerable<ForwardInput> Windows(
        ILanguageModel model, string text, int? open, int context, int step)
    {
        int[] tokens = [.. model.Tokenizer.Encode(text).Select(t => t.Id)];
        if (model.BeginningOfText is { } bos)
            tokens = [bos, .. tokens];
        int predicted = 1;
        for (int start = 0; predicted < tokens.Length; start += step)
        {
            int end = Math.Min(start + context, tokens.Length);
            var targets = new List<Target>();
            for (int i = predicted; i < end; i++)
            {
                targets.Add(new Target(i - start, tokens[i]));
                if (open is { } api)
                    targets.Add(new Target(i - start, api));
            }
            predicted = end;
            // The last token is only predicted, not read: a window of n tokens takes n − 1 positions and n at most
            // fit.
            yield return new ForwardInput(tokens[start..(end - 1)]) { Targets = targets };
        }
    }

    private static PerplexityResult Summarise(List<(double Loss, long Tokens)> sums)
    {
        long tokens = sums.Sum(s => s.Tokens);
        if (tokens == 0)
            throw new ArgumentException("No token to predict: the texts are empty · perplexity · give texts of at "
                + "least two tokens.");
        double mean = sums.Sum(s => s.Loss) / tokens;
        // Ratio estimator over texts: tokens of one text are not independent. The delta method takes it to exp(mean).
        int n = sums.Count;
        double squares = sums.Sum(s => Math.Pow(s.Loss - mean * s.Tokens, 2));
        double stderr = n > 1 ? Math.Sqrt(squares * n / (n - 1)) / tokens : 0;
        return new(tokens, n, mean, Math.Exp(mean) * stderr);
    }
}
