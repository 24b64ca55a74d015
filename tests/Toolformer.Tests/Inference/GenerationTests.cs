using Toolformer.Inference;
using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Inference;

/// <summary>Many prompts at once, events, and all the ways in which a text ends.</summary>
public class GenerationTests
{
    private static readonly ToolContext Context = new(TimeProvider.System);
    private static readonly FakeTool Sum = new("Sum", input => input.Split('+').Sum(int.Parse).ToString());
    private static readonly GenerationOptions Plain = new() { StartTopK = 1 };

    /// <summary>A model that draws from a distribution which depends on the whole context, and likes calls.</summary>
    private static FakeModel Dreamer(int context = 4096) => new(read =>
    {
        var random = new Random(read.Aggregate(17, (hash, id) => unchecked(hash * 31 + id)));
        var logits = new float[259];
        foreach (ref float logit in logits.AsSpan())
            logit = random.NextSingle() * 4;
        logits[ByteTokenizer.Open] += 2;
        return logits;
    })
    { ContextLength = context };

    private static Toolbox Tools() => new([Sum, new FakeTool("Echo", input => input + "!\n…é")]);

    private static readonly GenerationOptions Dreams =
        new() { Sampling = new(), StartTopK = 20, MaxCalls = 3, MaxInputLength = 8, MaxNewTokens = 25, Rows = 3 };

    private static List<GenerationRequest> Requests(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new GenerationRequest(new string('a', i), Context) { Seed = i })];

    [Fact]
    public async Task A_batch_of_prompts_gives_what_each_gives_alone()
    {
        var requests = Requests(11);
        using var together = Dreamer();
        var results = await new ToolUsingModel(together, Tools()).GenerateAsync(requests, Dreams);
        long alone = 0;
        foreach (var (request, result) in requests.Zip(results))
        {
            using var model = Dreamer();
            var single = (await new ToolUsingModel(model, Tools()).GenerateAsync([request], Dreams))[0];
            Assert.Equal(single.TokenIds, result.TokenIds);
            Assert.Equal(single.Sampled, result.Sampled);
            Assert.Equal(single.Text, result.Text);
            Assert.Equal(single.FinishReason, result.FinishReason);
            Assert.Equal(single.Calls.Select(c => c.Call), result.Calls.Select(c => c.Call));
            Assert.Same(request, result.Request);
            alone += model.ForwardTokens;
        }
        Assert.Equal(alone, together.ForwardTokens);
        Assert.True(results.Sum(r => r.Calls.Count) > 5);
    }

    [Fact]
    public async Task In_a_reproducible_run_the_same_rows_step_together_however_long_a_tool_takes()
    {
        async Task<(int Steps, string[] Texts)> Run(Func<ValueTask<ToolResult>> answer)
        {
            var model = ScriptedModel.Writes("A [Slow() -> 1] one, and then a long way on.", "B goes on.", "C too.");
            var generator = new ToolUsingModel(model, new Toolbox([new FakeTool("Slow", (_, _, _) => answer())]));
            var results = await generator.GenerateAsync(
                [.. new[] { "A", "B", "C" }.Select(p => new GenerationRequest(p, Context))],
                Plain with { Rows = 2, Reproducible = true });
            return (model.Steps, [.. results.Select(r => r.Text)]);
        }
        var atOnce = await Run(() => new(ToolResult.Success("1")));
        var later = await Run(async () =>
        {
            for (int i = 0; i < 1000; i++)
                await Task.Yield();
            return ToolResult.Success("1");
        });
        Assert.Equal(atOnce.Texts, later.Texts);
        Assert.Equal(atOnce.Steps, later.Steps);
    }

    [Fact]
    public async Task Rows_do_not_wait_for_the_tool_of_another_row()
    {
        var answer = new TaskCompletionSource<ToolResult>();
        var slow = new FakeTool("Slow", (_, _, _) => new(answer.Task));
        var model = ScriptedModel.Writes("A [Slow() -> 1] one.", "B goes on.", "C too.");
        var generator = new ToolUsingModel(model, new Toolbox([slow]));
        var done = new List<int>();
        var requests = new[] { "A", "B", "C" }.Select(p => new GenerationRequest(p, Context)).ToList();
        await foreach (var (index, result) in generator.GenerateEachAsync(requests, Plain with { Rows = 2 }))
        {
            done.Add(index);
            if (done.Count == 2)
                answer.SetResult(ToolResult.Success("1"));
            Assert.Equal(FinishReason.EndOfText, result.FinishReason);
        }
        Assert.Equal([1, 2, 0], done);
    }

    [Fact]
    public async Task Prompts_of_one_token_and_none_at_all_are_read_once()
    {
        using var model = Dreamer();
        var generator = new ToolUsingModel(model, Tools());
        var options = Dreams with { StartTopK = 0, MaxNewTokens = 4 };
        var result = (await generator.GenerateAsync([new("", Context)], options))[0];
        Assert.Equal([ByteTokenizer.EndOfText], result.PromptTokens);
        // The last token that is drawn need not be read.
        Assert.Equal(result.TokenIds.Count, model.ForwardTokens);
        Assert.Equal(4, result.TokenIds.Count);

        using var bare = new FakeModel(_ => new float[259]) { BeginningOfText = null };
        await Assert.ThrowsAsync<ArgumentException>(
            () => new ToolUsingModel(bare, Tools()).GenerateAsync([new("", Context)], options));
    }

    [Fact]
    public async Task Prompt_tokens_are_taken_as_they_are()
    {
        using var model = ScriptedModel.Writes("xyz!");
        var request = new GenerationRequest("", Context) { PromptTokens = [ByteTokenizer.EndOfText, 'x', 'y'] };
        var result = (await new ToolUsingModel(model, Tools()).GenerateAsync([request], Plain))[0];
        Assert.Equal("z!", result.Text);
        Assert.Empty(await new ToolUsingModel(model, Tools()).GenerateAsync([], Plain));
    }

    [Fact]
    public async Task Text_deltas_add_up_and_never_split_a_character_or_show_a_part_of_a_call()
    {
        const string text = "Die Straße 😀 hat [Sum(1+2) -> 3] drei «Häuser» 漢字.";
        var generator = new ToolUsingModel(ScriptedModel.Writes(text), Tools());
        var events = await Collect(generator.StreamAsync(new("Die", Context), Plain));
        var result = Assert.IsType<GenerationEvent.Finished>(events[^1]).Result;
        var deltas = events.OfType<GenerationEvent.TextDelta>().ToList();
        Assert.Equal(result.Text, string.Concat(deltas.Select(d => d.Text)));
        Assert.Equal(text[3..], result.Text);
        Assert.Equal(" [Sum(1+2) -> 3]", string.Concat(deltas.Where(d => d.InCall).Select(d => d.Text)));
        Assert.All(deltas, d => Assert.False(d.Text.Contains('\uFFFD') || char.IsLowSurrogate(d.Text[0])));
        Assert.Single(events.OfType<GenerationEvent.CallStarted>(), e => e.Call == new ApiCall("Sum", "1+2"));
        var finished = Assert.Single(events.OfType<GenerationEvent.CallFinished>());
        Assert.Equal(new ApiCall("Sum", "1+2", "3"), finished.Call.Call);

        var shown = await Collect(generator.StreamAsync(new("Die", Context), Plain, showCalls: false));
        Assert.Equal(result.TextWithoutCalls,
            string.Concat(shown.OfType<GenerationEvent.TextDelta>().Select(d => d.Text)));
        Assert.Single(shown.OfType<GenerationEvent.CallFinished>());
    }

    [Fact]
    public async Task Events_agree_with_the_result_whatever_the_model_writes()
    {
        using var model = Dreamer();
        var generator = new ToolUsingModel(model, Tools());
        foreach (var request in Requests(25))
        {
            var options = Dreams with { StopStrings = ["ab", "é", "\u0003", "zz"], MaxNewTokens = 60 };
            var events = await Collect(generator.StreamAsync(request, options));
            var result = ((GenerationEvent.Finished)events[^1]).Result;
            var deltas = events.OfType<GenerationEvent.TextDelta>().ToList();
            Assert.Equal(result.Text, string.Concat(deltas.Select(d => d.Text)));
            Assert.Equal(result.TextWithoutCalls, string.Concat(deltas.Where(d => !d.InCall).Select(d => d.Text)));
            Assert.DoesNotContain(deltas, d => d.Text.Length == 0);
            if (result.FinishReason != FinishReason.StopString)
                Assert.StartsWith(result.Text, model.Tokenizer.Decode(result.TokenIds));
        }
    }

    [Theory]
    [InlineData(" one. Two", ". ", " one")]
    [InlineData(" one [Sum(1+2) -> 3] 3\n\nQ: more", "\n\n", " one 3")]
    [InlineData(" a\nb\n [Sum(1+2) -> 3]\nc", "\n\n", " a\nb\n\nc")]
    [InlineData(" abababc abc", "ababc", " ab")]
    [InlineData(" [Sum(7+2) -> 9] nine", "9", " nine")]
    public async Task A_stop_string_ends_the_text_before_itself_and_only_where_the_text_has_it(
        string wanted, string stop, string expected)
    {
        var generator = new ToolUsingModel(ScriptedModel.Writes("It is" + wanted), Tools());
        var options = Plain with { StopStrings = ["never", stop] };
        var events = await Collect(generator.StreamAsync(new("It is", Context), options, showCalls: false));
        var result = ((GenerationEvent.Finished)events[^1]).Result;
        Assert.Equal(expected, result.TextWithoutCalls);
        Assert.Equal(expected, string.Concat(events.OfType<GenerationEvent.TextDelta>().Select(d => d.Text)));
        bool stopped = CallSyntax.Strip(wanted) != expected;
        Assert.Equal(stopped ? FinishReason.StopString : FinishReason.EndOfText, result.FinishReason);
    }

    [Fact]
    public async Task New_tokens_are_counted_outside_of_calls()
    {
        var generator = new ToolUsingModel(ScriptedModel.Writes("It is [Sum(1+2) -> 3] exactly."), Tools());
        var result = (await generator.GenerateAsync([new("It is", Context)], Plain with { MaxNewTokens = 3 }))[0];
        Assert.Equal(" [Sum(1+2) -> 3] ex", result.Text);
        Assert.Equal(FinishReason.MaxNewTokens, result.FinishReason);
    }

    [Fact]
    public async Task Prompt_and_completion_never_exceed_the_context_and_a_call_is_whole_or_not_there()
    {
        const string text = "It is [Sum(1+2) -> 3] exactly.";
        int all = 1 + new ByteTokenizer().Encode(text).Count;
        for (int context = 3; context <= all + 2; context++)
        {
            using var model = ScriptedModel.Writes([text], context: context);
            var result = (await new ToolUsingModel(model, Tools()).GenerateAsync([new("It is", Context)], Plain))[0];
            Assert.Equal(context <= all ? FinishReason.ContextFull : FinishReason.EndOfText, result.FinishReason);
            Assert.True(result.PromptTokens.Count + result.TokenIds.Count <= Math.Max(context, 6));
            Assert.DoesNotContain("[", result.TextWithoutCalls);
            Assert.Equal(result.Calls.Select(c => c.Call), CallSyntax.Find(result.Text).Select(c => c.Call));
            Assert.Equal(result.Calls.Count, result.Text.Count(c => c == '['));
            Assert.True(context > 20 || result.Calls.Count == 0);
        }
    }

    [Fact]
    public async Task A_call_never_starts_inside_of_a_character()
    {
        byte[] bytes = [.. "é"u8];
        using var model = new FakeModel(read =>
        {
            var logits = new float[259];
            logits[read[^1] == bytes[0] ? bytes[1] : bytes[0]] = 5;
            logits[ByteTokenizer.Open] = read[^1] == bytes[0] ? 9 : -9;
            return logits;
        });
        var options = new GenerationOptions { MaxNewTokens = 5 };
        var result = (await new ToolUsingModel(model, Tools()).GenerateAsync([new("a", Context)], options))[0];
        Assert.DoesNotContain("\uFFFD", result.Text);
        Assert.Equal("éé", result.TextWithoutCalls);
        Assert.Empty(result.Calls);
    }

    [Fact]
    public async Task Ids_beyond_the_vocabulary_are_never_written()
    {
        using var padded = new FakeModel(_ => new float[300]) { VocabularySize = 300 };
        var options = Plain with { MaxNewTokens = 6, Sampling = new() };
        var result = (await new ToolUsingModel(padded, Tools()).GenerateAsync([new("a", Context)], options))[0];
        Assert.All(result.TokenIds, id => Assert.InRange(id, 0, 258));
    }

    [Fact]
    public async Task Cancellation_ends_the_run_and_reaches_the_tool()
    {
        using var cancellation = new CancellationTokenSource();
        TaskCompletionSource begun = new(), told = new();
        var hanging = new FakeTool("Hang", async (_, _, token) =>
        {
            token.Register(told.SetResult);
            begun.SetResult();
            await cancellation.CancelAsync();
            await told.Task;
            token.ThrowIfCancellationRequested();
            return ToolResult.Failure("never");
        });
        var generator = new ToolUsingModel(ScriptedModel.Writes("A [Hang() -> ] b"), new Toolbox([hanging]));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => generator.GenerateAsync([new("A", Context)], Plain, cancellation.Token));
        await told.Task;
    }

    [Fact]
    public async Task A_reader_who_leaves_early_stops_the_run_and_its_tool()
    {
        TaskCompletionSource begun = new(), told = new();
        var hanging = new FakeTool("Hang", async (_, _, token) =>
        {
            token.Register(told.SetResult);
            begun.SetResult();
            await told.Task;
            return ToolResult.Failure("left");
        });
        using var model = ScriptedModel.Writes("A [Hang() -> ] b");
        var generator = new ToolUsingModel(model, new Toolbox([hanging]));
        await foreach (var happened in generator.StreamAsync(new("A", Context), Plain))
        {
            if (happened is not GenerationEvent.CallStarted)
                continue;
            // A tool that has not begun yet would never be called.
            await begun.Task;
            break;
        }
        await told.Task;
        Assert.Equal(0, model.OpenBatches);
    }

    [Fact]
    public async Task Options_that_make_no_sense_are_refused()
    {
        var generator = new ToolUsingModel(ScriptedModel.Writes("A"), Tools());
        foreach (var options in new[]
        {
            Plain with { StartTopK = -1 }, Plain with { MaxCalls = -1 }, Plain with { MaxNewTokens = 0 },
            Plain with { Rows = 0 }, Plain with { StopStrings = [""] }, Plain with { MaxInputLength = 0 },
        })
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                () => generator.GenerateAsync([new("A", Context)], options));
        }
    }

    private static async Task<List<GenerationEvent>> Collect(IAsyncEnumerable<GenerationEvent> events)
    {
        var list = new List<GenerationEvent>();
        await foreach (var happened in events)
            list.Add(happened);
        return list;
    }
}
