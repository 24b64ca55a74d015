using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Toolformer.Modeling;

namespace Toolformer.Tools;

/// <summary>
/// The calculator of the paper (section 3): + − * / on exact numbers, answered with two decimals unless integral.
/// </summary>
/// <param name="lenient">
/// Whether thousands separators and percent signs are understood. The paper's calculator does not seem to: one of its
/// own demonstrations has both, with a wrong result.
/// </param>
public sealed partial class Calculator(bool lenient = false) : Tool
{
    /// <summary>A window of 100 tokens (appendix A) in words: in English four tokens make about three words.</summary>
    private const int WindowWords = 75;

    /// <summary>So many numbers of a window and of a text are compared, so that tables cost no minutes.</summary>
    private const int WindowNumbers = 32, TextNumbers = 10_000;

    /// <summary>What is longer is no operand: a serial number, a page of digits.</summary>
    private const int MaxNumberLength = 20;

    /// <summary>So many numbers of a text may become operands.</summary>
    private const int MaxOperands = 200;

    public override string Name => "Calculator";

    public override string Description =>
        "Computes an expression of numbers with + - * / and parentheses, like 400 / 1400; answers 0.29.";

    public override string Instruction =>
        "Your task is to put calls to a Calculator API into a text, each right before a number that can be computed "
        + "from other numbers of the text. You can call the API by writing \"[Calculator(expression)]\" where "
        + "\"expression\" is what has to be computed.";

    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "A crate holds 24 bottles, so the 15 crates on the truck hold [Calculator(24 * 15)] 360 bottles in all.",
        "Of the 240 seeds in the tray 84 came up within a week, a share of [Calculator(84 / 240)] 0.35, and the other "
            + "[Calculator(240 - 84)] 156 were thrown away.",
        "The bridge was opened in 1931 and closed to cars in 1998, after [Calculator(1998 - 1931)] 67 years of "
            + "service.",
        "Entry costs 20 euros and each of the 4 rides another 15 euros, so the afternoon comes to "
            + "[Calculator(20 + 4 * 15)] 80 euros.",
        "The club sold 35 tickets on Friday, 48 on Saturday and 17 on Sunday. That makes [Calculator(35 + 48 + 17)] "
            + "100 tickets for the weekend.",
    ];

    /// <summary>Looser than for the other tools, since few texts qualify (section 4.1).</summary>
    public override AnnotationOptions Annotation =>
        new() { StartThreshold = 0, Positions = 20, CallsPerPosition = 10, FilterThreshold = 0.5 };

    /// <summary>
    /// Appendix A: three numbers within 100 tokens one of which results from the other two; or "=", "equals",
    /// "equal to", "total of" or "average of" before a number; or three numbers, of which texts one in a hundred is
    /// taken, by a hash of its id. Tokens are approximated by words, since a tool knows no tokenizer.
    /// </summary>
    public override bool IsWorthAnnotating(Document document)
    {
        var numbers = NumbersOf(document.Text);
        return HasResult(numbers)
            || Statement().IsMatch(document.Text)
            || (numbers.Count >= 3 && IsOneInHundred(document.Id));
    }

    /// <summary>
    /// Two to four numbers of the text, written without separators, with operators between them; nothing where the text
    /// has no number. Without a text: any such expression, with signs and parentheses two deep.
    /// </summary>
    public override TokenPattern InputPattern(string? text)
    {
        if (text is null)
            return Expression(depth: 2, least: 1);
        var operand = TokenPattern.OneOf(
            NumbersOf(text).Select(n => n.Digits).Distinct(StringComparer.Ordinal).Take(MaxOperands));
        var operation = TokenPattern.OneOf([" + ", " - ", " * ", " / "]);
        return TokenPattern.Concat(operand, new TokenPattern.Repeat(TokenPattern.Concat(operation, operand), 1, 3));
    }

    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (value, error) = Arithmetic.Evaluate(input, lenient);
        string result = error is null ? value.ToString() : "";
        if (result.Length > Arithmetic.MaxDigits)
            error = $"The result has {result.Length} characters: only {Arithmetic.MaxDigits} are written.";
        return new(error is null ? ToolResult.Success(result) : ToolResult.Failure(error));
    }

    /// <summary>Numbers and expressions in parentheses, up to a depth, with operators between them.</summary>
    private static TokenPattern Expression(int depth, int least)
    {
        var space = new TokenPattern.Repeat(TokenPattern.Exactly(" "), 0, 1);
        var sign = new TokenPattern.Repeat(TokenPattern.Exactly("-"), 0, 1);
        var number = TokenPattern.Concat(sign, AnyNumber());
        var operand = depth == 0 ? number : TokenPattern.OneOf(number, TokenPattern.Concat(
            TokenPattern.Exactly("("), Expression(depth - 1, least: 0), TokenPattern.Exactly(")")));
        var operation = TokenPattern.Concat(space, TokenPattern.OneOf(["+", "-", "*", "/"]), space);
        return TokenPattern.Concat(
            operand, new TokenPattern.Repeat(TokenPattern.Concat(operation, operand), least, 3));
    }

    private static TokenPattern AnyNumber()
    {
        var digit = TokenPattern.OneOf("0123456789".Select(c => c.ToString()));
        var fraction = TokenPattern.Concat(TokenPattern.Exactly("."), new TokenPattern.Repeat(digit, 1, 4));
        return TokenPattern.Concat(new TokenPattern.Repeat(digit, 1, 9), new TokenPattern.Repeat(fraction, 0, 1));
    }

    /// <summary>Whether a number within a window is the result of an operation on two others.</summary>
    private static bool HasResult(List<(string Digits, double Value, int Word)> numbers)
    {
        for (int i = 0; i < Math.Min(numbers.Count, TextNumbers); i++)
        {
            int end = i + 1;
            int limit = Math.Min(numbers.Count, i + WindowNumbers);
            while (end < limit && numbers[end].Word - numbers[i].Word < WindowWords)
                end++;
            double a = numbers[i].Value;
            for (int j = i + 1; j < end; j++)
            {
                for (int k = j + 1; k < end; k++)
                {
                    if (Related(a, numbers[j].Value, numbers[k].Value))
                        return true;
                }
            }
        }
        return false;
    }

    // A sum or a product read from either side is a difference or a quotient. Quotients are also found as the tool
    // would write them, with two decimals, unless nothing is left of them.
    private static bool Related(double a, double b, double c) =>
        Same(a + b, c) || Same(a + c, b) || Same(b + c, a)
        || Same(a * b, c) || Same(a * c, b) || Same(b * c, a)
        || IsQuotient(a, b, c) || IsQuotient(b, a, c) || IsQuotient(a, c, b)
        || IsQuotient(c, a, b) || IsQuotient(b, c, a) || IsQuotient(c, b, a);

    private static bool IsQuotient(double dividend, double divisor, double quotient) =>
        divisor != 0 && quotient != 0
        && Same(Math.Round(dividend / divisor, 2, MidpointRounding.AwayFromZero), quotient);

    private static bool Same(double a, double b) => Math.Abs(a - b) <= 1e-9 * Math.Max(Math.Abs(a), Math.Abs(b));

    private static bool IsOneInHundred(string id)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(id));
        return BitConverter.ToUInt32(hash) % 100 == 0;
    }

    /// <summary>The numbers of a text, without separators, and how many spaces stand before each.</summary>
    private static List<(string Digits, double Value, int Word)> NumbersOf(string text)
    {
        var numbers = new List<(string, double, int)>();
        int word = 0, counted = 0;
        foreach (ValueMatch match in Number().EnumerateMatches(text))
        {
            for (; counted < match.Index; counted++)
                word += char.IsWhiteSpace(text[counted]) ? 1 : 0;
            if (match.Length > MaxNumberLength)
                continue;
            string digits = text.Substring(match.Index, match.Length).Replace(",", "", StringComparison.Ordinal);
            numbers.Add((digits, double.Parse(digits, CultureInfo.InvariantCulture), word));
        }
        return numbers;
    }

    [GeneratedRegex(@"(?<![A-Za-z0-9_.])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?![0-9])")]
    private static partial Regex Number();

    [GeneratedRegex(
        @"(?:=|\b(?:equals|equal\s+to|total\s+of|average\s+of))\s*[-−]?[$€£]?\s?[0-9]", RegexOptions.IgnoreCase)]
    private static partial Regex Statement();
}
