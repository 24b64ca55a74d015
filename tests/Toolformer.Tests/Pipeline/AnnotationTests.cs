using Toolformer.Markup;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Pipeline;

public class AnnotationTests
{
    [Fact]
    public async Task A_run_goes_from_texts_to_examples_with_calls()
    {
        using var fixture = new AnnotationFixture();
        await fixture.Run();
        var documents = fixture.Read<DocumentRecord>("documents.jsonl");
        var filtered = fixture.Read<FilteredCall>("filtered.jsonl");
        var examples = fixture.Read<DatasetExample>("dataset.jsonl");

        Assert.Equal(7, documents.Count);
        Assert.Contains(filtered, c => c is { Tool: "Add", Kept: true });
        Assert.Contains(filtered, c => c is { Tool: "Day", Kept: true });
        Assert.Contains(filtered, c => c.Reason == FilterCalls.BelowThreshold);
        Assert.Contains(filtered, c => c.Reason == FilterCalls.NoResult && c.Error!.Contains("no sum"));
        // A document says where its tokens begin, and how likely a call was before each of them.
        Assert.All(documents, d => Assert.All(d.PStart!.Values, p => Assert.Equal(d.InputIds.Count, p.Count)));
        Assert.All(filtered, c =>
        {
            var document = documents.Single(d => d.DocId == c.DocId);
            Assert.Equal(c.Offset, document.Offsets![c.Position]);
            Assert.Equal(c.PStart, document.PStart![c.Tool][c.Position], 0.000_501);
        });
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var document = documents.Single(d => d.DocId == example.Id);
            Assert.Equal(document.Text, CallSyntax.Strip(example.Text));
            Assert.Equal(example.Text, new ByteTokenizer().Decode(example.InputIds));
            foreach (var call in example.Calls)
            {
                var ids = example.InputIds.Take(call.End).Skip(call.Start);
                string printed = new ByteTokenizer().Decode(ids);
                Assert.Equal($" [{call.Tool}({call.Input}) -> {call.Result}]", printed);
            }
        }
    }

    [Fact]
    public async Task Anyone_can_compute_the_losses_again_from_the_files()
    {
        using var fixture = new AnnotationFixture();
        await fixture.Run();
        var documents = fixture.Read<DocumentRecord>("documents.jsonl").ToDictionary(d => d.DocId);
        int? beginning = Manifest.Load(fixture.RunPath())!.BeginningOfText;
        var scored = fixture.Read<FilteredCall>("filtered.jsonl").Where(c => c.Gain is not null).ToList();
        Assert.NotEmpty(scored);
        foreach (var call in scored)
        {
            var text = documents[call.DocId].InputIds;
            double? Loss(IReadOnlyList<int> prefix) => FilterLossesTests.Naive(text, call.Position, prefix, beginning);
            Assert.Equal(Loss([])!.Value, call.LossNone!.Value, 1e-9);
            Assert.Equal(Loss(call.PrefixCallIds!)!.Value, call.LossCall!.Value, 1e-9);
            Assert.Equal(Loss(call.PrefixResultIds!)!.Value, call.LossResult!.Value, 1e-9);
            Assert.Equal(Math.Min(call.LossNone.Value, call.LossCall.Value) - call.LossResult, call.Gain);
            double threshold = fixture.Settings.Tools.Single(t => t.Name == call.Tool).Options.FilterThreshold;
            Assert.Equal(call.Gain >= threshold, call.Kept);
        }
    }
}
