using Toolformer.Evaluation;
using Toolformer.Inference;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Evaluation;

public class EvalArmTests
{
    private static readonly EvalExample Example = new("1", "Today is", ["Monday"]) { Date = new DateOnly(2023, 1, 30) };

    private static readonly Toolbox Tools = new([
        new Today("Day", context => $"{context.Clock.GetLocalNow().DayOfWeek}"), new Today("Cheat", _ => "Monday")]);

    [Fact]
    public async Task A_tool_sees_the_day_of_the_example_and_what_is_scored_has_no_call()
    {
        using var model = ScriptedModel.Writes("Today is [Day() -> Monday] Monday, at last.");
        var prediction = await Predict(model, new GenerationOptions());
        Assert.Equal(" [Day() -> Monday] Monday, at last.", prediction.Completion);
        Assert.Equal(" Monday, at last.", prediction.Text);
        Assert.Equal(new EvalCall("Day", "", "Monday"), Assert.Single(prediction.Calls));
    }

    [Fact]
    public async Task A_banned_tool_cannot_be_called_and_disabled_means_no_call()
    {
        using var cheater = ScriptedModel.Writes("Today is [Cheat() -> Monday] Monday");
        Assert.DoesNotContain(
            (await Predict(cheater, new GenerationOptions())).Calls, call => call.Tool == "Cheat");
        using var caller = ScriptedModel.Writes("Today is [Day() -> Monday] Monday");
        var disabled = await Predict(caller, new GenerationOptions { StartTopK = 0 });
        Assert.Empty(disabled.Calls);
        Assert.DoesNotContain(" [", disabled.Completion);
    }

    [Fact]
    public async Task No_more_is_written_than_the_task_asks_for()
    {
        using var model = ScriptedModel.Writes("Today is " + new string('x', 400));
        Assert.Equal(9, (await Predict(model, new GenerationOptions { MaxNewTokens = 300 }, 9)).Text.Length);
    }

    private static async Task<Prediction> Predict(FakeModel model, GenerationOptions options, int tokens = 40)
    {
        var writer = new ToolUsingModel(model, Tools);
        var arm = EvalArm.Of("m", "enabled", writer, Tools.Names, options, TimeProvider.System);
        return Assert.Single(await arm.PredictAsync(new NoCheating(tokens), [Example], CancellationToken.None));
    }

    private sealed class Today(string name, Func<ToolContext, string> answer) : Tool
    {
        public override string Name => name;
        public override string Description => "Says which day it is.";
        public override string Instruction => "";
        public override IReadOnlyList<string> Demonstrations => [];

        public override ValueTask<ToolResult> CallAsync(
            string input, ToolContext context, CancellationToken cancellation) =>
            new(ToolResult.Success(answer(context)));
    }

    private sealed class NoCheating(int tokens) : EvalTask
    {
        public override string Name => "today";
        public override int Version => 1;
        public override string Citation => "this file";
        public override int MaxNewTokens => tokens;
        public override IReadOnlySet<string> BannedTools => new HashSet<string> { "Cheat" };
        public override IReadOnlyList<EvalExample> Load(string path) => [Example];
        public override bool IsCorrect(string prediction, EvalExample example) => true;
    }
}
