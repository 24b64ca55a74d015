using Toolformer.Evaluation;
using Toolformer.Inference;
using Toolformer.Reports;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Evaluation;

/// <summary>Table 9 of the paper on a model of which it is known where a call is how likely.</summary>
public sealed class DecodingRuleTests : IDisposable
{
    /// <summary>Tokens that are likelier than a call's start, per question.</summary>
    private static readonly int[] Ahead = [0, 1, 2, 5, 9, 30];

    private readonly string _folder = Directory.CreateTempSubdirectory("decoding-rule").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Calls_are_counted_where_the_rule_starts_them_and_never_where_they_are_disabled_or_banned()
    {
        // With a call all but question 1 are right, without one the odd ones are.
        string[] scripts = [.. Ahead.SelectMany((_, i) => new[]
        {
            $"Q{i}: {(i % 2 == 1 ? "Monday" : "Friday")}",
            $"Q{i}: [Day() -> Monday] {(i == 1 ? "Friday" : "Monday")}",
            $"Q{i}: [Cheat() -> Monday] Monday",
        })];
        using var model = ScriptedModel.Writes(scripts, text => text.EndsWith(':') ? Ahead[text[^2] - '0'] : null);
        var tools = new Toolbox([new FakeTool("Day", "Monday"), new FakeTool("Cheat", "Monday")]);
        EvalArm Arm(int k) => EvalArm.Of("m", $"k={k}", new ToolUsingModel(model, tools), tools.Names,
            new GenerationOptions { StartTopK = k }, TimeProvider.System);
        var results = await new Evaluator(Path.Combine(_folder, "predictions.jsonl"))
            .RunAsync([Arm(0), Arm(1), Arm(3), Arm(10)], [new EvalInput(new Weekdays(), "")]);

        Assert.Equal([0, 1, 3, 5], results.Select(r => r.Calls));
        Assert.Equal([0, 1, 3, 10], results.Select(r => r.StartTopK));
        Assert.All(results, r => Assert.DoesNotContain("Cheat", r.PerTool.Keys));
        Assert.Equal((null, 0.5, 3), (results[0].AccuracyWithCall, results[0].AccuracyWithoutCall, results[0].Correct));
        Assert.Equal((1.0, 3 / 5.0), (results[1].AccuracyWithCall, results[1].AccuracyWithoutCall));
        Assert.Equal((2 / 3.0, 2 / 3.0), (results[2].AccuracyWithCall, results[2].AccuracyWithoutCall));
        Assert.Equal((4 / 5.0, 1.0), (results[3].AccuracyWithCall, results[3].AccuracyWithoutCall));
        Assert.Equal(5 / 6.0, results[3].CallRate);

        var table = PaperViews.Decoding("m", [.. results.Select(r => r with { Task = "lama_trex" })])!;
        Assert.Contains(table.Rows, r => r is ["k = 3", "m", "66.7 ± 19.2", "66.7", "66.7", "50.0", ..]);
    }

    private sealed class Weekdays : EvalTask
    {
        public override string Name => "weekdays";
        public override int Version => 1;
        public override string Citation => "this file";
        public override IReadOnlySet<string> BannedTools => new HashSet<string> { "Cheat" };

        public override IReadOnlyList<EvalExample> Load(string path) =>
            [.. Ahead.Select((_, i) => new EvalExample($"{i}", $"Q{i}:", ["Monday"]))];

        public override bool IsCorrect(string prediction, EvalExample example) =>
            Scoring.FirstWordsContain(prediction, 5, example.Answers);
    }
}
