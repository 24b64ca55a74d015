using CsCheck;
using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Tools;

/// <summary>What every tool of the catalogue keeps to; a new tool is covered by being there.</summary>
public sealed class ToolContractTests
{
    private static readonly ToolContext Context = new(new ManualTime())
    {
        Document = new Document("timetable", "Ferries leave at 8 and at 12.\nIn winter there is one a day, at 10.\n"
            + "The fare is 6 euros, children pay half.\n"
            + string.Concat(Enumerable.Repeat("Cats, dogs and bicycles travel free on all of the ferries.\n", 12))),
        Display = _ => { },
    };

    // What the demonstrations of the tools that search look for.
    private static readonly Lazy<SearchIndex> Index = new(() => SearchIndex.InMemory(
    [
        new("1", "Kiel Canal", "The canal runs from the North Sea to the Baltic Sea."),
        new("2", "Peat moss", "Peat moss was used to dress wounds."),
        new("3", "Hurdy-gurdy", "The hurdy-gurdy is played with a wheel."),
        Passage.OfFact("4", "Who was the inventor of the safety razor?", "King Camp Gillette"),
        Passage.OfFact("5", "What is the capital of Burkina Faso?", "Ouagadougou"),
        Passage.OfFact("6", "What is the capital of Niger?", "Niamey"),
        Passage.OfFact("7", "When was the Eiffel Tower completed?", "1889"),
        Passage.OfFact("8", "What is the deepest lake on earth?", "Lake Baikal"),
    ]));

    private static readonly FakeTranslator Translator = new();

    private static readonly FakeNotes Notes = new(
        ("Spring fair", "On the second Saturday in May, at the [Old mill]."), ("Old mill", "It was built in 1790."));

    internal static readonly string[] Garbage =
    [
        "", " ", "\0\u0001\u001b[31m\u007f", "\u202eesrever\u202c\u200f", "\ud83d lone \udc00", "[[[[]]]][QA([QA(x)])]",
        " -> -> ->", "10^9999", "9".PadRight(9999, '9'), new string('(', 5000) + new string(')', 5000),
        new string('-', 5000) + "1", "\"", "\"unbalanced", "a AND (OR \"~^5 title:[* TO *] \\", "{\"a\": [1, {}]}",
        string.Concat(Enumerable.Repeat("word and (number) 12,345.6% ", 3700)), "\r\n\r\n",
        "😀👩‍👩‍👧‍👧é", "1/0", "∞ − ∞", "file:///etc/passwd", "../../../../etc/passwd",
        "http://169.254.169.254/latest/",
        "'; DROP TABLE notes; --", "\" OR 1=1 --", "a\u200d\u200db\u200c\ufeffc", "$(cat /etc/passwd)", "%s%n%x",
        "(".PadRight(100_000, '('), "[".PadRight(100_000, '['), "9".PadRight(100_000, '^'), "-".PadRight(100_000, '>'),
    ];

    public static TheoryData<string> Names => [.. Catalog.Find<Tool>().Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Garbage_is_answered_and_nothing_is_thrown(string name)
    {
        var tool = Made(name);
        foreach (string input in Garbage)
        {
            var result = await tool.CallAsync(input, Context, default);
            Assert.InRange((result.Error ?? result.Text)!.Length, 1, 1000);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Garbage_costs_little_and_its_answer_is_harmless_or_a_reason(string name)
    {
        var tool = Made(name);
        var box = new Toolbox([tool]) { TimeLimit = TimeSpan.FromMinutes(1) };
        foreach (string input in Garbage)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var result = await tool.CallAsync(input, Context, default);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
            var settled = await box.CallAsync(name, input, Context);
            string said = (settled.Text ?? settled.Error)!;
            Assert.InRange(said.Length, 1, CallSyntax.MaxResultLength);
            Assert.True(CallSyntax.IsResult(said) && !said.Contains("->"), said);
            Assert.DoesNotContain("root:", said);
            Assert.DoesNotContain("did not answer", said);
            Assert.DoesNotContain(" threw ", said);
            Assert.Equal(result.IsError, settled.IsError);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_has_a_version_that_does_not_change_by_itself(string name)
    {
        Assert.NotEqual("", Made(name).Version);
        Assert.Equal(Made(name).Version, Made(name).Version);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_text_is_answered_and_nothing_is_thrown(string name)
    {
        var tool = Made(name);
        Gen.String.Sample(input => tool.CallAsync(input, Context, default).AsTask().Result != default);
        Gen.Char["0123456789+-*/(). ,%"].Array[0, 40].Sample(input =>
            tool.CallAsync(new string(input), Context, default).AsTask().Result != default);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_text_may_be_judged_and_searched_for_inputs(string name)
    {
        var tool = Made(name);
        foreach (string text in Garbage)
        {
            tool.IsWorthAnnotating(new("id", text));
            tool.InputPattern(text);
            tool.IsAdmissible(text, text.Length / 2, text);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_cancelled_call_is_not_answered(string name) =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await Made(name).CallAsync("1 + 1", Context, new CancellationToken(canceled: true)));

    [Theory]
    [MemberData(nameof(Names))]
    public void It_says_what_it_is(string name)
    {
        var tool = Made(name);
        Assert.True(CallSyntax.IsName(tool.Name));
        string type = tool.GetType().Name; // or its initials, as in the paper: QA, MT
        Assert.Contains(tool.Name, (string[])[type, new string([.. type.Where(char.IsUpper)])]);
        Assert.EndsWith(".", tool.Description);
        Assert.Contains($"[{tool.Name}(", tool.Instruction);
        Assert.DoesNotContain("examples", tool.Instruction); // the prompt says that
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_demonstrations_are_texts_with_its_calls(string name)
    {
        var tool = Made(name);
        Assert.InRange(tool.Demonstrations.Count, 2, 8);
        foreach (string demonstration in tool.Demonstrations)
        {
            var calls = CallSyntax.Find(demonstration);
            Assert.NotEmpty(calls);
            Assert.All(calls, c => Assert.Equal((tool.Name, null), (c.Call.Tool, c.Call.Result)));
            string plain = CallSyntax.Strip(demonstration);
            Assert.Empty(CallSyntax.Find(plain));
            Assert.DoesNotContain("[", plain);
            Assert.DoesNotContain("  ", plain);
            Assert.All(calls, c => Assert.True(c.End < demonstration.Length - 1, "a call helps with what follows it"));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_calls_of_its_demonstrations_can_be_executed(string name)
    {
        var tool = Made(name);
        var context = Context with { Session = new ToolSession() };
        foreach (var call in tool.Demonstrations.SelectMany(d => CallSyntax.Find(d)).Select(c => c.Call))
        {
            var result = await new Toolbox([tool]).CallAsync(call, context);
            Assert.True(!result.IsError, $"{CallSyntax.Print(call)}: {result.Error}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_inputs_of_its_demonstrations_are_of_its_own_pattern(string name)
    {
        var tool = Made(name);
        foreach (string demonstration in tool.Demonstrations)
        {
            foreach (string? text in (string?[])[CallSyntax.Strip(demonstration), null])
            {
                if (tool.InputPattern(text) is not { } pattern)
                    continue;
                foreach (var call in CallSyntax.Find(demonstration))
                    Assert.True(pattern.Matches(call.Call.Input), $"'{call.Call.Input}' in: {demonstration}");
            }
        }
    }

    [Fact]
    public async Task The_calculator_demonstrates_true_results()
    {
        foreach (string demonstration in new Calculator().Demonstrations)
        {
            foreach (var call in CallSyntax.Find(demonstration))
            {
                var result = await new Calculator().CallAsync(call.Call.Input, Context, default);
                Assert.Matches($@"^ {result.Text}(?!\.?\d)", demonstration[call.End..]);
            }
        }
    }

    private static Tool Made(string name) =>
        Catalog.Find<Tool>(Index.Value, Translator, Notes).Single(t => t.Name == name);
}
