namespace Toolformer.Evaluation;

/// <summary>A model in a mode, as a comparison names it.</summary>
public sealed record ComparedArm(string Model, string Mode);

/// <summary>Whether two arms differ on a task, judged on the examples that both answered.</summary>
/// <param name="N">Examples that both answered.</param>
/// <param name="OnlyA">Right in A only.</param>
/// <param name="OnlyB">Right in B only.</param>
/// <param name="Difference">Accuracy of B minus that of A.</param>
/// <param name="McNemarP">
/// Exact two-sided p of McNemar's test: how likely so uneven a split of the examples on which they differ would be if
/// neither were better.
/// </param>
/// <param name="Low">Lower end of the 95 % interval of the difference, from the paired bootstrap.</param>
/// <param name="High">Upper end.</param>
/// <param name="BootstrapP">Two-sided p: twice the share of resamples on the other side of 0, at most 1.</param>
public sealed record PairedComparison(
    string Task, ComparedArm A, ComparedArm B, int N, int OnlyA, int OnlyB, double Difference, double McNemarP,
    double Low, double High, double BootstrapP)
{
    /// <summary>Standard error of the difference, of the same examples in both.</summary>
    public double Stderr => StandardError(OnlyA, OnlyB, N);

    /// <summary>Resamples of the bootstrap.</summary>
    public const int Resamples = 2000;

    /// <summary>Compares two arms on the examples that both have, matched by their places in the task.</summary>
    /// <exception cref="ArgumentException">They share no example.</exception>
    public static PairedComparison Of(string task, ComparedArm a, IEnumerable<PredictionRecord> ofA,
        ComparedArm b, IEnumerable<PredictionRecord> ofB, int seed)
    {
        var before = ofA.ToDictionary(p => p.Index, p => p.Correct);
        // +1: right in B only, −1: right in A only, 0: no difference.
        int[] changes = [.. ofB.Where(p => before.ContainsKey(p.Index)).OrderBy(p => p.Index)
            .Select(p => (p.Correct ? 1 : 0) - (before[p.Index] ? 1 : 0))];
        if (changes.Length == 0)
            throw new ArgumentException($"{a.Model} ({a.Mode}) and {b.Model} ({b.Mode}) share no example · task {task} "
                + "· compare what was measured with the same limit and seed.");
        int onlyA = changes.Count(c => c < 0), onlyB = changes.Count(c => c > 0);
        double[] means = Bootstrap(changes, seed);
        double below = means.Count(m => m <= 0), above = means.Count(m => m >= 0);
        return new(task, a, b, changes.Length, onlyA, onlyB, changes.Average(), ExactP(onlyA, onlyB),
            means[(int)(0.025 * Resamples)], means[(int)(0.975 * Resamples) - 1],
            Math.Min(1, 2 * Math.Min(below, above) / Resamples));
    }

    /// <summary>
    /// Every pair on every task that differs in the model or in the mode, not in both: what a reader may want to
    /// compare.
    /// </summary>
    public static IReadOnlyList<PairedComparison> All(IEnumerable<PredictionRecord> predictions, int seed)
    {
        var comparisons = new List<PairedComparison>();
        foreach (var task in predictions.GroupBy(p => p.Task))
        {
            var arms = task.GroupBy(p => new ComparedArm(p.Model, p.Mode)).ToList();
            for (int i = 0; i < arms.Count; i++)
            {
                for (int j = i + 1; j < arms.Count; j++)
                {
                    var (a, b) = (arms[i].Key, arms[j].Key);
                    if ((a.Model == b.Model || a.Mode == b.Mode)
                        && arms[i].Select(p => p.Index).Intersect(arms[j].Select(p => p.Index)).Any())
                        comparisons.Add(Of(task.Key, a, arms[i], b, arms[j], seed));
                }
            }
        }
        return comparisons;
    }

    /// <summary>
    /// Standard error of the mean of n changes of which <paramref name="b"/> are +1, <paramref name="a"/> −1, the
    /// others 0: √(a + b − (b − a)²/n) / n.
    /// </summary>
    public static double StandardError(int a, int b, int n) =>
        n <= 0 ? 0 : Math.Sqrt(Math.Max(0, a + b - ((double)(b - a) * (b - a) / n))) / n;

    /// <summary>Exact two-sided p for <paramref name="a"/> and <paramref name="b"/> cases of the two kinds.</summary>
    public static double ExactP(int a, int b)
    {
        int n = a + b, least = Math.Min(a, b);
        if (n == 0)
            return 1;
        // Sums of binomial coefficients over 2ⁿ, as logarithms: n may be thousands.
        double term = -n * Math.Log(2), sum = 0;
        for (int k = 0; k <= least; k++)
        {
            sum += Math.Exp(term);
            term += Math.Log(n - k) - Math.Log(k + 1);
        }
        return Math.Min(1, 2 * sum);
    }

    /// <summary>Mean differences of resamples with replacement, in ascending order.</summary>
    private static double[] Bootstrap(int[] changes, int seed)
    {
        var random = new Random(seed);
        var means = new double[Resamples];
        for (int r = 0; r < Resamples; r++)
        {
            long sum = 0;
            for (int i = 0; i < changes.Length; i++)
                sum += changes[random.Next(changes.Length)];
            means[r] = (double)sum / changes.Length;
        }
        Array.Sort(means);
        return means;
    }
}
