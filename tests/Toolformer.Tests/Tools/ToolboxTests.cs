using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Tools;

public class ToolboxTests
{
    private static readonly ToolContext Context = new(new ManualTime());

    [Theory]
    [InlineData("3] and [Calculator(1)", "3) and (Calculator(1)")]
    [InlineData("a -> b", "a → b")]
    [InlineData("two\r\nlines\u0000", "two lines")]
    public async Task A_result_can_not_break_the_markup(string answer, string result)
    {
        var answered = await Call(new FakeTool("T", answer));
        Assert.Equal(result, answered.Text);
        var call = new ApiCall("T", "x", answered.Text);
        Assert.Equal(call, Assert.Single(CallSyntax.Find(CallSyntax.Print(call))).Call);
    }

    [Fact]
    public async Task A_result_of_a_megabyte_is_cut()
    {
        var result = await Call(new FakeTool("T", new string('y', 1 << 20)));
        Assert.Equal(CallSyntax.MaxResultLength, result.Text!.Length);
        Assert.EndsWith("y…", result.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \u200e\n")]
    public async Task A_tool_that_answers_nothing_has_failed(string answer) =>
        Assert.Equal("T answered with nothing.", (await Call(new FakeTool("T", answer))).Error);

    [Fact]
    public async Task A_default_result_is_a_failure() =>
        Assert.True((await Call(new FakeTool("T", (_, _) => default))).IsError);

    [Fact]
    public async Task A_tool_that_throws_has_failed_with_its_reason()
    {
        var thrown = await Call(new FakeTool("T", (_, _) => throw new InvalidOperationException("no\nluck")));
        Assert.Equal("T threw InvalidOperationException: no luck", thrown.Error);
        var cancelled = await Call(new FakeTool("T", (_, _) => throw new OperationCanceledException("by itself")));
        Assert.Equal("T threw OperationCanceledException: by itself", cancelled.Error);
    }

    [Fact]
    public async Task A_tool_that_hangs_is_given_up_when_its_time_is_over()
    {
        var time = new ManualTime();
        using var release = new ManualResetEventSlim();
        var started = new TaskCompletionSource();
        var deaf = new FakeTool("Deaf", (_, _) =>
        {
            started.SetResult();
            release.Wait();
            throw new InvalidOperationException("too late to matter");
        });
        var call = new Toolbox([deaf], time).CallAsync("Deaf", "x", Context).AsTask();
        await started.Task;
        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(call.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.StartsWith("Deaf did not answer within 10 s", (await call).Error);
        release.Set();
    }

    [Fact]
    public async Task A_tool_is_told_when_its_time_is_over()
    {
        var time = new ManualTime();
        var told = new TaskCompletionSource();
        var patient = new FakeTool("T", async (_, cancellation) =>
        {
            await using var registration = cancellation.Register(told.SetResult);
            time.Advance(TimeSpan.FromSeconds(3));
            await told.Task;
            return ToolResult.Success("stopped");
        });
        var box = new Toolbox([patient], time) { TimeLimit = TimeSpan.FromSeconds(2) };
        Assert.StartsWith("T did not answer within 2 s", (await box.CallAsync("T", "x", Context)).Error);
        Assert.True(told.Task.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_caller_that_cancels_gets_no_result()
    {
        using var cancel = new CancellationTokenSource();
        var never = new FakeTool("T", async (_, _) =>
        {
            await cancel.CancelAsync();
            await new TaskCompletionSource().Task;
            return default;
        });
        var box = new Toolbox([never]);
        async Task Ask() => await box.CallAsync("T", "x", Context, cancel.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(Ask);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(Ask);
    }

    [Fact]
    public async Task An_unknown_tool_is_a_failure_that_says_what_there_is()
    {
        var box = new Toolbox([new Calculator(), new Calendar()]);
        Assert.Equal(
            "There is no tool 'Calculater'. There are: Calculator, Calendar. Did you mean Calculator?",
            (await box.CallAsync("Calculater", "1", Context)).Error);
    }

    [Fact]
    public async Task Quotes_around_an_input_do_not_reach_the_tool()
    {
        var echo = new FakeTool("T", (input, _) => new(ToolResult.Success($"<{input}>")));
        Assert.Equal("<x y>", (await new Toolbox([echo]).CallAsync(new ApiCall("T", " \"x y\" "), Context)).Text);
    }

    [Fact]
    public void A_toolbox_can_be_narrowed()
    {
        var second = TimeSpan.FromSeconds(1);
        var box = new Toolbox([new Calendar(), new Calculator()]) { TimeLimit = second, MaxResultLength = 9 };
        var narrow = box.Only(["Calendar"]);
        Assert.Equal(["Calculator", "Calendar"], box.Tools.Select(t => t.Name));
        Assert.Equal(["Calendar"], narrow.Names);
        Assert.Equal((box.TimeLimit, box.MaxResultLength), (narrow.TimeLimit, narrow.MaxResultLength));
        var error = Assert.Throws<KeyNotFoundException>(() => box.Only(["Calender"]));
        Assert.Contains("Did you mean Calendar?", error.Message);
    }

    [Fact]
    public void Names_that_clash_or_can_not_be_written_are_refused()
    {
        var clash = Assert.Throws<ArgumentException>(() =>
            new Toolbox([new FakeTool("T", "1"), new FakeTool("T", "2")]));
        Assert.Contains("both named 'T'", clash.Message);
        var unwritable = Assert.Throws<ArgumentException>(() => new Toolbox([new FakeTool("a b", "1")]));
        Assert.Contains("'a b'", unwritable.Message);
    }

    private static async Task<ToolResult> Call(Tool tool) => await new Toolbox([tool]).CallAsync("T", "x", Context);
}
