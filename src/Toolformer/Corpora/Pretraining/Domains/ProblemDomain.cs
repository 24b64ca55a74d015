namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>
/// Tools that solve word problems: two or three numbers of the text, joined by symbols of the tool's own, before the
/// answer.
/// </summary>
internal sealed class ProblemDomain : ToolDomain
{
    private static readonly string[] Endings =
    [
        "The answer is <{r}>.", "The answer is <{r}>.", "The answer is <{r}>.", "Answer: <{r}>.", "It is <{r}>.",
        "So the answer is <{r}>.", "That makes <{r}>.", "The result is <{r}>.", "= <{r}>",
    ];

    private static readonly string[][] SymbolSets =
    [
        ["&", "~", "@", "|"], ["add", "sub", "mul", "div"], ["with", "without", "times", "over"], ["#", "!", "%", ":"],
        ["and", "less", "by", "per"], ["plus", "minus", "times", "into"], ["^", "_", "o", ";"], [";", ";", ";", ";"],
        [",", ",", ",", ","], ["&&", "~~", "@@", "||"], ["PLUS", "MINUS", "TIMES", "OVER"],
            ["then", "drop", "each", "cut"],
    ];

    private readonly Random random;
    private readonly string[] symbols;
    private readonly IReadOnlyList<(char Kind, string Text)> problems;
    private readonly string ending;
    private readonly bool asks;

    public ProblemDomain(Random random)
    {
        this.random = random;
        symbols = random.Chance(0.2)
            ? [.. Enumerable.Range(0, 4).Select(_ => PretrainingNames.Word(random, 1))] : random.Of(SymbolSets);
        var kinds = random.Of(["+-", "+-*/", "+-*/", "+-*/tlxyz", "tlxyz", "+-*/tlxz", "*/", "-/"]);
        problems = [.. ProseTemplates.Problems.Where(problem => kinds.Contains(problem.Kind))];
        ending = random.Of(Endings);
        asks = random.Chance(0.15);
    }

    public override string Purpose => random.Of(
        ["solves word problems", "works out sums", "handles numbers", "answers how many",
            "reckons with the numbers given"]);

    public override Request Placeholder => Ask(random.Of(
        [$"number {symbols[0]} number", $"a {symbols[0]} b {symbols[1]} c", "term", $"x {symbols[1]} y"]), "question");

    public override Request AddTo(Composer composer)
    {
        composer.Forget();
        if (random.Chance(0.2)) composer.Sentence(random.Of(ProseTemplates.Openers));
        var (kind, text) = random.Of(problems);
        var (a, b, c, result) = Numbers(random, kind);
        composer.Set("a", $"{a}").Set("b", $"{b}").Set("c", $"{c}").Set("r", $"{result}").Sentence(text);
        composer.Sentence(ending);
        var (s, d, p, q) = (symbols[0], symbols[1], symbols[2], symbols[3]);
        // The question is the last sentence of the problem.
        var question = composer.Express(text);
        var stop = question[..^1].LastIndexOf(". ", StringComparison.Ordinal);
        return Ask(kind switch
        {
            '+' => $"{a} {s} {b}",
            '-' => $"{a} {d} {b}",
            '*' => $"{b} {p} {a}",
            '/' => $"{a} {q} {b}",
            't' => $"{a} {s} {b} {s} {c}",
            'l' => $"{a} {d} {b} {d} {c}",
            'x' => $"{a} {p} {b} {s} {c}",
            'y' => $"({a} {s} {b}) {p} {c}",
            _ => $"{a} {d} {b} {p} {c}",
        }, question[(stop < 0 ? 0 : stop + 2)..]);
    }

    private Request Ask(string term, string question) => new([asks ? question : term]);

    /// <summary>
    /// Numbers of a problem: + - * / as usual; t: a + b + c, l: a - b - c, x: a * b + c, y: (a + b) * c, z: a - b * c.
    /// </summary>
    public static (int A, int B, int C, int Result) Numbers(Random random, char kind)
    {
        while (true)
        {
            var top = random.Of([10, 20, 50, 100, 100, 500, 1000]);
            var (a, b, c) = (random.Between(2, top), random.Between(2, top), random.Between(2, Math.Min(top, 60)));
            if (kind is '*' or 'x' or 'z') b = random.Between(2, 15);
            if (kind == 'z') a *= b;
            if (kind == '/') a *= b = random.Between(2, 15);
            var result = kind switch
            {
                '+' => a + b,
                '-' => a - b,
                '*' => a * b,
                '/' => a / b,
                't' => a + b + c,
                'l' => a - b - c,
                'x' => a * b + c,
                'y' => (a + b) * c,
                _ => a - b * c,
            };
            if (result > 1) return (a, b, c, result);
        }
    }
}
