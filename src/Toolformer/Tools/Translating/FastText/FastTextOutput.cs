namespace Toolformer.Tools.Translating.FastText;

/// <summary>
/// From the mean of a text's rows to log-probabilities of the labels: one of the four losses that the original trains
/// with. Its logarithms have 10⁻⁵ added, which is kept.
/// </summary>
internal sealed class FastTextOutput
{
    private const int TableSize = 512;
    private const float TableEnd = 8;

    private readonly FastTextMatrix _matrix;
    private readonly Kind _kind;
    private readonly (int Left, int Right)[] _nodes;

    /// <param name="counts">How often each label was seen, of which the hierarchical softmax makes a tree.</param>
    public FastTextOutput(FastTextMatrix matrix, Kind kind, IReadOnlyList<long> counts)
    {
        _matrix = matrix;
        _kind = kind;
        _nodes = kind == Kind.HierarchicalSoftmax ? Tree(counts) : [];
    }

    /// <summary>As the file numbers them.</summary>
    public enum Kind
    {
        HierarchicalSoftmax = 1,
        NegativeSampling,
        Softmax,
        OneVersusAll,
    }

    /// <summary>The labels, those that are all but impossible left out, with their log-probabilities.</summary>
    public List<(int Label, float Log)> Predict(ReadOnlySpan<float> hidden)
    {
        if (_kind == Kind.HierarchicalSoftmax)
            return Descend(hidden);
        float[] scores = new float[_matrix.Rows];
        for (int label = 0; label < scores.Length; label++)
            scores[label] = _matrix.Dot(label, hidden);
        if (_kind == Kind.Softmax)
        {
            float highest = scores.Max(), sum = 0;
            for (int label = 0; label < scores.Length; label++)
                sum += scores[label] = MathF.Exp(scores[label] - highest);
            for (int label = 0; label < scores.Length; label++)
                scores[label] /= sum;
        }
        else
        {
            for (int label = 0; label < scores.Length; label++)
                scores[label] = Tabulated(scores[label]);
        }
        return [.. scores.Select((score, label) => (label, Log(score)))];
    }

    /// <summary>From the root down: a label's probability is the product of the turns that lead to it.</summary>
    private List<(int Label, float Log)> Descend(ReadOnlySpan<float> hidden)
    {
        int labels = _nodes.Length + 1;
        var found = new List<(int, float)>();
        var open = new Stack<(int Node, float Log)>([(2 * labels - 2, 0f)]);
        while (open.TryPop(out var next))
        {
            if (next.Log < Log(0))
                continue;
            if (next.Node < labels)
            {
                found.Add((next.Node, next.Log));
                continue;
            }
            int inner = next.Node - labels;
            float right = (float)(1.0 / (1 + MathF.Exp(-_matrix.Dot(inner, hidden))));
            open.Push((_nodes[inner].Left, next.Log + Log(1f - right)));
            open.Push((_nodes[inner].Right, next.Log + Log(right)));
        }
        return found;
    }

    /// <summary>
    /// Huffman's tree: inner node i, which stands for number labels + i, joins the two rarest nodes that were left.
    /// </summary>
    private static (int Left, int Right)[] Tree(IReadOnlyList<long> counts)
    {
        int labels = counts.Count, leaf = labels - 1, node = labels;
        var nodes = new (int, int)[labels - 1];
        long[] sums = new long[2 * labels - 1];
        Array.Fill(sums, long.MaxValue);
        for (int i = 0; i < labels; i++)
            sums[i] = counts[i];
        for (int i = 0; i < nodes.Length; i++)
        {
            int left = Rarest(), right = Rarest();
            nodes[i] = (left, right);
            sums[labels + i] = sums[left] + sums[right];
        }
        return nodes;

        int Rarest() => leaf >= 0 && sums[leaf] < sums[node] ? leaf-- : node++;
    }

    private static float Log(float probability) => (float)Math.Log(probability + 1e-5);

    /// <summary>The sigmoid of the nearest point below in a table.</summary>
    private static float Tabulated(float x)
    {
        if (!(x >= -TableEnd))
            return 0;
        if (x > TableEnd)
            return 1;
        int place = (int)((x + TableEnd) * TableSize / TableEnd / 2);
        float at = (float)(place * 2 * TableEnd) / TableSize - TableEnd;
        return (float)(1 / (1.0 + MathF.Exp(-at)));
    }
}
