using Toolformer.Evaluation;
using Toolformer.Evaluation.Tasks;
using Toolformer.Inference;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Evaluation;

public class BfclTests
{
    private const string Truth = """
        [{"shop.order": {"item": ["Red pen", "pen, red"], "count": [2], "price": [1.5, ""], "gift": [true, ""],
          "to": [{"name": ["Ann"], "street": ["Ys 1", ""]}, ""], "days": [[1, 2], [[1], [2]], ""]}}]
        """;

    [Theory]
    [InlineData("Red pen, count=2", true)]
    [InlineData("red-pen, count=2", true)] // case, spaces and marks of texts do not count
    [InlineData("item=pen red, count=2", true)]
    [InlineData("count=2, item=Red pen, price=1.50", true)] // the order of arguments does not count
    [InlineData("Red pen, count=2.0", true)]
    [InlineData("Red pen, count=3", false)]
    [InlineData("Blue pen, count=2", false)]
    [InlineData("Red pen, count=2, price=2", false)]
    [InlineData("Red pen, count=2, gift=true", true)]
    [InlineData("Red pen, count=2, gift=false", false)]
    [InlineData("Red pen", false)] // count is required
    [InlineData("Red pen, count=2, colour=red", false)] // no such argument
    [InlineData("Red pen, count=2, days=(1, 2)", true)]
    [InlineData("Red pen, count=2, days=(2, 1)", false)] // lists have an order
    [InlineData("Red pen, count=2, to={\"name\": \"ann\"}", true)]
    [InlineData("Red pen, count=2, to={\"name\": \"Ann\", \"street\": \"Ys 1\"}", true)]
    [InlineData("Red pen, count=2, to={\"street\": \"Ys 1\"}", false)]
    [InlineData("Red pen, count=2, to={\"name\": \"Ann\", \"age\": \"3\"}", false)]
    public void A_call_counts_by_its_function_its_arguments_and_their_possible_values(string input, bool right)
    {
        using var files = Files("BFCL_v4_simple_python.json", Truth);
        var task = new BfclSimple();
        var example = task.Load(files.Path)[0];
        Assert.Equal(right, task.IsCorrect(Called(("shop_order", input)), example));
        Assert.False(task.IsCorrect(Called(("shop_order", input), ("shop_order", input)), example));
        Assert.False(task.IsCorrect(Called(("shop_cancel", input)), example));
        Assert.False(task.IsCorrect(Called(), example));
    }

    [Fact]
    public async Task A_model_is_given_the_functions_of_each_question_and_what_it_calls_is_judged()
    {
        using var files = Files("BFCL_v4_simple_python.json", Truth);
        var task = new BfclSimple();
        var example = task.Load(files.Path)[0];
        Assert.Contains("[shop_order(item=…, count=…)]", example.Prompt);
        using var model = ScriptedModel.Writes(example.Prompt + " [shop_order(item=Red pen, count=2) -> done] It is.");
        var writer = new ToolUsingModel(model, new Toolbox([new FakeTool("Fake", "x")]));
        var arm = EvalArm.Of("m", "enabled", writer, ["Fake"], new GenerationOptions(), TimeProvider.System);
        var made = Assert.Single(await arm.PredictAsync(task, [example], TestContext.Current.CancellationToken));
        Assert.Equal("item=Red pen, count=2", Assert.Single(made.Calls).Input);
        Assert.True(task.IsCorrect(made, example));

        var plain = EvalArm.Of("m", "base", new ToolUsingModel(model, new Toolbox([])), [], new GenerationOptions(),
            TimeProvider.System);
        var without = Assert.Single(await plain.PredictAsync(task, [example], TestContext.Current.CancellationToken));
        Assert.Empty(without.Calls);
        Assert.False(task.IsCorrect(without, example));
    }

    [Fact]
    public void A_value_that_is_not_of_the_parameters_type_can_be_written_where_only_such_are_right()
    {
        using var files = Files("BFCL_v4_simple_python.json", """
            [{"shop.order": {"item": ["Red pen"], "count": ["stock['pens']"], "days": [["first", "last"], ""]}}]
            """);
        var task = new BfclSimple();
        var example = task.Load(files.Path)[0];
        Assert.True(task.IsCorrect(TaskContractTests.Said(task.Completion(example)), example));
        Assert.True(task.IsCorrect(
            Called(("shop_order", "Red pen, count=\"stock\\u005b'pens'\\u005d\", days=(first, last)")), example));
        Assert.False(task.IsCorrect(Called(("shop_order", "Red pen, count=2")), example));
    }

    [Fact]
    public void Where_no_function_fits_every_call_is_wrong()
    {
        using var files = Files("BFCL_v4_irrelevance.json", "[]");
        var task = new BfclIrrelevance();
        var example = task.Load(files.Path)[0];
        Assert.True(task.IsCorrect(Called(), example));
        Assert.False(task.IsCorrect(Called(("shop_order", "Red pen, count=2")), example));
        Assert.Null(task.Sources.FirstOrDefault(s => s.File.Contains("possible_answer")));
    }

    [Fact]
    public void The_irrelevance_set_is_read_whole()
    {
        string path = Shared.Need("data", "bfcl", "BFCL_v4_irrelevance.json");
        Assert.Equal(240, new BfclIrrelevance().Load(path).Count);
    }

    private static Prediction Called(params (string Tool, string Input)[] calls) =>
        new("", "", [.. calls.Select(c => new EvalCall(c.Tool, c.Input, "done"))]);

    private static MadeFiles Files(string name, string truth) => new(new WorkedExample(
        [
            (name, """
                [{"id": "s_0", "question": [[{"role": "user", "content": "Two red pens."}]], "function":
                  [{"name": "shop.order", "description": "Orders.", "parameters": {"type": "dict", "properties": {
                    "item": {"type": "string"}, "count": {"type": "integer"}, "price": {"type": "float"},
                    "gift": {"type": "boolean"}, "days": {"type": "tuple", "items": {"type": "integer"}},
                    "to": {"type": "dict", "properties": {"name": {"type": "string"}, "street": {"type": "string"}}}},
                    "required": ["item", "count"]}},
                   {"name": "shop.cancel", "description": "Cancels.", "parameters": {"type": "dict", "properties": {
                    "item": {"type": "string"}}, "required": ["item"]}}]}]
                """),
            ($"possible_answer/{name}", $$"""[{"id": "s_0", "ground_truth": {{truth}}}]"""),
        ], ""));
}
