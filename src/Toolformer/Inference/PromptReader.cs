using Toolformer.Modeling;

namespace Toolformer.Inference;

/// <summary>
/// Reads prompts, all but their last tokens: those are the first that a batch reads. With a cache no beginning is read
/// twice, neither one of an earlier prompt nor one that prompts of the same group share. For one thread.
/// </summary>
internal sealed class PromptReader(ILanguageModel model, PrefixCache? cache = null)
{
    /// <summary>Tokens of prompts that were not read again, for they were known.</summary>
    public long KnownTokens { get; private set; }

    /// <summary>One result per prompt, in order; the caller disposes the prefixes.</summary>
    public IReadOnlyList<ReadPrompt> Read(IReadOnlyList<IReadOnlyList<int>> prompts, CancellationToken cancellation)
    {
        var results = new ReadPrompt?[prompts.Count];
        int[][] openings = [.. prompts.Select(prompt => prompt.Count > 1 ? prompt.SkipLast(1).ToArray() : [.. prompt])];
        try
        {
            int[] left = [.. Enumerable.Range(0, prompts.Count)];
            while (left.Length > 0)
            {
                int[] wave = cache is null ? left : Wave(left, openings, cache);
                ReadWave(wave, prompts, openings, results, cancellation);
                left = [.. left.Except(wave)];
            }
            return results!;
        }
        catch
        {
            foreach (var result in results)
                result?.Prefix.Dispose();
            throw;
        }
    }

    /// <summary>Prompts to read at once: one that shares more with another than is known waits for it.</summary>
    private static int[] Wave(int[] left, int[][] openings, PrefixCache cache)
    {
        var wave = new List<int>();
        foreach (int i in left)
        {
            int known = cache.Known(openings[i]);
            if (!wave.Any(j => openings[j].AsSpan().CommonPrefixLength(openings[i]) >= known + PrefixCache.Least))
                wave.Add(i);
        }
        return [.. wave];
    }

    private void ReadWave(int[] wave, IReadOnlyList<IReadOnlyList<int>> prompts, int[][] openings,
        ReadPrompt?[] results, CancellationToken cancellation)
    {
        var found = wave.ToDictionary(i => i, i => prompts[i].Count > 1 ? cache?.Find(openings[i]) : null);
        try
        {
            int[] unread = [.. wave.Where(i => (found[i]?.Length ?? 0) < openings[i].Length)];
            var read = unread.Length == 0
                ? []
                : model.Forward([.. unread.Select(i => Opening(openings[i], found[i], prompts[i].Count == 1))],
                    cancellation);
            foreach (var (i, result) in unread.Zip(read))
                results[i] = new ReadPrompt(result.Prefix!, prompts[i].Count == 1 ? result.LogProbabilities : null);
            foreach (int i in wave)
            {
                KnownTokens += found[i]?.Length ?? 0;
                // What is known as a whole is handed on; else the prefix that was read holds it.
                results[i] ??= new ReadPrompt(found[i]!.First(openings[i].Length), null);
                if (prompts[i].Count > 1)
                    cache?.Keep(openings[i], results[i]!.Prefix);
            }
        }
        finally
        {
            foreach (var prefix in found.Values)
                prefix?.Dispose();
        }
    }

    // A prompt of one token leaves nothing to read before its last: it is read here, and the log-probabilities of
    // everything that may follow are asked for; as logits they serve as well.
    private ForwardInput Opening(int[] tokens, IPrefix? known, bool isAll) =>
        new(tokens.AsSpan(known?.Length ?? 0).ToArray(), known)
        {
            Keep = true,
            Targets = isAll
                ? [.. Enumerable.Range(0, model.VocabularySize).Select(token => new Target(1, token))]
                : [],
        };
}

/// <summary>A prompt that was read.</summary>
/// <param name="Next">(V) of the first token, where nothing of the prompt is left to read; else null.</param>
internal sealed record ReadPrompt(IPrefix Prefix, float[]? Next);
