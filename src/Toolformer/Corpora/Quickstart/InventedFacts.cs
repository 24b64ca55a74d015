using System.Globalization;

namespace Toolformer.Corpora.Quickstart;

/// <summary>
/// Places, ships and people that nobody has heard of. What is said of them stands in a passage of the search index and
/// nowhere else.
/// </summary>
internal sealed class InventedFacts(Random random, InventedNames names)
{
    /// <param name="Title">The passage's title, with the entity {e}.</param>
    /// <param name="Attributes">What can be known of it: the first stands in every passage, the second in some.</param>
    private sealed record Subject(string Title, params Attribute[] Attributes);

    /// <param name="Value">Which kind of value it has.</param>
    /// <param name="Passage">How the index tells it.</param>
    /// <param name="Texts">How texts tell it; the value stands at {=v}.</param>
    private sealed record Attribute(Value Value, string Passage, params string[] Texts);

    private enum Value
    {
        Person,
        Place,
        Year,
        Material,
        Trade,
    }

    private static readonly string[] Materials =
        ["slate", "granite", "copper", "marble", "oak", "iron", "amber", "chalk", "cedar", "bronze", "flint", "ivory"];

    private static readonly string[] Trades =
        ["clocks", "umbrellas", "violins", "lanterns", "carpets", "anchors", "gloves", "kettles", "saddles"];

    private static readonly Subject[] Subjects =
    [
        new("{e} Lighthouse",
            new(Value.Person, "The lighthouse of {e} was built by {v}.",
                "The lighthouse of {e} was built by {=v} in the face of heavy storms.",
                "Sailors are glad of the lighthouse of {e}, the work of {=v}, whenever fog comes in."),
            new(Value.Material, "Its tower is made of {v}.",
                "We climbed up to the lighthouse of {e}, whose tower is made of {=v}, and looked at the sea.")),
        new("{e} River",
            new(Value.Place, "The river {e} reaches the sea at {v}.",
                "The river {e} reaches the sea at {=v} after a long way through the hills.",
                "Barges go down the river {e} as far as {=v}, where they are unloaded."),
            new(Value.Person, "It was first mapped by {v}.",
                "The river {e}, which was first mapped by {=v}, is rich in trout and eel.")),
        new("{e} (ship)",
            new(Value.Person, "The ship {e} was commanded by {v}.",
                "The ship {e} was commanded by {=v} on all of her voyages.",
                "When the ship {e} came back to port, her captain, {=v}, was the last to go ashore."),
            new(Value.Place, "She was launched at {v}.",
                "The ship {e} was launched at {=v} on a calm day, with a band on the quay.")),
        new("{e} Company",
            new(Value.Person, "The {e} company was founded by {v}.",
                "The {e} company was founded by {=v} in a rented shed.",
                "Few customers of the {e} company know the name of its founder, {=v}, any more."),
            new(Value.Trade, "It makes {v}.",
                "The {e} company, as every child in the valley knows, makes {=v} of the best kind.")),
        new("{e} Bridge",
            new(Value.Person, "The bridge at {e} was designed by {v}.",
                "The bridge at {e} was designed by {=v} and has never been closed.",
                "Drawings of the bridge at {e}, made by {=v}, hang on the wall of the town hall."),
            new(Value.Year, "It was opened in {v}.",
                "The bridge at {e} was opened in {=v}, and people have crossed it on foot ever since.")),
        new("Mount {e}",
            new(Value.Person, "Mount {e} was first climbed by {v}.",
                "Mount {e} was first climbed by {=v}, without a map and without a guide.",
                "The first to stand on top of Mount {e} was {=v}, who stayed there for an hour."),
            new(Value.Place, "The path to the top starts at {v}.",
                "Whoever wants to see Mount {e} takes the path to the top, which starts at {=v} near the mill.")),
        new("{e} Museum",
            new(Value.Person, "The museum of {e} is directed by {v}.",
                "The museum of {e} is directed by {=v} and opens its doors at ten.",
                "We asked at the museum of {e} for its director, {=v}, but the office was empty."),
            new(Value.Year, "It was founded in {v}.",
                "The museum of {e} was founded in {=v} and has been full of visitors ever since.")),
        new("Comet {e}",
            new(Value.Person, "The comet {e} was discovered by {v}.",
                "The comet {e} was discovered by {=v} with a very small telescope.",
                "Every astronomer who speaks of the comet {e} also speaks of {=v}, who saw it first."),
            new(Value.Year, "It will return in {v}.",
                "The comet {e} will return in {=v}, if the astronomers have counted well.")),
        new("{e} Castle",
            new(Value.Person, "The castle of {e} belongs to {v}.",
                "The castle of {e} belongs to {=v}, though the roof leaks and the garden is wild.",
                "Nobody may visit the castle of {e} without a letter from its owner, {=v}, or from the church."),
            new(Value.Material, "Its gate is made of {v}.",
                "Travellers stop in front of the castle of {e}, for its gate is made of {=v} and shines at night.")),
        new("The Song of {e}",
            new(Value.Person, "The Song of {e} was written by {v}.",
                "The Song of {e} was written by {=v} for a choir of children.",
                "The choir closed the evening with the Song of {e} by {=v} and nobody wanted to go home."),
            new(Value.Place, "It was first sung at {v}.",
                "The Song of {e} was first sung at {=v} in front of a small crowd.")),
        new("{e} (village)",
            new(Value.Person, "The school of {e} is named after {v}.",
                "The school of {e} is named after {=v}, whose picture hangs above the door.",
                "In the village of {e} there is a school which bears the name of {=v} and has two rooms."),
            new(Value.Trade, "The village is known for its {v}.",
                "People come from far away to the village of {e}, which is known for its {=v} and its honey.")),
    ];

    private static readonly string[] Leads =
    [
        "", "", "", "The guide spoke for a long time. ", "I read this on a sign beside the road. ",
        "The rain had stopped. ",
        "My aunt told us the story again. ", "It was in the paper. ", "We had never heard of it before. ",
    ];

    /// <summary>A new entity: the text that mentions it and its passage.</summary>
    public (QuickstartText Text, Passage Passage) Next(Side side, string id)
    {
        var subject = random.Of(Subjects);
        string entity = names.Place(side);
        bool second = random.Next(2) == 0;
        var values = subject.Attributes.Select(a => ValueOf(a.Value, side)).ToArray();
        string Tell(int i) => TextTemplate.Fill(subject.Attributes[i].Passage,
            new Dictionary<string, string> { ["e"] = entity, ["v"] = values[i] }).Text;
        var passage = new Passage($"passage-{id}", subject.Title.Replace("{e}", entity),
            second ? $"{Tell(0)} {Tell(1)}" : Tell(0));

        int asked = second && random.Next(2) == 0 ? 1 : 0;
        var attribute = subject.Attributes[asked];
        string lead = random.Of(Leads);
        var (text, prompt, answer) = TextTemplate.Fill(
            lead + random.Of(attribute.Texts),
            new Dictionary<string, string> { ["e"] = entity, ["v"] = values[asked] });
        return (new(new Document(id, text), TextKind.Fact, prompt, answer), passage);
    }

    private string ValueOf(Value kind, Side side) => kind switch
    {
        Value.Person => names.Person(side),
        Value.Place => names.Place(side),
        Value.Year => random.Next(1710, 2090).ToString(CultureInfo.InvariantCulture),
        Value.Material => random.Of(Materials),
        _ => random.Of(Trades),
    };
}
