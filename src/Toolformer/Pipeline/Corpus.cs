using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Toolformer.Pipeline;

/// <summary>A piece of a corpus file that could not be used.</summary>
/// <param name="Line">Its first line, or its row in a table; counted from 1.</param>
/// <param name="Reason">One of the constants of <see cref="Corpus"/>.</param>
public sealed record SkippedInput(string File, long Line, string Reason);

/// <summary>
/// The corpus C: texts of files, in order. Plain text (texts separated by blank lines), JSON Lines (a field text, and
/// where there are such id, url, date, title; others are kept) and Parquet with the same columns; the first two also
/// compressed as .gz, .zst or .xz. What can't be used is skipped and reported, never fatal.
/// </summary>
public sealed class Corpus
{
    public const string InvalidUtf8 = "invalid_utf8", TooLong = "line_too_long", Malformed = "malformed_json",
        NoText = "no_text", Empty = "empty", Damaged = "damaged_file";

    private readonly IReadOnlyList<string> _files;
    private readonly int _maxBytes;

    /// <param name="maxBytes">Longer lines of JSON and longer plain texts are skipped.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file's ending is none of those above.</exception>
    public Corpus(IEnumerable<string> files, int maxBytes = 10_000_000)
    {
        _files = [.. files];
        _maxBytes = maxBytes;
        foreach (string file in _files)
        {
            if (!File.Exists(file))
                throw new FileNotFoundException($"The corpus file {file} does not exist. Check the path.", file);
            if (Kind(file) is not (".txt" or ".jsonl" or ".parquet"))
                throw new InvalidDataException($"The corpus file {file} is of no known kind. Give .txt, .jsonl (either "
                    + "also as .gz, .zst or .xz) or .parquet.");
        }
    }

    public IReadOnlyList<string> Files => _files;

    /// <summary>
    /// The texts, in order. An id that occurred before gets a suffix, so that ids are unique.
    /// </summary>
    public IEnumerable<Document> Read(Action<SkippedInput>? skipped = null)
    {
        var ids = new HashSet<string>();
        foreach (string file in _files)
        {
            var texts = Kind(file) switch
            {
                ".txt" => ReadText(file, skipped),
                ".jsonl" => ReadJsonLines(file, skipped),
                _ => ParquetCorpus.Read(file, skipped),
            };
            foreach (var document in texts)
            {
                string id = document.Id;
                for (int copy = 2; !ids.Add(id); copy++)
                    id = $"{document.Id}#{copy}";
                yield return id == document.Id ? document : document with { Id = id };
            }
        }
    }

    /// <summary>The id of a text that has none of its own.</summary>
    internal static string IdOf(string file, long line) => $"{Path.GetFileName(file)}:{line}";

    internal static DateOnly? ParseDate(string value) =>
        DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
        && value.Length >= 10 && char.IsAsciiDigit(value[0]) && char.IsAsciiDigit(value[3])
            ? DateOnly.FromDateTime(time.DateTime)
            : null;

    private static string Kind(string file) =>
        Path.GetExtension(CompressedFile.WithoutEnding(file)).ToLowerInvariant();

    private IEnumerable<Document> ReadText(string file, Action<SkippedInput>? skipped)
    {
        var text = new StringBuilder();
        long first = 0;
        string? trouble = null;
        foreach (var line in TextLine.Read(file, _maxBytes))
        {
            bool ends = line.Text is { } blank && string.IsNullOrWhiteSpace(blank) || line.Trouble == Damaged;
            if (!ends)
            {
                if (first == 0)
                    first = line.Number;
                trouble ??= line.Trouble;
                if (trouble is null)
                    text.Append(text.Length > 0 ? "\n" : "").Append(line.Text);
                // A text without blank lines must not grow for ever.
                if (text.Length > _maxBytes)
                    (trouble, text) = (TooLong, new StringBuilder());
                continue;
            }
            if (Finish() is { } document)
                yield return document;
            if (line.Trouble is { } damage)
                skipped?.Invoke(new(file, line.Number, damage));
        }
        if (Finish() is { } last)
            yield return last;

        Document? Finish()
        {
            Document? document = null;
            if (trouble is not null)
                skipped?.Invoke(new(file, first, trouble));
            else if (text.Length > 0)
                document = new Document(IdOf(file, first), text.ToString());
            text.Clear();
            (first, trouble) = (0, null);
            return document;
        }
    }

    private IEnumerable<Document> ReadJsonLines(string file, Action<SkippedInput>? skipped)
    {
        foreach (var line in TextLine.Read(file, _maxBytes))
        {
            string? trouble = line.Trouble;
            Document? document = null;
            if (line.Text is { } json)
                trouble = string.IsNullOrWhiteSpace(json) ? Empty : Parse(json, IdOf(file, line.Number), out document);
            if (document is not null)
                yield return document;
            else
                skipped?.Invoke(new(file, line.Number, trouble!));
        }
    }

    /// <summary>Null, or why the line is no text.</summary>
    private static string? Parse(string json, string id, out Document? document)
    {
        document = null;
        try
        {
            using var parsed = JsonDocument.Parse(json);
            if (parsed.RootElement.ValueKind != JsonValueKind.Object)
                return Malformed;
            var fields = new Dictionary<string, JsonElement>();
            foreach (var field in parsed.RootElement.EnumerateObject())
                fields[field.Name] = field.Value.Clone();
            if (!fields.Remove("text", out var text) || text.ValueKind != JsonValueKind.String)
                return NoText;
            string value = text.GetString()!;
            if (string.IsNullOrWhiteSpace(value))
                return Empty;
            document = new Document(id, value)
            {
                Url = Take("url"),
                Title = Take("title"),
            };
            if (fields.TryGetValue("id", out var number) && number.ValueKind == JsonValueKind.Number)
            {
                fields.Remove("id");
                document = document with { Id = number.GetRawText() };
            }
            else if (Take("id") is { Length: > 0 } given)
            {
                document = document with { Id = given };
            }
            if (fields.TryGetValue("date", out var date) && date.ValueKind == JsonValueKind.String
                && ParseDate(date.GetString()!) is { } day)
            {
                fields.Remove("date");
                document = document with { Date = day };
            }
            if (fields.Count > 0)
                document = document with { Other = fields };
            return null;

            string? Take(string name) =>
                fields.TryGetValue(name, out var field) && field.ValueKind == JsonValueKind.String
                && fields.Remove(name) ? field.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half of a surrogate pair, which is no text.
            document = null;
            return Malformed;
        }
    }
}
