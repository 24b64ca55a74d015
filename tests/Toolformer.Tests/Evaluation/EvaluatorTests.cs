using System.Text.Json;
using Toolformer.Evaluation;
using Toolformer.Reports;

namespace Toolformer.Tests.Evaluation;

public sealed class EvaluatorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("evaluation").FullName;

    private string Predictions => Path.Combine(_folder, "predictions.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Results_add_up_what_each_model_predicted()
    {
        // Right at every even number, and calling at every third.
        var arm = Arm("nano", "enabled", i => i % 2 == 0, i => i % 3 == 0);
        var result = Assert.Single(await new Evaluator(Predictions, new() { Seed = 4 }).RunAsync([arm], [Input(10)]));
        Assert.Equal((10, 5, 0.5), (result.N, result.Correct, result.Accuracy));
        Assert.Equal(Math.Sqrt(0.25 / 10), result.Stderr, 12);
        Assert.Equal((4, 0.4), (result.Calls, result.CallRate));
        Assert.Equal(4, result.PerTool["Adder"]);
        Assert.Equal(0.5, result.AccuracyWithCall);      // 0 and 6 of 0, 3, 6, 9
        Assert.Equal(0.5, result.AccuracyWithoutCall);   // 2, 4 and 8 of the other six
        Assert.Equal((3, 4), (result.TaskVersion, result.Seed));
        string json = JsonSerializer.Serialize(result, JsonLines.Format);
        Assert.All(new[] { "n", "correct", "accuracy", "stderr", "calls", "call_rate", "per_tool", "accuracy_with_call",
            "accuracy_without_call", "task_version", "seed" }, field => Assert.Contains($"\"{field}\":", json));
    }

    [Fact]
    public async Task An_evaluation_that_was_cut_short_goes_on_and_ends_with_the_same_file()
    {
        EvalArm[] Arms(Action<int> asked) => [Arm("a", "base", _ => true, _ => false, asked),
            Arm("b", "enabled", i => i > 3, _ => true, asked)];
        var whole = await new Evaluator(Predictions).RunAsync(Arms(_ => { }), [Input(9)]);
        byte[] complete = File.ReadAllBytes(Predictions);

        for (int cut = 0; cut < complete.Length; cut += complete.Length / 7)
        {
            File.WriteAllBytes(Predictions, complete[..cut]);
            // Of two arms with nine examples each, in batches of four, four and one, only whole batches are kept.
            int lines = complete[..cut].Count(b => b == '\n'), asked = 0;
            int kept = lines / 9 * 9 + lines % 9 / 4 * 4;
            var results = await new Evaluator(Predictions, new() { BatchSize = 4 })
                .RunAsync(Arms(_ => asked++), [Input(9)]);
            Assert.Equal(18 - kept, asked);
            Assert.Equal(complete, File.ReadAllBytes(Predictions));
            Assert.Equal(JsonSerializer.Serialize(whole), JsonSerializer.Serialize(results));
        }
    }

    [Fact]
    public async Task After_a_cancellation_what_was_predicted_is_kept()
    {
        using var stop = new CancellationTokenSource();
        var arm = Arm("a", "base", _ => true, _ => false, i =>
        {
            if (i == 5)
                stop.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new Evaluator(Predictions, new() { BatchSize = 2 }).RunAsync([arm], [Input(20)], stop.Token));
        Assert.Equal(6, File.ReadAllLines(Predictions).Length);
    }

    [Fact]
    public async Task Other_data_under_stored_predictions_are_refused()
    {
        var arm = Arm("a", "base", _ => true, _ => false);
        await new Evaluator(Predictions).RunAsync([arm], [Input(3)]);
        var error = await Assert.ThrowsAsync<InvalidDataException>(
            () => new Evaluator(Predictions).RunAsync([arm], [Input(3, prompt: "Else")]));
        Assert.Contains(Predictions, error.Message);
    }

    [Fact]
    public async Task A_limit_takes_the_same_examples_for_all_models_and_progress_counts_to_the_end()
    {
        var asked = new Dictionary<string, List<int>> { ["a"] = [], ["b"] = [] };
        var arms = asked.Keys.Select(m => Arm(m, "base", _ => true, _ => false, i => asked[m].Add(i))).ToList();
        var reports = new List<EvalProgress>();
        var options = new EvalOptions { Limit = 7, Seed = 2, BatchSize = 3 };
        var results = await new Evaluator(Predictions, options, new Reports(reports)).RunAsync(arms, [Input(50)]);
        Assert.All(results, r => Assert.Equal(7, r.N));
        Assert.Equal(asked["a"], asked["b"]);
        Assert.NotEqual(Enumerable.Range(0, 7), asked["a"]);
        Assert.Equal((14, 14), (reports[^1].Done, reports[^1].Total));
    }

    [Fact]
    public void The_table_has_a_row_per_model_and_mode_and_says_n_and_standard_error()
    {
        EvalResult Result(string model, string task, string mode, int correct, int calls) => new(model, task, mode, 200,
            correct, correct / 200.0, 0.031, calls, calls / 200.0, new Dictionary<string, int>(), null, null, 1, 0);
        string table = ResultsTable.Of(
            [Result("nano", "sums", "base", 10, 0), Result("taught", "sums", "enabled", 150, 190),
                Result("taught", "dates", "enabled", 100, 200)],
            new Dictionary<(string, string), PerplexityResult>
            {
                [("nano", "base")] = new(1000, 10, Math.Log(8), 0.25),
            });
        string[] lines = table.TrimEnd().Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Single(lines.Select(l => l.Length).Distinct());
        Assert.Contains("sums (n = 200)", lines[0]);
        Assert.Contains("| 5.0 ± 3.1 % ", lines[2]);
        Assert.Contains("| 8.00 ± 0.25", lines[2]);
        Assert.Contains("| 75.0 ± 3.1 %, calls 95 % | 50.0 ± 3.1 %, calls 100 % | –", lines[3]);
    }

    private static EvalInput Input(int count, string prompt = "Say") => new(new Counting(count, prompt), "none");

    private static EvalArm Arm(
        string model, string mode, Func<int, bool> right, Func<int, bool> calls, Action<int>? asked = null) =>
        new(model, mode, (_, examples, _) =>
        {
            var predictions = examples.Select(e =>
            {
                int i = int.Parse(e.Id);
                asked?.Invoke(i);
                string text = right(i) ? $" {i}" : " nothing";
                return calls(i)
                    ? new Prediction($" [Adder({i} + 0) -> {i}]{text}", text, [new("Adder", $"{i} + 0", $"{i}")])
                    : new Prediction(text, text, []);
            });
            return Task.FromResult<IReadOnlyList<Prediction>>([.. predictions]);
        });

    private sealed class Counting(int count, string prompt) : EvalTask
    {
        public override string Name => "counting";
        public override int Version => 3;
        public override string Citation => "this file";

        public override IReadOnlyList<EvalExample> Load(string path) =>
            [.. Enumerable.Range(0, count).Select(i => new EvalExample($"{i}", $"{prompt} {i}:", [$"{i}"]))];

        public override bool IsCorrect(string prediction, EvalExample example) =>
            Scoring.FirstNumber(prediction) == int.Parse(example.Answers[0]);
    }

    private sealed class Reports(List<EvalProgress> reports) : IProgress<EvalProgress>
    {
        public void Report(EvalProgress value) => reports.Add(value);
    }
}
