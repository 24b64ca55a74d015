using System.Globalization;
using System.Numerics;

namespace Toolformer.Tools;

/// <summary>
/// Reads and computes expressions of numbers, + − * /, parentheses and minus signs, exactly, by recursive descent:
/// sum = product {(+|−) product}; product = factor {(*|/) factor}; factor = − factor | number | ( sum ).
/// </summary>
public sealed class Arithmetic
{
    /// <summary>The longest expression that is read, in characters.</summary>
    public const int MaxLength = 500;

    /// <summary>The most parentheses and minus signs that may be open at a time.</summary>
    public const int MaxDepth = 50;

    /// <summary>The most digits that a number may have, in the expression or as the result.</summary>
    public const int MaxDigits = 100;

    private readonly string _text;
    private readonly bool _lenient;
    private int _at;
    private int _depth;
    private string? _error;

    private Arithmetic(string text, bool lenient) => (_text, _lenient) = (text, lenient);

    /// <summary>The value of an expression, or why it has none.</summary>
    /// <param name="lenient">Whether "1,234,567" and "12 %" are numbers too.</param>
    public static (Rational Value, string? Error) Evaluate(string expression, bool lenient = false)
    {
        if (expression.Length > MaxLength)
            return (default, $"The expression has {expression.Length} characters: write at most {MaxLength}.");
        var reader = new Arithmetic(expression, lenient);
        var value = reader.Sum();
        if (reader._error is null && reader.Peek() is { } rest)
            reader.Fail($"'{reader.Whole(rest)}' at character {reader._at + 1}: write an operator, or end it there.");
        return (value, reader._error);
    }

    private Rational Sum()
    {
        var value = Product();
        while (_error is null && Peek() is ('+' or '-' or '−'))
            value = _text[_at++] == '+' ? value + Product() : value - Product();
        return value;
    }

    private Rational Product()
    {
        var value = Factor();
        while (_error is null && Peek() is ('*' or '/' or '×' or '÷'))
        {
            bool times = _text[_at++] is '*' or '×';
            var next = Factor();
            if (_error is not null)
                break;
            if (times)
                value *= next;
            else if (next.Numerator.IsZero)
                Fail("division by zero.");
            else
                value /= next;
        }
        return value;
    }

    private Rational Factor()
    {
        if (_depth == MaxDepth)
            return Fail($"more than {MaxDepth} parentheses or minus signs inside each other: simplify it.");
        _depth++;
        var value = Peek() switch
        {
            '-' or '−' => Negated(),
            '(' => Percent(InParentheses()),
            >= '0' and <= '9' or '.' => Percent(Number()),
            { } other => Fail($"'{Whole(other)}' at character {_at + 1}: write a number, '-' or '(' there."),
            null => Fail("a number is missing at the end."),
        };
        _depth--;
        return value;
    }

    private Rational Negated()
    {
        _at++;
        return -Factor();
    }

    private Rational InParentheses()
    {
        _at++;
        var value = Sum();
        if (_error is null && Peek() != ')')
            return Fail($"a ')' is missing at character {_at + 1}.");
        _at++;
        return value;
    }

    private Rational Percent(Rational value)
    {
        if (_error is not null || !_lenient || Peek() != '%')
            return value;
        _at++;
        return value / Rational.Of(100, 1);
    }

    private Rational Number()
    {
        int start = _at;
        Digits();
        if (_lenient && _at - start is >= 1 and <= 3)
        {
            while (GroupFollows())
                _at += 4;
        }
        string whole = _text[start.._at].Replace(",", "", StringComparison.Ordinal);
        string fraction = "";
        if (_at < _text.Length && _text[_at] == '.')
        {
            int point = _at++;
            Digits();
            fraction = _text[(point + 1).._at];
            if (fraction.Length == 0)
                return Fail($"digits are missing after the point at character {point + 1}.");
        }
        if (whole.Length + fraction.Length > MaxDigits)
            return Fail($"a number of {whole.Length + fraction.Length} digits: write at most {MaxDigits}.");
        var digits = BigInteger.Parse(whole + fraction, NumberStyles.None, CultureInfo.InvariantCulture);
        return Rational.Of(digits, BigInteger.Pow(10, fraction.Length));
    }

    private void Digits()
    {
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            _at++;
    }

    /// <summary>Whether a comma and exactly three digits come next.</summary>
    private bool GroupFollows()
    {
        bool Digit(int i) => i < _text.Length && char.IsAsciiDigit(_text[i]);
        return _at < _text.Length && _text[_at] == ',' && Digit(_at + 1) && Digit(_at + 2) && Digit(_at + 3)
            && !Digit(_at + 4);
    }

    /// <summary>The next character that is no space, at which the reader now stands; null at the end.</summary>
    private char? Peek()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
            _at++;
        return _at < _text.Length ? _text[_at] : null;
    }

    private string Whole(char first) =>
        char.IsHighSurrogate(first) && _at + 1 < _text.Length ? _text.Substring(_at, 2) : first.ToString();

    private Rational Fail(string why)
    {
        string shown = _text.Length <= 60 ? _text : _text[..60] + "…";
        _error ??= $"'{shown}' can't be computed: {why}";
        return Rational.Of(0, 1);
    }
}
