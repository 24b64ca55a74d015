namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that know things about invented places, ships, firms, books and people: (entity, attribute) →
/// value.</summary>
internal sealed class FactDomain : ToolDomain
{
    /// <param name="Of">Template of the entity; <paramref name="Value"/>: template of the value.</param>
    private sealed record Relation(string Name, string Of, string Value, string Ask = "What is");

    private static IEnumerable<Relation> Of(string entity, string value, string ask, string names) =>
        names.Split(',').Select(name => new Relation(name.Trim(), entity, value, ask));

    private static readonly Relation[] Relations =
    [
        .. Of("{place}", "{person}", "Who is",
            "harbour master, mayor, head teacher, oldest citizen, richest merchant, chief judge, night watchman, "
            + "founder, governor, postmaster, best-known poet, town clerk, bishop, fire chief, patron saint"),
        .. Of("{place}", "{place2}", "What is",
            "twin town, capital, nearest port, old name, largest suburb, northern neighbour"),
        .. Of("{place}", "{many}", "What is",
            "population, height above the sea, number of houses, area code, postal code, yearly rainfall"),
        .. Of("{place}", "{year}", "What is",
            "founding year, year of the great fire, year of the flood, year of the charter"),
        .. Of("{place}", "{a colour} {thing}", "What is", "coat of arms, symbol, emblem, lucky sign"),
        .. Of("{place}", "{stuff}", "What is", "main export, favourite dish, most important product"),
        .. Of("{place}", "{name}", "What is", "currency, language, main river, local dance, football club"),
        .. Of("the {name}", "{person}", "Who is", "captain, builder, owner, first mate, designer, pilot, cook"),
        .. Of("the {name}", "{place}", "What is",
            "home port, next stop, birthplace, place of construction, last known position"),
        .. Of("the {name}", "{some}", "What is", "crew size, top speed, number of cabins, hull number, platform"),
        .. Of("the {surname} Company", "{person}", "Who is",
            "director, founder, chief engineer, owner, lawyer, president"),
        .. Of("the {surname} Company", "{place}", "What is", "head office, birthplace, largest branch, seat"),
        .. Of("the {surname} Company", "{code}", "What is", "account number, phone number, tax number, order number"),
        .. Of("{person}", "{place}", "What is", "birthplace, home town, place of death, favourite city, last address"),
        .. Of("{person}", "{a job}", "What is", "profession, first job, day job"),
        .. Of("{person}", "{year}", "What is", "year of birth, year of death, wedding year, graduation year"),
        .. Of("{person}", "{code}", "What is",
            "passport number, locker, badge number, room, phone extension, password"),
        .. Of("{person}", "{first}", "Who is",
            "father, mother, eldest child, best friend, teacher, brother, wife, dog"),
        .. Of("the novel {name}", "{person}", "Who is", "author, main character, villain, translator, publisher"),
        .. Of("the film {name}", "{person}", "Who is", "director, leading actress, composer, star, writer"),
        .. Of("the {name} Bridge", "{some}", "What is", "length in yards, height in feet, number of arches, toll"),
        .. Of("the planet {name}", "{few}", "What is",
            "number of moons, rank in size, distance class, number of rings"),
        .. Of("the {name} Museum", "{day}", "What is", "closing day, busiest day, free day, day of the tour"),
        .. Of("the {name} Festival", "{date}", "What is", "opening day, last day, date"),
        .. Of("the metal {name}", "{colour}", "What is", "colour, shade when hot, colour of the flame"),
        .. Of("the {thing} in the {spot}", "{code}", "What is",
            "catalogue number, code, serial number, price tag, shelf mark"),
    ];

    private static readonly string[] Statements =
    [
        "The {relation} of {entity} is <{value}>.", "{^entity} has a new {relation}: <{value}>.",
        "We know that the {relation} of {entity} is <{value}>.", "As for the {relation} of {entity}, it is <{value}>.",
        "The {relation} of {entity} was given as <{value}>.",
        "According to the book, the {relation} of {entity} is <{value}>.",
        "People say the {relation} of {entity} is <{value}>.", "{^entity} is in the news. The {relation} is <{value}>.",
        "I asked about {entity}. The {relation} is <{value}>.",
        "{^entity}, whose {relation} is <{value}>, is well known.",
        "On the list of {entity} the {relation} reads <{value}>.",
        "The {relation} of {entity}, <{value}>, was in the paper.",
        "What is the {relation} of {entity}? It is <{value}>.", "Remember the {relation} of {entity}: <{value}>.",
        "When {first9} asked for the {relation} of {entity}, the answer was <{value}>.",
        "In that year the {relation} of {entity} was still <{value}>.",
        "For {entity} the {relation} is <{value}>.", "{^entity} - {relation}: <{value}>.",
    ];

    private static readonly string[] PersonStatements =
    [
        "The {relation} of {entity} is <{value}>.", "<{value}> is the {relation} of {entity}.",
        "As {relation} of {entity}, <{value}> gave a short speech.",
        "The {relation} of {entity}, <{value}>, opened the meeting.",
        "{^entity} is led by its {relation}, <{value}>.", "A letter came from the {relation} of {entity}, <{value}>.",
        "Who is the {relation} of {entity}? It is <{value}>.",
        "The prize went to the {relation} of {entity}, <{value}>.",
        "Since last year the {relation} of {entity} has been <{value}>.",
        "I met the {relation} of {entity}. The name is <{value}>.",
        "{first9} wrote to the {relation} of {entity}, whose name is <{value}>.",
    ];

    private readonly Random random;
    private readonly List<Relation> relations;
    private readonly string purpose;

    public FactDomain(Random random)
    {
        this.random = random;
        // A tool for one topic, or one that knows everything.
        relations = random.Chance(0.4) ? [.. Relations] : random.Some(Relations, random.Between(1, 5));
        purpose = relations.Count > 1
            ? random.Of(["knows facts about people and places", "looks things up", "knows names, numbers and dates",
                "answers questions of fact", "knows who and what is where", "keeps records"])
            : $"knows the {relations[0].Name} of each one";
    }

    public override string Purpose => purpose;

    public override Request Placeholder => random.Next(3) switch
    {
        0 => new(["name", "attribute"], "question", "what you look for"),
        1 => new(["entity", "field"], "your question", "name and field"),
        _ => new(["who or what", "what about it"], "a question", "key words"),
    };

    public override Request AddTo(Composer composer)
    {
        var relation = random.Of(relations);
        composer.Forget();
        var entity = composer.Express(relation.Of);
        composer.Set("entity", entity).Set("relation", relation.Name).Set("value", composer.Express(relation.Value));
        composer.Sentence(random.Of(relation.Ask == "Who is" ? PersonStatements : Statements));
        var bare = entity.StartsWith("the ", StringComparison.Ordinal) ? entity[4..] : entity;
        return new Request([bare, relation.Name], $"{relation.Ask} the {relation.Name} of {entity}?",
            $"{bare} {relation.Name}")
        {
            Restated = composer.Express(random.Of(relation.Ask == "Who is" ? PersonStatements : Statements)),
        };
    }
}
