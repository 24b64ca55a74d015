namespace Toolformer.Tools.Searching;

/// <summary>
/// The few templates that stand for words in the middle of a sentence; all others (boxes, sources, maintenance) are
/// left out.
/// </summary>
internal static class WikiTemplate
{
    private static readonly HashSet<string> FirstParameter = new(
        [
            "nowrap", "nobr", "small", "big", "larger", "smaller", "em", "strong", "abbr", "tooltip", "vanchor",
            "visible anchor", "smallcaps", "sc", "nihongo", "ill", "interlanguage link", "quote", "blockquote",
            "cquote", "quotation", "mvar", "math", "val", "num", "angbr", "linktext", "sup", "sub", "title", "u",
        ], StringComparer.Ordinal);

    private static readonly HashSet<string> SecondParameter = new(["lang", "transl", "transliteration", "script"],
        StringComparer.Ordinal);

    private static readonly HashSet<string> Ranges = new(["to", "-", "–", "and", "or", "by", "x", "to(-)", "+/-"],
        StringComparer.Ordinal);

    /// <summary>What a template shows.</summary>
    /// <param name="inside">What stands between its braces, templates and links inside already resolved.</param>
    public static string Text(string inside)
    {
        int bar = inside.IndexOf('|');
        string name = (bar < 0 ? inside : inside[..bar]).Trim().ToLowerInvariant().Replace('_', ' ');
        if (name.Length > 40)
            return "";
        string[] parameters = bar < 0 ? [] : inside[(bar + 1)..].Split('|');
        if (FirstParameter.Contains(name))
            return Parameter(parameters, 1);
        if (SecondParameter.Contains(name))
            return Parameter(parameters, 2);
        if (name.StartsWith("lang-", StringComparison.Ordinal))
            return Parameter(parameters, 1);
        return name switch
        {
            "convert" or "cvt" => Convert(parameters),
            "circa" or "c." or "ca" => "c. " + Parameter(parameters, 1),
            "as of" => "As of " + Parameter(parameters, 1),
            "frac" or "fraction" or "sfrac" => string.Join('/', parameters.Select(p => p.Trim())),
            "formatnum" => Parameter(parameters, 1),
            "ndash" or "en dash" or "nsndns" => "–",
            "spaced ndash" or "snd" or "spnd" or "sndash" => " – ",
            "mdash" or "em dash" or "emdash" => "—",
            "'" or "apostrophe" => "'",
            "us$" or "usd" => "US$" + Parameter(parameters, 1),
            "gbp" or "£" => "£" + Parameter(parameters, 1),
            "€" or "euro" => "€" + Parameter(parameters, 1),
            _ when name.StartsWith("formatnum:", StringComparison.Ordinal) => name["formatnum:".Length..].Trim(),
            _ => "",
        };
    }

    /// <summary>"100|km|mi" → "100 km", "5|to|10|km" → "5 to 10 km".</summary>
    private static string Convert(string[] parameters)
    {
        string[] given = [.. parameters.Select(p => p.Trim()).Where(p => !p.Contains('='))];
        int words = given.Length >= 4 && Ranges.Contains(given[1]) ? 4 : 2;
        return given.Length < 2 ? "" : string.Join(' ', given.Take(words));
    }

    /// <summary>A parameter by its place, counted from 1, or named by its number; "" where there is none.</summary>
    private static string Parameter(string[] parameters, int place)
    {
        int counted = 0;
        foreach (string parameter in parameters)
        {
            int equals = parameter.IndexOf('=');
            string name = equals < 0 ? "" : parameter[..equals].Trim();
            if (name == place.ToString(System.Globalization.CultureInfo.InvariantCulture))
                return parameter[(equals + 1)..].Trim();
            // "a = b" of a text counts as well: a name is a short word.
            bool isNamed = equals > 0 && name.Length <= 20 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
            if (!isNamed && ++counted == place)
                return parameter.Trim();
        }
        return "";
    }
}
