using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Evaluation;

/// <summary>What one text adds to a perplexity.</summary>
/// <param name="Loss">Negative log-likelihood of its tokens, in nats.</param>
/// <param name="Tokens">Tokens predicted; 0: it has none but the first.</param>
/// <param name="Words">Words, as spaces divide them, in what was predicted.</param>
/// <param name="Bytes">Bytes of UTF-8 in what was predicted.</param>
public sealed record TextLoss(double Loss, long Tokens, long Words, long Bytes);

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
    /// <summary>Texts are handed to the model together until they have so many contexts' worth of tokens.</summary>
    private const int ContextsTogether = 8;

    /// <param name="open">The token " [", which can't occur; null: measure the model as it is.</param>
    /// <param name="stride">
    /// How far a window moves, so that every token but the first window's sees at least context − stride tokens
    /// before it; null: half of the context.
    /// </param>
    public static PerplexityResult Measure(
        ILanguageModel model, IEnumerable<string> texts, int? open, int? stride = null,
        CancellationToken cancellation = default) =>
        Of(Losses(model, texts, open, stride, [], cancellation));

    /// <summary>The perplexity of texts whose losses are known.</summary>
    /// <exception cref="ArgumentException">None of them has a token to predict.</exception>
    public static PerplexityResult Of(IEnumerable<TextLoss> losses)
    {
        var texts = losses.Where(l => l.Tokens > 0).ToList();
        long tokens = texts.Sum(s => s.Tokens);
        if (tokens == 0)
            throw new ArgumentException("No token to predict: the texts are empty · perplexity · give texts of at "
                + "least two tokens.");
        double mean = texts.Sum(s => s.Loss) / tokens;
        // Ratio estimator over texts: tokens of one text are not independent. The delta method takes it to exp(mean).
        int n = texts.Count;
        double squares = texts.Sum(s => Math.Pow(s.Loss - mean * s.Tokens, 2));
        double stderr = n > 1 ? Math.Sqrt(squares * n / (n - 1)) / tokens : 0;
        return new(tokens, n, mean, Math.Exp(mean) * stderr)
        {
            Words = texts.Sum(t => t.Words),
            Bytes = texts.Sum(t => t.Bytes),
        };
    }

    /// <summary>The loss of each text, in their order, as soon as it is known.</summary>
    /// <param name="known">
    /// Those of the first texts, from a run that was cut short. Texts that were computed together are again computed
    /// together, since a number may round differently in other company, so that the whole is that of a run never cut.
    /// </param>
    /// <exception cref="InvalidDataException">A known loss is of another text than stands there.</exception>
    public static IEnumerable<TextLoss> Losses(ILanguageModel model, IEnumerable<string> texts, int? open,
        int? stride, IReadOnlyList<TextLoss> known, CancellationToken cancellation = default)
    {
        int context = model.ContextLength, step = stride ?? Math.Max(1, context / 2);
        if (step < 1 || step > context - 1)
            throw new ArgumentOutOfRangeException(nameof(stride),
                $"A window of {context} tokens can't move by {step}: choose a stride from 1 to {context - 1}.");
        return Batches();

        IEnumerable<TextLoss> Batches()
        {
            int done = 0;
            foreach (var batch in Together(texts.Select(text => Tokenize(model, text)), ContextsTogether * context))
            {
                cancellation.ThrowIfCancellationRequested();
                var before = known.Skip(done).Take(batch.Count).ToList();
                for (int i = 0; i < before.Count; i++)
                {
                    if ((before[i].Tokens, before[i].Bytes) != (batch[i].Predicted, batch[i].Bytes))
                        throw new InvalidDataException($"Text {done + i + 1} has {batch[i].Predicted} tokens and "
                            + $"{batch[i].Bytes} bytes to predict, but its stored loss is of {before[i].Tokens} and "
                            + $"{before[i].Bytes} · perplexity · give the former texts, or another output folder.");
                }
                done += batch.Count;
                foreach (var loss in before.Count == batch.Count ? before
                    : [.. before, .. Read(model, batch, open, step, cancellation).Skip(before.Count)])
                    yield return loss;
            }
        }
    }

    private static IEnumerable<List<TokenizedText>> Together(IEnumerable<TokenizedText> texts, int most)
    {
        var batch = new List<TokenizedText>();
        long tokens = 0;
        foreach (var text in texts)
        {
            batch.Add(text);
            tokens += text.Tokens.Length;
            if (tokens < most)
                continue;
            yield return batch;
            (batch, tokens) = ([], 0);
        }
        if (batch.Count > 0)
            yield return batch;
    }

    private static TextLoss[] Read(ILanguageModel model, IReadOnlyList<TokenizedText> batch, int? open, int step,
        CancellationToken cancellation)
    {
        var windows = batch.SelectMany((text, i) => Windows(text.Tokens, open, model.ContextLength, step)
            .Select(input => (Text: i, Input: input))).ToList();
        double[] losses = new double[batch.Count];
        int perToken = open is null ? 1 : 2;
        foreach (var (window, read) in windows.Zip(model.Forward([.. windows.Select(w => w.Input)], cancellation)))
        {
            ref double loss = ref losses[window.Text];
            for (int t = 0; t < read.LogProbabilities.Length; t += perToken)
            {
                loss -= read.LogProbabilities[t];
                // p'(x) = p(x) / (1 − p(<API>)); a " [" that the text itself contains stays as it is.
                if (open is not null && window.Input.Targets[t].Token != open)
                    loss += double.LogP1(-Math.Exp(read.LogProbabilities[t + 1]));
            }
        }
        return [.. batch.Zip(losses, (text, loss) => new TextLoss(loss, text.Predicted, text.Words, text.Bytes))];
    }

    /// <summary>A text's tokens, a BOS before them where the model has one, and what of it is predicted.</summary>
    private sealed record TokenizedText(int[] Tokens, long Words, long Bytes)
    {
        public int Predicted => Math.Max(0, Tokens.Length - 1);
    }

    /// <summary>Without a token before it, the first one of a text is only read.</summary>
    private static TokenizedText Tokenize(ILanguageModel model, string text)
    {
        var tokens = model.Tokenizer.Encode(text);
        int[] ids = [.. tokens.Select(t => t.Id)];
        var predicted = model.BeginningOfText is not null ? text
            : tokens.Count > 1 ? text.AsSpan(tokens[1].Start) : [];
        return new(model.BeginningOfText is { } bos ? [bos, .. ids] : ids,
            CountWords(predicted), Encoding.UTF8.GetByteCount(predicted));
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
    private static IEnumerable<ForwardInput> Windows(int[] tokens, int? open, int context, int step)
    {
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
}
