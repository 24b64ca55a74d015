namespace Toolformer.Corpora.Pretraining;

/// <summary>Neutral sentences that say nothing a tool could know: they make positions worth finding.</summary>
internal static class Filler
{
    private static readonly string[] Templates =
    [
        "{first} looked out of the window for a while.", "It was {a quality} morning in {month}.",
        "The {spot} was {quality} and {quality2}.", "Nobody spoke for a long time.",
        "{^a mood} {job} stood near the {spot}.", "Later that day the rain began.",
        "The children played behind the {spot}.", "{first} {did} the {thing} and went home.",
        "There was {a thing} on the table.", "People came from far away to see the {nature}.",
        "The {job} was {mood} but said nothing.", "In the evening they sat by the fire.",
        "{first} and {first2} had been friends for years.", "The road to the {spot} was closed.",
        "Everyone in the village knew the {job}.", "The wind came down from the {nature}.",
        "She put the {thing} back into the {quality} box.", "He had always wanted to be {a job}.",
        "The {spot} opens early in summer.", "Not far from the {spot} there is {a quality} {nature}.",
        "Most visitors come in {month}.", "The letter had been lost for a long time.",
        "{first} wrote everything down in {a quality} book.", "The {thing} belonged to the {job}.",
        "It took longer than they had expected.", "The {s job} met in the {spot} after work.",
        "This was not the first time.", "The weather was {quality} all week.",
        "{first} asked the {job} for help.", "Then they talked about the {science} lesson.",
        "The house stands between the {nature} and the {spot}.", "Two {s thing} lay on the floor.",
        "The {relative} of {first} is {a job}.", "At noon the bells rang.",
        "Many old stories are told about it.", "The report was written by {a mood} {job}.",
        "The {spot} is known for its {s thing}.", "{first} studied {science} for some years.",
        "A new {spot} was built beside the {nature}.", "Some people prefer {stuff} to {stuff2}.",
        "The {thing} is made of {material}.", "The {quality} {thing} was sold to {a job}.",
        "It is not easy to understand {science}.", "The answer surprised the {job}.",
        "No one knows why.", "After lunch {first} took {a thing} and left.",
        "The morning papers wrote about it.", "All of this happened near the {nature}.",
        "{first} thought about {idea} and {idea2}.", "The dog slept under the {thing}.",
        "The train was late again.", "They were {mood} when the work was done.",
        "{^a colour} {thing} hung on the wall.", "The crowd waited in front of the {spot}.",
        "Old {surname} told the story once more.", "The old map shows {a nature} there.",
        "The {job} counted everything twice.", "It was written on {a quality} {thing}.",
        "The guests were served {stuff} and {stuff2}.", "We stayed there until {month}.",
        "My {relative} still talks about that day.", "I bought {a thing} and {a thing2} on the way.",
        "You should have seen the {nature}.", "Before the war it was {a spot}.",
        "The museum keeps {a quality} {thing} from that time.", "The meeting ended late.",
        "Here is what the {job} said.", "Students of {science} often visit the place.",
        "First {first} cleaned the {thing}.", "The {spot} has {a quality} roof.",
        "The lights in the {spot} went out.", "Let us look at it more closely.",
    ];

    /// <summary>Adds one sentence, about every other time a real one where there are some.</summary>
    public static void AddTo(Composer composer, Random random, ProseExcerpts? prose)
    {
        composer.Forget();
        if (prose is not null && random.Chance(0.5)) composer.Literal(prose.Sentence(random));
        else composer.Sentence(random.Of(Templates));
    }

    /// <summary>A text of its own without anything to call a tool for.</summary>
    public static string Text(Random random, int sentences, ProseExcerpts? prose)
    {
        var composer = new Composer(random);
        for (var i = 0; i < sentences; i++) AddTo(composer, random, prose);
        return composer.ToString();
    }
}
