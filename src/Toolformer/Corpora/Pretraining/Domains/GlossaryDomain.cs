using Words = Toolformer.Corpora.Pretraining.PretrainingWords;

namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that translate words of made-up languages. The glossary is the tool's own, and small enough to
/// recur.</summary>
internal sealed class GlossaryDomain : ToolDomain
{
    private static readonly string[] Templates =
    [
        "The word {w} means <{m}> in English.", "In {l} {w} is the word for <{m}>.", "\"{w}\" is {l} and means <{m}>.",
        "They shouted {w} (<{m}>) from the {spot}.", "On the door of the {spot} it says {w}, that is <{m}>.",
        "{first} whispered \"{w}\", which is {l} for <{m}>.", "The {l} say {w} when they mean <{m}>.",
        "The old book is called {w}, in English <{m}>.", "Her {relative} calls it {w}. We call it <{m}>.",
        "The sign reads {w}. This means <{m}>.", "{first} learned a new word: {w}, or <{m}>.",
        "The {job} sells {w}, or <{m}>.",
        "{^a l} proverb about {w} is a proverb about <{m}>.", "{w} = <{m}>.", "{w} (<{m}>) is spoken aloud at the end.",
    ];

    private readonly Random random;
    private readonly string language;

    public GlossaryDomain(Random random)
    {
        this.random = random;
        language = PretrainingNames.Capital(PretrainingNames.Word(random, random.Between(1, 2)))
            + random.Of(["ish", "ese", "ian", "ic", "an"]);
        Purpose = random.Of([$"translates {language} into English", "translates foreign words",
            "explains foreign words",
            "gives the meaning of a word", "knows other languages"]);
    }

    public override string Purpose { get; }

    public override Request Placeholder => new(
        [random.Of(["word", "words", "text", "foreign word", "phrase"])], "question about a word", "word meaning");

    public override Request AddTo(Composer composer)
    {
        var words = random.Between(1, 3);
        var foreign = string.Join(' ', Enumerable.Range(0, words)
            .Select(_ => PretrainingNames.Word(random, random.Between(1, 2))));
        composer.Forget().Set("w", foreign).Set("l", language);
        composer.Set("m", words == 1
            ? random.Of([random.Of(Words.Things), random.Of(Words.Nature), random.Of(Words.Ideas),
                random.Of(Words.Jobs), random.Of(Words.Qualities)])
            : composer["phrase"]);
        composer.Sentence(random.Of(Templates));
        return new Request([foreign], $"What does {foreign} mean?", $"{foreign} meaning")
        {
            Restated = composer.Express(random.Of(Templates)),
        };
    }
}
