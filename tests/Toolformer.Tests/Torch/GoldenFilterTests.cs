using System.Text.Json;
using Toolformer.Modeling;
using Toolformer.Pipeline;

namespace Toolformer.Tests.Torch;

/// <summary>Toolformer's own numbers: the three losses of a call, and p(&lt;API&gt;) along a text.</summary>
public class GoldenFilterTests
{
    private const double Tolerance = 5e-5;

    [Fact]
    public void The_three_losses_and_their_gain_equal_the_reference()
    {
        using var golden = new GoldenModel("gpt2");
        var reference = Reference(golden);
        int bos = reference.GetProperty("token_ids").GetProperty("bos").GetInt32();
        foreach (var c in reference.GetProperty("cases").EnumerateArray())
        {
            int[] text = GoldenModel.Integers(c.GetProperty("x"));
            int position = c.GetProperty("i").GetInt32() - 1;
            int[] withResult = GoldenModel.Integers(c.GetProperty("z_plus"));
            foreach (var (name, beginning) in new[] { ("without_bos", (int?)null), ("with_bos", bos) })
            {
                var expected = c.GetProperty(name);
                var losses = FilterLosses.Score(golden.Model, text, position,
                    GoldenModel.Integers(c.GetProperty("z_call_only")), withResult, beginning);
                Assert.Equal(expected.GetProperty("L_plus").GetDouble(), losses.Result, Tolerance);
                Assert.Equal(expected.GetProperty("L_call_only").GetDouble(), losses.Call, Tolerance);
                var other = FilterLosses.Score(golden.Model, text, position,
                    GoldenModel.Integers(c.GetProperty("z_call_empty_result")), withResult, beginning);
                Assert.Equal(expected.GetProperty("L_call_empty_result").GetDouble(), other.Call, Tolerance);
                if (expected.GetProperty("L_no_prefix").ValueKind == JsonValueKind.Null)
                {
                    Assert.Null(losses.None);
                    continue;
                }
                Assert.Equal(expected.GetProperty("L_no_prefix").GetDouble(), losses.None!.Value, Tolerance);
                Assert.Equal(expected.GetProperty("L_minus").GetDouble(), losses.Best, Tolerance);
                Assert.Equal(expected.GetProperty("L_minus_minus_L_plus").GetDouble(), losses.Gain, 2 * Tolerance);
            }
        }
    }

    [Fact]
    public void The_probability_of_starting_a_call_equals_the_reference_at_every_position()
    {
        using var golden = new GoldenModel("gpt2");
        foreach (var c in Reference(golden).GetProperty("api_start_probability").GetProperty("cases").EnumerateArray())
        {
            int[] prefix = GoldenModel.Integers(c.GetProperty("prefix"));
            int[] text = GoldenModel.Integers(c.GetProperty("x"));
            int open = c.GetProperty("api_token").GetInt32();
            var input = new ForwardInput([.. prefix, .. text])
            {
                Targets = [.. Enumerable.Range(prefix.Length, text.Length).Select(p => new Target(p, open))],
            };
            float[] logs = golden.Model.Forward([input])[0].LogProbabilities;
            float[] expected = GoldenModel.Floats(c.GetProperty("p_i"));
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], Math.Exp(logs[i]), expected[i] * 1e-3);
        }
    }

    private static JsonElement Reference(GoldenModel golden) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(golden.Folder, "toolformer_filter.json"))).RootElement;
}
