using System.Globalization;
using System.Numerics;
using CsCheck;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Tools;

public class CalculatorTests
{
    private static readonly ToolContext Context = new(new ManualTime());

    [Theory]
    [InlineData("27 + 4 * 2", "35")]
    [InlineData("400 / 1400", "0.29")]
    [InlineData("735 / 499", "1.47")]
    [InlineData("85 / 23", "3.70")]
    [InlineData("8-3-2", "3")]
    [InlineData("100 / 10 / 5", "2")]
    [InlineData("(2 + 3) * 4", "20")]
    [InlineData("-(2 - 5) * --2", "6")]
    [InlineData("3 × 4 ÷ 8 − 1", "0.50")]
    [InlineData("0.1 + 0.2", "0.30")]
    [InlineData("0.1 * 10", "1")]
    [InlineData(".5 + 1", "1.50")]
    [InlineData("1 / 8", "0.13")]
    [InlineData("-1 / 8", "-0.13")]
    [InlineData("1 / 200", "0.01")]
    [InlineData("-1 / 1000", "0.00")]
    [InlineData("0 * -1", "0")]
    [InlineData("1 / 3 * 3", "1")]
    [InlineData("1999 / 1000", "2.00")]
    [InlineData("99999999999999999999 + 1", "100000000000000000000")]
    public void Results_are_written_as_in_the_paper(string expression, string result) =>
        Assert.Equal(result, Compute(expression).Text);

    [Theory]
    [InlineData("", "a number is missing at the end")]
    [InlineData("1 +", "a number is missing at the end")]
    [InlineData("(1 + 2", "a ')' is missing at character 7")]
    [InlineData("1 + 2)", "')' at character 6")]
    [InlineData("1 2", "'2' at character 3")]
    [InlineData("10^9999", "'^' at character 3")]
    [InlineData("1.", "digits are missing")]
    [InlineData("1 / 0", "division by zero")]
    [InlineData("1 / (2 - 2) + x", "division by zero")]
    [InlineData("two + 2", "'t' at character 1")]
    [InlineData("1 + 😀", "'😀' at character 5")]
    [InlineData("658,893 / 2", "',' at character 4")]
    [InlineData("11.4% * 2", "'%' at character 5")]
    public void What_is_no_expression_has_no_result_but_a_reason(string expression, string reason) =>
        Assert.Contains(reason, Compute(expression).Error);

    [Theory]
    [InlineData("658,893 / 11.4%", "5779763.16")]
    [InlineData("1,234,567.5 + 1", "1234568.50")]
    [InlineData("(10 + 15)% * 8", "2")]
    public void A_lenient_calculator_reads_separators_and_percents(string expression, string result)
    {
        Assert.Equal(result, Compute(expression, new Calculator(lenient: true)).Text);
        Assert.True(Compute(expression).IsError);
    }

    [Theory]
    [InlineData("1,23")]
    [InlineData("1,2345")]
    [InlineData("1234,567")]
    [InlineData("%")]
    public void A_lenient_calculator_reads_no_nonsense(string expression) =>
        Assert.True(Compute(expression, new Calculator(lenient: true)).IsError);

    [Fact]
    public void Length_depth_and_digits_are_limited()
    {
        Assert.Contains("501 characters", Compute(new string('1', 501)).Error);
        Assert.Contains("more than 50 parentheses", Compute(new string('(', 51) + "1" + new string(')', 51)).Error);
        Assert.Contains("more than 50", Compute(new string('-', 200) + "1").Error);
        Assert.Equal("1", Compute(new string('(', 49) + "1" + new string(')', 49)).Text);
        Assert.Contains("101 digits", Compute(new string('1', 101)).Error);
        Assert.Contains("199 characters", Compute(new string('9', 100) + "*" + new string('9', 99)).Error);
    }

    [Fact]
    public void Whole_numbers_are_computed_exactly() => Gen.Select(Gen.Long, Gen.Long, Gen.Int).Sample((a, b, c) =>
        Compute($"({a}) * ({b}) - ({c})").Text == (((BigInteger)a * b) - c).ToString(CultureInfo.InvariantCulture));

    [Fact]
    public void Quotients_are_rounded_as_by_decimals() => Gen.Select(Gen.Int, Gen.Int[1, 100_000]).Sample((a, b) =>
    {
        decimal exact = Math.Round((decimal)a / b, 2, MidpointRounding.AwayFromZero);
        string expected = a % b == 0 ? (a / b).ToString(CultureInfo.InvariantCulture)
            : Math.Abs(exact).ToString("0.00", CultureInfo.InvariantCulture);
        return Compute($"{a} / {b}").Text == (exact < 0 && a % b != 0 ? "-" : "") + expected;
    });

    [Fact]
    public void Sums_and_products_of_decimals_are_exact() => Gen.Select(Cents(), Cents(), Cents()).Sample((a, b, c) =>
    {
        decimal exact = (a * b) + c;
        string result = Compute(string.Create(CultureInfo.InvariantCulture, $"({a}) * ({b}) + ({c})")).Text!;
        decimal rounded = Math.Round(exact, 2, MidpointRounding.AwayFromZero);
        return decimal.Parse(result, CultureInfo.InvariantCulture) == rounded
            && result.Contains('.') == (exact != Math.Truncate(exact));
    });

    [Fact]
    public void Operands_are_held_to_the_numbers_of_the_text()
    {
        var pattern = new Calculator().InputPattern("In 2011, 1,400 people (29% or 3.5 in ten) paid $5.")!;
        Assert.All(
            ["2011 - 1400", "29 * 1400 / 5", "3.5 + 3.5", "5 + 5 + 5 + 5"],
            i => Assert.True(pattern.Matches(i), i));
        Assert.All(
            ["1,400 - 5", "2011", "2012 - 5", "5+5", "5 + 5 + 5 + 5 + 5", "(5 + 5)", "5 ^ 5", ""],
            i => Assert.False(pattern.Matches(i), i));
    }

    [Fact]
    public void Operands_are_free_without_a_text_and_impossible_in_one_without_numbers()
    {
        var free = new Calculator().InputPattern(null);
        Assert.True(free.Matches("12 * 3.25"));
        Assert.False(free.Matches("x * 3"));
        Assert.False(new Calculator().InputPattern("no number").Matches("12 * 3.25"));
    }

    [Theory]
    [InlineData("She had 17 apples and 25 pears, 42 fruits in all.")]
    [InlineData("Of 1,400 people 400 came, a share of 0.29.")]
    [InlineData("A field of 12.5 by 4 metres has 50 square metres.")]
    [InlineData("So x = 5.")]
    [InlineData("The sum is equal to 7.")]
    [InlineData("We paid a total of $12 there.")]
    public void Texts_with_a_result_are_worth_annotating(string text) =>
        Assert.True(new Calculator().IsWorthAnnotating(new("no-luck", text)));

    [Theory]
    [InlineData("No numbers at all.")]
    [InlineData("He came in 1931 and left in 1998.")]
    [InlineData("Three unrelated numbers: 11, 500 and 7821.")]
    [InlineData("A total of many, which equals a lot.")]
    public void Other_texts_are_not(string text) =>
        Assert.False(new Calculator().IsWorthAnnotating(new("no-luck", text)));

    [Fact]
    public void Numbers_far_apart_do_not_count_as_a_calculation()
    {
        string Filler(int words) => string.Join(' ', Enumerable.Repeat("word", words));
        Assert.True(new Calculator().IsWorthAnnotating(new("no-luck", $"17 {Filler(30)} 25 {Filler(30)} 42")));
        Assert.False(new Calculator().IsWorthAnnotating(new("no-luck", $"17 {Filler(50)} 25 {Filler(50)} 42")));
    }

    [Fact]
    public void Of_other_texts_with_three_numbers_one_in_a_hundred_is_taken_always_the_same()
    {
        const string text = "Three unrelated numbers: 11, 500 and 7821.";
        var ids = Enumerable.Range(0, 10_000).Select(i => $"doc {i}");
        List<string> Taken() => [.. ids.Where(id => new Calculator().IsWorthAnnotating(new(id, text)))];
        Assert.InRange(Taken().Count, 70, 130);
        Assert.Equal(Taken(), Taken());
    }

    [Fact]
    public void A_text_of_nothing_but_numbers_is_read()
    {
        var cubes = Enumerable.Range(0, 1000).Select(i => (1L << 40) + ((long)i * i * i) + 1);
        Assert.False(new Calculator().IsWorthAnnotating(new("no-luck", string.Join(' ', cubes))));
    }

    private static Gen<decimal> Cents() => Gen.Int[-1_000_000, 1_000_000].Select(i => i / 100m);

    private static ToolResult Compute(string expression, Calculator? calculator = null) =>
        (calculator ?? new Calculator()).CallAsync(expression, Context, default).Result;
}
