namespace Toolformer.Corpora.Quickstart;

/// <summary>
/// Names that nobody bears, made of syllables. Each is given out once, on the side that its own hash says.
/// </summary>
internal sealed class InventedNames(Random random)
{
    // All names begin with a letter that is rare at the beginning of English names, and no ending is one that a
    // stemmer would cut off, so that two names never look the same to the search index.
    private static readonly string[] Onsets =
        ["Za", "Zo", "Zu", "Ve", "Vo", "Vu", "Qua", "Qui", "Quo", "Ke", "Ko", "Ku", "Ya", "Yo", "Yu", "Xa", "Xe", "Xo"];

    private static readonly string[] Middles =
        ["br", "dr", "gr", "lm", "lt", "mb", "nd", "nt", "rd", "rk", "rm", "rn", "rv", "st", "v", "z", "x", "k", "m"];

    private static readonly string[] PlaceEndings =
        ["oth", "ust", "isk", "ard", "olm", "ask", "ift", "unt", "ond", "urg"];

    private static readonly string[] FirstEndings = ["a", "o", "ia", "ano", "ila", "omo", "una", "io"];

    private static readonly string[] FamilyEndings =
        ["ack", "ock", "art", "ulk", "ank", "omp", "arsk", "ink", "opp", "uft"];

    private readonly HashSet<string> _given = [];

    public string Place(Side side) => Next(side, PlaceEndings);

    public string FirstName(Side side) => Next(side, FirstEndings);

    /// <summary>First name and family name, both of this side and both new.</summary>
    public string Person(Side side) => $"{Next(side, FirstEndings)} {Next(side, FamilyEndings)}";

    private string Next(Side side, string[] endings)
    {
        // 18 · 20 onsets and middles, and a second middle part when the short names run out.
        for (int attempt = 0; attempt < 20_000; attempt++)
        {
            string more = attempt > 40 ? random.Of<string>(["a", "e", "o"]) + random.Of(Middles) : "";
            string name = random.Of(Onsets) + random.Of(Middles) + more + random.Of(endings);
            if (Split.Of(name) == side && _given.Add(name))
                return name;
        }
        throw new InvalidOperationException(
            $"No unused {side} name was found after {_given.Count} names · invented names of the quickstart corpus · "
            + "ask for fewer texts.");
    }
}
