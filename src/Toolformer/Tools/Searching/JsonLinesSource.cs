using System.Text.Json;

namespace Toolformer.Tools.Searching;

/// <summary>
/// JSON Lines: passages and facts as <see cref="Passage.ReadFile"/> reads them, and the articles of KILT's knowledge
/// source (<c>wikipedia_title</c> and <c>text</c>, an array of paragraphs with headings and list items marked).
/// </summary>
public sealed class JsonLinesSource : LineSource
{
    private const string Heading = "Section::::", ListItem = "BULLET::::";

    public override IReadOnlyList<string> Endings => [".jsonl", ".json"];

    private protected override Take Begin(string path, Action<string> skipped) => (line, number) =>
    {
        if (string.IsNullOrWhiteSpace(line))
            return [];
        if (line.Contains("\"wikipedia_title\"", StringComparison.Ordinal))
        {
            var article = Article(line);
            if (article.Count > 0)
                return article;
        }
        var (passage, error) = Passage.Parse(line, $"{path}:{number}");
        if (passage is not null)
            return PassageText.Split(passage);
        skipped(error!);
        return [];
    };

    /// <summary>The passages of a KILT article; none if the line is none.</summary>
    private static List<Passage> Article(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty("wikipedia_title", out var title) || title.ValueKind != JsonValueKind.String
                || !root.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.Array)
                return [];
            string id = root.TryGetProperty("wikipedia_id", out var given) && given.ValueKind == JsonValueKind.String
                ? given.GetString()! : title.GetString()!;
            // The first paragraph is the title again.
            var paragraphs = text.EnumerateArray().Where(p => p.ValueKind == JsonValueKind.String)
                .Select(p => p.GetString()!.Trim()).SkipWhile((p, i) => i == 0 && p == title.GetString()!.Trim());
            return [.. ArticleText.Passages(id, title.GetString()!, Sections(paragraphs))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return []; // half a surrogate, or no JSON: the general reader says what is wrong
        }
    }

    private static IEnumerable<ArticleSection> Sections(IEnumerable<string> paragraphs)
    {
        string? heading = null;
        var lines = new List<string>();
        foreach (string paragraph in paragraphs)
        {
            if (paragraph.StartsWith(Heading, StringComparison.Ordinal))
            {
                if (lines.Count > 0)
                    yield return new(heading, string.Join('\n', lines));
                lines.Clear();
                // "Section::::Early life:Childhood." names the way to the section.
                heading = paragraph[Heading.Length..].TrimEnd('.').Split(':', StringSplitOptions.RemoveEmptyEntries)
                    .LastOrDefault()?.Trim();
            }
            else
            {
                lines.Add(paragraph.StartsWith(ListItem, StringComparison.Ordinal)
                    ? paragraph[ListItem.Length..].TrimStart('-', ' ')
                    : paragraph);
            }
        }
        if (lines.Count > 0)
            yield return new(heading, string.Join('\n', lines));
    }
}
