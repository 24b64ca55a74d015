using System.Text.Json;

namespace Toolformer.Tools.Reading;

/// <summary>
/// A kind of reader that a tools file can choose, found by the catalogue: <c>"QA": {"index": "FOLDER", "reader":
/// {"kind": "facts", …}}</c>.
/// </summary>
public abstract class ReaderKind
{
    /// <summary>What the entry's reader says as "kind".</summary>
    public abstract string Kind { get; }

    /// <summary>Makes the reader; what has to be disposed is handed to <see cref="ToolSettings.Own"/>.</summary>
    /// <param name="settings">Its options are those of the reader, without "kind".</param>
    /// <exception cref="InvalidDataException">The options are wrong.</exception>
    public abstract AnswerReader Open(ToolSettings settings);

    /// <summary>Makes the reader that a tools file describes.</summary>
    /// <exception cref="InvalidDataException">There is no such kind, or its options are wrong.</exception>
    public static AnswerReader Open(JsonElement reader, ToolSettings settings, IReadOnlyList<ReaderKind> kinds)
    {
        const string remedy = "Write \"reader\": {\"kind\": \"facts\"} or another.";
        if (reader.ValueKind != JsonValueKind.Object || !reader.TryGetProperty("kind", out var name)
            || name.ValueKind != JsonValueKind.String)
            throw settings.Bad("\"reader\" is no object with a \"kind\".", remedy);
        var kind = kinds.FirstOrDefault(k => k.Kind == name.GetString())
            ?? throw settings.Bad(
                Spelling.Unknown("kind of reader", name.GetString()!, kinds.Select(k => k.Kind)), remedy);
        var options = JsonSerializer.SerializeToElement(
            reader.EnumerateObject().Where(p => p.Name != "kind").ToDictionary(p => p.Name, p => p.Value));
        return kind.Open(settings with { Options = options });
    }
}
