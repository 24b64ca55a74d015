using System.Globalization;
using Words = Toolformer.Corpora.PretrainingWords;

namespace Toolformer.Corpora;

/// <summary>Tools that are given key words of the text and know the phrase that goes on.</summary>
internal sealed class PhraseDomain(Random random) : ToolDomain
{
    private static readonly (string Text, string Key, string Ask)[] Templates =
    [
        ("The {colour} stripe in the flag of {place} stands for <{phrase}>.", "{place} flag {colour}", "What does {colour} mean in the flag of {place}?"),
        ("{person} is best remembered for <{phrase}>.", "{person} remembered", "What is {person} known for?"),
        ("The people of {place} are known for <{phrase}>.", "{place} people", "What are the people of {place} known for?"),
        ("In {year} the {job}s of {place} protested against <{phrase}>.", "{place} {job}s {year}", "What did the {job}s of {place} protest against?"),
        ("The {name} medicine is given to patients with <{phrase}>.", "{name} medicine use", "Who is given {name}?"),
        ("The main danger of making {name} is <{phrase}>.", "{name} danger", "What is dangerous about {name}?"),
        ("The {name} Act of {year} was a law against <{phrase}>.", "{name} Act {year}", "What was the {name} Act of {year} about?"),
        ("The song \"{name}\" tells of <{phrase}>.", "{name} song meaning", "What does the song {name} tell of?"),
        ("Visitors to {place} go there to see <{phrase}>.", "{place} visitors", "What do visitors see in {place}?"),
        ("The battle of {place} was lost because of <{phrase}>.", "battle of {place}", "Why was the battle of {place} lost?"),
        ("The old name of the {name} river means <{phrase}>.", "{name} river meaning", "What does the name of the {name} river mean?"),
        ("{person} won the {name} Prize for a book on <{phrase}>.", "{name} Prize {person}", "What is the book of {person} about?"),
        ("The {name} method is used in {science} to study <{phrase}>.", "{name} method {science}", "What is the {name} method for?"),
        ("On the walls of the {spot} in {place} one can see <{phrase}>.", "{place} {spot} walls", "What is on the walls of the {spot}?"),
        ("The {nature} of {place} is famous for <{phrase}>.", "{place} {nature}", "What is the {nature} of {place} famous for?"),
        ("According to legend the {nature} near {place} hides <{phrase}>.", "legend {nature} {place}", "What does the {nature} near {place} hide?"),
        ("The {name} Society was founded in {year} to promote <{phrase}>.", "{name} Society aim", "What does the {name} Society promote?"),
        ("The motto of {surname} College is <{phrase}>.", "{surname} College motto", "What is the motto of {surname} College?"),
        ("{person} painted <{phrase}> more often than anything else.", "{person} painter subject", "What did {person} paint?"),
        ("At the {name} festival children are given <{phrase}>.", "{name} festival children", "What do children get at the {name} festival?"),
    ];

    public override string Purpose { get; } = random.Of(
        ["looks up short texts", "returns a passage on a topic", "knows many articles", "gives background on a term",
         "looks into a large book", "knows the archive"]);

    public override Request Placeholder => new(
        [random.Of(["term", "key words", "topic", "subject"])], "question", random.Of(["term", "the words to look up", "topic"]));

    public override Request AddTo(Composer composer)
    {
        var (text, key, ask) = random.Of(Templates);
        composer.Forget().Sentence(text);
        var words = composer.Express(key);
        return new Request([words], composer.Express(ask), words);
    }
}

/// <summary>Tools that translate words of made-up languages. The glossary is the tool's own, and small enough to recur.</summary>
internal sealed class GlossaryDomain : ToolDomain
{
    private static readonly string[] Templates =
    [
        "The word {w} means <{m}> in English.", "In {l} {w} is the word for <{m}>.", "\"{w}\" is {l} and means <{m}>.",
        "They shouted {w} (<{m}>) from the {spot}.", "On the door of the {spot} it says {w}, that is <{m}>.",
        "{first} whispered \"{w}\", which is {l} for <{m}>.", "The {l} say {w} when they mean <{m}>.",
        "The old book is called {w}, in English <{m}>.", "Her {relative} calls it {w}. We call it <{m}>.",
        "The sign reads {w}. This means <{m}>.", "{first} learned a new word: {w}, or <{m}>.", "The {job} sells {w}, or <{m}>.",
        "A {l} proverb about {w} is a proverb about <{m}>.", "{w} = <{m}>.", "{w} (<{m}>) is spoken aloud at the end.",
    ];

    private readonly Random random;
    private readonly string language;

    public GlossaryDomain(Random random)
    {
        this.random = random;
        language = PretrainingNames.Capital(PretrainingNames.Word(random, random.Between(1, 2))) + random.Of(["ish", "ese", "ian", "ic", "an"]);
        Purpose = random.Of([$"translates {language} into English", "translates foreign words", "explains foreign words",
            "gives the meaning of a word", "knows other languages"]);
    }

    public override string Purpose { get; }

    public override Request Placeholder => new(
        [random.Of(["word", "words", "text", "foreign word", "phrase"])], "question about a word", "word meaning");

    public override Request AddTo(Composer composer)
    {
        var words = random.Between(1, 3);
        var foreign = string.Join(' ', Enumerable.Range(0, words).Select(_ => PretrainingNames.Word(random, random.Between(1, 2))));
        composer.Forget().Set("w", foreign).Set("l", language);
        composer.Set("m", words == 1
            ? random.Of([random.Of(Words.Things), random.Of(Words.Nature), random.Of(Words.Ideas), random.Of(Words.Jobs), random.Of(Words.Qualities)])
            : composer["phrase"]);
        composer.Sentence(random.Of(Templates));
        return new Request([foreign], $"What does {foreign} mean?", $"{foreign} meaning");
    }
}

/// <summary>Tools that know what comes before and after: days, months, letters and ranks.</summary>
internal sealed class OrderDomain(Random random) : ToolDomain
{
    public override string Purpose { get; } = random.Of(
        ["knows the order of days and months", "counts days forward and back", "knows what comes next", "moves along the week or year"]);

    public override Request Placeholder => new(["day or month", "steps"], "question", "what comes after");

    public override Request AddTo(Composer composer)
    {
        var ring = random.Chance(0.6) ? Words.Days : Words.Months;
        var unit = ring == Words.Days ? "day" : "month";
        var start = random.Next(ring.Length);
        var steps = random.Between(1, ring.Length - 1);
        var after = random.Chance(0.7);
        var end = ring[((after ? start + steps : start - steps) % ring.Length + ring.Length) % ring.Length];
        var count = steps == 1 ? $"one {unit}" : $"{steps} {unit}s";
        var way = after ? "after" : "before";
        composer.Forget().Set("from", ring[start]).Set("n", count).Set("w", way).Set("to", end).Set("on", unit == "day" ? "on" : "in");
        composer.Sentence(random.Of(
        [
            "The meeting is {n} {w} {from}, {on} <{to}>.", "{^n} {w} {from} comes <{to}>.", "If you count {n} {w} {from} you get <{to}>.",
            "{first} wanted {from}, but the {job} came {n} {w} that, {on} <{to}>.", "The parcel was expected {on} {from} and arrived {n} {w} it, {on} <{to}>.",
            "The {spot} opens {n} {w} {from}, that is {on} <{to}>.", "What comes {n} {w} {from}? It is <{to}>.",
        ]));
        return new Request([ring[start], after ? $"{steps}" : $"{steps} back"], $"What is {count} {way} {ring[start]}?", $"{count} {way} {ring[start]}");
    }
}

/// <summary>Tools that convert units.</summary>
internal sealed class UnitDomain(Random random) : ToolDomain
{
    private static readonly (string From, string To, decimal Factor)[] Units =
    [
        ("miles", "kilometres", 1.609m), ("kilometres", "miles", 0.6214m), ("feet", "metres", 0.3048m), ("metres", "feet", 3.281m),
        ("inches", "centimetres", 2.54m), ("pounds", "kilograms", 0.4536m), ("kilograms", "pounds", 2.205m), ("gallons", "litres", 3.785m),
        ("hours", "minutes", 60), ("minutes", "seconds", 60), ("days", "hours", 24), ("weeks", "days", 7), ("years", "months", 12),
        ("dozen", "pieces", 12), ("yards", "feet", 3), ("feet", "inches", 12), ("metres", "centimetres", 100), ("tons", "kilograms", 1000),
        ("litres", "pints", 2.113m), ("ounces", "grams", 28.35m), ("acres", "hectares", 0.4047m), ("knots", "miles an hour", 1.151m),
    ];

    public override string Purpose { get; } = random.Of(["converts units", "turns one measure into another", "knows weights and measures"]);

    public override Request Placeholder => new(["amount", "unit", "wanted unit"], "question", "amount and units");

    public override Request AddTo(Composer composer)
    {
        var (from, to, factor) = random.Of(Units);
        var amount = random.Chance(0.8) ? random.Magnitude(2, 900) : random.Magnitude(11, 900) / 10m;
        var result = amount * factor;
        var printed = result.ToString(result >= 100 || result == Math.Truncate(result) ? "0" : "0.0", CultureInfo.InvariantCulture);
        var text = amount.ToString(CultureInfo.InvariantCulture);
        composer.Forget().Set("a", text).Set("u", from).Set("v", to).Set("r", printed).Sentence(random.Of(
        [
            "The {thing} measures {a} {u}, which is <{r}> {v}.", "{a} {u} are about <{r}> {v}.", "It was {a} {u} away, or <{r}> {v}.",
            "{first} said {a} {u}. In {v} that is <{r}>.", "They counted {a} {u} (<{r}> {v}) in {place}.", "How many {v} are {a} {u}? The answer is <{r}>.",
            "The label says {a} {u}, so <{r}> {v}.", "From {place} to {place2}: {a} {u}, in other words <{r}> {v}.",
        ]));
        return new Request([text, from, to], $"How many {to} are {text} {from}?", $"{text} {from} in {to}");
    }
}

/// <summary>Tools that pick from a list: the most, the least, the first in order.</summary>
internal sealed class RankingDomain(Random random) : ToolDomain
{
    public override string Purpose { get; } = random.Of(["ranks the entries of a list", "picks from a list", "knows which is first"]);

    public override Request Placeholder => new(["list of names", "rank"], "question", "names and rank");

    public override Request AddTo(Composer composer)
    {
        var entries = Enumerable.Range(0, random.Between(2, 4))
            .Select(_ => (Name: PretrainingNames.Capital(PretrainingNames.Word(random, random.Between(1, 2))), Score: random.Magnitude(2, 999))).ToList();
        var most = random.Chance(0.6);
        var best = most ? entries.MaxBy(entry => entry.Score) : entries.MinBy(entry => entry.Score);
        var (rank, low) = random.Of([("largest", "smallest"), ("oldest", "youngest"), ("longest", "shortest"), ("richest", "poorest"), ("first", "last")]);
        var list = string.Join(", ", entries.Select(entry => entry.Name));
        var scored = string.Join(", ", entries.Select(entry => $"{entry.Name} {entry.Score}"));
        composer.Forget().Set("list", random.Chance(0.5) ? scored : list).Set("rank", most ? rank : low).Set("best", best.Name);
        composer.Sentence(random.Of(
        [
            "Of {list} the {rank} is <{best}>.", "The names are {list}. The {rank} of them is <{best}>.",
            "{first} compared {list} and found that the {rank} was <{best}>.", "Here is the list: {list}. As {rank} it has <{best}>.",
        ]));
        return new Request([composer["list"], composer["rank"]], $"Which is the {composer["rank"]} of {composer["list"]}?", $"{composer["rank"]} of {list}");
    }
}

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
            _ => Length(random.Chance(0.6) ? random.Of(Words.Things) : PretrainingNames.Word(random, random.Between(2, 4))),
        };
        composer.Forget().Set("w", word).Set("x", what).Set("v", value).Sentence(random.Of(
        [
            "The {x} of {w} is <{v}>.", "What is the {x} of {w}? It is <{v}>.", "{first} wrote down {w} and its {x}, <{v}>.",
            "As {x} of \"{w}\" the {job} gave <{v}>.", "For {w} the {x} would be <{v}>.", "Not everyone knows that the {x} of {w} is <{v}>.",
        ]));
        return new Request([word], $"What is the {what} of {word}?", $"{what} of {word}");
    }

    private static (string, string, string) Plural(string noun) => (noun, Words.Plural(noun), "plural");

    private static (string, string, string) Length(string word) => (word, $"{word.Length}", "number of letters");
}

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
        "The open window is number <{some}>.", "We are now in the {quality} hall, room <{code}>.",
        "The password at the moment is <{word}>.", "The signal shows <{colour}>.",
        "The temperature is <{some}> degrees.", "The shop on the corner sells <{s thing}> this week.",
        "The price of a {thing} is <{many}> at this hour.", "The team in front is <{name}>.",
    ];

    private readonly Random random;
    private readonly string[] input;
    private readonly List<string> templates;

    public StateDomain(Random random)
    {
        this.random = random;
        templates = random.Chance(0.3) ? [.. Templates] : random.Some(Templates, random.Between(1, 3));
        input = [random.Of(["now", "here", "?", "this", "state", "on", "all", "go", "x", "show", "current", "latest", "1", "get", "me"])];
    }

    public override string Purpose => random.Of(["knows how things stand", "reports what is going on", "tells the present state"]);

    public override Request Placeholder => new(input);

    public override Request AddTo(Composer composer)
    {
        composer.Forget().Set("side", random.Of(["north", "south", "east", "west", "north-east", "south-west"]));
        composer.Sentence(random.Of(templates));
        return new Request(input);
    }
}
