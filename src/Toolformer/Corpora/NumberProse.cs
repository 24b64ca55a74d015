namespace Toolformer.Corpora;

/// <summary>
/// Short everyday stories and word problems with quantities, dates and places: the words and turns that books of the 19th
/// century lack. Results stated in them are right.
/// </summary>
public static class NumberProse
{
    /// <summary>One problem, story or report.</summary>
    public static string Text(Random random)
    {
        var composer = new Composer(random);
        switch (random.Next(10))
        {
            case < 5:
                Problem(composer, random);
                break;
            case < 7:
                for (var left = random.Between(2, 4); left > 0; left--)
                {
                    if (random.Chance(0.7)) NumberDomain.Draw(random).AddTo(composer);
                    else Filler.AddTo(composer, random);
                }
                break;
            case < 9:
                foreach (var sentence in random.Some(ProseTemplates.Story, random.Between(4, 9))) composer.Sentence(sentence);
                break;
            default:
                for (var left = random.Between(2, 5); left > 0; left--)
                    composer.Forget().Sentence(random.Of(ProseTemplates.Dated));
                break;
        }
        var text = composer.ToString();
        // Some collections of problems are written with a space before each stop.
        return random.Chance(0.12) ? text.Replace(". ", " . ").Replace(", ", " , ").Replace("? ", " ? ") : text;
    }

    private static void Problem(Composer composer, Random random)
    {
        for (var left = random.Of([1, 1, 1, 2]); left > 0; left--)
        {
            composer.Forget();
            if (random.Chance(0.2)) composer.Sentence(random.Of(ProseTemplates.Openers));
            var (kind, text) = random.Of(ProseTemplates.Problems);
            var (a, b, c, result) = Numbers(random, kind);
            composer.Set("a", $"{a}").Set("b", $"{b}").Set("c", $"{c}").Set("r", $"{result}");
            composer.Sentence(text);
            composer.Sentence(random.Of(["The answer is {r}.", "The answer is {r}.", "The answer is {r}.", "Answer: {r}.", "It is {r}.", "So the answer is {r}."]));
        }
    }

    // + - * / as usual; t: a + b + c, l: a - b - c, x: a * b + c, y: (a + b) * c, z: a - b * c.
    private static (int A, int B, int C, int Result) Numbers(Random random, char kind)
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
