using System.Text;
using Toolformer.Corpora.Pretraining.Domains;
using Toolformer.Markup;

namespace Toolformer.Corpora.Pretraining;

/// <summary>
/// Texts headed by a finished call, as the filter scores them (paper, section 2, footnote 3): ` [Name(input) ->
/// result]`
/// and then the text. Mostly the result holds words that come later and can't be guessed, so that reading it pays; the
/// rest are unrelated, empty or wrong, so that a result is not believed blindly.
/// </summary>
public static class NotedTexts
{
    private const double HelpfulShare = 0.62;

    private static readonly string[] Sentences =
    [
        "It is {v}.", "The answer is {v}.", "{v}.", "In short: {v}", "Result {v}", "{v}, as the records show.",
        "Most likely {v}.", "That would be {v}.", "{p}: {v}", "{p} is {v}.", "{p} = {v}", "The entry for {p} says {v}.",
        "For {p} we have {v}.", "It was found that {v} is right.", "{v} ({p})",
    ];

    /// <summary>Draws a text with one note in front, sometimes two.</summary>
    /// <param name="prose">Real sentences to mix in, where there are some.</param>
    public static string Text(Random random, ProseExcerpts? prose = null)
    {
        var domain = ToolDomain.Draw(random, prose);
        var composer = new Composer(random);
        for (var before = random.Of([0, 0, 0, 0, 0, 1, 1, 1, 2, 3]); before > 0; before--)
            Filler.AddTo(composer, random, prose);
        var start = composer.Length == 0 ? 0 : composer.Length + 1;
        var request = domain.AddTo(composer);
        var (from, to) = composer.Spans[0];
        var value = composer.ToString()[from..to];
        var sentence = request.Restated ?? composer.ToString()[start..];
        var result = Result(random, domain, request, value, sentence, prose);

        if (random.Chance(0.5)) Filler.AddTo(composer, random, prose);
        // Another question of the same kind, to which the note has no answer: its value must not be taken from there.
        if (random.Chance(0.3)) domain.AddTo(composer);
        if (random.Chance(0.05)) composer.SpaceStops();

        var note = new StringBuilder();
        if (random.Chance(0.1)) note.Append(Unrelated(random, prose).Note);
        note.Append(Note(random, request, result));
        if (random.Chance(0.03)) note.Append(Unrelated(random, prose).Note);
        return note.Append(random.Of(["", "", "", "", "", "", " ", " ", "\n"])).Append(composer).ToString();
    }

    private static string Note(Random random, Request request, string? result) => CallSyntax.Print(new ApiCall(
        PretrainingNames.Tool(random, heldOut: false), new ArgumentFormat(random, request).Format(request), result));

    private static string? Result(
        Random random, ToolDomain domain, Request request, string value, string sentence, ProseExcerpts? prose)
    {
        if (random.Chance(HelpfulShare)) return Phrased(random, request, value, sentence, prose);
        switch (random.Next(20))
        {
            case < 7:
                return "";
            case 7:
                return null;
            case < 14:
                return Unrelated(random, prose).Result;
            default:
                var composer = new Composer(random);
                var other = domain.AddTo(composer);
                var (from, to) = composer.Spans[0];
                return Phrased(random, other, composer.ToString()[from..to], other.Restated ?? composer.ToString(),
                    prose);
        }
    }

    private static string Phrased(Random random, Request request, string value, string sentence, ProseExcerpts? prose)
    {
        if (request.Answer is { } answer) return answer;
        var topic = PretrainingNames.Capital(request.Phrase ?? request.Parts[0]);
        return random.Next(20) switch
        {
            < 10 => value,
            < 12 => random.Of(Sentences).Replace("{v}", value).Replace("{p}", topic),
            < 14 => sentence,
            < 15 => $"{topic} > {sentence}",
            < 16 => $"{topic} > {PretrainingNames.Capital(random.Of(PretrainingWords.Ideas))} > {sentence}",
            _ => (random.Chance(0.6) ? topic + " > " : "") + Passage(random, sentence, prose),
        };
    }

    // The sentence among others, as in an article.
    private static string Passage(Random random, string sentence, ProseExcerpts? prose)
    {
        var composer = new Composer(random);
        var at = random.Next(3);
        for (var i = 0; i < 3; i++)
        {
            if (i == at) composer.Literal(sentence);
            else if (random.Chance(0.4)) new FactDomain(random).AddTo(composer);
            else if (random.Chance(0.7)) Filler.AddTo(composer, random, prose);
        }
        return composer.ToString();
    }

    private static (string Note, string Result) Unrelated(Random random, ProseExcerpts? prose)
    {
        var composer = new Composer(random);
        var request = ToolDomain.Draw(random, prose).AddTo(composer);
        var (from, to) = composer.Spans[0];
        var result = Phrased(random, request, composer.ToString()[from..to], composer.ToString(), prose);
        return (Note(random, request, result), result);
    }
}
