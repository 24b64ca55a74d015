namespace Toolformer.Torch.Reading;

/// <summary>What a reader reads.</summary>
/// <param name="Types">Of each token: 0 in the question, 1 in the passage.</param>
public sealed record SpanInput(IReadOnlyList<int> Ids, IReadOnlyList<int> Types);

/// <summary>For each token how likely an answer starts or ends with it, as logits.</summary>
public sealed record SpanLogits(IReadOnlyList<float> Start, IReadOnlyList<float> End)
{
    /// <summary>
    /// The likeliest answer among the tokens [first, end) that has at most so many tokens; null: there is no token.
    /// </summary>
    public AnswerSpan? Best(int first, int end, int maxTokens)
    {
        AnswerSpan? best = null;
        for (int s = first; s < end; s++)
        {
            for (int e = s; e < end && e < s + maxTokens; e++)
            {
                if (best is null || Start[s] + End[e] > best.Score)
                    best = new(s, e, Start[s] + End[e]);
            }
        }
        return best;
    }

    /// <summary>
    /// The score of there being no answer: that of the first token, [CLS], as start and end (SQuAD 2.0's convention).
    /// </summary>
    public double NoAnswer => Start[0] + End[0];
}

/// <summary>An answer from token First to token Last, both included, with the sum of its two logits.</summary>
public sealed record AnswerSpan(int First, int Last, double Score);
