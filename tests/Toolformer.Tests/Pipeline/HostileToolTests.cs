using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Pipeline;

/// <summary>Tools that misbehave and texts that look like markup, through all four stages.</summary>
public sealed class HostileToolTests : IDisposable
{
    private static readonly string[] Texts =
    [
        "An array a [3] holds 1+2 values ] and [ more.",
        "Someone wrote [Add(1+2)] here, and [Add(1+2) -> 4] there.",
        " [ starts it -> and ends with it ] [",
        "Nothing special stands in this one, 20+2 times.",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("hostile").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Whatever_tools_do_the_run_ends_with_reasons_and_whole_texts()
    {
        var time = new ManualTime();
        var never = new TaskCompletionSource<ToolResult>();
        var add = new FakeTool("Add", (input, _) => input switch
        {
            "1+2" => new(ToolResult.Success("3] and [Add(9+9) -> 18")),
            "20+2" => new(ToolResult.Success(new string('y', 1 << 20))),
            _ => throw new FormatException($"'{input}' is\nno sum"),
        });
        var day = new FakeTool("Day", (_, _) =>
        {
            time.Advance(TimeSpan.FromMinutes(1)); // it hangs until its time is over, and longer
            return new(never.Task);
        });
        await Run(new Toolbox([add, day], time) { MaxResultTokens = 1000 }, add, day);

        var executed = Read<ExecutedCall>("executed.jsonl");
        Assert.All(executed, c => Assert.True(c.Result is null ^ c.Error is null));
        Assert.All(executed.Where(c => c.Input == "1+2"), c => Assert.Equal("3) and (Add(9+9) → 18", c.Result));
        Assert.All(executed.Where(c => c.Input == "20+2"), c =>
            Assert.Equal(CallSyntax.MaxResultLength, c.Result!.Length));
        Assert.All(executed.Where(c => c.Input == "x"), c =>
            Assert.Equal("Add threw FormatException: 'x' is no sum", c.Error));
        Assert.All(executed.Where(c => c.Tool == "Day"), c => Assert.StartsWith("Day did not answer within", c.Error));
        Assert.Equal(["1+2", "20+2", "x"],
            executed.Where(c => c.Tool == "Add").Select(c => c.Input).Distinct().Order());
        Assert.Contains(executed, c => c.Tool == "Day");

        var filtered = Read<FilteredCall>("filtered.jsonl");
        Assert.Equal(executed.Count, filtered.Count);
        Assert.All(filtered, c => Assert.Equal(c.Error is null ? null : FilterCalls.NoResult, c.Reason));
        AssertTextsSurvive();
    }

    private void AssertTextsSurvive()
    {
        var tokenizer = new ByteTokenizer();
        var examples = Read<DatasetExample>("dataset.jsonl");
        Assert.Equal(Texts.Length, examples.Count);
        foreach (var example in examples)
        {
            string text = Texts[int.Parse(example.Id)];
            int[] own = [.. example.InputIds.Where((_, i) => !example.Calls.Any(c => c.Start <= i && i < c.End))];
            Assert.Equal(tokenizer.Encode(text).Select(t => t.Id), own);
            foreach (var call in example.Calls)
            {
                string written = tokenizer.Decode(example.InputIds.Take(call.End).Skip(call.Start));
                Assert.Equal(CallSyntax.Print(new ApiCall(call.Tool, call.Input, call.Result)), written);
            }
            // Brackets of the text are no calls; where it holds whole calls of its own, only the spans tell them apart.
            if (!text.Contains("[Add("))
                Assert.Equal(text, CallSyntax.Strip(example.Text, new HashSet<string> { "Add", "Day" }));
        }
    }

    private async Task Run(Toolbox toolbox, params Tool[] tools)
    {
        string corpus = Path.Combine(_folder, "corpus.jsonl");
        await File.WriteAllLinesAsync(
            corpus, Texts.Select((text, n) => JsonSerializer.Serialize(new { id = $"{n}", text })));
        var numbers = new AnnotationOptions
        {
            StartThreshold = 0,
            Positions = 12,
            CallsPerPosition = 8,
            FilterThreshold = -100,
            MaxCallTokens = 12,
        };
        var settings = new AnnotationSettings([.. tools.Select(t => new TaughtTool(t, numbers))])
        {
            Concurrency = 1, // so that only the call that hangs is in flight when its time is over
            Sample = new SampleOptions { Seed = 5 },
            Dataset = new DatasetOptions { MaxLength = 100_000 },
            Model = new JsonObject { ["name"] = "scripted" },
        };
        var annotation = new Annotation(settings, new ByteTokenizer(), new Lazy<ILanguageModel>(ScriptedModel.Make()),
            toolbox, new StoppedClock());
        using var run = RunFolder.Open(Path.Combine(_folder, "run"));
        await annotation.RunAsync(run, new Corpus([corpus]));
    }

    private List<T> Read<T>(string file) => [.. JsonLines.Read<T>(Path.Combine(_folder, "run", file))];
}
