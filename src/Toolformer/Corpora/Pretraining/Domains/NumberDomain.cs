using System.Globalization;

namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that combine numbers of the text; one operation, or several told apart by a symbol.</summary>
internal sealed class NumberDomain : ToolDomain
{
    private enum Style { Plain, Grouped, Money, Decimal, Year, Small }

    private static readonly string[][] SymbolSets =
    [
        ["&", "~", "@", "|"], ["#", "%", "&", "!"], [":", "|", ";", "~"], ["add", "sub", "mul", "div"],
        ["with", "without", "times", "over"], ["more", "less", "by", "into"], ["and", "minus", "x", "per"],
            ["^", "_", "o", ":"],
        ["plus", "minus", "times", "by"], ["&&", "~~", "@@", "||"], ["p", "m", "t", "d"], ["up", "down", "of", "under"],
    ];

    private readonly IReadOnlyList<NumberTemplates.Operation> operations;
    private readonly string[]? symbols;
    private readonly Random random;

    private NumberDomain(Random random, IReadOnlyList<NumberTemplates.Operation> operations, string[]? symbols)
    {
        this.random = random;
        this.operations = operations;
        this.symbols = symbols;
    }

    public static NumberDomain Draw(Random random)
    {
        if (random.Chance(0.55)) return new NumberDomain(random, [random.Of(NumberTemplates.Operations)], null);
        var symbols = random.Of(SymbolSets);
        if (random.Chance(0.25)) symbols = symbols.Select(_ => PretrainingNames.Word(random, 1)).Distinct().ToArray();
        return symbols.Length < 4
            ? Draw(random)
            : new NumberDomain(random, NumberTemplates.Basic.Take(random.Between(2, 4)).ToArray(), symbols);
    }

    public override string Purpose => symbols is null
        ? operations[0].Purpose
        : random.Of(["works with numbers", "does sums", "combines two numbers", "works out results",
            "handles figures"]);

    public override Request Placeholder => new(
        random.Of<string[]>([["number", "number"], ["a", "b"], ["first number", "second number"], ["n", "m"],
            ["x", "y"]]),
        "question about numbers", Symbol: symbols?[0]);

    public override Request AddTo(Composer composer)
    {
        var which = random.Next(operations.Count);
        var operation = operations[which];
        composer.Forget();
        var (template, style) = operation.Pick(random);
        var (a, b, result) = Numbers(operation.Kind, (Style)style);
        composer.Set("a", a).Set("b", b).Set("r", result).Sentence(template);
        var question = random.Of(operation.Questions).Replace("{a}", a).Replace("{b}", b);
        return new Request([a, b], question, Symbol: symbols?[which]);
    }

    private (string A, string B, string Result) Numbers(char kind, Style style)
    {
        while (true)
        {
            var (a, b) = Pair(kind, style);
            if (kind == '-' && a <= b) (a, b) = (b, a);
            decimal result;
            switch (kind)
            {
                case '+': result = a + b; break;
                case '-': result = a - b; break;
                case '*': result = a * b; break;
                case '/':
                    if (b < 2) continue;
                    if (style == Style.Plain && random.Chance(0.7)) a *= b;
                    result = Math.Round(a / b, 2);
                    break;
                case 'm': result = Math.Round((a + b) / 2, 2); break;
                case '>': result = Math.Max(a, b); break;
                case '<': result = Math.Min(a, b); break;
                case '%':
                    (a, b) = (random.Between(1, 19) * 5, random.Magnitude(20, 9000));
                    if (random.Chance(0.8)) b = random.Magnitude(2, 450) * 20;
                    result = Math.Round(a * b / 100, 2);
                    break;
                default: throw new InvalidOperationException($"no operation '{kind}'");
            }
            if (result < 2 || result > 9_999_999 || a == b) continue;
            return (Print(a, style), Print(b, style), Print(result, style));
        }
    }

    private (decimal A, decimal B) Pair(char kind, Style style)
    {
        switch (style)
        {
            case Style.Money:
                var whole = random.Chance(0.3);
                decimal Price() => whole ? random.Magnitude(2, 900) : random.Magnitude(110, 20000) / 100m;
                return kind is '*' or '/' ? (Price(), random.Between(2, 24)) : (Price(), Price());
            case Style.Decimal:
                return (random.Magnitude(11, 4000) / 10m, random.Magnitude(11, 4000) / 10m);
            case Style.Year:
                return kind == '+'
                    ? (random.Between(1500, 2010), random.Between(2, 90))
                    : Years();
            case Style.Small:
                return (random.Between(2, 60), random.Between(2, 40));
            case Style.Grouped:
                return kind is '*' or '/'
                    ? (random.Magnitude(1000, 90000), random.Between(2, 40))
                    : (random.Magnitude(1000, 900000), random.Magnitude(1000, 900000));
            default:
                var top = random.Of([12, 20, 60, 100, 100, 1000, 9999]);
                return kind is '*' or '/'
                    ? (random.Between(2, Math.Min(top, 99)), random.Between(2, random.Of([9, 12, 30, 60])))
                    : (random.Between(2, top), random.Between(2, top));
        }
    }

    private (decimal Later, decimal Earlier) Years()
    {
        var earlier = random.Between(1500, 1980);
        return (earlier + random.Between(2, 43), earlier);
    }

    private static string Print(decimal value, Style style)
    {
        var integral = value == Math.Truncate(value);
        var format = style switch
        {
            Style.Grouped when value >= 1000 => integral ? "#,##0" : "#,##0.00",
            _ when integral => "0",
            Style.Decimal => "0.##",
            _ => "0.00",
        };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }
}
