namespace Toolformer.Corpora.Quickstart;

/// <summary>Everyday texts in which no tool helps: a model must learn where not to call, too.</summary>
internal sealed class PlainTexts(Random random, InventedNames names)
{
    private static readonly string[] Openings =
    [
        "{name} walked down to the water before breakfast.", "The cat of {name} slept on the warm stones.",
        "Nobody in {town} could say who had left the gate open.",
        "A small bird had built its nest above the door of {name}.",
        "{name} wanted to learn how to bake bread.", "There was a strong smell of apples in the kitchen of {name}.",
        "The old bus to {town} broke down on the hill.", "{name} likes to sing while washing the dishes.",
        "The road to {town} runs along a quiet lake.", "In the evening {name} wrote a long letter to a friend.",
        "{name} painted the kitchen chairs a bright green.", "Fog lay over the fields around {town}.",
        "{name} had lost a glove somewhere in {town}.", "The doctor told {name} to rest and drink tea.",
        "Platform {n} in {town} was empty when {name} arrived.",
        "{name} lives in house number {n} at the end of the street.",
        "Bus {n} stops right in front of the window of {name}.", "The bakery of {town} opens early.",
        "{name} is afraid of dogs, but not of this one.", "A letter for {name} lay under the mat.",
    ];

    private static readonly string[] Middles =
    [
        "The air was cold and clear.", "Nobody spoke for a while.", "It smelled of rain and wet leaves.",
        "The neighbours watched from behind a curtain.", "A child laughed somewhere in the street.",
        "There was still some soup on the stove.", "The wind had turned in the night.", "It took longer than expected.",
        "Somebody played the piano next door.", "The light was already fading.", "",
    ];

    private static readonly string[] Endings =
    [
        "In the end everybody went home tired and content.", "Then the door opened and the guests came in.",
        "After that there was nothing left to do but wait.", "Later they sat by the fire and told stories.",
        "It was a good day, all things considered.", "So the matter was settled without a quarrel.",
        "And that was how the friendship began.", "Only the dog seemed to mind.",
        "The rest of the way was easy.", "By nightfall the whole street knew about it.",
        "Next time it will go better.", "No one ever asked about it again.",
    ];

    public QuickstartText Next(Side side, string id)
    {
        string middle = random.Of(Middles);
        string template = $"{random.Of(Openings)} {(middle.Length > 0 ? middle + " " : "")}{random.Of(Endings)}";
        var values = new Dictionary<string, string>
        {
            ["name"] = names.FirstName(side),
            ["town"] = names.Place(side),
            ["n"] = $"{random.Next(2, 90)}",
        };
        return new(new Document(id, TextTemplate.Fill(template, values).Text), TextKind.Plain, "", "");
    }
}
