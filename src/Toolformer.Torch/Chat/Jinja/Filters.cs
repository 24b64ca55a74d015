using System.Globalization;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>What can stand after "|".</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Func<Run, Arguments, object?>> All = new()
    {
        ["tojson"] = JsonText.Of,
        ["string"] = OnText(text => text),
        ["safe"] = (_, given) => given.Bind("value")[0],
        ["upper"] = OnText(TextMethods.Upper),
        ["lower"] = OnText(TextMethods.Lower),
        ["capitalize"] = OnText(TextMethods.Capitalised),
        ["title"] = OnText(text =>
            TextMethods.Title(text, before => TextMethods.IsSpace(before) || "-({[<".Contains(before))),
        ["wordcount"] = OnText(text => (long)TextMethods.Split(text, null, -1, fromEnd: false).Count),
        ["escape"] = OnText(Escape),
        ["e"] = OnText(Escape),
        ["trim"] = (run, given) => given.Bind("value", "chars") is var v ? TextMethods.Strip(
            Values.Print(run, v[0]), v[1] is null or Undefined ? null : Values.Text(v[1]).Text, true, true) : null,
        ["replace"] = (run, given) => given.Bind("s", "old", "new", "count") is var v
            ? Methods.Of(Values.Print(run, v[0]), "replace")!.Call(run, Arguments.Of(
                Values.Print(run, v[1]), Values.Print(run, v[2]), v[3] is null or Undefined ? -1L : v[3])) : null,
        ["format"] = (run, given) => run.Made(TextMethods.Percent(run, Values.Text(given.Positional[0]),
            new Sequence([.. given.Positional.Skip(1)], isTuple: true))),
        ["indent"] = (run, given) => Indent(run, given.Bind("s", "width", "first", "blank")),
        ["length"] = Length,
        ["count"] = Length,
        ["default"] = Default,
        ["d"] = Default,
        ["abs"] = (_, given) => given.Bind("x")[0] is double number ? (object)Math.Abs(number)
            : Math.Abs(Values.Integer(given.Positional[0])),
        ["int"] = (_, given) => Whole(given.Bind("value", "default", "base")),
        ["float"] = (_, given) => given.Bind("value", "default") is var v && Parsed(v[0]) is { } number ? number
            : v[1] is Undefined ? 0.0 : v[1],
        ["round"] = (_, given) => Round(given.Bind("value", "precision", "method")),
        ["attr"] = (_, given) => given.Bind("obj", "name") is var v ? Member.Find(v[0], v[1], isAttribute: true) : null,
        ["first"] = (run, given) => Values.Elements(run, given.Bind("seq")[0]) is [var first, ..] ? first
            : new Undefined("the first of nothing"),
        ["last"] = (run, given) => Values.Elements(run, given.Bind("seq")[0]) is [.., var last] ? last
            : new Undefined("the last of nothing"),
        ["list"] = (run, given) => new Sequence(Values.Elements(run, given.Bind("value")[0])),
        ["items"] = (run, given) => given.Bind("value")[0] switch
        {
            Mapping fields => Methods.Items(run, fields),
            Undefined => new Sequence([]),
            var other => throw new TemplateException($"{Values.Kind(other)} has no items."),
        },
        ["join"] = Join,
        ["reverse"] = (run, given) => given.Bind("value")[0] is MarkedText text
            ? TextMethods.Slice(text, null, null, -1)
            : new Sequence([.. Values.Elements(run, given.Positional[0]).Reverse()]),
        ["map"] = Map,
        ["select"] = (run, given) => Select(run, given, ofAttribute: false, wanted: true),
        ["reject"] = (run, given) => Select(run, given, ofAttribute: false, wanted: false),
        ["selectattr"] = (run, given) => Select(run, given, ofAttribute: true, wanted: true),
        ["rejectattr"] = (run, given) => Select(run, given, ofAttribute: true, wanted: false),
        ["sort"] = (run, given) => given.Bind("value", "reverse", "case_sensitive", "attribute") is var v
            ? Sorted(run, Values.Elements(run, v[0]), KeyOf(v[3], v[2]), Values.IsTrue(v[1])) : null,
        ["dictsort"] = (run, given) => given.Bind("value", "case_sensitive", "by", "reverse") is var v
            && v[0] is Mapping fields
                ? Sorted(run, Methods.Items(run, fields).Items, KeyOf(
                    v[2] is MarkedText { Text: "value" } ? 1L : 0L, v[1]), Values.IsTrue(v[3]))
                : throw new TemplateException("Only a mapping can be sorted by its keys."),
        ["unique"] = (run, given) => Unique(run, given.Bind("value", "case_sensitive", "attribute")),
        ["min"] = (run, given) => Least(run, given.Bind("value", "case_sensitive", "attribute"), 1),
        ["max"] = (run, given) => Least(run, given.Bind("value", "case_sensitive", "attribute"), -1),
        ["sum"] = (run, given) => given.Bind("iterable", "attribute", "start") is var v
            ? Values.Elements(run, v[0]).Select(Field(v[1])).Aggregate(
                v[2] is Undefined ? 0L : v[2], (sum, item) => Operators.Compute(run, "+", sum, item)) : null,
    };

    /// <exception cref="TemplateException">There is none of this name.</exception>
    public static Func<Run, Arguments, object?> Named(string name, Place? place = null) =>
        All.TryGetValue(name, out var filter) ? filter
            : throw new TemplateException(Spelling.Unknown("filter", name, All.Keys), place);

    private static Func<Run, Arguments, object?> OnText(Func<MarkedText, object?> make) => (run, given) =>
    {
        var text = Values.Print(run, given.Bind("value")[0]);
        run.Made(text);
        return make(text);
    };

    private static object? Length(Run run, Arguments given) => given.Bind("value")[0] switch
    {
        MarkedText text => TextMethods.Length(run.Made(text)),
        Sequence list => (long)list.Count,
        Mapping { IsNamespace: false } fields => (long)fields.Count,
        Undefined => 0L,
        var other => throw new TemplateException($"{Values.Kind(other)} has no length."),
    };

    private static object? Default(Run run, Arguments given)
    {
        object?[] v = given.Bind("value", "default_value", "boolean");
        bool isMissing = v[0] is Undefined || (Values.IsTrue(v[2]) && !Values.IsTrue(v[0]));
        return !isMissing ? v[0] : v[1] is Undefined ? MarkedText.Empty : v[1];
    }

    private static MarkedText Escape(MarkedText text) => new[]
    {
        ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;"),
    }.Aggregate(text, (t, pair) => t.Replace(pair.Item1, MarkedText.Plain(pair.Item2), long.MaxValue));

    private static MarkedText Indent(Run run, object?[] v)
    {
        var indent = v[1] as MarkedText ?? MarkedText.Plain(
            new string(' ', v[1] is Undefined ? 4 : (int)Math.Clamp(Values.Integer(v[1]), 0, 1000)));
        var lines = TextMethods.Lines(Values.Print(run, v[0]) + MarkedText.Plain("\n"));
        run.Spend(lines.Count * (1L + indent.Length / 16));
        return run.Made(MarkedText.Join(MarkedText.Plain("\n"), lines.Select((line, i) =>
            (i == 0 ? Values.IsTrue(v[2]) : line.Length > 0 || Values.IsTrue(v[3])) ? indent + line : line)));
    }

    private static object? Whole(object?[] v)
    {
        object? otherwise = v[1] is Undefined ? 0L : v[1];
        if (v[2] is long and not 10)
            throw new TemplateException("Numbers are read to the base 10 only.");
        if (v[0] is MarkedText text
            && long.TryParse(text.Text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long i))
            return i;
        return v[0] is long ? v[0]
            : Parsed(v[0]) is { } number && Math.Abs(number) < 9e18 ? (long)Math.Truncate(number) : otherwise;
    }

    private static double? Parsed(object? value) => value switch
    {
        MarkedText text => double.TryParse(
            text.Text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null,
        _ => Values.IsNumber(value) ? Values.Number(value) : null,
    };

    private static object? Round(object?[] v)
    {
        double scale = Math.Pow(10, v[1] is Undefined ? 0 : Values.Integer(v[1]));
        double number = Values.Number(v[0]) * scale;
        return (v[2] is MarkedText { Text: var method } ? method : "common") switch
        {
            "ceil" => Math.Ceiling(number) / scale,
            "floor" => Math.Floor(number) / scale,
            _ => Math.Round(number, MidpointRounding.ToEven) / scale,
        };
    }

    private static object? Join(Run run, Arguments given)
    {
        object?[] v = given.Bind("value", "d", "attribute");
        var separator = v[1] is Undefined ? MarkedText.Empty : Values.Print(run, v[1]);
        var elements = Values.Elements(run, v[0]);
        run.Spend(elements.Count * (1L + separator.Length / 16));
        return run.Made(MarkedText.Join(
            separator, elements.Select(Field(v[2])).Select(element => Values.Print(run, element))));
    }

    private static object? Map(Run run, Arguments given)
    {
        if (given.Positional is [_, MarkedText name, ..])
        {
            var filter = Named(name.Text);
            return new Sequence([.. Values.Elements(run, given.Positional[0]).Select(element =>
                filter(run, given with { Positional = [element, .. given.Positional.Skip(2)] }))]);
        }
        object?[] v = given.Bind("value", "filter", "attribute", "default");
        if (v[2] is Undefined)
            throw new TemplateException("map needs the name of a filter, or attribute=.");
        var field = Field(v[2]);
        return new Sequence([.. Values.Elements(run, v[0]).Select(field)
            .Select(found => found is Undefined && v[3] is not Undefined ? v[3] : found)]);
    }

    private static object? Select(Run run, Arguments given, bool ofAttribute, bool wanted)
    {
        var rest = given.Positional.Skip(ofAttribute ? 2 : 1).ToList();
        if (ofAttribute && given.Positional.Count < 2)
            throw new TemplateException("The attribute to select by is missing.");
        var field = ofAttribute ? Field(given.Positional[1]) : value => value;
        var test = rest.Count > 0 ? ValueTests.Named(Values.Text(rest[0]).Text) : null;
        return new Sequence([.. Values.Elements(run, given.Positional[0]).Where(element =>
        {
            object? value = field(element);
            return wanted == (test is null ? Values.IsTrue(value)
                : test(run, new Arguments([value, .. rest.Skip(1)], given.Named)));
        })]);
    }

    /// <summary>Gets a field that is named as in "function.name", or the element itself.</summary>
    private static Func<object?, object?> Field(object? attribute) => attribute switch
    {
        null or Undefined => value => value,
        long index => value => Member.Find(value, index, isAttribute: false),
        _ => value => Values.Text(attribute).Text.Split('.').Aggregate(value, (v, part) => v is Undefined ? v
            : Member.Find(v, long.TryParse(part, CultureInfo.InvariantCulture, out long i)
                ? i : MarkedText.Plain(part), isAttribute: false)),
    };

    private static Func<object?, object?> KeyOf(object? attribute, object? caseSensitive)
    {
        var field = Field(attribute);
        return Values.IsTrue(caseSensitive) ? field
            : value => field(value) is var key && key is MarkedText text ? TextMethods.Lower(text) : key;
    }

    private static Sequence Sorted(
        Run run, IReadOnlyList<object?> elements, Func<object?, object?> key, bool isReversed)
    {
        var order = Comparer<object?>.Create((a, b) => Values.Compare(run, a, b));
        return new Sequence([.. isReversed ? elements.OrderByDescending(key, order) : elements.OrderBy(key, order)]);
    }

    private static Sequence Unique(Run run, object?[] v)
    {
        var key = KeyOf(v[2], v[1]);
        var kept = new List<(object? Key, object? Element)>();
        foreach (object? element in Values.Elements(run, v[0]))
        {
            object? own = key(element);
            if (!kept.Any(k => Values.AreEqual(run, k.Key, own)))
                kept.Add((own, element));
        }
        return new Sequence([.. kept.Select(k => k.Element)]);
    }

    private static object? Least(Run run, object?[] v, int sign)
    {
        var key = KeyOf(v[2], v[1]);
        var elements = Values.Elements(run, v[0]);
        return elements.Count == 0 ? new Undefined("the least of nothing") : elements.Aggregate((best, element) =>
            Values.Compare(run, key(element), key(best)) * sign < 0 ? element : best);
    }
}
