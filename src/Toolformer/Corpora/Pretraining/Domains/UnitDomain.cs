using System.Globalization;

namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that convert units.</summary>
internal sealed class UnitDomain(Random random) : ToolDomain
{
    private static readonly (string From, string To, decimal Factor, string[] Texts)[] Units =
    [
        ("miles", "kilometres", 1.609m, Ways), ("kilometres", "miles", 0.6214m, Ways),
        ("feet", "metres", 0.3048m, Lengths),
        ("metres", "feet", 3.281m, Lengths), ("inches", "centimetres", 2.54m, Lengths), ("yards", "feet", 3, Lengths),
        ("feet", "inches", 12, Lengths), ("metres", "centimetres", 100, Lengths),
        ("pounds", "kilograms", 0.4536m, Weights),
        ("kilograms", "pounds", 2.205m, Weights), ("tons", "kilograms", 1000, Weights),
        ("ounces", "grams", 28.35m, Weights),
        ("gallons", "litres", 3.785m, Volumes), ("litres", "pints", 2.113m, Volumes), ("hours", "minutes", 60, Times),
        ("minutes", "seconds", 60, Times), ("days", "hours", 24, Times), ("weeks", "days", 7, Times),
        ("years", "months", 12, Times), ("acres", "hectares", 0.4047m, Areas),
    ];

    private static string[] Ways =>
        ["From {place} to {place2}: {a} {u}, in other words <{r}> {v}.", "It was {a} {u} away, or <{r}> {v}.",
            "{first} drove {a} {u}, which is <{r}> {v}."];

    private static string[] Lengths =>
        ["The {thing} is {a} {u} long, which is <{r}> {v}.",
            "At {a} {u}, or <{r}> {v}, it was the highest {spot} in {place}."];

    private static string[] Weights =>
        ["The {thing} weighs {a} {u}, that is <{r}> {v}.", "They loaded {a} {u} of {stuff} (<{r}> {v}) in {place}."];

    private static string[] Volumes =>
        ["The label says {a} {u} of {stuff}, so <{r}> {v}.", "They drank {a} {u}, about <{r}> {v}."];

    private static string[] Times =>
        ["The work took {a} {u}, which is <{r}> {v}.", "{first} waited for {a} {u}, in {v}: <{r}>."];

    private static string[] Areas => ["The farm near {place} has {a} {u}, or <{r}> {v}."];

    private static readonly string[] General =
        ["{a} {u} are about <{r}> {v}.", "{first} said {a} {u}. In {v} that is <{r}>.",
            "How many {v} are {a} {u}? The answer is <{r}>."];

    public override string Purpose { get; } = random.Of(["converts units", "turns one measure into another",
        "knows weights and measures"]);

    public override Request Placeholder => new(["amount", "unit", "wanted unit"], "question", "amount and units");

    public override Request AddTo(Composer composer)
    {
        var (from, to, factor, texts) = random.Of(Units);
        var amount = random.Chance(0.8) ? random.Magnitude(2, 900) : random.Magnitude(11, 900) / 10m;
        var result = amount * factor;
        var printed = result.ToString(result >= 100 || result == Math.Truncate(result) ? "0" : "0.0",
            CultureInfo.InvariantCulture);
        var text = amount.ToString(CultureInfo.InvariantCulture);
        composer.Forget().Set("a", text).Set("u", from).Set("v", to).Set("r", printed)
            .Sentence(random.Of(random.Chance(0.5) ? General : texts));
        return new Request([text, from, to], $"How many {to} are {text} {from}?", $"{text} {from} in {to}");
    }
}
