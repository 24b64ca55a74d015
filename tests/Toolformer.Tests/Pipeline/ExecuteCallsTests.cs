using Toolformer.Pipeline;
using Toolformer.Tools;

namespace Toolformer.Tests.Pipeline;

public class ExecuteCallsTests
{
    private static readonly DateOnly May = new(2024, 5, 1), June = new(2024, 6, 1);

    [Fact]
    public async Task The_same_call_is_executed_once_and_the_calendar_once_per_day()
    {
        var (add, day) = (new AddTool(), new DayTool());
        var step = Step(add, day);
        var first = await step.ExecuteAsync(
            [(Document("a", May), [Call("a", "Add", "1+2"), Call("a", "Add", "1+2", 4), Call("a", "Day", "")]),
             (Document("b", June), [Call("b", "Add", "1+2"), Call("b", "Day", "")])], CancellationToken.None);
        var second = await step.ExecuteAsync([(Document("c", May), [Call("c", "Day", ""), Call("c", "Add", "4+4")])],
            CancellationToken.None);
        Assert.Equal(["3", "3", "2024-05-01", "3", "2024-06-01", "2024-05-01", "8"],
            first.Concat(second).Select(c => c.Result));
        Assert.Equal(2, add.Calls);
        Assert.Equal(2, day.Calls);
    }

    [Fact]
    public async Task A_failure_is_recorded_with_its_reason()
    {
        var calls = await Step(new AddTool()).ExecuteAsync(
            [(Document("a", null), [Call("a", "Add", "x"), Call("a", "Sub", "1")])], CancellationToken.None);
        Assert.All(calls, c => Assert.Null(c.Result));
        Assert.Contains("no sum", calls[0].Error);
        Assert.Contains("Sub", calls[1].Error);
    }

    private static ExecuteCalls Step(params Tool[] tools) =>
        new(new Toolbox(tools), tools.Select(t => new TaughtTool(t)), new StoppedClock());

    private static Document Document(string id, DateOnly? date) => new(id, "text") { Date = date };

    private static SampledCall Call(string document, string tool, string input, int position = 0) => new()
    {
        DocId = document,
        Tool = tool,
        Position = position,
        Offset = position,
        PStart = 1,
        Input = input,
        CallIds = [],
    };
}
