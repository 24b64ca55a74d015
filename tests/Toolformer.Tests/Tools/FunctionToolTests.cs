using System.ComponentModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Arguments;

namespace Toolformer.Tests.Tools;

public class FunctionToolTests
{
    private static readonly ToolContext Context = new(new ManualTime());

    private enum Unit
    {
        Metre,
        Foot,
    }

    private static readonly FunctionTool Repeat = FunctionTool.Of(
        ([Description("what is repeated")] string word, int times = 2) =>
            string.Join(' ', Enumerable.Repeat(word, times)),
        new ToolTexts("Repeat", "Repeats a word.") { Demonstrations = ["He said [Repeat(no, times=3)] no no no."] });

    private static async Task<ToolResult> Call(Tool tool, string input) =>
        await new Toolbox([tool]).CallAsync(tool.Name, input, Context);

    [Fact]
    public async Task A_method_is_a_tool_with_its_parameters()
    {
        Assert.Equal("yes yes", (await Call(Repeat, "yes")).Text);
        Assert.Equal("yes yes yes", (await Call(Repeat, "yes, times=3")).Text);
        Assert.Contains("'x' is no whole number", (await Call(Repeat, "yes, times=x")).Error);
        Assert.Contains("[Repeat(word)]", Repeat.Instruction);
        Assert.Contains("word is what is repeated", Repeat.Instruction);
        Assert.Null(new ToolTexts("Repeat", "") { Demonstrations = Repeat.Demonstrations }.Fault(Repeat.Signature));
    }

    [Fact]
    public async Task It_may_be_asynchronous_return_anything_and_see_the_context()
    {
        var day = FunctionTool.Of(
            async (ToolContext context, CancellationToken cancellation) =>
            {
                await Task.Yield();
                cancellation.ThrowIfCancellationRequested();
                return new { Year = context.Clock.GetUtcNow().Year };
            },
            new ToolTexts("Day", "Tells the year."));
        Assert.Empty(day.Signature.Parameters);
        Assert.Equal("{\"year\":2017}", (await Call(day, "")).Text);
        var sum = FunctionTool.Of((double[] numbers) => numbers.Sum(), new ToolTexts("Sum", "Adds."));
        Assert.Equal("6.5", (await Call(sum, "numbers=(1, 2, 3.5)")).Text);
        Assert.Equal("6.5", (await Call(sum, "numbers=1, 2, 3.5")).Text);
    }

    [Fact]
    public async Task What_it_throws_is_a_reason()
    {
        var tool = FunctionTool.Of(
            string (string x) => throw new InvalidOperationException($"not {x}"), new ToolTexts("Bad", "Fails."));
        var result = await Call(tool, "today");
        Assert.Contains("not today", result.Error);
        var nothing = FunctionTool.Of((string x) => (string?)null, new ToolTexts("None", "Says nothing."));
        Assert.Contains("nothing", (await Call(nothing, "x")).Error);
    }

    [Fact]
    public async Task Every_tool_is_a_function_and_back()
    {
        var box = new Toolbox([Repeat, .. Catalog.Find<Tool>()]);
        var functions = ToolFunction.Of(box, Context);
        Assert.Equal(box.Tools.Select(t => t.Name), functions.Select(f => f.Name));
        var calculator = functions.Single(f => f.Name == "Calculator");
        Assert.Equal("0.29", await calculator.InvokeAsync(new() { ["input"] = "400 / 1400" }));
        Assert.StartsWith("Error: ", (string?)await calculator.InvokeAsync(new() { ["input"] = "one" }));
        var repeat = functions.Single(f => f.Name == "Repeat");
        Assert.Equal("a, times=1 a, times=1", await repeat.InvokeAsync(new() { ["word"] = "a, times=1" }));
        Assert.StartsWith("Error: ", (string?)await repeat.InvokeAsync(new() { ["wort"] = "a" }));
        Assert.Equal("word", repeat.JsonSchema.GetProperty("required")[0].GetString());
        Assert.Equal("x x", (await Call(new FunctionTool(repeat), "x")).Text);
    }

    [Fact]
    public void Enumerations_become_choices()
    {
        var options = new JsonSerializerOptions(AIJsonUtilities.DefaultOptions)
        {
            Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() },
        };
        var tool = new FunctionTool(AIFunctionFactory.Create((Unit unit) => $"{unit}", "U", "Names it.", options));
        Assert.Equal("{\"unit\":\"Foot\"}", tool.Signature.Parse("foot").Arguments!.ToJsonString());
        Assert.Contains("Did you mean Metre?", tool.Signature.Parse("Meter").Error);
    }
}
