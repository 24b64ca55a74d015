using Words = Toolformer.Corpora.Pretraining.PretrainingWords;

namespace Toolformer.Corpora.Pretraining;

/// <summary>
/// Warm-up for copying from the context: random words, names and numbers that come again, lists of keys and values that
/// are asked for, and texts that are repeated. Most of a text's second half follows from its first.
/// </summary>
public static class CopyingText
{
    public static string Text(Random random, ProseExcerpts? prose = null) => random.Next(9) switch
    {
        0 => Repeated(random),
        1 => Lookups(random),
        2 => Lookups(random),
        3 => Twice(random, prose),
        4 => Bracketed(random, prose),
        5 => Bracketed(random, prose),
        6 => Selected(random, prose),
        7 => Renamed(random),
        _ => Edited(random, prose),
    };

    private static string Item(Random random, int kind) => kind switch
    {
        0 => PretrainingNames.Word(random, random.Between(1, 3)),
        1 => PretrainingNames.Capital(PretrainingNames.Word(random, random.Between(1, 3))),
        2 => random.Magnitude(1, 99999).ToString(),
        3 => PretrainingNames.Code(random),
        4 => PretrainingNames.Tool(random, heldOut: false),
        5 => random.Of(Words.Things),
        6 => PretrainingNames.Person(random),
        7 => PretrainingNames.Place(random),
        8 => (random.Magnitude(10, 99999) / 100m).ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => Item(random, random.Next(9)),
    };

    private static List<string> Items(Random random, int low, int high)
    {
        var kind = random.Next(11);
        var items = new List<string>();
        for (var left = random.Between(low, high); left > 0; left--) items.Add(Item(random, kind));
        return items;
    }

    private static string Repeated(Random random)
    {
        var separator = random.Of([" ", ", ", "; ", "\n", " - ", " | ", " / "]);
        var line = string.Join(separator, Items(random, 4, 14));
        var (first, again) = random.Of(
        [
            ("", "\n"), ("First: ", "\nAgain: "), ("Read this: ", "\nNow repeat it: "), ("A\n", "\nA\n"),
            ("one) ", "\ntwo) "),
            ("The list is ", ". Once more, the list is "), ("say ", " say "), ("\"", "\" he said. And again: \""),
            ("", " ... "),
        ]);
        var times = random.Between(2, 4);
        return first + string.Join(again, Enumerable.Repeat(line, times));
    }

    private static string Lookups(Random random)
    {
        var keys = Items(random, 3, 9).Distinct().ToList();
        var kind = random.Next(10);
        var pairs = keys.Select(key => (Key: key, Value: Item(random, kind))).ToList();
        var (entry, between, ask) = random.Of(
        [
            ("{k}: {v}", "\n", "{k}: {v}"), ("{k} = {v}", "; ", "{k} = {v}"), ("{k} -> {v}", "\n", "{k} -> {v}"),
            ("{k} is {v}.", " ", "What is {k}? {v}."), ("The key of {k} is {v}.", " ", "{k} has the key {v}."),
            ("{k} lives in house {v}.", " ", "Where does {k} live? In house {v}."), ("({k}, {v})", ", ", "({k}, {v})"),
            ("{k} got {v}.", " ", "And {k}? That one got {v}."),
            ("{v} belongs to {k}.", "\n", "What belongs to {k}? {v}."),
            ("put {k} {v}", "\n", "get {k} {v}"), ("{k}={v}", " ", "{k}={v}"),
            ("<{k}>{v}</{k}>", "\n", "<{k}>{v}</{k}>"),
        ]);
        string Line(string form, (string Key, string Value) pair) => form.Replace("{k}", pair.Key)
            .Replace("{v}", pair.Value);
        var asked = Enumerable.Range(0, random.Between(3, 8)).Select(_ => Line(ask, random.Of(pairs)));
        return string.Join(between, pairs.Select(pair => Line(entry, pair)))
            + random.Of(["\n", "\n\n", "\nNow:\n", "\n--\n"])
            + string.Join(random.Of(["\n", " "]), asked);
    }

    private static string Twice(Random random, ProseExcerpts? prose)
    {
        var text = Filler.Text(random, random.Between(2, 5), prose);
        var (first, second) = random.Of(
        [
            ("Input:\n", "\nOutput:\n"), ("Text: ", "\nCopy: "), ("", "\n\n"), ("Original:\n", "\nThe same:\n"),
            ("In: ", "\nOut: "),
            ("Q: ", "\nA: "), ("> ", "\n> "),
        ]);
        return first + text + second + text;
    }

    // The shape of an annotated text without any sense: a bracketed word with an operand of the line comes again and
    // again.
    private static string Bracketed(Random random, ProseExcerpts? prose)
    {
        var name = Item(random, random.Next(2));
        var tool = PretrainingNames.Tool(random, heldOut: false);
        var (left, right) = random.Of([("(", ")"), ("(", ")"), ("(\"", "\")"), (": ", ""), (" ", ""), ("{", "}"),
            ("('", "')"), ("=", "")]);
        var lines = new List<string>();
        for (var count = random.Between(4, 8); count > 0; count--)
        {
            var line = Filler.Text(random, 1, prose);
            var words = line.Split(' ');
            var at = random.Between(1, words.Length - 1);
            while (at > 1 && !words[at].All(char.IsLetter)) at--;
            var argument = words[at].Trim('.', ',', ':', '"', '?');
            if (!argument.All(char.IsLetter)) argument = name;
            var (before, after) = (string.Join(' ', words[..at]), string.Join(' ', words[at..]));
            var marked = $"{before} [{tool}{left}{argument}{right}] {after}";
            lines.Add(random.Chance(0.5) ? marked : $"{line}\n{marked}");
        }
        return (random.Chance(0.5) ? $"{name}:\n" : "") + string.Join('\n', lines);
    }

    private static string Selected(Random random, ProseExcerpts? prose)
    {
        var text = Filler.Text(random, random.Between(2, 4), prose);
        var words = text.Split(' ').Select(word => word.Trim('.', ',', '?', '"', ':')).ToArray();
        var lines = Enumerable.Range(0, random.Between(3, 7)).Select(_ =>
        {
            var at = random.Next(words.Length - 1);
            return $"After {words[at]} comes {words[at + 1]}.";
        });
        return text + "\n" + string.Join(random.Of(["\n", " "]), lines);
    }

    private static string Renamed(Random random)
    {
        var composer = new Composer(random);
        var (a, b) = (composer["person"], composer["person2"]);
        foreach (var form in random.Some<string>(
            [
                "{person} met {person2} in {place}.", "{person} said to {person2}: \"{^word} {word2}.\"",
                "Then {person2} looked at {person}.",
                "{person} and {person2} went back to {place}.", "\"{^word} {word2}\", said {person} again.",
                "In {place} everyone knows {person2}.",
                "{person2} gave {person} the {thing} of {place}.", "The {thing} of {place} was lost by {person}.",
                "{person} called {person2} from {place} and asked about the {thing}.",
            ], random.Between(5, 8)))
            composer.Sentence(form);
        return $"{composer}\nNames: {a}, {b}";
    }

    private static string Edited(Random random, ProseExcerpts? prose)
    {
        var text = Filler.Text(random, random.Between(1, 3), prose);
        var words = text.Split(' ');
        var at = random.Next(words.Length);
        var word = PretrainingNames.Word(random, 2);
        return $"Old: {text}\nPut {word} before {words[at]}\nNew: "
            + string.Join(' ', words[..at].Append(word).Concat(words[at..]));
    }
}
