using Toolformer.Modeling;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Pipeline;

public class SampleCallsTests
{
    private const string Text = "Tim has 4 kites and buys 3 more. Zoë 😀 counts 7.";
    private static readonly ByteTokenizer Tokenizer = new();

    [Fact]
    public void Positions_are_the_k_likeliest_above_the_threshold_each_seen_after_prompt_and_text()
    {
        var tool = Taught(new AddTool(), o => o with { StartThreshold = 0.004, Positions = 4, CallsPerPosition = 20 });
        var (calls, counts) = Sample(ScriptedModel.Make(), tool);

        string before = tool.PromptHead + AnnotationPrompt.Query(Text);
        int[] text = Ids(Text);
        var p = text.Select((_, i) => (I: i, P: Math.Exp(FakeModel.LogSoftmax(ScriptedModel.Logits(
            [ByteTokenizer.EndOfText, .. Ids(before), .. text.Take(i)]))[ByteTokenizer.Open]))).ToList();
        var expected = p.Where(c => c.P > 0.004 && IsWhole(c.I)).OrderByDescending(c => c.P).Take(4).ToList();
        Assert.Equal(4, expected.Count);
        Assert.Equal(expected.Select(c => c.I).Order(), calls.Select(c => c.Position).Distinct());
        Assert.All(calls, c => Assert.Equal(expected.Single(e => e.I == c.Position).P, c.PStart, 1e-6));
        Assert.Equal(80, counts["samples"]);

        // No call may stand inside the bytes of ë or of the face.
        bool IsWhole(int i) => (Tokenizer.Encode(Text)[i].Id & 0xC0) != 0x80;
    }

    [Fact]
    public void A_call_is_written_after_the_prompt_and_just_the_text_that_stands_before_it()
    {
        var begun = new List<int[]>();
        var model = new FakeModel(context =>
        {
            if (context[^1] == ByteTokenizer.Open)
                begun.Add([.. context]);
            return ScriptedModel.Logits(context);
        });
        var tool = Taught(new AddTool(), o => o with { StartThreshold = 0.004, Positions = 4, CallsPerPosition = 20 });
        var (calls, _) = Sample(model, tool);
        int[] prompt = [ByteTokenizer.EndOfText, .. Ids(tool.PromptHead + AnnotationPrompt.Query(Text))];
        int[] positions = [.. begun.Select(read => read.Length - prompt.Length - 1).Distinct()];
        Assert.Equal(4, positions.Length);
        Assert.Subset(positions.ToHashSet(), calls.Select(c => c.Position).ToHashSet());
        Assert.All(begun, read => Assert.Equal(
            [.. prompt, .. Ids(Text).Take(read.Length - prompt.Length - 1), ByteTokenizer.Open], read));
    }

    [Fact]
    public void The_threshold_is_strict()
    {
        var even = new FakeModel(_ => new float[259]);
        float p = MathF.Exp(FakeModel.LogSoftmax(new float[259])[0]);
        Assert.Equal(0, Counts(Math.Exp(Math.Log(1 / 259d)) + 1e-9).GetValueOrDefault("samples"));
        Assert.NotEqual(0, Counts(p - 1e-6).GetValueOrDefault("samples"));

        Dictionary<string, int> Counts(double threshold) =>
            Sample(even, Taught(new AddTool(), o => o with { StartThreshold = threshold })).Counts;
    }

    [Fact]
    public void Only_finished_calls_of_the_tool_are_taken_once_per_position()
    {
        var (calls, counts) = Sample(
            ScriptedModel.Make(), Taught(new AddTool(), o => o with { Positions = 6, CallsPerPosition = 40 }));
        // A quoted input is the same as the bare one, and an arrow ends a call as the bracket does.
        Assert.Equal(["1+2", "20+2", "x"], calls.Select(c => c.Input).Distinct().Order(StringComparer.Ordinal));
        Assert.All(calls, c => Assert.Equal($"Add({c.Input})", Tokenizer.Decode(c.CallIds)));
        Assert.Equal(calls.Count, calls.DistinctBy(c => (c.Position, c.Input)).Count());
        foreach (string reason in (string[])[SampleCalls.Duplicate, SampleCalls.OtherTool, SampleCalls.LineBreak,
            SampleCalls.Malformed, SampleCalls.Unfinished])
            Assert.True(counts.GetValueOrDefault("discarded." + reason) > 0, reason);
        int discarded = counts.Where(c => c.Key.StartsWith("discarded.", StringComparison.Ordinal)).Sum(c => c.Value);
        Assert.Equal(counts["samples"], counts["calls"] + discarded);
    }

    [Fact]
    public void A_call_also_ends_in_a_token_that_only_contains_the_bracket()
    {
        // After " [" this model writes A d d ( 1 + 2 and then one token for ")].".
        var model = new FakeModel(context =>
        {
            var logits = new float[260];
            int written = context.Reverse().TakeWhile(id => id != ByteTokenizer.Open).Count();
            if (context.Contains(ByteTokenizer.Open) && written < 8)
                logits[written < 7 ? "Add(1+2"[written] : MergedTokenizer.Merged] = 100;
            return logits;
        })
        { Tokenizer = new MergedTokenizer(), VocabularySize = 260 };
        var (calls, _) = Sample(model, Taught(new AddTool(), o => o with { StartThreshold = 0 }));
        Assert.NotEmpty(calls);
        Assert.All(calls, c => Assert.Equal("1+2", c.Input));
        Assert.All(calls, c => Assert.Equal("Add(1+2)", Tokenizer.Decode(c.CallIds)));
    }

    [Fact]
    public void Constrained_sampling_writes_nothing_but_calls_of_the_tool()
    {
        var pattern = TokenPattern.OneOf((string[])["1+2", "7+7"]);
        var tool = Taught(new AddTool { Pattern = pattern }, o => o with { CallsPerPosition = 10 });
        var (calls, counts) = Sample(ScriptedModel.Make(), tool, new SampleOptions { Constrained = true });
        Assert.NotEmpty(calls);
        Assert.All(calls, c => Assert.Contains(c.Input, (string[])["1+2", "7+7"]));
        Assert.Equal(counts["samples"], counts["calls"] + counts.GetValueOrDefault("discarded.duplicate"));

        var impossible = Taught(new AddTool { Pattern = TokenPattern.OneOf((string[])[]) });
        var (none, reasons) = Sample(ScriptedModel.Make(), impossible, new SampleOptions { Constrained = true });
        Assert.Empty(none);
        Assert.True(reasons[SampleCalls.NoInput] > 0);
    }

    [Fact]
    public void Constrained_sampling_leaves_no_call_unfinished_and_tells_what_free_sampling_would_have_given()
    {
        var pattern = TokenPattern.Concat(TokenPattern.OneOf((string[])["1+", "7+"]), new TokenPattern.Repeat(
            TokenPattern.OneOf("1234567890".Select(c => c.ToString())), 1, 50));
        var tool = Taught(new AddTool { Pattern = pattern }, o => o with { MaxCallTokens = 12 });
        double free = 0, samples = 0, estimate = 0, probes = 0, squares = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            var (calls, counts) = Sample(ScriptedModel.Make(), tool with
            {
                Options = tool.Options with { CallsPerPosition = 1 },
            }, new SampleOptions { Seed = seed, Constrained = true });
            Assert.DoesNotContain("discarded." + SampleCalls.Unfinished, counts.Keys);
            Assert.All(calls, c => Assert.True(pattern.Matches(c.Input)));
            probes += counts[SampleCalls.FreeProbes];
            double share = counts[SampleCalls.FreeWellFormed] / 1e6;
            (estimate, squares) = (estimate + share, squares + share * share);

            (calls, counts) = Sample(ScriptedModel.Make(), tool with
            {
                Options = tool.Options with { CallsPerPosition = 1, MaxCallTokens = 64 },
            }, new SampleOptions { Seed = seed });
            free += calls.Count(c => pattern.Matches(c.Input));
            samples += counts["samples"];
        }
        var (p, q) = (free / samples, estimate / probes);
        double error = Math.Sqrt(p * (1 - p) / samples + Math.Max(0, squares / probes - q * q) / probes);
        Assert.InRange(p, 0.01, 0.99);
        Assert.InRange(q - p, -4 * error - 0.02, 4 * error + 0.02);
    }

    [Fact]
    public void Constrained_inputs_come_from_what_stands_before_the_call()
    {
        var seen = new List<string?>();
        var tool = new AddTool { PatternOf = text => { seen.Add(text); return TokenPattern.Exactly("1+2"); } };
        var (calls, _) = Sample(ScriptedModel.Make(), Taught(tool), new SampleOptions { Constrained = true });
        Assert.NotEmpty(calls);
        Assert.All(calls, c => Assert.Contains(seen, text => text?.Length == c.Offset));
        Assert.DoesNotContain(null, seen);
    }

    [Fact]
    public void Texts_that_do_not_fit_or_are_not_worth_it_are_counted()
    {
        var (_, counts) = Sample(ScriptedModel.Make(contextLength: 250), Taught(new AddTool()));
        Assert.Equal(1, counts[SampleCalls.TooLong]);
        (_, counts) = Sample(ScriptedModel.Make(), Taught(new AddTool { Worth = _ => false }));
        Assert.Equal(1, counts[SampleCalls.NotWorth]);
        var error = Assert.Throws<InvalidOperationException>(() =>
            Sample(ScriptedModel.Make(contextLength: 20), Taught(new AddTool())));
        Assert.Contains("annotation prompt of Add", error.Message);
    }

    [Fact]
    public async Task Samples_do_not_depend_on_what_is_sampled_together()
    {
        using var fixture = new AnnotationFixture();
        await fixture.Run("together");
        byte[] expected = fixture.Outputs("together")[1];
        Assert.NotEmpty(expected);
        foreach (var (rows, group, tokens) in ((int, int, int)[])[(1, 1, 1), (3, 7, 100), (5, 3, 100_000)])
        {
            string name = $"rows {rows}";
            await fixture.Run(name, settings: fixture.Settings with
            {
                Sample = fixture.Settings.Sample with
                {
                    Rows = rows,
                    DocumentsPerGroup = group,
                    TokensInFlight = tokens,
                },
            }, only: AnnotationStage.Sample);
            Assert.Equal(expected, File.ReadAllBytes(Path.Combine(fixture.RunPath(name), "sampled.jsonl")));
        }
    }

    [Fact]
    public async Task Another_seed_gives_other_samples()
    {
        using var fixture = new AnnotationFixture();
        await fixture.Run("one", only: AnnotationStage.Sample);
        var settings = fixture.Settings with { Sample = fixture.Settings.Sample with { Seed = 6 } };
        await fixture.Run("other", settings: settings, only: AnnotationStage.Sample);
        Assert.NotEqual(fixture.Read<SampledCall>("sampled.jsonl", "one").Select(c => c.Input),
            fixture.Read<SampledCall>("sampled.jsonl", "other").Select(c => c.Input));
    }

    private static TaughtTool Taught(AddTool tool, Func<AnnotationOptions, AnnotationOptions>? change = null) =>
        new(tool, (change ?? (o => o))(tool.Annotation));

    private static (List<SampledCall> Calls, Dictionary<string, int> Counts) Sample(
        FakeModel model, TaughtTool tool, SampleOptions? options = null)
    {
        var counts = new Dictionary<string, int>();
        using var step = new SampleCalls(model, options ?? new SampleOptions());
        var (calls, _) = step.Sample([new TokenisedDocument(new Document("d", Text), Tokenizer.Encode(Text))], tool,
            (reason, n) => counts[reason] = counts.GetValueOrDefault(reason) + n, CancellationToken.None);
        return (calls[0], counts);
    }

    private static int[] Ids(string text) => [.. Tokenizer.Encode(text).Select(t => t.Id)];

    /// <summary>The bytes and one token more, for ")].", which it never writes itself.</summary>
    private sealed class MergedTokenizer : ITokenizer
    {
        public const int Merged = 259;

        public int VocabularySize => 260;
        public IReadOnlyList<Token> Encode(string text) => Tokenizer.Encode(text);
        public ReadOnlySpan<byte> Bytes(int id) => id == Merged ? ")]."u8 : Tokenizer.Bytes(id);
        public string Decode(IEnumerable<int> ids) =>
            System.Text.Encoding.UTF8.GetString([.. ids.SelectMany(id => Bytes(id).ToArray())]);
    }
}
