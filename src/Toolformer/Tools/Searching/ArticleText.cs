namespace Toolformer.Tools.Searching;

/// <summary>A part of an article.</summary>
/// <param name="Heading">Null before the first heading.</param>
/// <param name="Text">Plain text, a paragraph or list item per line.</param>
public sealed record ArticleSection(string? Heading, string Text);

/// <summary>Makes the passages of an article of an encyclopedia.</summary>
internal static class ArticleText
{
    /// <summary>A section with fewer words says nothing.</summary>
    private const int MinWords = 3;

    // Lists of sources and links: they name much and say nothing.
    private static readonly HashSet<string> Apparatus = new(
        [
            "references", "external links", "further reading", "see also", "notes", "sources", "bibliography",
            "citations", "footnotes", "notes and references", "works cited", "references and notes",
        ], StringComparer.OrdinalIgnoreCase);

    /// <summary>Passages of about 100 words that cross no heading; ids are the article's with #1, #2 …</summary>
    public static IEnumerable<Passage> Passages(string id, string title, IEnumerable<ArticleSection> sections)
    {
        int number = 0;
        foreach (var section in sections.Where(s => s.Heading is null || !Apparatus.Contains(s.Heading)))
        {
            foreach (string text in PassageText.Split(section.Text))
            {
                if (Sentences.Words(text).Length >= MinWords)
                    yield return new($"{id}#{++number}", title, text) { Section = section.Heading };
            }
        }
    }
}
