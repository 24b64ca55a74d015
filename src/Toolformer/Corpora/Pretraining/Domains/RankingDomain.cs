namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Tools that pick from a list: the most, the least, the first in order.</summary>
internal sealed class RankingDomain(Random random) : ToolDomain
{
    public override string Purpose { get; } = random.Of(["ranks the entries of a list", "picks from a list",
        "knows which is first"]);

    public override Request Placeholder => new(["list of names", "rank"], "question", "names and rank");

    public override Request AddTo(Composer composer)
    {
        var entries = Enumerable.Range(0, random.Between(2, 4))
            .Select(_ => (Name: PretrainingNames.Capital(PretrainingNames.Word(random, random.Between(1, 2))),
                Score: random.Magnitude(2, 999))).ToList();
        var most = random.Chance(0.6);
        var best = most ? entries.MaxBy(entry => entry.Score) : entries.MinBy(entry => entry.Score);
        var (rank, low) = random.Of([("largest", "smallest"), ("oldest", "youngest"), ("longest", "shortest"),
            ("richest", "poorest"), ("first", "last")]);
        var list = string.Join(", ", entries.Select(entry => entry.Name));
        var scored = string.Join(", ", entries.Select(entry => $"{entry.Name} {entry.Score}"));
        composer.Forget().Set("list", random.Chance(0.5) ? scored : list).Set("rank", most ? rank : low)
            .Set("best", best.Name);
        composer.Sentence(random.Of(
        [
            "Of {list} the {rank} is <{best}>.", "The names are {list}. The {rank} of them is <{best}>.",
            "{first} compared {list} and found that the {rank} was <{best}>.",
            "Here is the list: {list}. As {rank} it has <{best}>.",
        ]));
        return new Request([composer["list"], composer["rank"]],
            $"Which is the {composer["rank"]} of {composer["list"]}?", $"{composer["rank"]} of {list}");
    }
}
