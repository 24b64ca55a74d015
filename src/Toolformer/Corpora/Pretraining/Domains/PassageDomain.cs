namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>
/// Tools asked about real sentences: the words that matter of a sentence's beginning, before its end; or a word or a
/// name
/// of it, before or after the word itself.
/// </summary>
internal sealed class PassageDomain : ToolDomain
{
    private enum Want { Ending, LongWord, Name }

    private readonly Random random;
    private readonly ProseExcerpts prose;
    private readonly Want want;
    private readonly int terms;

    public PassageDomain(Random random, ProseExcerpts prose)
    {
        this.random = random;
        this.prose = prose;
        want = random.Of([Want.Ending, Want.Ending, Want.LongWord, Want.Name]);
        terms = random.Between(2, 3);
        Purpose = want switch
        {
            Want.Ending => random.Of(["knows how sentences go on", "looks up books", "returns a line on a topic"]),
            Want.LongWord => random.Of(["explains long words", "marks hard words", "knows every word"]),
            _ => random.Of(["knows who people are", "keeps a list of names", "marks names"]),
        };
    }

    public override string Purpose { get; }

    public override Request Placeholder => new([want switch
    {
        Want.Ending => random.Of(["term", "key words", "words"]),
        Want.LongWord => random.Of(["word", "hard word"]),
        _ => random.Of(["name", "who"]),
    }]);

    public override Request AddTo(Composer composer)
    {
        composer.Forget();
        for (var tries = 0; tries < 30; tries++)
        {
            var sentence = prose.Sentence(random);
            var words = sentence.Split(' ');
            if (words.Length < 8) continue;
            var at = want switch
            {
                Want.Ending => words.Length - random.Between(2, 5),
                Want.LongWord => Longest(words),
                _ => Name(words),
            };
            if (at < 1) continue;
            var until = want == Want.Ending ? words.Length : at + 1;
            var trimmed = words[until - 1].TrimEnd('.', ',', ';', '!', '?', ':');
            var span = string.Join(' ', words[at..until]);
            var rest = span[(span.Length - (words[until - 1].Length - trimmed.Length))..];
            span = span[..^rest.Length];
            var input = want == Want.Ending ? Terms(words[..at]) : trimmed;
            if (input.Length < 3 || span.Length < 3 || input.Any(char.IsDigit)) continue;
            composer.Sentence($"{string.Join(' ', words[..at])} <{span}>{rest}"
                + (until < words.Length ? " " + string.Join(' ', words[until..]) : ""));
            return new Request([input]) { Restated = sentence };
        }
        return new PhraseDomain(random).AddTo(composer);
    }

    private static int Longest(string[] words)
    {
        var at = Enumerable.Range(1, words.Length - 1).MaxBy(i => words[i].Length);
        return words[at].Length >= 7 && words[at][..^1].All(char.IsLetter) ? at : 0;
    }

    private static int Name(string[] words)
    {
        for (var i = 2; i < words.Length; i++)
            if (words[i].Length > 3 && char.IsUpper(words[i][0]) && words[i].TrimEnd('.', ',', ';')
                .All(char.IsLetter)) return i;
        return 0;
    }

    // The longest words so far, in their order.
    private string Terms(string[] words) => string.Join(' ', words
        .Select((word, i) => (Word: word.Trim('.', ',', ';', '!', '?', ':', '(', ')', '"', '\''), i))
        .OrderByDescending(entry => entry.Word.Length).Take(terms).OrderBy(entry => entry.i)
            .Select(entry => entry.Word));
}
