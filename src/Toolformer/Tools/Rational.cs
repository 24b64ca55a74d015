using System.Globalization;
using System.Numerics;

namespace Toolformer.Tools;

/// <summary>An exact fraction in lowest terms with a positive denominator.</summary>
public readonly record struct Rational
{
    private Rational(BigInteger numerator, BigInteger denominator)
    {
        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator) * denominator.Sign;
        Numerator = numerator / divisor;
        Denominator = denominator / divisor;
    }

    public BigInteger Numerator { get; }

    public BigInteger Denominator { get; }

    /// <exception cref="DivideByZeroException">The denominator is zero.</exception>
    public static Rational Of(BigInteger numerator, BigInteger denominator) => denominator.IsZero
        ? throw new DivideByZeroException($"{numerator} / 0 is no number")
        : new(numerator, denominator);

    public static Rational operator +(Rational a, Rational b) =>
        new((a.Numerator * b.Denominator) + (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator -(Rational a) => new(-a.Numerator, a.Denominator);

    public static Rational operator -(Rational a, Rational b) => a + -b;

    public static Rational operator *(Rational a, Rational b) =>
        new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    /// <exception cref="DivideByZeroException"><paramref name="b"/> is zero.</exception>
    public static Rational operator /(Rational a, Rational b) =>
        Of(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    /// <summary>
    /// As the paper's calculator writes numbers: an integer as such, anything else with exactly two decimals, halves
    /// rounded away from zero ("35", "3.70", "-0.13"). What rounds to zero is "0.00".
    /// </summary>
    public override string ToString()
    {
        if (Denominator.IsOne)
            return Numerator.ToString(CultureInfo.InvariantCulture);
        var hundredths = ((BigInteger.Abs(Numerator) * 200) + Denominator) / (Denominator * 2);
        var (whole, rest) = BigInteger.DivRem(hundredths, 100);
        string sign = Numerator.Sign < 0 && !hundredths.IsZero ? "-" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{whole}.{(int)rest:00}");
    }
}
