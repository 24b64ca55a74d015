using System.Text;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Modeling;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Cli;

/// <summary>One JSON object that the user gave, on a line of a file or of standard input.</summary>
/// <param name="Number">Of the line, from 1.</param>
/// <param name="Where">"file, line 3", for messages.</param>
public sealed record InputLine(long Number, string Where, JsonElement Fields)
{
    /// <summary>The object's own `id`, or the number of its line, so that results can be matched.</summary>
    public JsonElement Id => Fields.TryGetProperty("id", out var id)
        ? id
        : JsonSerializer.SerializeToElement(Number);

    /// <summary>
    /// Reads a file (decompressed by its ending) or, without one, standard input; blank lines are skipped.
    /// </summary>
    /// <exception cref="InvalidDataException">A line is no JSON object, or no UTF-8.</exception>
    public static IEnumerable<InputLine> Read(string? path, Display display, CancellationToken cancellation)
    {
        bool fromFile = path is not (null or "-");
        string name = fromFile ? path! : "standard input";
        if (!fromFile && display.InputIsTerminal)
            display.Note("Reading JSON Lines from the terminal; Ctrl+D ends them.");
        using var file = fromFile
            ? new StreamReader(CompressedFile.OpenRead(path!), new UTF8Encoding(false, throwOnInvalidBytes: true))
            : null;
        // A terminal or pipe may keep one waiting for ever, and its reading can't be called off: it is left behind.
        Func<string?> read = file is not null
            ? file.ReadLine
            : () => Task.Run(display.Input.ReadLine, cancellation).WaitAsync(cancellation).GetAwaiter().GetResult();
        for (long number = 1; Next(read, name, number) is { } line; number++)
        {
            if (!string.IsNullOrWhiteSpace(line))
                yield return Parse(line, number, $"{name}, line {number}");
        }
    }

    /// <summary>How many lines are not blank, where the file can be read twice; else null.</summary>
    public static long? Count(string? path)
    {
        // Pipes have no length, and reading them would use them up.
        bool readTwice = path is not (null or "-") && File.Exists(path) && new FileInfo(path).Length > 0;
        if (!readTwice)
            return null;
        using var reader = new StreamReader(CompressedFile.OpenRead(path!));
        long count = 0;
        while (reader.ReadLine() is { } line)
            count += string.IsNullOrWhiteSpace(line) ? 0 : 1;
        return count;
    }

    /// <summary>A field that holds text; null where it is absent.</summary>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    public string? Text(string field)
    {
        if (!Fields.TryGetProperty(field, out var value))
            return null;
        try
        {
            return value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : throw Bad($"\"{field}\" is {Shown(value)}, and must be a string");
        }
        catch (InvalidOperationException e)
        {
            throw Bad($"\"{field}\" holds half a surrogate pair, which is no text ({e.Message})");
        }
    }

    /// <summary>A field that holds token ids; null where it is absent.</summary>
    /// <param name="vocabularySize">Ids must be smaller.</param>
    /// <exception cref="InvalidDataException">It is no array of such ids.</exception>
    public int[]? Ids(string field, int vocabularySize)
    {
        if (!Fields.TryGetProperty(field, out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw Bad($"\"{field}\" is {Shown(value)}, and must be an array of token ids");
        return [.. value.EnumerateArray().Select((element, i) =>
            element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id)
                && id >= 0 && id < vocabularySize
                ? id
                : throw Bad($"\"{field}\"[{i}] is {Shown(element)}, and must be a whole number from 0 to "
                    + $"{vocabularySize - 1}, the vocabulary of this model"))];
    }

    /// <summary>A field that holds text for a model to read; null where it is absent.</summary>
    /// <exception cref="InvalidDataException">It holds something else, or the model has no tokenizer.</exception>
    public string? TextFor(ILanguageModel model, string field) =>
        Text(field) is { } text && model.Tokenizer is NoTokenizer
            ? throw Bad($"\"{field}\" can't be read, for the model's folder has no tokenizer",
                "Put the tokenizer's files (tokenizer.json, …) beside the weights, or give \"input_ids\".")
            : Text(field);

    /// <summary>An error of this line, in three parts.</summary>
    public InvalidDataException Bad(string what, string remedy = "Mend the line and run the command again.") =>
        new($"{what}.\n  in {Where}\n  {remedy}");

    private static string? Next(Func<string?> read, string name, long number)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"The input is not valid UTF-8: {e.Message}\n"
                + $"  in {name}, near or after line {number}\n"
                + "  Convert it, for example with iconv -f latin1 -t utf8.", e);
        }
        catch (Exception e) when (CompressedFile.IsDamage(e))
        {
            throw new InvalidDataException($"The compressed data is damaged or breaks off: {e.Message}\n"
                + $"  in {name}, at line {number}\n  Fetch or pack the file anew.", e);
        }
    }

    private static InputLine Parse(string line, long number, string where)
    {
        try
        {
            var fields = JsonSerializer.Deserialize<JsonElement>(line);
            var parsed = new InputLine(number, where, fields);
            return fields.ValueKind == JsonValueKind.Object
                ? parsed
                : throw parsed.Bad($"The line is {Shown(fields)}, and must be a JSON object");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The line is not valid JSON: {e.Message}\n  in {where}\n"
                + "  Give one JSON object per line.", e);
        }
    }

    private static string Shown(JsonElement value)
    {
        string raw = value.GetRawText();
        return raw.Length <= 40 ? raw : raw[..40] + "…";
    }
}
