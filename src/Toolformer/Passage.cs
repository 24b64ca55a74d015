using System.Text.Json;

namespace Toolformer;

/// <summary>One passage of a search index: a few sentences under a title.</summary>
/// <param name="Title">Of the article; empty where there is none.</param>
public sealed record Passage(string Id, string Title, string Text)
{
    /// <summary>The part of the article that the passage belongs to.</summary>
    public string? Section { get; init; }

    /// <summary>Whether the title is a question and the text its answer.</summary>
    public bool IsFact => Title.EndsWith('?');

    /// <summary>A question with its answer, as question answering looks it up.</summary>
    public static Passage OfFact(string id, string question, string answer) =>
        new(id, question.TrimEnd('?', ' ') + "?", answer);

    /// <summary>
    /// Reads JSON Lines, plain or compressed: <c>text</c> (or <c>contents</c>, <c>passage</c>) and optionally
    /// <c>title</c>, <c>section</c> and <c>id</c> (or <c>_id</c>). That covers the passages of DPR and BEIR, and those
    /// of Pyserini, which keep the title in quotes on the first line of <c>contents</c>. Lines with <c>question</c> and
    /// <c>answer</c> (or <c>answers</c>, <c>golden_answers</c>: the first counts) are facts.
    /// </summary>
    /// <param name="skipped">Gets the error of each line that can't be used; null: the first one is thrown.</param>
    /// <exception cref="InvalidDataException">A line is no passage; the message says which and why.</exception>
    public static IEnumerable<Passage> ReadFile(string path, Action<string>? skipped = null)
    {
        using var reader = new StreamReader(CompressedFile.OpenRead(path));
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            var (passage, error) = Parse(line, $"{path}:{number}");
            if (passage is not null)
                yield return passage;
            else if (skipped is not null)
                skipped(error!);
            else
                throw new InvalidDataException(error);
        }
    }

    /// <summary>Reads one line; without an id it gets <paramref name="where"/> as one.</summary>
    internal static (Passage? Passage, string? Error) Parse(string line, string where)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return (null, $"{where}: no passage, but a JSON {json.RootElement.ValueKind}: write an object with a "
                    + "field \"text\".");
            string? Field(params string[] names) => names
                .Select(n => json.RootElement.TryGetProperty(n, out var value) ? AsText(value) : null)
                .FirstOrDefault(v => v is not null);

            if (Field("question") is { } question && Field("answer", "answers", "golden_answers") is { } answer
                && !string.IsNullOrWhiteSpace(question) && !string.IsNullOrWhiteSpace(answer))
                return (OfFact(Field("id", "_id") ?? where, question, answer), null);
            string? title = Field("title"), text = Field("text", "contents", "passage");
            if (string.IsNullOrWhiteSpace(text))
                return (null, $"{where}: a passage without text: give it a field \"text\" (or \"contents\").");
            int lineEnd = text.IndexOf('\n', StringComparison.Ordinal);
            if (title is null && lineEnd > 2 && text[0] == '"' && text[lineEnd - 1] == '"')
                (title, text) = (text[1..(lineEnd - 1)], text[(lineEnd + 1)..]);
            return (new(Field("id", "_id") ?? where, title ?? "", text) { Section = Field("section") }, null);
        }
        catch (JsonException e)
        {
            return (null, $"{where}: not valid JSON ({e.Message}): write one JSON object per line.");
        }
    }

    private static string? AsText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.Array when value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.String =>
            value[0].GetString(),
        _ => null,
    };
}
