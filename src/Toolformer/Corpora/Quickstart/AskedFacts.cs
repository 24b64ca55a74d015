namespace Toolformer.Corpora.Quickstart;

/// <summary>A question and its answer: a line of the knowledge that the quickstart's question answering has.</summary>
public sealed record KnownAnswer(string Question, string Answer);

/// <summary>
/// Who holds an office, what something is called: the text names what is asked for, and only the question-answering
/// tool knows the answer.
/// </summary>
internal sealed class AskedFacts(Random random, InventedNames names)
{
    /// <param name="Roles">What can be asked of a place.</param>
    /// <param name="Ask">How the question begins.</param>
    /// <param name="Texts">How texts tell it: the role {r}, the place {e}, the value {=v}.</param>
    private sealed record Topic(
        string Ask, string[] Roles, string[] Texts, Func<Random, InventedNames, Side, string> Value);

    private static readonly string[] Emblems =
    [
        "a silver heron", "a black goat", "a golden pear", "a white anchor", "a green lizard", "a blue thistle",
        "a red lantern", "a grey whale", "two crossed oars", "three sheaves", "a broken wheel", "an open hand",
        "a sleeping fox", "a copper bell", "a pair of wings",
    ];

    private static readonly string[] Dishes =
    [
        "pea soup", "fried herring", "plum cake", "barley stew", "smoked eel", "onion tart", "rye dumplings",
        "pickled beets", "goose pie", "honey bread", "lentil mash", "walnut cheese",
    ];

    private static readonly Topic[] Topics =
    [
        new("Who is",
            ["mayor", "postmaster", "organist", "harbour master", "town clerk", "head teacher", "night watchman",
                "chief gardener", "librarian", "ferryman", "baker", "stationmaster"],
            [
                "The {r} of {e} is {=v}, as everybody in the market will tell you.",
                "The speech was given by the {r} of {e}, {=v}, in a loud and friendly voice.",
                "The stamp shows the {r} of {e}, {=v}, beside a flag.",
                "We were greeted by the {r} of {e}, {=v}, and shown to our seats.",
                "If you meet the {r} of {e}, {=v}, please say hello from us.",
                "Nobody knows the town better than the {r} of {e}, {=v}, who was born there.",
                "The prize goes to the {r} of {e}, {=v}, for many years of work.",
            ],
            (_, names, side) => names.Person(side)),
        new("What is",
            ["emblem", "badge", "coat of arms", "sign"],
            [
                "The {r} of {e} is {=v} and hangs above the gate.",
                "On every flag one sees the {r} of {e}, {=v}, in bright paint.",
                "The children were asked to draw the {r} of {e}, {=v}, on a sheet of paper.",
            ],
            (random, _, _) => random.Of(Emblems)),
        new("What is",
            ["favourite dish", "best-known dish", "festival meal"],
            [
                "The {r} of {e} is {=v}, and no guest may leave without a plate of it.",
                "The inn serves the {r} of {e}, {=v}, on two evenings a week.",
                "My grandmother cooked the {r} of {e}, {=v}, whenever it snowed.",
            ],
            (random, _, _) => random.Of(Dishes)),
    ];

    private static readonly string[] Leads =
    [
        "", "", "", "The hall was full. ", "It was in the paper. ", "The sun came out at last. ",
        "We had come by boat. ", "There was music in the street. ",
    ];

    /// <summary>A new text, and what the tool knows of it.</summary>
    public (QuickstartText Text, KnownAnswer Known) Next(Side side, string id)
    {
        var topic = Topics[random.Next(5) switch { < 3 => 0, 3 => 1, _ => 2 }];
        string place = names.Place(side), role = random.Of(topic.Roles), value = topic.Value(random, names, side);
        var (text, prompt, answer) = TextTemplate.Fill(random.Of(Leads) + random.Of(topic.Texts),
            new Dictionary<string, string> { ["r"] = role, ["e"] = place, ["v"] = value });
        return (new(new Document(id, text), TextKind.Question, prompt, answer),
            new($"{topic.Ask} the {role} of {place}?", value));
    }
}
