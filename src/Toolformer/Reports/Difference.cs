using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>A difference with its standard error.</summary>
/// <param name="Value">The second minus the first.</param>
internal readonly record struct Difference(double Value, double Stderr)
{
    private const double Level = 0.05;

    /// <summary>
    /// How many of the same questions only the first and only the second answered right; null: taken as independent.
    /// </summary>
    public (int OnlyFrom, int OnlyTo)? Paired { get; private init; }

    /// <summary>1 or −1 where chance makes it unlikely, else 0.</summary>
    /// <remarks>Paired: p &lt; 0.05 in the exact test of McNemar; else more than two standard errors.</remarks>
    public int Sign => (Paired is { } only ? PairedComparison.ExactP(only.OnlyFrom, only.OnlyTo) < Level
        : Math.Abs(Value) > 2 * Stderr) ? Math.Sign(Value) : 0;

    /// <summary>Of two results of one run, or of two.</summary>
    public static Difference Of(ReportedResult from, ReportedResult to, AnsweredQuestions ofFrom,
        AnsweredQuestions ofTo) => Of([(from, to)], ofFrom, ofTo);

    /// <summary>
    /// Of the accuracies over several tasks together: paired if the same questions were answered in all of them.
    /// </summary>
    public static Difference Of(IReadOnlyList<(ReportedResult From, ReportedResult To)> tasks,
        AnsweredQuestions ofFrom, AnsweredQuestions ofTo)
    {
        int onlyFrom = 0, onlyTo = 0;
        bool paired = true;
        foreach (var (from, to) in tasks)
        {
            var (a, b) = (ofFrom.Of(from), ofTo.Of(to));
            if (a is null || b is null || a.Count != b.Count || !a.Keys.All(b.ContainsKey))
            {
                paired = false;
                break;
            }
            onlyFrom += a.Count(answer => answer.Value && !b[answer.Key]);
            onlyTo += a.Count(answer => !answer.Value && b[answer.Key]);
        }
        double n = tasks.Sum(t => (double)t.From.N), m = tasks.Sum(t => (double)t.To.N);
        double before = tasks.Sum(t => t.From.Accuracy * t.From.N) / n;
        double after = tasks.Sum(t => t.To.Accuracy * t.To.N) / m;
        return paired
            ? new(after - before, PairedComparison.StandardError(onlyFrom, onlyTo, (int)n))
            {
                Paired = (onlyFrom, onlyTo),
            }
            : new(after - before, Math.Sqrt((before * (1 - before) / n) + (after * (1 - after) / m)));
    }

    /// <summary>Of two perplexities, taken as independent: what each text had is not kept.</summary>
    public static Difference Of(ReportedPerplexity from, ReportedPerplexity to) =>
        new(to.Perplexity - from.Perplexity, Math.Sqrt((from.Stderr * from.Stderr) + (to.Stderr * to.Stderr)));

    /// <summary>"+12.5 ± 3.4 points"; that it is not paired is said.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{100 * Value:+0.0;−0.0;0.0} ± {100 * Stderr:0.0} points{(Paired is null ? " (unpaired)" : "")}");
}
