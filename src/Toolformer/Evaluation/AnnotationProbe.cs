using Toolformer.Corpora.Pretraining;
using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Evaluation;

/// <summary>
/// Measures whether a base model follows an annotation prompt for a tool it has never seen: at the places where a call
/// belongs, the most likely call is written out and compared with the right one.
/// </summary>
/// <param name="Calls">Calls asked for.</param>
/// <param name="Closed">Share that reached the end marker.</param>
/// <param name="Named">Share that carries the prompt's tool name.</param>
/// <param name="Right">Share whose name and input are both right.</param>
/// <param name="StartLogProbability">Mean of log p(&lt;API&gt;) at the right places, nats.</param>
/// <param name="ElsewhereLogProbability">The same at all other places.</param>
public sealed record AnnotationProbe(
    int Calls, double Closed, double Named, double Right, double StartLogProbability, double ElsewhereLogProbability)
{
    private const int MaxCallTokens = 40;

    /// <summary>
    /// Probes with <paramref name="count"/> prompts of invented tools whose names are held out of training.
    /// </summary>
    public static AnnotationProbe Measure(ILanguageModel model, int seed, int count)
    {
        var random = new Random(seed);
        var tokenizer = model.Tokenizer;
        int open = new CallTokens(tokenizer).Open;
        int calls = 0, closed = 0, named = 0, right = 0, elsewhere = 0;
        double start = 0, other = 0;
        for (int p = 0; p < count; p++)
        {
            var prompt = InventedTools.Prompt(random, heldOut: true);
            var before = tokenizer.Encode(prompt.Head + prompt.Query);
            var text = tokenizer.Encode(prompt.Plain);
            int[] ids = [.. model.BeginningOfText is { } b ? [b] : Array.Empty<int>(),
                .. before.Select(t => t.Id), .. text.Select(t => t.Id)];
            int textStart = ids.Length - text.Count;
            if (ids.Length + MaxCallTokens > model.ContextLength)
                continue;
            var targets = Enumerable.Range(textStart, text.Count + 1).Select(i => new Target(i, open)).ToList();
            var read = model.Forward([new ForwardInput(ids) { Targets = targets, Keep = true }])[0];
            using var prefix = read.Prefix!;
            var places = prompt.Calls.Select(c => text.TakeWhile(t => t.Start < c.Offset).Count()).ToList();
            for (int i = 0; i <= text.Count; i++)
            {
                if (places.Contains(i))
                    start += read.LogProbabilities[i];
                else
                    (other, elsewhere) = (other + read.LogProbabilities[i], elsewhere + 1);
            }
            for (int c = 0; c < places.Count; c++)
            {
                using var rows = model.Fork([new ForkPoint(prefix, textStart + places[c])]);
                var written = new List<int>();
                int next = open;
                while (written.Count < MaxCallTokens
                    && !tokenizer.DecodeContinuation(written).Contains(CallSyntax.Close))
                {
                    next = ArgMax(rows.Step([[next]])[0].Span);
                    written.Add(next);
                }
                string call = tokenizer.DecodeContinuation(written);
                calls++;
                closed += call.Contains(CallSyntax.Close) ? 1 : 0;
                named += call.StartsWith(prompt.Tool + "(") ? 1 : 0;
                right += call.StartsWith($"{prompt.Tool}({prompt.Calls[c].Input})") ? 1 : 0;
            }
        }
        return new AnnotationProbe(calls, (double)closed / calls, (double)named / calls, (double)right / calls,
            start / calls, other / elsewhere);
    }

    private static int ArgMax(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }
        return best;
    }
}
