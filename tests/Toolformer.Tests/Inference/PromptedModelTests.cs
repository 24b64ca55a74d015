using Microsoft.Extensions.AI;
using Toolformer.Inference;
using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Inference;

public class PromptedModelTests
{
    private static readonly ToolContext Context = new(new ManualTime());
    private static readonly Toolbox Tools = new([new Calculator(), new FindInDocument()]);
    private static readonly ChatMessage[] Question = [new(ChatRole.User, "How many chairs?")];

    private static async Task<(GenerationResult Result, List<GenerationEvent> Events)> Ask(
        IChatClient client, PromptedOptions? options = null, ToolContext? context = null)
    {
        var events = new List<GenerationEvent>();
        var model = new PromptedModel(client, Tools, options, new ManualTime());
        await foreach (var happened in model.StreamAsync(Question, context ?? Context))
            events.Add(happened);
        return (Assert.IsType<GenerationEvent.Finished>(events[^1]).Result, events);
    }

    private static string Text(IEnumerable<GenerationEvent> events, bool inCall) => string.Concat(
        events.OfType<GenerationEvent.TextDelta>().Where(e => inCall || !e.InCall).Select(e => e.Text));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public async Task The_stream_is_cut_at_the_arrow_and_the_text_goes_on_with_the_result(int piece)
    {
        var client = ScriptedChatClient.Says(piece,
            "There are [Calculator(4 * 30) -> 7777] 7777 chairs.", " 120 chairs [a note].");
        var (result, events) = await Ask(client);
        Assert.Equal("There are [Calculator(4 * 30) -> 120] 120 chairs [a note].", result.Text);
        Assert.Equal("There are 120 chairs [a note].", result.TextWithoutCalls);
        Assert.Equal(result.Text, Text(events, inCall: true));
        Assert.Equal(result.TextWithoutCalls, Text(events, inCall: false));
        Assert.Equal(new ApiCall("Calculator", "4 * 30", "120"), Assert.Single(result.Calls).Call);
        Assert.Equal(FinishReason.EndOfText, result.FinishReason);
        int started = events.FindIndex(e => e is GenerationEvent.CallStarted);
        Assert.IsType<GenerationEvent.CallFinished>(events[started + 2]);
        var (messages, options) = client.Asked[1];
        Assert.Equal([ChatRole.System, ChatRole.User, ChatRole.Assistant, ChatRole.User], messages.Select(m => m.Role));
        Assert.Equal("There are [Calculator(4 * 30) ->", messages[2].Text);
        Assert.StartsWith("The result: 120\n", messages[3].Text);
        Assert.Equal([") ->"], options!.StopSequences!);
    }

    [Fact]
    public async Task A_call_is_found_where_the_endpoint_has_cut_its_arrow_off()
    {
        foreach (string end in (string[])["", ")", ")]"])
        {
            var (result, _) = await Ask(ScriptedChatClient.Says(4, "It is [Calculator(1 + 1" + end, " 2."));
            Assert.Equal("It is [Calculator(1 + 1) -> 2] 2.", result.Text);
        }
    }

    [Theory]
    [InlineData("See [1] and [link](http://x) -> or [Calculator: x] or [foo(bar)] or a[0](1)")]
    [InlineData("[Calculator")]
    [InlineData("[")]
    [InlineData("  ends in spaces  ")]
    [InlineData("[Calculator(1\n+ 1) -> 2]")]
    public async Task What_is_no_call_is_left_alone(string text)
    {
        var (result, events) = await Ask(ScriptedChatClient.Says(2, text));
        Assert.Equal(text, result.Text);
        Assert.Equal(text, Text(events, inCall: true));
        Assert.Empty(result.Calls);
    }

    [Fact]
    public async Task The_prompt_teaches_the_tools_by_their_own_demonstrations()
    {
        var client = ScriptedChatClient.Says(9, "Hello.");
        await Ask(client, new PromptedOptions { CostBudget = 30, Instructions = "Be short." });
        string system = client.Asked[0].Messages[0].Text;
        Assert.StartsWith("Be short.\n\n", system);
        Assert.Contains("[Calculator(24 * 15) -> …] 360 bottles", system);
        Assert.Contains($"FindInDocument: {new FindInDocument().Description}", system);
        Assert.Contains("may cost 30", system);
    }

    [Fact]
    public async Task A_document_is_looked_into_step_by_step_within_a_budget()
    {
        var context = Context with { Document = new("x", "The lamp is red.\nThe tank holds nine litres of oil.") };
        var client = ScriptedChatClient.Says(5,
            "[FindInDocument(search tank) ->", "[FindInDocument(read 2) ->", "[FindInDocument(read 1) ->",
            "Nine litres.");
        var (result, _) = await Ask(client, new PromptedOptions { CostBudget = 15 }, context);
        Assert.Equal(
            ["1 line: 2: The tank holds nine (cost 5, 10 left)",
             "1: The lamp is red. | 2: The tank holds nine litres of oil. (end) (cost 10, 0 left)", ""],
            result.Calls.Select(c => c.Call.Result));
        Assert.Equal("FindInDocument was not called: it costs 10, and 0 of 15 is left.", result.Calls[2].Error);
        Assert.StartsWith("The call failed: FindInDocument was not called", client.Asked[3].Messages[^1].Text);
        Assert.Equal("Nine litres.", result.TextWithoutCalls.Trim());
    }

    [Fact]
    public async Task After_the_last_call_the_model_is_told_to_finish_and_stopped_if_it_does_not()
    {
        string again = "so [Calculator(1 + 1) -> ";
        var client = ScriptedChatClient.Says(4, again, again, again, "never asked");
        var (result, _) = await Ask(client, new PromptedOptions { MaxCalls = 2 });
        Assert.Equal(2, result.Calls.Count);
        Assert.Equal(FinishReason.CallLimit, result.FinishReason);
        Assert.Equal(3, client.Asked.Count);
        Assert.Contains("No more calls", client.Asked[2].Messages[^1].Text);
    }

    [Fact]
    public async Task Calls_that_fail_in_a_row_end_the_calling()
    {
        var client = ScriptedChatClient.Says(9,
            "[Calculator(x) ->", "[Calculater(1) ->", "[Calculator(2*3) ->", "never asked");
        var (result, _) = await Ask(client, new PromptedOptions { MaxConsecutiveErrors = 2 });
        Assert.Equal(2, result.Calls.Count);
        Assert.Contains("Did you mean Calculator?", result.Calls[1].Error);
        Assert.Equal(FinishReason.CallLimit, result.FinishReason);
    }

    [Fact]
    public async Task The_text_so_far_may_be_the_beginning_of_the_models_turn()
    {
        var client = ScriptedChatClient.Says(9, "It is [Calculator(2*3) ->", " 6, and [Calculator(6*6) ->", " 36.");
        var options = new PromptedOptions { Continuation = ContinuationForm.AssistantPrefix };
        var (result, _) = await Ask(client, options);
        Assert.Equal("It is [Calculator(2*3) -> 6] 6, and [Calculator(6*6) -> 36] 36.", result.Text);
        Assert.Equal("It is [Calculator(2*3) -> 6] 6, and [Calculator(6*6) -> 36]", client.Asked[2].Messages[^1].Text);
        Assert.Equal(3, client.Asked[2].Messages.Length);
    }

    [Fact]
    public async Task An_endless_stream_is_ended()
    {
        var options = new PromptedOptions { MaxLength = 5000 };
        foreach (string piece in (string[])["word ", "[Calculator(", "[[[[", " [a(", ""])
        {
            var client = new ScriptedChatClient(Enumerable.Repeat(piece, int.MaxValue));
            var (result, events) = await Ask(client, options);
            Assert.Equal(FinishReason.MaxNewTokens, result.FinishReason);
            Assert.InRange(result.Text.Length, 0, 5000);
            Assert.InRange(client.Taken, 1, 100_000);
            Assert.Equal(result.Text, Text(events, inCall: true));
        }
    }

    [Fact]
    public async Task An_endpoint_that_says_nothing_is_left_after_the_time_limit()
    {
        var time = new ManualTime();
        var model = new PromptedModel(new Silent(), Tools, new() { TimeLimit = TimeSpan.FromSeconds(9) }, time);
        await using var events = model.StreamAsync(Question, Context).GetAsyncEnumerator();
        var next = events.MoveNextAsync();
        time.Advance(TimeSpan.FromSeconds(10));
        var error = await Assert.ThrowsAsync<TimeoutException>(async () => await next);
        Assert.Contains("within 9 s", error.Message);
    }

    private sealed class Silent : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
            ChatOptions? options,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            yield break;
        }

        public object? GetService(Type serviceType, object? serviceKey) => null;

        public void Dispose() { }
    }
}
