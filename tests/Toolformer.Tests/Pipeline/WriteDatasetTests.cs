using CsCheck;
using Toolformer.Markup;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Pipeline;

public class WriteDatasetTests
{
    private const string Text = "Tim has 4 kites and buys 3 more. Zoë 😀 counts 7.";
    private static readonly ByteTokenizer Tokenizer = new();
    private static readonly CallTokens Markup = new(Tokenizer);

    [Fact]
    public void Calls_of_all_tools_stand_in_one_text_in_order()
    {
        var example = Assert.Single(Build([Call("Add", 24, 0.5), Call("Day", 7, 0.6), Call("Add", 40, 0.01)]).Examples);
        Assert.Equal("Tim has [Day() -> 2024-05-01] 4 kites and buys [Add(1+2) -> 3] 3 more. Zoë 😀 counts 7.",
            example.Text);
        Assert.Equal(["Day", "Add"], example.Calls.Select(c => c.Tool));
        Assert.Equal(Text, CallSyntax.Strip(example.Text));
    }

    [Fact]
    public void At_one_position_the_best_call_stays()
    {
        var (examples, left) = Build([Call("Add", 24, 0.5), Call("Day", 24, 0.7), Call("Add", 24, 0.7)]);
        Assert.Equal("Day", Assert.Single(Assert.Single(examples).Calls).Tool);
        Assert.Equal(2, left[WriteDataset.Conflict]);
    }

    [Fact]
    public void A_tool_has_the_last_word_on_its_calls()
    {
        var (examples, left) = Build([Call("Day", 0, 0.7), Call("Add", 0, 0.2)]);
        Assert.Equal("Add", Assert.Single(Assert.Single(examples).Calls).Tool);
        Assert.Equal(1, left[WriteDataset.Inadmissible]);
    }

    [Fact]
    public void A_text_without_a_kept_call_is_dropped() => Assert.Empty(Build([Call("Add", 24, 0.01)]).Examples);

    [Fact]
    public void Of_a_tool_only_the_examples_with_the_largest_gains_are_kept()
    {
        var tools = Tools(maxExamples: 2);
        var documents = Enumerable.Range(0, 5).Select(n => (Document($"d{n}"),
            (IReadOnlyList<FilteredCall>)
            [
                Call("Add", 24, 0.5 + 0.1 * (n * 3 % 5), $"d{n}"), Call("Day", 8, 0.3, $"d{n}"),
            ]))
            .ToList();
        var left = new Dictionary<string, int>();
        var examples = new WriteDataset(Tokenizer, tools, new DatasetOptions(), true)
            .Build(() => documents, (r, n) => left[r] = left.GetValueOrDefault(r) + n).SelectMany(e => e).ToList();
        // Gains 0.5, 0.8, 0.6, 0.9, 0.7: the best two are those of d3 and d1.
        Assert.Equal(["d1", "d3"], examples.Where(e => e.Calls.Any(c => c.Tool == "Add")).Select(e => e.Id));
        Assert.Equal(5, examples.Count(e => e.Calls.Any(c => c.Tool == "Day")));
        Assert.Equal(3, left[WriteDataset.OverCap]);
    }

    [Fact]
    public void Long_texts_are_cut_into_windows_that_cut_neither_calls_nor_characters()
    {
        string[] pieces = ["a", "ë", "😀", " [", "word ", "->", "]"];
        var texts = Gen.Int[0, 6].Select(i => pieces[i]).Array[1, 60];
        var cases = Gen.Select(texts, Gen.Int[0, 1000].Array[1, 8], Gen.Int[20, 80], Gen.Bool);
        cases.Sample((parts, places, maxLength, beginning) =>
        {
            string text = string.Concat(parts);
            var source = new TokenisedDocument(new Document("d", text), Tokenizer.Encode(text));
            var document = Document("d", text);
            var calls = places.Select(p => p % source.Tokens.Count).Where(source.IsBoundary).Select((p, n) =>
                Call(n % 2 == 0 ? "Add" : "Day", p, 1 + n * 0.1) with { Offset = source.Tokens[p].Start }).ToList();
            var left = new Dictionary<string, int>();
            var examples = new WriteDataset(Tokenizer, Tools(), new DatasetOptions { MaxLength = maxLength }, beginning)
                .Build(() => [(document, calls)], (r, n) => left[r] = left.GetValueOrDefault(r) + n)
                .SelectMany(e => e).ToList();

            var whole = new System.Text.StringBuilder();
            foreach (var example in examples)
            {
                Assert.InRange(example.InputIds.Count, 2, maxLength - (beginning ? 1 : 0));
                Assert.Equal(example.Text, Tokenizer.Decode(example.InputIds));
                var rest = example.InputIds.ToList();
                foreach (var call in example.Calls.Reverse())
                {
                    Assert.Equal(CallSyntax.Print(new ApiCall(call.Tool, call.Input, call.Result)),
                        Tokenizer.Decode(rest[call.Start..call.End]));
                    Assert.True(call.End < example.InputIds.Count, "a call has nothing after it");
                    rest.RemoveRange(call.Start, call.End - call.Start);
                }
                string plain = Tokenizer.Decode(rest);
                Assert.DoesNotContain('\uFFFD', plain);
                Assert.Contains(plain, text);
                whole.Append(plain);
            }
            // The windows do not overlap, and every call is in one or counted.
            Assert.True(whole.Length <= text.Length);
            Assert.Equal(calls.Count, examples.Sum(e => e.Calls.Count) + left.Values.Sum());
            Assert.Equal(examples.Count, examples.DistinctBy(e => e.Id).Count());
        }, iter: 300);
    }

    [Fact]
    public void Tokens_of_another_tokenizer_are_refused()
    {
        var foreign = Document("d") with { InputIds = [1, 2, 3] };
        var error = Assert.Throws<InvalidDataException>(() => new WriteDataset(Tokenizer, Tools(), new(), true)
            .Build(() => [(foreign, [Call("Add", 1, 1)])], (_, _) => { }).ToList());
        Assert.Contains("tokenizer", error.Message);
    }

    [Fact]
    public void Table_2_counts_calls_and_texts_per_threshold_from_stored_losses()
    {
        FilteredCall[] calls =
        [
            Call("Add", 1, 2, "a"), Call("Add", 2, 1.5, "a"), Call("Day", 2, 0.4, "a"), Call("Add", 1, 0.7, "b"),
            Call("Add", 1, 0, "c") with { Gain = null },
        ];
        Assert.Equal(
        [
            new("Add", 0.5, 3, 2), new("Add", 1, 2, 1), new("Add", 2, 1, 1),
            new("Day", 0.5, 0, 0), new("Day", 1, 0, 0), new("Day", 2, 0, 0),
        ], Thresholds.Count(calls));
    }

    private static (List<DatasetExample> Examples, Dictionary<string, int> LeftOut) Build(List<FilteredCall> calls)
    {
        var left = new Dictionary<string, int>();
        var examples = new WriteDataset(Tokenizer, Tools(), new DatasetOptions(), true)
            .Build(() => [(Document("d"), calls)], (r, n) => left[r] = left.GetValueOrDefault(r) + n);
        return ([.. examples.SelectMany(e => e)], left);
    }

    private static TaughtTool[] Tools(int maxExamples = 25_000)
    {
        var add = new AddTool();
        return [new(add, add.Annotation with { MaxExamples = maxExamples }), new(new DayTool())];
    }

    private static DocumentRecord Document(string id, string text = Text) =>
        new(id, text, [.. Tokenizer.Encode(text).Select(t => t.Id)]);

    private static FilteredCall Call(string tool, int position, double gain, string document = "d")
    {
        var call = tool == "Add" ? new ApiCall("Add", "1+2", "3") : new ApiCall("Day", "", "2024-05-01");
        return new FilteredCall
        {
            DocId = document,
            Tool = tool,
            Position = position,
            Offset = position,
            PStart = 0.5,
            Input = call.Input,
            CallIds = Markup.EncodeHead(call),
            Result = call.Result,
            Gain = gain,
            Kept = true,
        };
    }
}
