using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Toolformer.Evaluation;

/// <summary>
/// Reads official data files, compressed or not: JSON Lines, a JSON array, or a JSON object with the array in one of
/// its fields; what the file begins with tells which one it is. In .csv and .tsv files every row is a record, and the
/// first one names its fields. What can't be read is named with file and place.
/// </summary>
internal static class DataFile
{
    /// <summary>The records of a file, in its order.</summary>
    /// <param name="containers">Fields of an object at the top that may hold the array of records.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is of another format.</exception>
    public static IEnumerable<DataItem> Read(string path, params string[] containers) =>
        Path.GetExtension(CompressedFile.WithoutEnding(path)).ToLowerInvariant() switch
        {
            ".csv" => Table(path, ','),
            ".tsv" => Table(path, '\t'),
            _ => IsLines(path, containers) ? Lines(path) : Whole(path, containers),
        };

    /// <summary>A file, or all files of a folder with an ending, in order of their names.</summary>
    /// <exception cref="FileNotFoundException">There is neither file nor folder, or none in it.</exception>
    public static IReadOnlyList<string> FilesOf(string path, string ending)
    {
        if (!Directory.Exists(path))
            return [path];
        string[] files = [.. Directory.EnumerateFiles(path)
            .Where(f => CompressedFile.WithoutEnding(f).EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new FileNotFoundException(
            $"No file in this folder ends in {ending}: {path}. Name a file, or the folder that holds them.", path);
    }

    /// <summary>The examples, or the reason why a file has none.</summary>
    public static IReadOnlyList<EvalExample> Some(IReadOnlyList<EvalExample> examples, string path, string why) =>
        examples.Count > 0 ? examples : throw new InvalidDataException(
            $"No example is left: {why} · {path} · give the official data file.");

    private static bool IsLines(string path, string[] containers)
    {
        using var reader = Open(path);
        string? line = First(reader);
        if (line is null)
            throw Bad(path, "the file is empty", "Give the official data file.");
        if (line[0] == '[')
            return false;
        if (line[0] != '{')
            throw Bad(path, $"it begins with '{DataItem.Shown(line)}', not with JSON",
                "Give the file as it is published, JSON or JSON Lines; a page of a web site is none.");
        if (BreaksOff(line))
            return false;
        try
        {
            using var json = JsonDocument.Parse(line);
            return !containers.Any(c => json.RootElement.TryGetProperty(c, out var inner)
                && inner.ValueKind == JsonValueKind.Array);
        }
        catch (JsonException)
        {
            return true; // a broken line, which is named when it is read
        }
    }

    /// <summary>Whether a line is the right beginning of an object that goes on in the next one.</summary>
    private static bool BreaksOff(string line)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(line), isFinalBlock: false, state: default);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == 0)
                    return false;
            }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? First(StreamReader reader)
    {
        while (reader.ReadLine() is { } line)
        {
            if (line.Trim() is { Length: > 0 } found)
                return found;
        }
        return null;
    }

    private static IEnumerable<DataItem> Lines(string path)
    {
        using var reader = Open(path);
        for (long number = 1; reader.ReadLine() is { } line; number++)
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            var item = new DataItem(Parse(), path, $"line {number.ToString(CultureInfo.InvariantCulture)}", number);
            yield return item.Json.ValueKind == JsonValueKind.Object
                ? item : throw item.Bad("it is no JSON object", "Mend or remove the line.");

            JsonElement Parse()
            {
                try
                {
                    using var json = JsonDocument.Parse(line);
                    return json.RootElement.Clone();
                }
                catch (JsonException e)
                {
                    throw Bad(path, $"line {number}: '{DataItem.Shown(line)}' is no JSON ({Reason(e)})",
                        "Mend or remove the line.", e);
                }
            }
        }
    }

    private static IEnumerable<DataItem> Whole(string path, string[] containers)
    {
        using var json = Document(path);
        var root = json.RootElement;
        if (root.ValueKind == JsonValueKind.Object)
        {
            string? container = containers.FirstOrDefault(c => root.TryGetProperty(c, out _));
            if (container is not null)
                root = root.GetProperty(container);
            else if (containers.Length > 0)
            {
                throw Bad(path, "the object at the top has the fields "
                    + string.Join(", ", root.EnumerateObject().Select(p => p.Name).Take(20)),
                    $"It should have {string.Join(" or ", containers)}: give the official data file.");
            }
        }
        if (root.ValueKind != JsonValueKind.Array)
        {
            yield return new DataItem(root.Clone(), path, "the object at the top", 1);
            yield break;
        }
        foreach (var (i, element) in root.EnumerateArray().Index())
        {
            var item = new DataItem(element.Clone(), path, $"record {i + 1}", i + 1);
            yield return element.ValueKind == JsonValueKind.Object
                ? item : throw item.Bad("it is no JSON object", "Give the official data file.");
        }
    }

    private static IEnumerable<DataItem> Table(string path, char separator)
    {
        using var reader = Open(path);
        List<string>? names = null;
        int number = 0;
        foreach (var row in DelimitedText.Rows(reader.ReadToEnd(), separator))
        {
            if (names is null)
            {
                names = row;
                continue;
            }
            if (row.Count != names.Count)
            {
                throw Bad(path, $"row {number + 2} has {row.Count} fields, but the first one {names.Count}",
                    "Give the official data file.");
            }
            var fields = new Dictionary<string, string>();
            foreach (var (name, value) in names.Zip(row).Where(f => f.First.Length > 0))
                fields.TryAdd(name, value);
            yield return new DataItem(JsonSerializer.SerializeToElement(fields), path, $"row {++number + 1}", number);
        }
        if (names is null)
            throw Bad(path, "the file is empty", "Give the official data file.");
    }

    private static JsonDocument Document(string path)
    {
        try
        {
            using var stream = CompressedFile.OpenRead(path);
            return JsonDocument.Parse(stream);
        }
        catch (JsonException e)
        {
            throw Bad(path, $"line {e.LineNumber + 1}: the file is no JSON ({Reason(e)})",
                "Is it whole? Give the official data file.", e);
        }
        catch (Exception e) when (CompressedFile.IsDamage(e))
        {
            throw Bad(path, $"its compressed data are damaged ({e.Message})", "Get the file again.", e);
        }
    }

    private static StreamReader Open(string path) => new(CompressedFile.OpenRead(path));

    private static string Reason(JsonException e) => e.Message.Split(" LineNumber:")[0].TrimEnd('.');

    private static InvalidDataException Bad(string path, string what, string remedy, Exception? cause = null) =>
        new($"{path}: {what}. {remedy}", cause);
}

/// <summary>A record of a data file, and where it stands.</summary>
internal readonly record struct DataItem(JsonElement Json, string Path, string Place, long Number)
{
    /// <summary>The first of these fields that is a text or a number, as text; null: there is none.</summary>
    public string? Text(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Json.TryGetProperty(name, out var value)
                && value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                return Told(value);
        }
        return null;
    }

    /// <summary>The same, where there has to be one.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public string Need(params ReadOnlySpan<string> names) => Text(names) is { } text && text.Trim().Length > 0
        ? text
        : throw Bad($"it has no {string.Join(" or ", names)}", $"Its fields are {Fields}.");

    /// <summary>
    /// All texts of these fields, each once: lists, a text that is itself a list in JSON, and of objects the fields
    /// that name something ("value", "aliases", "text", "name").
    /// </summary>
    public IReadOnlyList<string> Texts(params ReadOnlySpan<string> names)
    {
        var found = new List<string>();
        foreach (string name in names)
        {
            if (Json.TryGetProperty(name, out var value))
                Collect(value, found);
        }
        return [.. found.Select(f => f.Trim()).Where(f => f.Length > 0).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The record's own id, or its number.</summary>
    public string Id(params ReadOnlySpan<string> names) => Text(names) is { Length: > 0 } id
        ? id : Number.ToString(CultureInfo.InvariantCulture);

    public InvalidDataException Bad(string what, string remedy) =>
        new($"{Path}, {Place}: {what}. {remedy}");

    private string Fields => string.Join(", ", Json.EnumerateObject().Select(p => p.Name).Take(20));

    public static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";

    private void Collect(JsonElement value, List<string> found)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String when Told(value) is ['[', .., ']'] list && Listed(list) is { } inner:
                found.AddRange(inner);
                break;
            case JsonValueKind.String or JsonValueKind.Number:
                found.Add(Told(value));
                break;
            case JsonValueKind.True or JsonValueKind.False:
                found.Add(value.ValueKind == JsonValueKind.True ? "yes" : "no");
                break;
            case JsonValueKind.Array:
                foreach (var element in value.EnumerateArray())
                    Collect(element, found);
                break;
            case JsonValueKind.Object:
                foreach (var field in value.EnumerateObject().Where(f => f.Name.ToUpperInvariant() is
                    "VALUE" or "ALIASES" or "HUMANANSWERS" or "TEXT" or "NAME"))
                    Collect(field.Value, found);
                break;
        }
    }

    private string Told(JsonElement value)
    {
        try
        {
            return value.ToString();
        }
        catch (InvalidOperationException)
        {
            throw Bad("a text in it has half a surrogate pair (\\ud800 to \\udfff)", "Give the official data file.");
        }
    }

    private static string[]? Listed(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>(text);
        }
        catch (JsonException)
        {
            return null; // an answer in brackets
        }
    }
}
