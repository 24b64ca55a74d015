using System.Text.Json;
using Toolformer.Evaluation;

namespace Toolformer.Tests.Reports;

/// <summary>The folder of an evaluation, written by hand: two models, a task of the paper, one not run.</summary>
internal sealed class SmallEvaluation : IDisposable
{
    private const int Questions = 50;

    public SmallEvaluation()
    {
        (string Model, string Mode, int Right)[] arms =
            [("small", "disabled", 5), ("small", "enabled", 6), ("big", "disabled", 8), ("big", "enabled", 30)];
        List<PredictionRecord> predictions = [.. arms.SelectMany(arm => Enumerable.Range(0, Questions).Select(i =>
            new PredictionRecord(arm.Model, "asdiv", arm.Mode, i, $"{i}", $"{i} and {i}? The answer is",
                arm.Mode == "enabled" ? $" [Calculator({i}+{i}) -> {2 * i}] {2 * i}." : " many.", "", [$"{2 * i}"],
                i < arm.Right, arm.Mode == "enabled" ? [new("Calculator", $"{i}+{i}", $"{2 * i}")] : [])))];
        File.WriteAllLines(In("predictions.jsonl"),
            predictions.Select(p => JsonSerializer.Serialize(p, JsonLines.Format)));
        var results = new EvaluationResults(
            [
                .. arms.Select(arm => Result(arm.Model, arm.Mode, arm.Right)),
                .. new[] { 1, 10 }.Select(k => Result("big", $"enabled k={k}", k) with
                {
                    Task = "lama_trex",
                    StartTopK = k,
                }),
            ],
            [new("big", "disabled", 20.5, 0.5, 1000, 10) { Task = "wikitext" }], [new("Calculator", 0.5, 7, 5)],
            Seed: 1, Commit: "0123456789abcdef", Device: "cpu")
        {
            Models = [new("small", 124_000_000, []), new("big", 775_000_000, [])],
            Comparisons = PairedComparison.All(predictions, seed: 1),
            NoiseFloors = [new("big", "asdiv", "enabled", [1, 2], [0.6, 0.58], 0.02, 0.1, 50, 3)],
            Overlaps = [new("asdiv", Questions, 2, 1, ["7"], "a b c")],
            Skipped = [new("svamp", "no svamp/SVAMP.json")],
        };
        File.WriteAllText(In("results.json"), JsonSerializer.Serialize(results, JsonLines.Format));
        var stages = new Dictionary<string, StageRecord> { ["evaluate"] = new([]) { Complete = true } };
        new Manifest { Seed = 1, Stages = stages }.Save(Folder);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("small-evaluation-").FullName;

    public string In(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static EvalResult Result(string model, string mode, int right)
    {
        double p = (double)right / Questions;
        int calls = mode == "enabled" ? Questions : 0;
        var perTool = new Dictionary<string, int>();
        if (calls > 0)
            perTool["Calculator"] = calls;
        return new(model, "asdiv", mode, Questions, right, p, Math.Sqrt(p * (1 - p) / Questions), calls,
            (double)calls / Questions, perTool, null, null, 1, 1);
    }
}
