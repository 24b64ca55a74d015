using System.Text;

namespace Toolformer.Corpora.Pretraining;

/// <summary>
/// Names that exist nowhere: of tools, people, places and words of made-up languages. Tool names are split by a hash of
/// their letters into those for training and those held out, on which copying is measured.
/// </summary>
public static class PretrainingNames
{
    private static readonly string[] Onsets =
        ("b c d f g h j k l m n p r s t v w z br bl ch cl cr dr fl fr gl gr kl kr pl pr sh sk sl sm sn sp st sw th"
            + " tr tw vr zl kn qu").Split(' ');

    private static readonly string[] Vowels = "a e i o u a e i o u ai ea ee ou oo au ie io y".Split(' ');

    private static readonly string[] Codas =
        "_ _ _ _ _ n r l s t m k d x nd rn lt sk st rk ng mp ss ll ck th nt rd lm".Split(' ');

    private static readonly string[] PlaceEndings =
        "ia a burg ford ton mouth dale holm wick stad mora heim ova ora una port haven mere fell by vale"
            .Split(' ');

    private static readonly string[] Fronts = """
        Tide Price Rate Star Road Ship Crop Coin Book Word Phrase Law Rule Grain Stock Plant Bird Fish Stone River Town
        Harbour Ferry Rail Route Score Rank Code Seed Field Mill Wage Tax Loan Bond Trade Cargo Fleet Farm Wool Paper
        Ink
        Type Text Line Page Atlas Globe Zone Depth Height Weight Span Range Pulse Signal Wave Sound Tone Song Verse
        Rhyme
        Letter Postal Parcel Depot Store Shelf Label Number Digit Figure Fact Lore Myth Saga Clan Guild Court Census
        Voter
        Quick Smart Deep Open Old New Micro Mega Auto Poly Omni Meta Uni Hyper Inter Geo Bio Eco Agro Tele Astro
        """.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries);

    private static readonly string[] Backs = """
        Lookup Table Desk Index Ledger Map Guide Meter Teller Keeper Checker Maker Box Register Scale Sum Bank Base Bot
        Clerk Oracle Reader Scout Runner Tracker Counter Solver Matcher Sorter Picker Mixer Splitter Joiner Grader
        Ranker
        Listing Archive Vault Store Hub Line Link Net Grid Chart Board Panel Sheet Log Pad Kit Lens Probe Gauge Dial Key
        Ref Info Data Facts Query Fetch Get Ask Tell Pull Grab Seek Spot Trace Scan Read Pick Match Count Rank Weigh
        Engine Service Helper Wizard Agent Expert Pro Plus Max One Two
        """.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries);

    private static readonly string[] RealParts =
    [
        "calc", "wiki", "search", "calend", "note", "find", "translat", "question", "answer", "document", "machine",
    ];

    /// <summary>The share of tool names that is held out of training.</summary>
    public const double HeldOutShare = 0.1;

    /// <summary>Whether a tool's name never occurs in training texts; the case and underscores don't matter.</summary>
    public static bool IsHeldOut(string toolName)
    {
        var hash = 2166136261u;
        foreach (var letter in toolName)
            if (letter != '_') hash = (hash ^ char.ToLowerInvariant(letter)) * 16777619u;
        hash ^= hash >> 15;
        return hash * 2654435761u % 1000 < HeldOutShare * 1000;
    }

    /// <summary>A tool's name of the given side of the split; never one that resembles a real tool's.</summary>
    public static string Tool(Random random, bool heldOut)
    {
        while (true)
        {
            var name = AnyTool(random);
            if (IsHeldOut(name) == heldOut && IsInvented(name)) return name;
        }
    }

    /// <summary>Whether a name is unlike those of the tools that the project ships.</summary>
    public static bool IsInvented(string toolName)
    {
        var letters = toolName.Replace("_", "").ToLowerInvariant();
        return letters is not ("qa" or "mt")
            && !RealParts.Any(part => letters.Contains(part, StringComparison.Ordinal));
    }

    private static string AnyTool(Random random) => random.Next(20) switch
    {
        < 5 => Capital(Word(random, random.Between(2, 3))),
        < 8 => Capital(Word(random, random.Between(1, 2))) + random.Of(Backs),
        < 11 => random.Of(Fronts) + random.Of(Backs),
        < 12 => random.Of(Fronts) + Capital(Word(random, 1)),
        < 13 => Capital(Word(random, random.Between(1, 2))) + Capital(Word(random, random.Between(1, 2))),
        < 15 => Word(random, random.Between(2, 3)),
        < 16 => random.Of(Fronts).ToLowerInvariant() + "_" + random.Of(Backs).ToLowerInvariant(),
        < 17 => Word(random, random.Between(1, 2)) + "_" + random.Of(Backs).ToLowerInvariant(),
        < 18 => Letters(random, random.Between(2, 4)),
        < 19 => Word(random, random.Between(1, 2)).ToUpperInvariant(),
        _ => Capital(Word(random, random.Between(1, 2))) + random.Between(1, 99),
    };

    private static string Letters(Random random, int count)
    {
        var name = new StringBuilder(count);
        for (var i = 0; i < count; i++) name.Append((char)('A' + random.Next(26)));
        return name.ToString();
    }

    /// <summary>A pronounceable lower-case word.</summary>
    public static string Word(Random random, int syllables)
    {
        var word = new StringBuilder();
        for (var i = 0; i < syllables; i++)
        {
            if (i > 0 || !random.Chance(0.15)) word.Append(random.Of(Onsets));
            word.Append(random.Of(Vowels));
            if (random.Of(Codas) is var coda && coda != "_"
                && (i == syllables - 1 || random.Chance(0.4))) word.Append(coda);
        }
        return word.Length < 3 ? word.Append('n').Append('a').ToString() : word.ToString();
    }

    /// <summary>"Velmora", "Grensk Harbour", "Port Taulen".</summary>
    public static string Place(Random random)
    {
        var name = Capital(Word(random, random.Between(1, 2)));
        if (random.Chance(0.5)) name += random.Of(PlaceEndings);
        return random.Next(12) switch
        {
            0 => "Port " + name,
            1 => name + " Bay",
            2 => "North " + name,
            3 => "Lake " + name,
            _ => name,
        };
    }

    /// <summary>"Tobin Arkle": a first name, real or not, with a surname, real or not.</summary>
    public static string Person(Random random)
    {
        var first = random.Chance(0.5) ? First(random) : Capital(Word(random, random.Between(1, 2)));
        var last = random.Chance(0.4) ? random.Of(PretrainingWords.Surnames)
            : Capital(Word(random, random.Between(1, 2)));
        return first + " " + last;
    }

    /// <summary>A real first name.</summary>
    public static string First(Random random) =>
        random.Of(random.Chance(0.5) ? PretrainingWords.Women : PretrainingWords.Men);

    /// <summary>"KX-204", "b71", "9QF3", "40-11-86".</summary>
    public static string Code(Random random) => random.Next(6) switch
    {
        0 => Letters(random, 2) + "-" + random.Between(10, 999),
        1 => Letters(random, 1) + random.Between(10, 9999),
        2 => random.Between(1, 99) + Letters(random, 2) + random.Between(1, 9),
        3 => $"{random.Between(10, 99)}-{random.Between(10, 99)}-{random.Between(10, 99)}",
        4 => random.Between(1000, 999999).ToString(),
        _ => Word(random, 1) + random.Between(1, 99),
    };

    /// <summary>"velmora" → "Velmora".</summary>
    public static string Capital(string word) => word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..];
}
