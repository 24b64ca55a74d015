namespace Toolformer.Evaluation;

/// <summary>
/// What two seeds make of the same arm and task: differences between models that are no larger say nothing. The second
/// seed draws other examples where there is a limit, and in any case the company in which they are predicted.
/// </summary>
/// <param name="Seeds">The two seeds.</param>
/// <param name="Difference">|accuracy with the one − accuracy with the other|.</param>
/// <param name="Expected">
/// Standard error of such a difference if the examples were drawn anew, √(se₁² + se₂²); 0 where both seeds had the same
/// examples.
/// </param>
/// <param name="Shared">Examples that both seeds had.</param>
/// <param name="Flipped">Shared examples that were right with one seed and wrong with the other.</param>
public sealed record NoiseFloor(string Model, string Task, string Mode, IReadOnlyList<int> Seeds,
    IReadOnlyList<double> Accuracies, double Difference, double Expected, int Shared, int Flipped)
{
    /// <summary>The floor of each arm and task that was measured with both seeds.</summary>
    public static IReadOnlyList<NoiseFloor> Of(
        IEnumerable<EvalResult> first, IEnumerable<PredictionRecord> firstPredictions,
        IEnumerable<EvalResult> second, IEnumerable<PredictionRecord> secondPredictions)
    {
        var others = second.ToDictionary(r => (r.Model, r.Task, r.Mode));
        var was = firstPredictions.ToLookup(p => (p.Model, p.Task, p.Mode));
        var isNow = secondPredictions.ToLookup(p => (p.Model, p.Task, p.Mode));
        var floors = new List<NoiseFloor>();
        foreach (var a in first)
        {
            var key = (a.Model, a.Task, a.Mode);
            if (!others.TryGetValue(key, out var b))
                continue;
            var before = was[key].ToDictionary(p => p.Index, p => p.Correct);
            var shared = isNow[key].Where(p => before.ContainsKey(p.Index)).ToList();
            bool same = shared.Count == a.N && shared.Count == b.N;
            floors.Add(new(a.Model, a.Task, a.Mode, [a.Seed, b.Seed], [a.Accuracy, b.Accuracy],
                Math.Abs(a.Accuracy - b.Accuracy),
                same ? 0 : Math.Sqrt(a.Stderr * a.Stderr + b.Stderr * b.Stderr),
                shared.Count, shared.Count(p => before[p.Index] != p.Correct)));
        }
        return floors;
    }
}
