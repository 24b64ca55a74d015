using Words = Toolformer.Corpora.Pretraining.PretrainingWords;

namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that know words: opposites, plurals, lengths.</summary>
internal sealed class LanguageDomain(Random random) : ToolDomain
{
    private readonly int kind = random.Next(3);

    public override string Purpose => kind switch
    {
        0 => random.Of(["gives the opposite of a word", "knows opposites"]),
        1 => random.Of(["gives the plural of a noun", "forms plurals"]),
        _ => random.Of(["counts the letters of a word", "measures words"]),
    };

    public override Request Placeholder => new(["word"], "question about a word", "word");

    public override Request AddTo(Composer composer)
    {
        var (word, value, what) = kind switch
        {
            0 => random.Of(Words.Opposites) is var pair && random.Chance(0.5)
                ? (pair.Base, pair.Past, "opposite") : (pair.Past, pair.Base, "opposite"),
            1 => random.Chance(0.5) && random.Of(Words.Irregular) is var pair
                ? (pair.Base, pair.Past, "plural") : Plural(random.Of(Words.Things)),
            _ => Length(random.Chance(0.6) ? random.Of(Words.Things)
                : PretrainingNames.Word(random, random.Between(2, 4))),
        };
        composer.Forget().Set("w", word).Set("x", what).Set("v", value).Sentence(random.Of(
        [
            "The {x} of {w} is <{v}>.", "What is the {x} of {w}? It is <{v}>.",
            "{first} wrote down {w} and its {x}, <{v}>.",
            "As {x} of \"{w}\" the {job} gave <{v}>.", "For {w} the {x} would be <{v}>.",
            "Not everyone knows that the {x} of {w} is <{v}>.",
        ]));
        return new Request([word], $"What is the {what} of {word}?", $"{what} of {word}");
    }

    private static (string, string, string) Plural(string noun) => (noun, Words.Plural(noun), "plural");

    private static (string, string, string) Length(string word) => (word, $"{word.Length}", "number of letters");
}
