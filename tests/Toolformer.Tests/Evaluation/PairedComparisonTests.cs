using Toolformer.Evaluation;

namespace Toolformer.Tests.Evaluation;

public class PairedComparisonTests
{
    private static readonly ComparedArm Before = new("m", "disabled"), After = new("m", "enabled");

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(0, 5, 0.0625)]      // 2 / 2⁵
    [InlineData(5, 0, 0.0625)]
    [InlineData(1, 7, 0.0703125)]   // 2 (1 + 8) / 2⁸
    [InlineData(3, 3, 1)]
    [InlineData(10, 25, 0.0166722)] // R's binom.test(10, 35)
    public void The_exact_test_of_McNemar_is_a_sum_of_binomial_coefficients(int a, int b, double p) =>
        Assert.Equal(p, PairedComparison.ExactP(a, b), 5);

    [Fact]
    public void Thousands_of_examples_do_not_overflow_it() =>
        Assert.InRange(PairedComparison.ExactP(4000, 4100), 0.2, 0.4);

    [Fact]
    public void A_comparison_counts_the_examples_on_which_two_arms_differ()
    {
        // A is right at the even numbers below 40, B at all below 30: 15 for B only, 5 for A only.
        var a = Records("disabled", 50, i => i % 2 == 0 && i < 40);
        var b = Records("enabled", 50, i => i < 30);
        var compared = PairedComparison.Of("sums", Before, a, After, b, seed: 1);
        Assert.Equal((50, 5, 15), (compared.N, compared.OnlyA, compared.OnlyB));
        Assert.Equal(0.2, compared.Difference, 12);
        Assert.Equal(0.0414, compared.McNemarP, 4); // binom.test(5, 20)
        Assert.Equal(Math.Sqrt(20 - (100 / 50.0)) / 50, compared.Stderr, 12);
        // Two of these on either side.
        Assert.InRange(compared.Low, 0.0, 0.08);
        Assert.InRange(compared.High, 0.32, 0.40);
        Assert.InRange(compared.BootstrapP, 0.005, 0.06);
        Assert.Equal(compared, PairedComparison.Of("sums", Before, a, After, b, seed: 1));
    }

    [Fact]
    public void Arms_that_do_not_differ_are_not_told_apart()
    {
        var same = Records("disabled", 20, i => i < 10);
        var compared = PairedComparison.Of("sums", Before, same, After, Records("enabled", 20, i => i < 10), seed: 1);
        Assert.Equal((0.0, 1.0, 1.0, 0.0, 0.0), (compared.Difference, compared.McNemarP, compared.BootstrapP,
            compared.Low, compared.High));
    }

    [Fact]
    public void Only_pairs_that_differ_in_one_thing_are_compared()
    {
        PredictionRecord[] all = [.. Records("base", 5, _ => true), .. Records("enabled", 5, _ => true),
            .. Records("base", 5, _ => false, "n"), .. Records("enabled", 5, _ => true, "n")];
        var pairs = PairedComparison.All(all, seed: 1).Select(c => $"{c.A.Model} {c.A.Mode}, {c.B.Model} {c.B.Mode}");
        Assert.Equal(["m base, m enabled", "m base, n base", "m enabled, n enabled", "n base, n enabled"], pairs);
    }

    [Fact]
    public void Two_seeds_give_the_floor_below_which_differences_say_nothing()
    {
        EvalResult Result(int seed, int correct) => new("m", "sums", "base", 100, correct, correct / 100.0,
            Math.Sqrt(correct / 100.0 * (1 - correct / 100.0) / 100), 0, 0, new Dictionary<string, int>(), null, null,
            1, seed);
        // The second seed had the examples from 50 on, and one of the shared ones came out otherwise.
        var first = Records("base", 100, i => i < 60);
        var second = Enumerable.Range(50, 100).Select(i => Record("m", "base", i, i is >= 50 and < 59 or > 95));
        var floor = Assert.Single(NoiseFloor.Of([Result(1, 60)], first, [Result(2, 50)], second));
        Assert.Equal([1, 2], floor.Seeds);
        Assert.Equal(0.1, floor.Difference, 12);
        Assert.Equal(Math.Sqrt(0.0024 + 0.0025), floor.Expected, 12);
        Assert.Equal((50, 5), (floor.Shared, floor.Flipped)); // 59, and 96 to 99
    }

    private static PredictionRecord[] Records(string mode, int count, Func<int, bool> right, string model = "m") =>
        [.. Enumerable.Range(0, count).Select(i => Record(model, mode, i, right(i)))];

    private static PredictionRecord Record(string model, string mode, int index, bool right) =>
        new(model, "sums", mode, index, $"{index}", "", "", "", ["1"], right, []);
}
