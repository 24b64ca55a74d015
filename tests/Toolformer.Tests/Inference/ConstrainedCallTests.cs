using CsCheck;
using Toolformer.Inference;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Inference;

/// <summary>Whatever a model wants to write, its calls are of allowed tools, well-formed, and closed.</summary>
public class ConstrainedCallTests
{
    private static readonly ToolContext Context = new(new ManualTime());

    private static readonly TokenPattern Digits = new TokenPattern.Repeat(
        TokenPattern.OneOf("0123456789".Select(c => c.ToString())), 2, 5);

    private static Toolbox Tools() => new(
    [
        new Calculator(), new Calendar(), new FakeTool("Free", input => $"[{input}] -> \n" + new string('y', 300)),
        new FakeTool("Digits", "7") { Pattern = text => Digits }, new FakeTool("Forbidden", "no"),
    ]);

    /// <summary>A model whose wishes are noise, the same for the same context; much of it impossible.</summary>
    private static FakeModel Noise(int seed, int context, double impossible, double wantsCalls) => new(read =>
    {
        var random = new Random(HashOf(read, seed));
        var logits = new float[new ByteTokenizer().VocabularySize];
        for (int id = 0; id < logits.Length; id++)
            logits[id] = random.NextDouble() < impossible ? float.NegativeInfinity : 30 * random.NextSingle();
        logits['?'] = Math.Max(logits['?'], 0); // outside of calls something has to be possible
        if (random.NextDouble() < wantsCalls)
            logits[ByteTokenizer.Open] = 40;
        if (random.NextDouble() < 0.3)
            logits[(int)']'] = logits['\n'] = logits['['] = logits[ByteTokenizer.EndOfText] = 35;
        return logits;
    })
    {
        ContextLength = context,
    };

    private static int HashOf(IReadOnlyList<int> read, int seed)
    {
        unchecked
        {
            int hash = seed;
            foreach (int id in read)
                hash = hash * 31 + id + 1;
            return hash;
        }
    }

    private static readonly Gen<(int, int, double, double, bool, double)> Cases = Gen.Select(
        Gen.Int, Gen.Int[3, 160], Gen.OneOf(Gen.Const(0.0), Gen.Const(0.5), Gen.Const(0.97)),
        Gen.OneOf(Gen.Const(0.02), Gen.Const(0.5), Gen.Const(1.0)), Gen.Bool,
        Gen.OneOf(Gen.Const(0.0), Gen.Const(1.0)));

    [Fact]
    public void No_call_is_malformed_whatever_the_model_wants_and_wherever_its_context_ends() => Cases.Sample(test =>
    {
        var (seed, context, impossible, wantsCalls, free, temperature) = test;
        using var model = Noise(seed, context, impossible, wantsCalls);
        var options = new GenerationOptions
        {
            AllowedTools = ["Calculator", "Calendar", "Free", "Digits"],
            FreeInputs = free,
            MaxCalls = 5,
            MaxInputLength = 40,
            MaxNewTokens = 40,
            StartTopK = 1,
            Sampling = new SamplingOptions { Temperature = temperature },
        };
        var result = new ToolUsingModel(model, Tools())
            .GenerateAsync([new("Hm", Context) { Seed = seed }], options).Result[0];

        int[] starts = [.. result.TokenIds.Index().Where(t => t.Item == ByteTokenizer.Open).Select(t => t.Index)];
        Assert.Equal(starts, result.Calls.Select(c => c.Start));
        Assert.True(result.PromptTokens.Count + result.TokenIds.Count <= Math.Max(context, 3));
        foreach (var call in result.Calls)
        {
            Assert.Contains(call.Call.Tool, options.AllowedTools);
            Assert.True(CallSyntax.IsInput(call.Call.Input));
            if (!free && Tools()[call.Call.Tool].InputPattern(null) is { } pattern)
                Assert.True(pattern.Matches(call.Call.Input), call.Call.Input);
            string written = model.Tokenizer.Decode(result.TokenIds.Take(call.End).Skip(call.Start));
            Assert.Equal(CallSyntax.Print(call.Call), written);
        }
    }, iter: 120);

    [Fact]
    public async Task A_result_is_cut_to_what_the_context_still_holds()
    {
        for (int context = 25; context < 60; context++)
        {
            using var model = ScriptedModel.Writes(["It is [Free(x) -> "], context: context);
            var result = (await new ToolUsingModel(model, Tools()).GenerateAsync(
                [new("It is", Context)], new() { MaxNewTokens = 5 }))[0];
            var call = Assert.Single(result.Calls).Call;
            Assert.EndsWith("…", call.Result);
            Assert.Contains(call.Result + "]", result.Text);
            Assert.InRange(result.PromptTokens.Count + result.TokenIds.Count, context - 8, context);
        }
    }

    [Fact]
    public async Task Inputs_are_held_to_what_a_tool_takes_unless_they_are_to_be_free()
    {
        var wish = ScriptedModel.Writes("It is [Digits(many) -> ");
        var options = new GenerationOptions { MaxNewTokens = 3 };
        var held = (await new ToolUsingModel(wish, Tools()).GenerateAsync([new("It is", Context)], options))[0];
        Assert.True(held.Calls[0].Call.Input.All(char.IsAsciiDigit));
        var free = (await new ToolUsingModel(wish, Tools()).GenerateAsync(
            [new("It is", Context)], options with { FreeInputs = true }))[0];
        Assert.Equal("many", free.Calls[0].Call.Input);
    }
}
