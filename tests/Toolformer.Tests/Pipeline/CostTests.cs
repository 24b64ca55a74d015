using Toolformer.Markup;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Pipeline;

public class CostTests
{
    // The case for which other implementations need 20,900 to 54,800 forward tokens.
    private const int P = 402, T = 72, K = 5, M = 5, G = 20;

    private static readonly int[] Positions = [10, 20, 30, 40, 50];

    [Fact]
    public void A_text_costs_what_the_cost_model_says()
    {
        var tokenizer = new ByteTokenizer();
        string text = new('x', T);
        var tool = new PaddedTool();
        var taught = new TaughtTool(tool);
        int query = tokenizer.Encode(AnnotationPrompt.Query("")).Count;
        Assert.Equal(P, 1 + tokenizer.Encode(taught.PromptHead).Count);

        var model = new FakeModel(context => Logits(context, P + query + T));
        using var sample = new SampleCalls(model, new SampleOptions());
        var source = new TokenisedDocument(new Document("d", text), tokenizer.Encode(text));
        var (calls, _) = sample.Sample([source], taught, (_, _) => { }, CancellationToken.None);
        Assert.Equal(K * M, calls[0].Count);
        Assert.Equal(Positions, calls[0].Select(c => c.Position).Distinct());
        // The prompt once, the text twice (with the words around it), and every sample its own G tokens.
        Assert.Equal(P + query + 2 * T + K * M * G, model.ForwardTokens);

        long sampled = model.ForwardTokens;
        var markup = new CallTokens(tokenizer);
        var filter = new FilterCalls(model, [taught], new FilterOptions());
        var document = new DocumentRecord("d", text, [.. source.Tokens.Select(t => t.Id)]);
        filter.Score([(document, [.. calls[0].Select(c => new ExecutedCall(c) { Result = "1" })])]);
        int call = markup.Encode(new ApiCall("Add", new string('1', G - 6), "")).Length;
        int result = markup.Encode(new ApiCall("Add", new string('1', G - 6), "1")).Length;
        // Read are the tokens before the last one that is scored: with BOS, i + 5 for i counted from 0.
        int plain = Positions.Max() + 5;
        int prefixed = Positions.Sum(i => M * (call + i + 5 + result + i + 5));
        Assert.Equal(plain + prefixed, model.ForwardTokens - sampled);

        Assert.InRange(model.ForwardTokens, 3_700, 4_100);
    }

    /// <summary>p(&lt;API&gt;) is high at the wanted positions; a call is G tokens: `Add(`, digits, `)]`.</summary>
    private static float[] Logits(IReadOnlyList<int> context, int before)
    {
        var logits = new float[259];
        int open = context.ToList().LastIndexOf(ByteTokenizer.Open);
        int written = context.Count - open - 1;
        if (open < P || written >= G)
        {
            if (Positions.Contains(context.Count - before))
                logits[ByteTokenizer.Open] = 10;
        }
        else if (written < 4)
        {
            logits["Add("[written]] = 100;
        }
        else if (written >= G - 2)
        {
            logits[")]"[written - (G - 2)]] = 100;
        }
        else
        {
            for (char digit = '0'; digit <= '9'; digit++)
                logits[digit] = 100;
        }
        return logits;
    }

    private sealed class PaddedTool : Tool
    {
        private const string Demonstration = "One and two make [Add(1+2)] three.";

        public override string Name => "Add";
        public override string Description => "Adds.";
        public override string Instruction { get; } = new('i', P - 1
            - AnnotationPrompt.Head("", [(CallSyntax.Strip(Demonstration), Demonstration)]).Length + 1);
        public override IReadOnlyList<string> Demonstrations => [Demonstration];
        public override AnnotationOptions Annotation { get; } =
            new() { Positions = K, CallsPerPosition = M, MaxCallTokens = 40 };

        public override ValueTask<ToolResult> CallAsync(
            string input, ToolContext context, CancellationToken cancellation) =>
            new(ToolResult.Success("1"));
    }
}
