using Words = Toolformer.Corpora.Pretraining.PretrainingWords;

namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that know what comes before and after: days, months, letters and ranks.</summary>
internal sealed class OrderDomain(Random random) : ToolDomain
{
    public override string Purpose { get; } = random.Of(
        ["knows the order of days and months", "counts days forward and back", "knows what comes next",
            "moves along the week or year"]);

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
        composer.Forget().Set("from", ring[start]).Set("n", count).Set("w", way).Set("to", end)
            .Set("on", unit == "day" ? "on" : "in");
        composer.Sentence(random.Of(
        [
            "The meeting is {n} {w} {from}, {on} <{to}>.", "{^n} {w} {from} comes <{to}>.",
            "If you count {n} {w} {from} you get <{to}>.",
            "{first} wanted {from}, but the {job} came {n} {w} that, {on} <{to}>.",
            "The parcel was expected {on} {from} and arrived {n} {w} it, {on} <{to}>.",
            "The {spot} opens {n} {w} {from}, that is {on} <{to}>.", "What comes {n} {w} {from}? It is <{to}>.",
        ]));
        return new Request([ring[start], after ? $"{steps}" : $"{steps} back"],
            $"What is {count} {way} {ring[start]}?", $"{count} {way} {ring[start]}");
    }
}
