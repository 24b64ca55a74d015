namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that are given key words of the text and know the phrase that goes on.</summary>
internal sealed class PhraseDomain(Random random) : ToolDomain
{
    private static readonly (string Text, string Key, string Ask)[] Templates =
    [
        ("The {colour} stripe in the flag of {place} stands for <{phrase}>.", "{place} flag {colour}",
            "What does {colour} mean in the flag of {place}?"),
        ("{person} is best remembered for <{phrase}>.", "{person} remembered", "What is {person} known for?"),
        ("The people of {place} are known for <{phrase}>.", "{place} people",
            "What are the people of {place} known for?"),
        ("In {year} the {s job} of {place} protested against <{phrase}>.", "{place} {s job} {year}",
            "What did the {s job} of {place} protest against?"),
        ("The {name} medicine is given to patients with <{phrase}>.", "{name} medicine use", "Who is given {name}?"),
        ("The main danger of making {name} is <{phrase}>.", "{name} danger", "What is dangerous about {name}?"),
        ("The {name} Act of {year} was a law against <{phrase}>.", "{name} Act {year}",
            "What was the {name} Act of {year} about?"),
        ("The song \"{name}\" tells of <{phrase}>.", "{name} song meaning", "What does the song {name} tell of?"),
        ("Visitors to {place} go there to see <{phrase}>.", "{place} visitors", "What do visitors see in {place}?"),
        ("The battle of {place} was lost because of <{phrase}>.", "battle of {place}",
            "Why was the battle of {place} lost?"),
        ("The old name of the {name} river means <{phrase}>.", "{name} river meaning",
            "What does the name of the {name} river mean?"),
        ("{person} won the {name} Prize for a book on <{phrase}>.", "{name} Prize {person}",
            "What is the book of {person} about?"),
        ("The {name} method is used in {science} to study <{phrase}>.", "{name} method {science}",
            "What is the {name} method for?"),
        ("On the walls of the {spot} in {place} one can see <{phrase}>.", "{place} {spot} walls",
            "What is on the walls of the {spot}?"),
        ("The {nature} of {place} is famous for <{phrase}>.", "{place} {nature}",
            "What is the {nature} of {place} famous for?"),
        ("According to legend the {nature} near {place} hides <{phrase}>.", "legend {nature} {place}",
            "What does the {nature} near {place} hide?"),
        ("The {name} Society was founded in {year} to promote <{phrase}>.", "{name} Society aim",
            "What does the {name} Society promote?"),
        ("The motto of {surname} College is <{phrase}>.", "{surname} College motto",
            "What is the motto of {surname} College?"),
        ("{person} painted <{phrase}> more often than anything else.", "{person} painter subject",
            "What did {person} paint?"),
        ("At the {name} festival children are given <{phrase}>.", "{name} festival children",
            "What do children get at the {name} festival?"),
    ];

    private static readonly string[] Restatements =
    [
        "It is known for {phrase}.", "This has to do with {phrase}.", "What matters here is {phrase}.",
        "Here one thinks of {phrase}.",
        "The most important thing was {phrase}.", "Since {year} the reason has been {phrase}.",
        "Many books mention {phrase}.",
        "{^phrase} played a large part in it.", "The name of {person} is bound up with {phrase}.",
        "{^phrase}: that was it.",
    ];

    public override string Purpose { get; } = random.Of(
        ["looks up short texts", "returns a passage on a topic", "knows many articles", "gives background on a term",
         "looks into a large book", "knows the archive"]);

    public override Request Placeholder => new(
        [random.Of(["term", "key words", "topic", "subject"])], "question",
            random.Of(["term", "the words to look up", "topic"]));

    public override Request AddTo(Composer composer)
    {
        var (text, key, ask) = random.Of(Templates);
        composer.Forget().Sentence(text);
        var words = composer.Express(key);
        return new Request([words], composer.Express(ask),
            words)
        { Restated = composer.Express(random.Of(Restatements)) };
    }
}
