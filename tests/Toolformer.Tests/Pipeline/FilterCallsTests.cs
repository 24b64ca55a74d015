using Toolformer.Markup;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Pipeline;

public class FilterCallsTests
{
    private static readonly ByteTokenizer Tokenizer = new();
    private static readonly CallTokens Markup = new(Tokenizer);

    [Fact]
    public void Stored_losses_are_those_of_each_call_scored_by_itself()
    {
        var document = Document("Sums are fun: 3 and 22.");
        ExecutedCall[] calls =
            [Call(0, "1+2", "3"), Call(14, "1+2", "3"), Call(20, "20+2", "22"), Call(22, "1+2", "3")];
        foreach (var form in Enum.GetValues<EmptyCallForm>())
        {
            var options = new FilterOptions { EmptyForm = form, Separator = "\n" };
            var filtered = Filter(ScriptedModel.Make(), options).Score([(document, calls)]);
            foreach (var call in filtered)
            {
                var alone = FilterLosses.Score(ScriptedModel.Make(), document.InputIds, call.Position,
                    call.PrefixCallIds!, call.PrefixResultIds!, ByteTokenizer.EndOfText);
                Assert.Equal(alone, new CallLosses(call.LossNone, call.LossCall!.Value, call.LossResult!.Value));
                Assert.Equal(alone.Gain, call.Gain);
                // To the bit: what is stored of each token gives the losses without a model.
                Assert.Equal(alone, new CallLosses(
                    Sum(call.LogprobsNone!), Sum(call.LogprobsCall!), Sum(call.LogprobsResult!)));
                string empty = form == EmptyCallForm.ArrowKept ? " ->" : "";
                Assert.Equal($" [Add({call.Input}){empty}]\n", Tokenizer.Decode(call.PrefixCallIds!));
                Assert.Equal($" [Add({call.Input}) -> {call.Result}]\n", Tokenizer.Decode(call.PrefixResultIds!));
            }
        }
    }

    private static double Sum(IEnumerable<float> logs)
    {
        double loss = 0;
        foreach (var (log, weight) in logs.Zip(FilterLosses.PaperWeights))
            loss -= weight * log;
        return loss;
    }

    [Fact]
    public void A_call_that_stands_at_several_positions_is_read_once_up_to_the_last_of_them()
    {
        var model = ScriptedModel.Make();
        var document = Document("Sums are fun: 3 and 22, and so on and on.");
        Filter(model).Score([(document, [Call(2, "1+2", "3"), Call(9, "1+2", "3"), Call(14, "1+2", "3")])]);
        int arrowKept = Markup.Encode(new ApiCall("Add", "1+2", "")).Length;
        int withResult = Markup.Encode(new ApiCall("Add", "1+2", "3")).Length;
        // 14 tokens and four of the five that are scored, after what stands before; three passes in all.
        Assert.Equal((1 + 18) + (1 + arrowKept + 18) + (1 + withResult + 18), model.ForwardTokens);
    }

    [Fact]
    public void A_gain_of_just_the_threshold_is_enough()
    {
        var document = Document("Even odds.");
        var even = new FakeModel(_ => new float[259]);
        FilteredCall Score(double threshold) => Filter(even, threshold: threshold)
            .Score([(document, [Call(3, "1+2", "3")])])[0];
        Assert.Equal(0, Score(0).Gain);
        Assert.True(Score(0).Kept);
        Assert.Null(Score(0).Reason);
        Assert.Equal(FilterCalls.BelowThreshold, Score(1e-9).Reason);
    }

    [Fact]
    public void Before_the_first_token_of_a_model_without_a_beginning_only_the_call_without_result_counts()
    {
        var call = Filter(ScriptedModel.Make(null)).Score([(Document("Sums."), [Call(0, "1+2", "3")])])[0];
        Assert.Null(call.LossNone);
        Assert.Equal(call.LossCall - call.LossResult, call.Gain);
    }

    [Fact]
    public void What_can_not_be_scored_is_recorded_with_its_reason()
    {
        var document = Document(new string('x', 40));
        ExecutedCall[] calls =
        [
            Call(0, "x", null) with { Error = "no sum" }, Call(36, "1+2", "3"), Call(0, "1+2", new string('r', 60)),
            Call(7, "1+2", "3"),
        ];
        var filtered = Filter(ScriptedModel.Make(contextLength: 40)).Score([(document, calls)]);
        Assert.Equal([FilterCalls.NoResult, FilterCalls.TooLong, FilterCalls.TooLong],
            filtered.Take(3).Select(c => c.Reason));
        Assert.All(filtered.Take(3), c => Assert.False(c.Kept || c.Gain is not null));
        Assert.NotNull(filtered[3].Gain);

        var broken = new FakeModel(_ => [.. Enumerable.Repeat(float.NaN, 259)]);
        var call = Filter(broken).Score([(document, [Call(7, "1+2", "3")])])[0];
        Assert.Equal(FilterCalls.NotFinite, call.Reason);
        Assert.False(call.Kept);
    }

    [Fact]
    public void A_call_is_scored_where_its_tokens_just_fit_and_not_where_one_is_too_many()
    {
        // The last of the five tokens that are scored is predicted, not read.
        int needed = 1 + Markup.Encode(new ApiCall("Add", "1+2", "3")).Length + 7 + 5 - 1;
        FilteredCall Score(int context) => Filter(ScriptedModel.Make(contextLength: context))
            .Score([(Document(new string('x', 40)), [Call(7, "1+2", "3")])])[0];
        Assert.NotNull(Score(needed).Gain);
        Assert.Equal(FilterCalls.TooLong, Score(needed - 1).Reason);
    }

    [Fact]
    public void Losses_do_not_depend_on_what_is_scored_together()
    {
        (DocumentRecord, IReadOnlyList<ExecutedCall>)[] documents = [.. Enumerable.Range(0, 6).Select(n =>
            (Document(new string((char)('a' + n), 5 + 7 * n % 11) + n, $"d{n}"),
                (IReadOnlyList<ExecutedCall>)
                [
                    Call(n % 5, "1+2", "3", $"d{n}"), Call(3, $"{n}+1", $"{n + 1}", $"d{n}"),
                ]))];
        var together = Filter(ScriptedModel.Make()).Score(documents);
        var tight = Filter(ScriptedModel.Make(), new FilterOptions { TokensPerBatch = 1 });
        var alone = documents.SelectMany(d => tight.Score([d]));
        Assert.Equal(together.Select(c => c.Gain), alone.Select(c => c.Gain));
    }

    private static FilterCalls Filter(FakeModel model, FilterOptions? options = null, double threshold = 0.1)
    {
        var add = new AddTool();
        var taught = new TaughtTool(add, add.Annotation with { FilterThreshold = threshold });
        return new FilterCalls(model, [taught], options ?? new FilterOptions());
    }

    private static DocumentRecord Document(string text, string id = "d") =>
        new(id, text, [.. Tokenizer.Encode(text).Select(t => t.Id)]);

    private static ExecutedCall Call(int position, string input, string? result, string document = "d") => new()
    {
        DocId = document,
        Tool = "Add",
        Position = position,
        Offset = position,
        PStart = 0.5,
        Input = input,
        CallIds = Markup.EncodeHead(new ApiCall("Add", input)),
        Result = result,
    };
}
