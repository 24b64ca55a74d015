using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Toolformer.Corpora;

/// <summary>
/// Reads the official files of ASDiv (XML, or MWPToolkit's JSON), SVAMP (JSON), MAWPS (the authors' JSON, MWPToolkit's
/// JSON, or the five-fold CSV with number slots) and GSM8K (JSON Lines); the fields tell which one it is.
/// </summary>
public static partial class MathProblemFile
{
    /// <summary>
    /// The problems of a file. After a "#" may stand files of ids, relative to the first one and divided by commas, of
    /// which only the problems are read: "ASDiv.xml#nfolds/asdiv-a/fold0.txt".
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is of none of these formats; file and place are named.
    /// </exception>
    public static IReadOnlyList<MathProblem> Read(string path)
    {
        string[] parts = path.Split('#', 2);
        string file = parts[0];
        var problems = Path.GetExtension(CompressedFile.WithoutEnding(file)).ToLowerInvariant() switch
        {
            ".xml" => Xml(file),
            ".csv" => Csv(file),
            _ => Json(file),
        };
        if (parts.Length == 1)
            return problems;
        var ids = parts[1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(f => Text(Path.Combine(Path.GetDirectoryName(file) ?? "", f)).Split('\n'))
            .Select(line => line.Trim()).Where(id => id.Length > 0).ToHashSet();
        var chosen = problems.Where(p => ids.Contains(p.Id)).ToList();
        return chosen.Count > 0 ? chosen : throw new InvalidDataException(
            $"None of the {ids.Count} ids of '{parts[1]}' is in {file}. Name files with one problem id per line.");
    }

    private static IReadOnlyList<MathProblem> Xml(string path)
    {
        try
        {
            return [.. XDocument.Parse(Text(path)).Descendants("Problem").Select(p => new MathProblem(
                p.Attribute("ID")?.Value ?? throw Unknown(path, "a <Problem> without ID"),
                Plain(p.Element("Body")?.Value ?? ""),
                Plain(p.Element("Question")?.Value ?? throw Unknown(path, "a <Problem> without <Question>")),
                p.Element("Answer")?.Value.Trim() ?? throw Unknown(path, "a <Problem> without <Answer>")))];
        }
        catch (XmlException e)
        {
            throw Unknown(path, $"line {e.LineNumber}: {e.Message}", e);
        }
    }

    private static IReadOnlyList<MathProblem> Json(string path)
    {
        string text = Text(path);
        var problems = new List<MathProblem>();
        try
        {
            if (text.AsSpan().TrimStart().StartsWith("["))
            {
                using var array = JsonDocument.Parse(text);
                foreach (var element in array.RootElement.EnumerateArray())
                    problems.Add(FromJson(element, problems.Count + 1, path));
                return problems;
            }
            foreach (string line in text.Split('\n').Where(l => !string.IsNullOrWhiteSpace(l)))
            {
                using var json = JsonDocument.Parse(line);
                problems.Add(FromJson(json.RootElement, problems.Count + 1, path));
            }
            return problems;
        }
        catch (JsonException e)
        {
            throw Unknown(path, $"problem {problems.Count + 1}: {e.Message}", e);
        }
    }

    private static MathProblem FromJson(JsonElement json, int number, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw Unknown(path, $"problem {number} is no JSON object");

        string? Field(params string[] names) => names
            .Select(n => json.TryGetProperty(n, out var value) && value.ValueKind != JsonValueKind.Null
                ? Show(value) : null)
            .FirstOrDefault(v => v is not null);

        string id = Field("ID", "@ID", "iIndex", "id") ?? number.ToString(CultureInfo.InvariantCulture);
        if (Field("sQuestion") is { } told && Field("lSolutions") is { } solution)
            return new(id, "", Detokenise(told), solution);
        if (Field("original_text") is { } original && Field("ans") is { } answer)
            return new(id, "", Detokenise(Slots(original, Field("number_list", "Numbers"))), answer);
        if (Field("Question") is { } slotted && Field("Numbers") is { } numbers && Field("Answer") is { } filled)
        {
            // The question is the last sentence, or the whole problem with the body that is told again beside it.
            string body = Field("Body") ?? "";
            if (slotted.StartsWith(body, StringComparison.Ordinal))
                body = "";
            return new(id, Detokenise(Slots(body, numbers)), Detokenise(Slots(slotted, numbers)), filled);
        }
        if (Field("Question", "question") is { } asked && Field("Answer", "answer") is { } solved)
            return new(id, Plain(Field("Body", "body") ?? ""), Plain(asked), solved[(solved.LastIndexOf("####",
                StringComparison.Ordinal) is var at and >= 0 ? at + 4 : 0)..].Trim());
        string fields = string.Join(", ", json.EnumerateObject().Select(p => p.Name));
        throw Unknown(path, $"problem {number} has the fields {fields}");
    }

    /// <summary>A list with one element counts as that element: "lSolutions":[3.0].</summary>
    private static string Show(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join(' ', value.EnumerateArray().Select(Show)),
        _ => value.GetRawText(),
    };

    private static IReadOnlyList<MathProblem> Csv(string path)
    {
        var rows = DelimitedText.Rows(Text(path), ',').ToList();
        var header = rows.Count > 0 ? rows[0] : [];
        int Column(string name) => header.IndexOf(name);
        (int question, int numbers, int answer) = (Column("Question"), Column("Numbers"), Column("Answer"));
        if (question < 0 || numbers < 0 || answer < 0)
            throw Unknown(path, $"the columns are {string.Join(", ", header)}");
        return [.. rows.Skip(1).Select((row, i) => row.Count == header.Count
            ? new MathProblem((i + 1).ToString(CultureInfo.InvariantCulture), "",
                Detokenise(Slots(row[question], row[numbers])), row[answer])
            : throw Unknown(path, $"row {i + 2} has {row.Count} of {header.Count} columns"))];
    }

    /// <summary>Puts the numbers back into their slots "number0", "number1" or "N_00", "N_01" of a text.</summary>
    private static string Slots(string text, string? numbers)
    {
        if (numbers is null)
            return text;
        string[] values = numbers.Split([' ', ',', '[', ']', '\''], StringSplitOptions.RemoveEmptyEntries);
        return Slot().Replace(text, slot =>
            int.Parse(slot.Groups[1].Value, CultureInfo.InvariantCulture) is var i && i < values.Length
                ? values[i].EndsWith(".0", StringComparison.Ordinal) ? values[i][..^2] : values[i]
                : slot.Value);
    }

    private static string Plain(string text) => Spaces().Replace(text, " ").Trim();

    /// <summary>MAWPS is partly tokenised: "$ 5 , he said ." becomes "$5, he said."</summary>
    private static string Detokenise(string text) =>
        Plain(SpaceAfterDollar().Replace(SpaceBeforeMark().Replace(Plain(text), "$1"), "$"));

    private static string Text(string path)
    {
        using var reader = new StreamReader(CompressedFile.OpenRead(path));
        return reader.ReadToEnd();
    }

    private static InvalidDataException Unknown(string path, string found, Exception? cause = null) => new(
        $"Not a file of math word problems that can be read: {path}, {found}. "
        + "Give ASDiv's XML, SVAMP's or MAWPS' JSON or CSV, or GSM8K's JSON Lines.", cause);

    [GeneratedRegex(@"\b(?:number|N_)(\d+)\b")]
    private static partial Regex Slot();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@" ([.,?!;:%)]|'s\b|n't\b)(?!\d)")]
    private static partial Regex SpaceBeforeMark();

    [GeneratedRegex(@"\$ (?=\d)")]
    private static partial Regex SpaceAfterDollar();
}
