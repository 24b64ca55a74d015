using System.Text;
using System.Text.Json;

namespace Toolformer.Corpora.Pretraining;

/// <summary>
/// Excerpts of long prose: a JSON Lines file (plain, .gz, .zst or .xz) whose <c>text</c> fields hold paragraphs parted
/// by
/// blank lines, hard-wrapped or not. The texts stay in memory as UTF-8.
/// </summary>
public sealed class ProseExcerpts
{
    // About 50 and 400 tokens.
    private const int MinLength = 200;
    private const int MaxLength = 1700;

    private readonly byte[] bytes;
    private readonly List<(int Start, int End, bool Last)> paragraphs;

    private ProseExcerpts(byte[] bytes, List<(int, int, bool)> paragraphs)
    {
        this.bytes = bytes;
        this.paragraphs = paragraphs;
    }

    /// <summary>How many paragraphs there are to begin with.</summary>
    public int Count => paragraphs.Count;

    /// <exception cref="InvalidDataException">A line is not a JSON object with a text, or there is no text at
    /// all.</exception>
    public static ProseExcerpts Read(string path)
    {
        using var reader = new StreamReader(CompressedFile.OpenRead(path));
        var bytes = new MemoryStream();
        var paragraphs = new List<(int, int, bool)>();
        for (var line = 1; reader.ReadLine() is { } json; line++)
        {
            if (json.Length == 0) continue;
            foreach (var paragraph in Paragraphs(Text(json, path, line)))
            {
                var start = (int)bytes.Length;
                bytes.Write(Encoding.UTF8.GetBytes(paragraph));
                paragraphs.Add((start, (int)bytes.Length, false));
            }
            if (paragraphs.Count > 0) paragraphs[^1] = paragraphs[^1] with { Item3 = true };
        }
        return paragraphs.Count > 0
            ? new ProseExcerpts(bytes.ToArray(), paragraphs)
            : throw new InvalidDataException($"No paragraphs in {path}: each line needs a 'text' of sentences.");
    }

    private static string Text(string json, string path, int line)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String)
                return text.GetString()!;
            throw new InvalidDataException(
                $"No string field 'text' in {path}, line {line}: each line must be {{\"text\": \"…\"}}.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                $"Not JSON in {path}, line {line}: {error.Message} Mend or remove the line.", error);
        }
    }

    // Lines of a paragraph are joined; tables, verses of brackets and lines of capitals or symbols are left out.
    private static IEnumerable<string> Paragraphs(string text)
    {
        var blocks = text.Replace("\r", "")
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        // The first and the last block of an excerpt are often cut within a sentence.
        foreach (var block in blocks)
        {
            var joined = string.Join(' ', block.Split('\n',
                StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                .Replace('“', '"').Replace('”', '"').Replace('’', '\'').Replace('‘', '\'').Replace("_", "");
            if (joined.Length < 40 || joined.Contains('[') || joined.Contains(']')
                || joined.Contains("  ", StringComparison.Ordinal)) continue;
            if (joined.Count(char.IsLower) < joined.Length * 0.6) continue;
            yield return joined;
        }
    }

    /// <summary>One sentence of 30 to 140 characters, without the quotation marks around it.</summary>
    public string Sentence(Random random)
    {
        for (var tries = 0; tries < 60; tries++)
        {
            var (start, end, _) = paragraphs[random.Next(paragraphs.Count)];
            var paragraph = Encoding.UTF8.GetString(bytes, start, Math.Min(end - start, 1200)).Replace("\"", "");
            var sentences = paragraph.Split(". ", StringSplitOptions.TrimEntries);
            var at = random.Next(sentences.Length);
            var sentence = at < sentences.Length - 1 ? sentences[at] + "." : sentences[at];
            if (IsWhole(sentence)) return sentence;
        }
        return Filler.Text(random, 1, null);
    }

    private static bool IsWhole(string sentence)
    {
        if (sentence.Length is < 30 or > 140 || !char.IsUpper(sentence[0])) return false;
        // The calendar's results begin so, and no result of a real tool occurs here.
        if (sentence.StartsWith("Today", StringComparison.Ordinal)) return false;
        if (sentence[^1] is not ('.' or '!' or '?') || sentence.AsSpan().IndexOfAny("()<>{}\uFFFD") >= 0) return false;
        // "Mr." and other short words end no sentence.
        return sentence.Length - sentence.LastIndexOf(' ') > 5;
    }

    /// <summary>One to several paragraphs that follow each other, of about 50 to 400 tokens; a longer one ends
    /// early.</summary>
    public string Text(Random random)
    {
        var wanted = random.Between(MinLength, MaxLength);
        var excerpt = new StringBuilder();
        for (var at = random.Next(paragraphs.Count); at < paragraphs.Count; at++)
        {
            var (start, end, last) = paragraphs[at];
            if (excerpt.Length > 0) excerpt.Append('\n');
            excerpt.Append(Encoding.UTF8.GetString(bytes, start, end - start));
            if (last || excerpt.Length >= wanted) break;
        }
        if (excerpt.Length <= MaxLength) return excerpt.ToString();
        var text = excerpt.ToString(0, MaxLength);
        var stop = text.LastIndexOf(". ", StringComparison.Ordinal);
        return stop > MinLength ? text[..(stop + 1)] : text[..text.LastIndexOf(' ')];
    }
}
