using Toolformer.Evaluation;
using Toolformer.Inference;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Evaluation;

public sealed class PredictionCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("prediction-cache").FullName;
    private int _asked;

    private PredictionCache Cache => new(Path.Combine(_folder, "cache"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_was_predicted_once_is_found_by_content_in_another_run()
    {
        var first = await Run("a", Arm("1", "me"));
        Assert.Equal(3, _asked);
        // Another name, the same content.
        var second = await Run("b", Arm("2", "me"));
        Assert.Equal(3, _asked);
        Assert.Equal(first.Correct, second.Correct);
        Assert.Equal((first.Tokens, first.Seconds), (second.Tokens, second.Seconds));
        Assert.Equal(first.PerTool, second.PerTool);
    }

    [Theory]
    [InlineData("other", 1, "Say")]
    [InlineData("me", 2, "Say")]
    [InlineData("me", 1, "Tell")]
    public async Task Another_model_task_version_or_prompt_is_predicted_anew(
        string identity, int version, string prompt)
    {
        await Run("a", Arm("1", "me"));
        await Run("b", Arm("1", identity), version, prompt);
        Assert.Equal(6, _asked);
    }

    [Fact]
    public void Another_day_other_tools_and_other_examples_make_another_key()
    {
        var (arm, task) = (Arm("1", "me"), new Three(1, "Say"));
        var example = task.Load("none")[0] with { Date = new DateOnly(2017, 3, 9) };
        EvalExample[][] batches =
        [
            [example], [example with { Date = new DateOnly(2017, 3, 10) }], [example with { Date = null }],
            [example with { Tools = [new Calendar()] }], [example with { Tools = [] }], [example, example], [],
        ];
        string?[] keys = [.. batches.Select(batch => PredictionCache.KeyOf(arm, task, batch))];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        // Who asks by which name, and what is right, is not the model's business.
        Assert.Equal(keys[0], PredictionCache.KeyOf(arm, task, [example with { Id = "9", Answers = ["7"] }]));
    }

    [Fact]
    public async Task Without_an_identity_nothing_is_kept()
    {
        await Run("a", Arm("1", null));
        await Run("b", Arm("1", null));
        Assert.Equal(6, _asked);
        Assert.False(Directory.Exists(Path.Combine(_folder, "cache")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage\n")]
    [InlineData("{\"completion\":\"x\",\"text\":\"x\",\"calls\":[]}\n")]
    public async Task A_damaged_entry_is_predicted_again(string damage)
    {
        await Run("a", Arm("1", "me"));
        string entry = Assert.Single(
            Directory.GetFiles(Path.Combine(_folder, "cache"), "*", SearchOption.AllDirectories));
        File.WriteAllText(entry, damage);
        await Run("b", Arm("1", "me"));
        Assert.Equal(6, _asked);
    }

    [Fact]
    public async Task An_answer_costs_the_tokens_of_its_prompt_and_its_text()
    {
        using var model = ScriptedModel.Writes("Say 0: 0", "Say 1: 1", "Say 2: 7");
        var writer = new ToolUsingModel(model, new Toolbox([]));
        var arm = EvalArm.Of("m", "base", writer, [], new GenerationOptions(), TimeProvider.System);
        var result = await Run("a", arm);
        // Seven tokens with the one that begins a text, and two written ones: each is computed once.
        Assert.Equal(3 * 9, result.Tokens);
        Assert.Equal(model.ForwardTokens, result.Tokens);
        Assert.Equal((2, 13.5, null), (result.Correct, result.TokensPerCorrect, result.StartTopK));
    }

    private async Task<EvalResult> Run(string name, EvalArm arm, int version = 1, string prompt = "Say") =>
        Assert.Single(await new Evaluator(Path.Combine(_folder, name), cache: Cache)
            .RunAsync([arm], [new EvalInput(new Three(version, prompt), "none")]));

    private EvalArm Arm(string name, string? identity) => new(name, "enabled", (_, examples, _) =>
    {
        _asked += examples.Count;
        return Task.FromResult<IReadOnlyList<Prediction>>([.. examples.Select(e =>
            new Prediction($" [Adder({e.Id}) -> {e.Id}] 1", " 1", [new("Adder", e.Id, e.Id)])
            {
                Tokens = 10,
                Milliseconds = 500,
            })]);
    })
    {
        Identity = identity,
    };

    private sealed class Three(int version, string prompt) : EvalTask
    {
        public override string Name => "three";
        public override int Version => version;
        public override string Citation => "this file";

        public override IReadOnlyList<EvalExample> Load(string path) =>
            [.. Enumerable.Range(0, 3).Select(i => new EvalExample($"{i}", $"{prompt} {i}:", [$"{i}"]))];

        public override bool IsCorrect(string prediction, EvalExample example) =>
            Scoring.FirstNumber(prediction) == int.Parse(example.Answers[0]);
    }
}
