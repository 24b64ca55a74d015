using System.Text;

namespace Toolformer.Corpora;

/// <summary>
/// Texts headed by a finished call, as the filter scores them (paper, section 2, footnote 3): ` [Name(input) -> result]`
/// and then the text. Mostly the result holds words that come later and can't be guessed, so that reading it pays; the
/// rest are unrelated, empty or wrong, so that a result is not believed blindly.
/// </summary>
public static class NotedTexts
{
    private const double HelpfulShare = 0.62;

    private static readonly string[] Sentences =
    [
        "It is {v}.", "The answer is {v}.", "{v}.", "In short: {v}", "Result {v}", "{v}, as the records show.", "Most likely {v}.",
        "That would be {v}.", "{p}: {v}", "{p} is {v}.", "{p} = {v}", "The entry for {p} says {v}.", "For {p} we have {v}.",
        "It was found that {v} is right.", "{v} ({p})",
    ];

    /// <summary>Draws a text with one note in front, sometimes two.</summary>
    public static string Text(Random random)
    {
        var domain = ToolDomain.Draw(random);
        var composer = new Composer(random);
        var before = random.Next(10) switch { < 5 => 0, < 8 => 1, < 9 => 2, _ => 3 };
        for (var i = 0; i < before; i++) Filler.AddTo(composer, random);
        var sentence = composer.Length == 0 ? 0 : composer.Length + 1;
        var request = domain.AddTo(composer);
        var source = composer.ToString()[sentence..];
        if (random.Chance(0.5)) Filler.AddTo(composer, random);
        // A second question of the same kind, to which the note has no answer: the first value must not be repeated there.
        if (random.Chance(0.3)) domain.AddTo(composer);
        var text = composer.ToString();
        var (start, end) = composer.Spans[0];

        var note = new StringBuilder();
        var format = new ArgumentFormat(random, request);
        var name = PretrainingNames.Tool(random, heldOut: false);
        if (random.Chance(0.12)) note.Append(Unrelated(random, out _));
        note.Append(Note(name, format.Format(request), Result(random, domain, request, text[start..end], source)));
        if (random.Chance(0.03)) note.Append(Unrelated(random, out _));
        var gap = random.Next(20) switch { < 15 => "", < 18 => " ", _ => "\n" };
        return note.Append(gap).Append(text).ToString();
    }

    private static string Note(string name, string input, string? result) => result switch
    {
        null => $" [{name}({input})]",
        "" => $" [{name}({input}) ->]",
        _ => $" [{name}({input}) -> {result}]",
    };

    private static string? Result(Random random, ToolDomain domain, Request request, string value, string sentence)
    {
        if (random.Chance(HelpfulShare)) return Phrased(random, request, value, sentence);
        switch (random.Next(20))
        {
            case < 7:
                return "";
            case 7:
                return null;
            case < 14:
                Unrelated(random, out var other);
                return other;
            default:
                var composer = new Composer(random);
                domain.AddTo(composer);
                var (start, end) = composer.Spans[0];
                var wrong = composer.ToString();
                return random.Chance(0.7) ? wrong[start..end] : wrong;
        }
    }

    private static string Phrased(Random random, Request request, string value, string sentence)
    {
        var topic = PretrainingNames.Capital(request.Phrase ?? request.Parts[0]);
        return random.Next(20) switch
        {
            < 11 => value,
            < 13 => random.Of(Sentences).Replace("{v}", value).Replace("{p}", topic),
            < 15 => sentence,
            < 17 => $"{topic} > {sentence}",
            < 18 => $"{topic} > {PretrainingNames.Capital(random.Of(PretrainingWords.Ideas))} > {sentence}",
            < 19 => Filler.Text(random, 1) + " " + sentence,
            _ => sentence + " " + Filler.Text(random, 1),
        };
    }

    private static string Unrelated(Random random, out string result)
    {
        var composer = new Composer(random);
        var domain = ToolDomain.Draw(random);
        var request = domain.AddTo(composer);
        var (start, end) = composer.Spans[0];
        result = Phrased(random, request, composer.ToString()[start..end], composer.ToString());
        return Note(PretrainingNames.Tool(random, heldOut: false), new ArgumentFormat(random, request).Format(request), result);
    }
}
