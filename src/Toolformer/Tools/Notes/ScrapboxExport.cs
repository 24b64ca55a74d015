using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Toolformer.Tools.Notes;

/// <summary>
/// The JSON export of a Scrapbox or Cosense project: <c>{"name", "displayName", "exported", "pages": [{"title",
/// "created", "updated", "lines": […]}]}</c>, a line a string or an object with "text". It is never changed: what is
/// appended goes into a new export file beside it, from which it is read the next time.
/// </summary>
public sealed class ScrapboxExport : NoteCollection
{
    private const int MaxBytes = 128 << 20, MaxPages = 200_000, MaxLine = 20_000;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 32 };

    private static readonly JsonSerializerOptions Writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    private readonly string _appended;
    private readonly string _source;

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no export, or too large.</exception>
    public ScrapboxExport(string path)
    {
        using var export = Parse(path);
        long exported = Number(export.RootElement, "exported") ?? 0;
        _source = path;
        _appended = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!,
            $"{Path.GetFileNameWithoutExtension(path)}.appended-{exported}.json");
        using var grown = File.Exists(_appended) ? Parse(_appended) : null;
        var root = (grown ?? export).RootElement;
        Name = Text(root, "displayName") ?? Text(root, "name") ?? Path.GetFileNameWithoutExtension(path);
        var pages = root.GetProperty("pages");
        if (pages.GetArrayLength() > MaxPages)
            throw Bad(path, $"The export has {pages.GetArrayLength():N0} pages; {MaxPages:N0} are read.");
        foreach (var (i, page) in pages.EnumerateArray().Index())
        {
            if (page.ValueKind != JsonValueKind.Object || Text(page, "title") is not { } title
                || !page.TryGetProperty("lines", out var lines) || lines.ValueKind != JsonValueKind.Array)
                throw Bad(path, $"Page {i + 1} has no \"title\" or no \"lines\".");
            string[] texts = [.. lines.EnumerateArray().Select(line => Line(line)
                ?? throw Bad(path, $"A line of page {i + 1} is neither a text nor an object with \"text\"."))];
            // The first line of a page is its title.
            if (texts.Length > 0 && texts[0].Trim() == title.Trim())
                texts = texts[1..];
            Add(title, texts, At(Number(page, "updated") ?? Number(page, "created") ?? 0));
        }
    }

    public override string Name { get; }

    protected override IReadOnlyList<string> LinksOf(IEnumerable<string> lines) => NoteLinks.OfScrapbox(lines);

    /// <summary>The file is read anew and kept as it is but for the line, fields unknown here too.</summary>
    protected override string Write(Note page, string line, DateTimeOffset now)
    {
        string from = File.Exists(_appended) ? _appended : _source;
        try
        {
            using var document = Parse(from);
            var root = JsonObject.Create(document.RootElement)!;
            var pages = (JsonArray)root["pages"]!;
            var target = (JsonObject)pages.First(p => Key((string)p!["title"]!) == Key(page.Title))!;
            var lines = (JsonArray)target["lines"]!;
            long seconds = now.ToUnixTimeSeconds();
            lines.Add(lines.Count > 0 && lines[0] is JsonObject
                ? new JsonObject { ["text"] = line, ["created"] = seconds, ["updated"] = seconds }
                : JsonValue.Create(line));
            target["updated"] = seconds;
            NoteFile.Replace(_appended, JsonSerializer.SerializeToUtf8Bytes(root, Writing));
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or FileNotFoundException)
        {
            throw new IOException($"{Path.GetFileName(from)} is no longer the export that was opened: {e.Message}", e);
        }
        return $"appended to {page.Title}, in {Path.GetFileName(_appended)}";
    }

    private static JsonDocument Parse(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new FileNotFoundException($"There is no export '{path}'.\n  looked in {file.FullName}\n"
                + "  Name a JSON export of a project, or a folder of Markdown.", path);
        if (file.Length > MaxBytes)
            throw Bad(path, $"The export has {file.Length:N0} bytes; {MaxBytes:N0} are read.");
        JsonDocument? document = null;
        try
        {
            using var stream = file.OpenRead();
            document = JsonDocument.Parse(stream, Reading);
        }
        catch (JsonException e)
        {
            throw Bad(path, $"The export is no JSON: {e.Message}");
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object
            && document.RootElement.TryGetProperty("pages", out var pages) && pages.ValueKind == JsonValueKind.Array)
            return document;
        document.Dispose();
        throw Bad(path, "The file is no export: it has no list \"pages\".");
    }

    private static string? Line(JsonElement line)
    {
        string? text = line.ValueKind == JsonValueKind.String ? Value(line) : Text(line, "text");
        return text is { Length: > MaxLine } ? text[..MaxLine] : text;
    }

    private static string? Text(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? Value(value) : null;

    private static string? Value(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair is no text
        }
    }

    private static long? Number(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : null;

    private static DateTimeOffset At(long seconds) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, 253_402_300_799));

    private static InvalidDataException Bad(string path, string what) =>
        new($"{what}\n  in {path}\n  Export the project's pages as JSON again.");
}
