using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;

namespace Toolformer.Tests.Tools.Guarding;

public class ToolLimitTests
{
    private static readonly ToolContext Context = new(new ManualTime());

    private static Toolbox Box(Tool tool, ToolLimits limits, TimeProvider time, Random? jitter = null) =>
        new([tool], time)
        {
            TimeLimit = Timeout.InfiniteTimeSpan,
            Policies = new ToolPolicies
            {
                Limits = new Dictionary<string, ToolLimits> { [tool.Name] = limits },
                Jitter = jitter ?? new Random(1),
                Approve = (_, _) => new(true),
            },
        };

    [Fact]
    public async Task A_fault_that_passes_is_tried_again()
    {
        int calls = 0;
        var shaky = new FakeTool("T", (_, _) => new(++calls < 3
            ? ToolResult.Failure("busy", isTransient: true)
            : ToolResult.Success("there")));
        var time = new HurriedTime();
        Assert.Equal("there", (await Box(shaky, new(), time).CallAsync("T", "x", Context)).Text);
        Assert.Equal((3, 2), (calls, time.Pauses.Count));
    }

    [Fact]
    public async Task A_fault_that_stays_is_told_with_the_number_of_attempts()
    {
        var down = new FakeTool("T", (_, _) => throw new HttpRequestException("no route"));
        var result = await Box(down, new() { Retries = 3 }, new HurriedTime()).CallAsync("T", "x", Context);
        Assert.Equal("T threw HttpRequestException: no route (tried 4 times)", result.Error);
        Assert.True(result.IsTransient);
    }

    [Theory]
    [InlineData("a wrong input")]
    [InlineData("a fault of the tool")]
    [InlineData("a change")]
    public async Task What_another_attempt_can_not_or_must_not_mend_is_tried_once(string what)
    {
        int calls = 0;
        var tool = new FakeTool("T", (_, _) =>
        {
            calls++;
            return what == "a fault of the tool"
                ? throw new InvalidOperationException("a bug")
                : new(ToolResult.Failure("no", isTransient: what == "a change"));
        })
        {
            Changes = _ => what == "a change",
        };
        Assert.True((await Box(tool, new(), new HurriedTime()).CallAsync("T", "x", Context)).IsError);
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Pauses_grow_and_are_drawn_from_the_dice_that_are_passed_in()
    {
        async Task<IReadOnlyList<TimeSpan>> Pauses(int seed)
        {
            var time = new HurriedTime();
            var busy = new FakeTool("T", (_, _) => new(ToolResult.Failure("busy", isTransient: true)));
            await Box(busy, new() { Retries = 6 }, time, new Random(seed)).CallAsync("T", "x", Context);
            return time.Pauses;
        }

        var pauses = await Pauses(1);
        Assert.Equal(pauses, await Pauses(1));
        Assert.NotEqual(pauses, await Pauses(2));
        Assert.True(pauses[^1] > pauses[0]);
        Assert.All(pauses, pause => Assert.InRange(pause.TotalSeconds, 0, 5));
    }

    [Fact]
    public async Task A_tool_has_a_time_limit_of_its_own()
    {
        var time = new ManualTime();
        var slow = new FakeTool("T", async (_, cancellation) =>
        {
            time.Advance(TimeSpan.FromSeconds(3));
            await Task.Delay(Timeout.Infinite, cancellation);
            return default;
        });
        var result = await Box(slow, new() { TimeLimit = 2 }, time).CallAsync("T", "x", Context);
        Assert.StartsWith("T did not answer within 2 s", result.Error);
    }

    [Fact]
    public async Task Calls_beyond_the_rate_wait_for_their_turn()
    {
        var time = new HurriedTime();
        var box = Box(new FakeTool("T", "here"), new() { RatePerMinute = 120 }, time);
        for (int i = 0; i < 6; i++)
            Assert.Equal("here", (await box.CallAsync("T", "x", Context)).Text);
        // Two at once, then one every half second.
        Assert.Equal(Enumerable.Repeat(TimeSpan.FromSeconds(0.5), 4), time.Pauses);
    }

    [Fact]
    public async Task A_call_that_would_wait_too_long_for_its_turn_fails()
    {
        var box = Box(new FakeTool("T", "here"), new() { RatePerMinute = 6, WaitSeconds = 5 }, new ManualTime());
        Assert.Equal("here", (await box.CallAsync("T", "x", Context)).Text);
        Assert.Equal("T has too many calls: this one would have waited longer than 5 s.",
            (await box.CallAsync("T", "x", Context)).Error);
    }

    [Fact]
    public async Task No_more_calls_than_allowed_are_at_work_at_a_time()
    {
        int working = 0, most = 0;
        SemaphoreSlim gate = new(0), arrived = new(0);
        var tool = new FakeTool("T", async (_, _) =>
        {
            int now = Interlocked.Increment(ref working);
            InterlockedMax(ref most, now);
            arrived.Release();
            await gate.WaitAsync();
            Interlocked.Decrement(ref working);
            return ToolResult.Success("done");
        });
        var box = Box(tool, new() { Concurrency = 2 }, TimeProvider.System);
        // A toolbox cut out of another one counts with it.
        Task<ToolResult>[] calls = [.. Enumerable.Range(0, 8)
            .Select(i => (i % 2 == 0 ? box : box.Only(["T"])).CallAsync("T", $"{i}", Context).AsTask())];
        await arrived.WaitAsync();
        for (int i = 0; i < calls.Length; i++)
        {
            if (i < calls.Length - 1)
                await arrived.WaitAsync();
            gate.Release();
        }
        Assert.All(await Task.WhenAll(calls), result => Assert.Equal("done", result.Text));
        Assert.Equal(2, most);
    }

    [Fact]
    public async Task The_place_of_a_call_that_was_given_up_is_free_when_its_work_has_ended()
    {
        var time = new ManualTime();
        var end = new TaskCompletionSource<ToolResult>();
        var tool = new FakeTool("T", (input, _) =>
        {
            if (input != "hang")
                return new(ToolResult.Success("quick"));
            time.Advance(TimeSpan.FromSeconds(10)); // it hangs until its time is over, and longer
            return new(end.Task);
        });
        var box = Box(tool, new() { Concurrency = 1, TimeLimit = 10, WaitSeconds = 60 }, time);
        Assert.StartsWith("T did not answer", (await box.CallAsync("T", "hang", Context)).Error);
        var second = box.CallAsync("T", "x", Context).AsTask();
        Assert.False(second.IsCompleted);
        end.SetResult(ToolResult.Success("too late"));
        Assert.Equal("quick", (await second).Text);
    }

    [Fact]
    public async Task A_tool_that_fails_in_a_row_rests_and_is_tried_by_one_call()
    {
        var time = new ManualTime();
        int calls = 0;
        bool works = false;
        var tool = new FakeTool("T", (_, _) =>
        {
            calls++;
            return new(works ? ToolResult.Success("back") : ToolResult.Failure("down", isTransient: true));
        });
        var box = Box(tool, new() { Retries = 0, BreakAfter = 3, BreakSeconds = 30 }, time);
        async Task<string> Ask() => await box.CallAsync("T", "x", Context) is var r ? r.Text ?? r.Error! : "";

        for (int i = 0; i < 3; i++)
            Assert.Equal("down", await Ask());
        Assert.Equal("T failed 3 times in a row and rests for 30 s more.", await Ask());
        Assert.Equal(3, calls);
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("down", await Ask());
        Assert.StartsWith("T failed 3 times", await Ask());
        works = true;
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("back", await Ask());
        Assert.Equal("back", await Ask());
        Assert.Equal(6, calls);
    }

    [Fact]
    public async Task Wrong_inputs_do_not_make_a_tool_rest()
    {
        var box = Box(new FakeTool("T", (_, _) => new(ToolResult.Failure("no sum"))), new() { BreakAfter = 2 },
            new ManualTime());
        for (int i = 0; i < 5; i++)
            Assert.Equal("no sum", (await box.CallAsync("T", "x", Context)).Error);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int known = most; known < value;)
            known = Interlocked.CompareExchange(ref most, value, known);
    }
}
