using System.Text.Json;
using CsCheck;
using Toolformer.Torch.Reading;

namespace Toolformer.Tests.Torch;

/// <summary>The extractive reader against numbers of the reference implementation, and the choice of a span.</summary>
public class SpanModelTests
{
    private const double Tolerance = 1e-4;

    [Fact]
    public void Logits_of_single_inputs_equal_the_reference()
    {
        var (expected, model) = Open();
        using (model)
        {
            foreach (var sequence in expected.GetProperty("sequences").EnumerateArray())
            {
                var logits = model.Read([Input(sequence)])[0];
                AssertClose(sequence.GetProperty("start_logits"), logits.Start);
                AssertClose(sequence.GetProperty("end_logits"), logits.End);
            }
        }
    }

    [Fact]
    public void A_padded_batch_equals_the_reference_in_logits_and_loss()
    {
        var (expected, model) = Open();
        using var _ = model;
        var batch = expected.GetProperty("batch");
        int rows = batch.GetProperty("input_ids").GetArrayLength();
        int[] lengths = [.. Enumerable.Range(0, rows).Select(r => Row(batch, "attention_mask", r).Sum())];
        SpanInput[] inputs = [.. Enumerable.Range(0, rows).Select(r => new SpanInput(
            Row(batch, "input_ids", r)[..lengths[r]], Row(batch, "token_type_ids", r)[..lengths[r]]))];
        var read = model.Read(inputs);
        for (int r = 0; r < rows; r++)
        {
            AssertClose(batch.GetProperty("start_logits")[r], read[r].Start);
            AssertClose(batch.GetProperty("end_logits")[r], read[r].End);
        }
        // The reference's loss counts the padding too.
        using var logs = model.Logits(inputs).log_softmax(1);
        double loss = Enumerable.Range(0, rows).Average(r =>
            -(logs[r, Position("start_positions", r), 0].item<float>()
            + logs[r, Position("end_positions", r), 1].item<float>()) / 2.0);
        double reference = batch.GetProperty("loss").GetDouble();
        Assert.Equal(reference, loss, 1e-5 * reference);

        int Position(string name, int row) => batch.GetProperty(name)[row].GetInt32();
    }

    [Fact]
    public void The_best_span_is_the_best_of_all_that_are_allowed() =>
        Gen.Select(Gen.Float[-5, 5].Array[1, 20], Gen.Int[0, 20], Gen.Int[0, 20], Gen.Int[1, 9])
        .Sample((start, a, b, max) =>
        {
            float[] end = [.. start.Select((x, i) => (float)Math.Sin(x * 7 + i))];
            int first = Math.Min(a, start.Length), last = Math.Min(b, start.Length);
            var best = new SpanLogits(start, end).Best(first, last, max);
            var all = from s in Enumerable.Range(0, start.Length)
                      from e in Enumerable.Range(0, start.Length)
                      where s >= first && e >= s && e < last && e - s < max
                      select (double)(start[s] + end[e]);
            return best is null
                ? !all.Any()
                : all.Max() == best.Score && start[best.First] + end[best.Last] == best.Score
                    && best.Last - best.First < max && best.First >= first && best.Last < last;
        });

    [Fact]
    public void What_does_not_fit_is_refused_with_its_values()
    {
        var (_, model) = Open();
        using (model)
        {
            Assert.Contains("0 tokens", Refusal([], []));
            Assert.Contains("65 tokens", Refusal(new int[65], new int[65]));
            Assert.Contains("Token id 257", Refusal([257], [0]));
            Assert.Contains("2 types", Refusal([1], [0, 1]));
            Assert.Contains("Type -2", Refusal([1], [-2]));
            Assert.Contains("Type 2", Refusal([1], [2]));

            string Refusal(int[] ids, int[] types) =>
                Assert.Throws<ArgumentException>(() => model.Read([new(ids, types)])).Message;
        }
    }

    private static (JsonElement Expected, SpanModel Model) Open()
    {
        string folder = Shared.Need("golden", "bert_qa");
        return (JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json"))).RootElement,
            SpanModel.Open(folder));
    }

    private static SpanInput Input(JsonElement sequence) => new(
        GoldenModel.Integers(sequence.GetProperty("input_ids")),
        GoldenModel.Integers(sequence.GetProperty("token_type_ids")));

    private static int[] Row(JsonElement batch, string name, int row) =>
        GoldenModel.Integers(batch.GetProperty(name)[row]);

    private static void AssertClose(JsonElement expected, IReadOnlyList<float> actual)
    {
        float[] reference = GoldenModel.Floats(expected)[..actual.Count];
        double worst = reference.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(worst <= Tolerance, $"largest difference {worst:G3} exceeds {Tolerance:G3}");
    }
}
