using Toolformer.Corpora.Pretraining.Domains;

namespace Toolformer.Corpora.Pretraining;

/// <summary>How one invented tool wants its input written; drawn once per tool.</summary>
internal sealed class ArgumentFormat
{
    private enum Shape { Parts, Named, Question, Phrase }

    private static readonly string[] Separators =
    [
        "; ", ", ", " and ", " | ", ": ", " vs ", ";", ",", "|", " & ", " ~ ", " @ ", " to ", " with ", " : ", " by ",
        "..", " over ", " # ", " then ", "~", "&", " ", " from ", " against ", "_", ":", " ; ", " < ", " !",
    ];

    private static readonly string[] Quotes = ["\"", "\"", "\"", "'", "`"];
    private static readonly string[] Prefixes = ["get ", "for ", "on ", "ask: ", "of ", "value: ", "in: ", "q=", "#",
        "@", "=", "give "];
    private static readonly string[][] KeySets =
    [
        ["a", "b", "c"], ["x", "y", "z"], ["first", "second", "third"], ["left", "right", "far"], ["p", "q", "r"],
        ["one", "two", "three"], ["of", "what", "how"], ["item", "field", "more"], ["n1", "n2", "n3"],
            ["key", "part", "rest"],
    ];

    private readonly Shape shape;
    private readonly string separator;
    private readonly string assign;
    private readonly string whole;
    private readonly string each;
    private readonly string prefix;
    private readonly string[] keys;
    private readonly bool reversed;
    private readonly bool noGrouping;
    private readonly bool lower;

    /// <param name="example">A request as the tool's domain makes them; it says which shapes there are.</param>
    public ArgumentFormat(Random random, Request example)
    {
        var shapes = new List<Shape> { Shape.Parts, Shape.Parts, Shape.Named };
        if (example.Question is not null) shapes.AddRange([Shape.Question, Shape.Question, Shape.Question]);
        if (example.Phrase is not null) shapes.AddRange([Shape.Phrase, Shape.Phrase]);
        shape = random.Of(shapes);
        if (shape == Shape.Named && example.Parts.Length < 2) shape = Shape.Parts;
        separator = random.Of(Separators);
        assign = random.Of(["=", ": ", "=", ":", " is ", " = "]);
        var words = shape is Shape.Question or Shape.Phrase;
        whole = random.Chance(words ? 0.6 : example.Parts.Length == 1 ? 0.45 : 0.15) ? random.Of(Quotes) : "";
        each = whole.Length == 0 && shape is Shape.Parts or Shape.Named && random.Chance(0.2) ? random.Of(Quotes) : "";
        prefix = shape == Shape.Parts && random.Chance(0.15) ? random.Of(Prefixes) : "";
        keys = random.Of(KeySets);
        reversed = example.Symbol is null && example.Parts.Length == 2 && random.Chance(0.2);
        noGrouping = random.Chance(0.5);
        lower = words && random.Chance(0.1);
    }

    /// <summary>The input for one request. Deterministic.</summary>
    public string Format(Request request)
    {
        var input = shape switch
        {
            Shape.Question => request.Question!,
            Shape.Phrase => request.Phrase!,
            Shape.Named => string.Join(separator.Trim() is "," or ";" or "|" or "&" ? separator : ", ", Named(request)),
            _ => string.Join(request.Symbol is { } symbol ? $" {symbol} " : separator, Ordered(request.Parts)
                .Select(Each)),
        };
        if (lower) input = input.ToLowerInvariant();
        return prefix + whole + input + whole;
    }

    private IEnumerable<string> Named(Request request)
    {
        var named = Ordered(request.Parts).Select((part, i) => keys[i % keys.Length] + assign + Each(part));
        return request.Symbol is { } symbol ? named.Append("op" + assign + symbol) : named;
    }

    private IEnumerable<string> Ordered(string[] parts) => reversed ? parts.Reverse() : parts;

    // Brackets and line breaks would break the markup; "1,250" is ambiguous where commas separate.
    private string Each(string part)
    {
        var plain = noGrouping && part.Length > 4 && char.IsDigit(part[0]) && char.IsDigit(part[^1])
            ? part.Replace(",", "") : part;
        return each + plain + each;
    }
}
