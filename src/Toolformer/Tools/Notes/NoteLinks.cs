using System.Text.RegularExpressions;

namespace Toolformer.Tools.Notes;

/// <summary>Finds links and tags in lines of notes, in linear time.</summary>
internal static partial class NoteLinks
{
    /// <summary>So many links of a page are followed.</summary>
    private const int MaxLinks = 2000;

    /// <summary>
    /// Scrapbox: <c>[Title]</c> and <c>#Title</c>; no addresses, icons, links to other projects, formulas or
    /// decorations, and nothing in code.
    /// </summary>
    public static IReadOnlyList<string> OfScrapbox(IEnumerable<string> lines) => Distinct(lines.SelectMany(line =>
        ScrapboxLink().Matches(Code().Replace(line, " ")).Select(m => m.Groups["link"].Success
            ? IsPage(m.Groups["link"].Value) ? m.Groups["link"].Value : ""
            : m.Groups["tag"].Value)));

    /// <summary>
    /// Markdown: <c>[[Title]]</c>, <c>[[Title#Heading|shown]]</c>, <c>[shown](Title.md)</c> and <c>#tag</c>; nothing
    /// in code.
    /// </summary>
    public static IReadOnlyList<string> OfMarkdown(IEnumerable<string> lines) => Distinct(lines.SelectMany(line =>
        MarkdownLink().Matches(Code().Replace(line, " ")).Select(m => m.Groups["wiki"].Success
            ? m.Groups["wiki"].Value
            : m.Groups["file"].Success
                ? Path.GetFileName(Uri.UnescapeDataString(m.Groups["file"].Value))
                : m.Groups["tag"].Value)));

    private static bool IsPage(string link) =>
        !link.Contains("://", StringComparison.Ordinal)
        && !link.EndsWith(".icon", StringComparison.Ordinal)
        && link[0] is not ('/' or '$')
        && !(link.IndexOf(' ') is > 0 and var space && link.AsSpan(0, space).IndexOfAnyExcept("*/-_!#%&'()+.") < 0);

    private static string[] Distinct(IEnumerable<string> titles) =>
        [.. titles.Select(t => t.Trim()).Where(t => t.Length > 0)
            .Distinct(StringComparer.OrdinalIgnoreCase).Take(MaxLinks)];

    [GeneratedRegex("`[^`]{0,1000}`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\[\[|\[(?<link>[^\[\]]{1,200})\]|(?<![^\s])#(?<tag>[^\s#\[\]]{1,100})")]
    private static partial Regex ScrapboxLink();

    [GeneratedRegex(@"\[\[(?<wiki>[^\[\]|#]{1,200})[^\[\]]{0,200}\]\]"
        + @"|\]\((?!\w{1,20}:)(?<file>[^()\s]{1,200})\.md(?:\#[^()\s]{0,100})?\)"
        + @"|(?<![^\s])#(?<tag>[\w/-]{1,100})")]
    private static partial Regex MarkdownLink();
}
