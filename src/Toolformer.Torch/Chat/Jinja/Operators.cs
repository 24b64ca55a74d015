namespace Toolformer.Torch.Chat.Jinja;

/// <summary>What the signs between two values do, by Python's rules.</summary>
internal static class Operators
{
    public static bool Holds(Run run, string sign, object? left, object? right) => sign switch
    {
        "==" => Values.AreEqual(run, left, right),
        "!=" => !Values.AreEqual(run, left, right),
        "<" => Values.Compare(run, left, right) < 0,
        "<=" => Values.Compare(run, left, right) <= 0,
        ">" => Values.Compare(run, left, right) > 0,
        ">=" => Values.Compare(run, left, right) >= 0,
        "in" => Contains(run, right, left),
        _ => !Contains(run, right, left),
    };

    public static bool Contains(Run run, object? whole, object? part)
    {
        switch (whole)
        {
            case MarkedText text:
                run.Spend(text.Length / 16);
                return text.Text.Contains(Values.Text(part).Text, StringComparison.Ordinal);
            case Mapping { IsNamespace: false } fields:
                return part is MarkedText key && fields.TryGet(key.Text, out _);
            case Sequence or Undefined:
                return Values.Elements(run, whole).Any(element => Values.AreEqual(run, element, part));
            default:
                throw new TemplateException($"{Values.Kind(whole)} contains nothing, so 'in' can't be asked.");
        }
    }

    /// <exception cref="TemplateException">The sign means nothing between such values.</exception>
    public static object? Compute(Run run, string sign, object? left, object? right)
    {
        if (Values.IsNumber(left) && Values.IsNumber(right))
            return left is double || right is double || sign == "/"
                ? OfFloats(sign, Values.Number(left), Values.Number(right))
                : OfIntegers(sign, Values.Integer(left), Values.Integer(right));
        switch (sign, left, right)
        {
            case ("+", MarkedText a, MarkedText b):
                return run.Made(a + b);
            case ("+", Sequence a, Sequence b) when a.IsTuple == b.IsTuple:
                run.Spend(a.Count + b.Count);
                return new Sequence([.. a.Items, .. b.Items], a.IsTuple);
            case ("*", MarkedText a, long n):
                run.Spend(Math.Max(0, Math.Min(n, Run.MostWork)) * (a.Length / 16 + 1));
                return MarkedText.Join(MarkedText.Empty, Enumerable.Repeat(a, (int)Math.Max(0, n)));
            case ("*", Sequence a, long n):
                run.Spend(Math.Max(0, Math.Min(n, Run.MostWork)) * (a.Count + 1));
                return new Sequence(
                    [.. Enumerable.Repeat(a.Items, (int)Math.Max(0, n)).SelectMany(i => i)], a.IsTuple);
            case ("*", long, MarkedText or Sequence):
                return Compute(run, sign, right, left);
            case ("%", MarkedText a, _):
                return run.Made(TextMethods.Percent(run, a, right));
            default:
                throw new TemplateException(
                    $"'{sign}' has no meaning between {Values.Kind(left)} and {Values.Kind(right)}.");
        }
    }

    private static object OfIntegers(string sign, long left, long right)
    {
        if (right == 0 && sign is ("//" or "%"))
            throw new TemplateException($"{left} {sign} 0 has no value.");
        try
        {
            return checked(sign switch
            {
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                // Rounded down, as Python does it.
                "//" => right == -1 ? -left : (left - Modulo(left, right)) / right,
                "%" => right == -1 ? 0 : Modulo(left, right),
                _ => Power(left, right),
            });
        }
        catch (OverflowException)
        {
            throw new TemplateException($"{left} {sign} {right} is too large.");
        }
    }

    private static long Modulo(long left, long right) =>
        left % right is var rest && rest != 0 && rest < 0 != right < 0 ? rest + right : rest;

    private static object Power(long number, long exponent)
    {
        if (exponent < 0)
            return Math.Pow(number, exponent);
        if (number is 0 or 1 or -1)
            return exponent == 0 || number == 1 || (number == -1 && exponent % 2 == 0) ? 1L : number;
        long power = 1;
        for (; exponent > 0; exponent--)
            power = checked(power * number);
        return power;
    }

    private static object OfFloats(string sign, double left, double right)
    {
        if (right == 0 && sign is ("/" or "//" or "%"))
            throw new TemplateException($"{Values.Print(left)} {sign} 0 has no value.");
        return sign switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => left - right * Math.Floor(left / right),
            _ => Math.Pow(left, right),
        };
    }
}
