using System.Text.Json;
using CsCheck;
using Toolformer.Modeling;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Pipeline;

public class FilterLossesTests
{
    private static readonly Gen<int[]> Ids = Gen.Int[0, 250].Array[1, 12];

    [Fact]
    public void The_weights_are_those_of_the_paper()
    {
        Assert.Equal([1 / 3d, 0.8 / 3, 0.6 / 3, 0.4 / 3, 0.2 / 3], FilterLosses.PaperWeights, Near);
        Assert.Equal(1, FilterLosses.PaperWeights.Sum(), 1e-12);
    }

    [Fact]
    public void Losses_equal_the_formula_computed_naively()
    {
        var cases = Gen.Select(Gen.Int[0, 250].Array[1, 20], Gen.Int[0, 19], Ids, Ids, Gen.Bool);
        cases.Sample((text, at, call, result, bos) =>
        {
            int i = at % text.Length;
            int? beginning = bos ? ByteTokenizer.EndOfText : null;
            var losses = FilterLosses.Score(ScriptedModel.Make(), text, i, call, result, beginning);
            Assert.Equal(Naive(text, i, call, beginning)!.Value, losses.Call, 1e-9);
            Assert.Equal(Naive(text, i, result, beginning)!.Value, losses.Result, 1e-9);
            if (Naive(text, i, [], beginning) is { } none)
                Assert.Equal(none, losses.None!.Value, 1e-9);
            else
                Assert.Null(losses.None);
            Assert.Equal(Math.Min(losses.None ?? double.MaxValue, losses.Call) - losses.Result, losses.Gain);
        }, iter: 60);
    }

    [Fact]
    public void Without_a_token_before_it_the_first_token_of_a_text_has_no_loss_without_a_call()
    {
        var losses = FilterLosses.Score(ScriptedModel.Make(null), [7, 8, 9], 0, [1, 2], [1, 2, 3], null);
        Assert.Null(losses.None);
        Assert.Equal(losses.Call, losses.Best);
    }

    [Fact]
    public void Weights_are_not_normalised_anew_at_the_end_of_a_text()
    {
        // Every token has probability 1/259.
        var even = new FakeModel(_ => new float[259]);
        var losses = FilterLosses.Score(even, [1, 2, 3], 2, [1], [2], ByteTokenizer.EndOfText);
        Assert.Equal(Math.Log(259) / 3, losses.Result, 1e-6);
        Assert.Equal(0, losses.Gain);
    }

    [Fact]
    public void Losses_equal_those_of_the_reference_for_the_log_probabilities_it_recorded()
    {
        Assert.SkipUnless(Shared.Exists, "needs ../shared");
        using var golden = JsonDocument.Parse(File.ReadAllText(Shared.Path("golden/gpt2/toolformer_filter.json")));
        int compared = 0;
        foreach (var example in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            foreach (string form in (string[])["with_bos", "without_bos"])
            {
                var expected = example.GetProperty(form);
                var recorded = new Recorded([.. ((string[])["no_prefix", "z_call_only", "z_plus"])
                    .Select(z => Floats(expected.GetProperty("logprobs_" + z)))]);
                var losses = FilterLosses.Score(recorded, Ints(example.GetProperty("x")),
                    example.GetProperty("i").GetInt32() - 1, Ints(example.GetProperty("z_call_only")),
                    Ints(example.GetProperty("z_plus")), form == "with_bos" ? 256 : null);
                Check(expected.GetProperty("L_plus"), losses.Result);
                Check(expected.GetProperty("L_call_only"), losses.Call);
                Check(expected.GetProperty("L_no_prefix"), losses.None);
                // Where L(ε) is not defined the reference leaves L⁻ open.
                if (losses.None is not null)
                {
                    Check(expected.GetProperty("L_minus"), losses.Best);
                    Check(expected.GetProperty("L_minus_minus_L_plus"), losses.Gain);
                }
            }
        }
        Assert.True(compared > 100, $"{compared} values compared");

        void Check(JsonElement expected, double? actual)
        {
            compared++;
            if (expected.ValueKind == JsonValueKind.Null)
                Assert.Null(actual);
            else
                Assert.Equal(expected.GetDouble(), actual!.Value, 1e-5);
        }
    }

    private static float[]? Floats(JsonElement values) => values.ValueKind == JsonValueKind.Null
        || values.EnumerateArray().Any(v => v.ValueKind == JsonValueKind.Null)
        ? null : [.. values.EnumerateArray().Select(v => (float)v.GetDouble())];

    private static int[] Ints(JsonElement values) => [.. values.EnumerateArray().Select(v => v.GetInt32())];

    /// <summary>L_i(z) word for word: every conditional from the whole context before it.</summary>
    internal static double? Naive(IReadOnlyList<int> text, int i, IReadOnlyList<int> prefix, int? beginning)
    {
        double loss = 0;
        for (int j = i; j < text.Count && j < i + 5; j++)
        {
            int[] context = [.. beginning is { } bos ? (int[])[bos] : [], .. prefix, .. text.Take(j)];
            if (context.Length == 0)
                return null;
            double weight = (1 - 0.2 * (j - i)) / 3.0;
            loss -= weight * FakeModel.LogSoftmax(ScriptedModel.Logits(context))[text[j]];
        }
        return loss;
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-12;

    /// <summary>Gives back recorded log-probabilities, one list per sequence; as many must be asked for.</summary>
    private sealed class Recorded(float[]?[] logs) : ILanguageModel
    {
        public ITokenizer Tokenizer => throw new NotSupportedException();
        public int VocabularySize => 257;
        public int ContextLength => 64;
        public int? BeginningOfText => null;
        public int? EndOfText => null;
        public long ForwardTokens => 0;

        public IReadOnlyList<ForwardResult> Forward(
            IReadOnlyList<ForwardInput> inputs, CancellationToken cancellation = default)
        {
            float[][] asked = [.. logs.OfType<float[]>()];
            Assert.Equal(asked.Length, inputs.Count);
            return [.. inputs.Zip(asked, (input, values) =>
            {
                Assert.Equal(values.Length, input.Targets.Count);
                return new ForwardResult(values, null, null);
            })];
        }

        public IDecodeBatch Fork(IReadOnlyList<ForkPoint> starts) => throw new NotSupportedException();
        public void Dispose() { }
    }
}
