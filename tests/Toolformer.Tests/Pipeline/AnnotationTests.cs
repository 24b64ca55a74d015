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
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var document = documents.Single(d => d.DocId == example.Id);
            Assert.Equal(document.Text, CallSyntax.Strip(example.Text));
            Assert.Equal(example.Text, new ByteTokenizer().Decode(example.InputIds));
            foreach (var call in example.Calls)
            {
                string printed = new ByteTokenizer().Decode(example.InputIds.Skip(call.Start).Take(call.End - call.Start));
                Assert.Equal($" [{call.Tool}({call.Input}) -> {call.Result}]", printed);
            }
        }
    }
}
