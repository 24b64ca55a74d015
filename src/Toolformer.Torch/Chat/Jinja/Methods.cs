namespace Toolformer.Torch.Chat.Jinja;

/// <summary>The methods of texts, lists and mappings. None changes its value: the sandbox allows none.</summary>
internal static class Methods
{
    private delegate object? Method(Run run, MarkedText text, Arguments given);

    private static readonly Dictionary<string, Method> OfText = new()
    {
        ["strip"] = (_, text, given) => Strip(text, given, true, true),
        ["lstrip"] = (_, text, given) => Strip(text, given, true, false),
        ["rstrip"] = (_, text, given) => Strip(text, given, false, true),
        ["split"] = (run, text, given) => Split(run, text, given, fromEnd: false),
        ["rsplit"] = (run, text, given) => Split(run, text, given, fromEnd: true),
        ["splitlines"] = (_, text, given) => given.Bind() is [] ? ListOf(TextMethods.Lines(text)) : null,
        ["partition"] = (_, text, given) => Partition(text, given, fromEnd: false),
        ["rpartition"] = (_, text, given) => Partition(text, given, fromEnd: true),
        ["upper"] = (_, text, given) => given.Bind() is [] ? TextMethods.Upper(text) : null,
        ["lower"] = (_, text, given) => given.Bind() is [] ? TextMethods.Lower(text) : null,
        ["capitalize"] = (_, text, given) => given.Bind() is [] ? TextMethods.Capitalised(text) : null,
        ["title"] = (_, text, given) =>
            given.Bind() is [] ? TextMethods.Title(text, before => !char.IsLetter(before)) : null,
        ["startswith"] = (run, text, given) => Affixes(run, given)
            .Any(affix => text.Text.StartsWith(affix, StringComparison.Ordinal)),
        ["endswith"] = (run, text, given) => Affixes(run, given)
            .Any(affix => text.Text.EndsWith(affix, StringComparison.Ordinal)),
        ["removeprefix"] = (_, text, given) => Values.Text(given.Bind("prefix")[0]).Text is var prefix
            && text.Text.StartsWith(prefix, StringComparison.Ordinal) ? text.Slice(prefix.Length, text.Length) : text,
        ["removesuffix"] = (_, text, given) => Values.Text(given.Bind("suffix")[0]).Text is var suffix
            && text.Text.EndsWith(suffix, StringComparison.Ordinal)
                ? text.Slice(0, text.Length - suffix.Length) : text,
        ["replace"] = Replace,
        ["join"] = (run, text, given) => run.Made(MarkedText.Join(
            text, Values.Elements(run, given.Bind("iterable")[0]).Select(Values.Text))),
        ["find"] = (_, text, given) => Index(text, text.Text.IndexOf(Part(given), StringComparison.Ordinal)),
        ["rfind"] = (_, text, given) => Index(text, text.Text.LastIndexOf(Part(given), StringComparison.Ordinal)),
        ["index"] = (_, text, given) => Index(text, text.Text.IndexOf(Part(given), StringComparison.Ordinal))
            is var at && at >= 0 ? at : throw new TemplateException("The text has no such part."),
        ["count"] = (_, text, given) => Part(given) is { Length: > 0 } part
            ? (long)text.Text.AsSpan().Count(part) : TextMethods.Length(text) + 1,
        ["isdigit"] = (_, text, _) => text.Length > 0 && text.Text.All(char.IsDigit),
        ["isnumeric"] = (_, text, _) => text.Length > 0 && text.Text.All(char.IsNumber),
        ["isalpha"] = (_, text, _) => text.Length > 0 && text.Text.All(char.IsLetter),
        ["isalnum"] = (_, text, _) => text.Length > 0 && text.Text.All(char.IsLetterOrDigit),
        ["isspace"] = (_, text, _) => text.Length > 0 && text.Text.All(TextMethods.IsSpace),
        ["isupper"] = (_, text, _) => text.Text.Any(char.IsUpper) && !text.Text.Any(char.IsLower),
        ["islower"] = (_, text, _) => text.Text.Any(char.IsLower) && !text.Text.Any(char.IsUpper),
    };

    /// <summary>A method of a value; null: it has none of this name.</summary>
    public static Function? Of(object value, string name) => value switch
    {
        MarkedText text when OfText.TryGetValue(name, out var method) =>
            new Function(name, (run, given) =>
            {
                run.Spend(text.Length / 16);
                return method(run, text, given);
            }),
        Mapping fields => OfMapping(fields, name),
        Sequence list => OfList(list, name),
        _ => null,
    };

    private static Function? OfMapping(Mapping fields, string name) => name switch
    {
        "items" => new(name, (run, _) => Items(run, fields)),
        "keys" => new(name, (run, _) => new Sequence(Values.Elements(run, fields))),
        "values" => new(name, (run, _) => new Sequence([.. Values.Elements(run, fields)
            .Select(key => fields.TryGet(((MarkedText)key!).Text, out object? value) ? value : null)])),
        "get" => new(name, (_, given) => given.Bind("key", "default") is var bound
            && bound[0] is MarkedText key && fields.TryGet(key.Text, out object? value) ? value
                : bound[1] is Undefined ? null : bound[1]),
        _ => null,
    };

    private static Function? OfList(Sequence list, string name) => name switch
    {
        "index" => new(name, (run, given) => list.Items.Index()
            .Where(item => Values.AreEqual(run, item.Item, given.Bind("value")[0]))
            .Select(item => (object?)(long)item.Index)
            .FirstOrDefault() ?? throw new TemplateException("The list has no such element.")),
        "count" => new(name, (run, given) =>
            (long)list.Items.Count(item => Values.AreEqual(run, item, given.Bind("value")[0]))),
        _ => null,
    };

    public static Sequence Items(Run run, Mapping fields)
    {
        run.Spend(fields.Count);
        return new Sequence([.. fields.Select(f => new Sequence([f.Key, f.Value], isTuple: true))]);
    }

    private static Sequence ListOf(List<MarkedText> texts) => new([.. texts]);

    private static MarkedText Strip(MarkedText text, Arguments given, bool atStart, bool atEnd) =>
        TextMethods.Strip(text, Optional(given.Bind("chars")[0]), atStart, atEnd);

    private static Sequence Split(Run run, MarkedText text, Arguments given, bool fromEnd)
    {
        object?[] bound = given.Bind("sep", "maxsplit");
        var parts = TextMethods.Split(
            text, Optional(bound[0]), bound[1] is Undefined ? -1 : Values.Integer(bound[1]), fromEnd);
        run.Spend(parts.Count);
        return ListOf(parts);
    }

    private static Sequence Partition(MarkedText text, Arguments given, bool fromEnd)
    {
        var separator = Values.Text(given.Bind("sep")[0]);
        var parts = TextMethods.Split(text, separator.Text, 1, fromEnd);
        return new Sequence(parts.Count == 2 ? [parts[0], separator, parts[1]]
            : fromEnd ? [MarkedText.Empty, MarkedText.Empty, text]
            : [text, MarkedText.Empty, MarkedText.Empty], isTuple: true);
    }

    private static MarkedText Replace(Run run, MarkedText text, Arguments given)
    {
        object?[] bound = given.Bind("old", "new", "count");
        long count = bound[2] is Undefined ? -1 : Values.Integer(bound[2]);
        string old = Values.Text(bound[0]).Text;
        var by = Values.Text(bound[1]);
        long found = old.Length == 0 ? text.Length + 1L : text.Text.AsSpan().Count(old);
        run.Spend(found * (1 + by.Length / 16));
        return text.Replace(old, by, count < 0 ? long.MaxValue : count);
    }

    private static IEnumerable<string> Affixes(Run run, Arguments given) => given.Bind("affix")[0] switch
    {
        Sequence { IsTuple: true } several => Values.Elements(run, several).Select(one => Values.Text(one).Text),
        var one => [Values.Text(one).Text],
    };

    private static string Part(Arguments given) => Values.Text(given.Bind("sub")[0]).Text;

    private static long Index(MarkedText text, int at) => at < 0 ? -1 : TextMethods.Length(text.Slice(0, at));

    private static string? Optional(object? text) => text is null or Undefined ? null : Values.Text(text).Text;
}
