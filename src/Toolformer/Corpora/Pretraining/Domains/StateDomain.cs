namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that report how things stand now: the input is always the same.</summary>
internal sealed class StateDomain : ToolDomain
{
    private static readonly string[] Templates =
    [
        "The ferry leaves from quay <{few}> this time.", "The wind blows from the <{side}>.",
        "The sky over {place} is <{quality}> at the moment.", "The flag on the tower is <{colour}> now.",
        "The {job} on duty is <{first}>.", "The next train goes to <{place}>.",
        "The bus leaves at <{clock}>.", "The water stands at <{some}> inches.",
        "Dinner is <{stuff}> and bread.", "The queue has <{few}> people in it.",
        "At present {person} is the leader and <{person2}> comes second.", "The guest of the week is <{person}>.",
        "The open window is number <{some}>.", "We are now in the {quality} hall, in room <{code}>.",
        "The password at the moment is <{word}>.", "The signal shows <{colour}>.",
        "The temperature is <{some}> degrees.", "The shop on the corner sells <{s thing}> this week.",
        "The price of {a thing} is <{many}> at this hour.", "The team in front is <{name}>.",
    ];

    private readonly Random random;
    private readonly string[] input;
    private readonly List<string> templates;

    public StateDomain(Random random)
    {
        this.random = random;
        templates = random.Chance(0.3) ? [.. Templates] : random.Some(Templates, random.Between(1, 3));
        input = [random.Of(["now", "here", "?", "this", "state", "on", "all", "go", "x", "show", "current", "latest",
            "1", "get", "me"])];
    }

    public override string Purpose =>
        random.Of(["knows how things stand", "reports what is going on", "tells the present state"]);

    public override Request Placeholder => new(input);

    public override Request AddTo(Composer composer)
    {
        composer.Forget().Set("side", random.Of(["north", "south", "east", "west", "north-east", "south-west"]));
        composer.Sentence(random.Of(templates));
        return new Request(input);
    }
}
