using System.Text;

namespace Toolformer.Tools.Translating;

/// <summary>A word or phrase and what it means.</summary>
public sealed record GlossaryEntry(string Source, string Target);

/// <summary>
/// Translates with a glossary of one's own and nothing else: the longest entries that fit, from left to right. A word
/// that is in no entry makes it abstain: half a translation would be taken for a whole one.
/// </summary>
public sealed class GlossaryTranslator : Translator
{
    private const string Punctuation = ".,;:!?¡¿\"'()“”‘’«»…–—";

    private readonly Dictionary<string, string> _entries = new(StringComparer.OrdinalIgnoreCase);
    private readonly int _longest;

    /// <param name="entries">Of those with the same source the first counts. Case does not matter.</param>
    public GlossaryTranslator(IEnumerable<GlossaryEntry> entries)
    {
        foreach (var entry in entries)
            _entries.TryAdd(string.Join(' ', Words(entry.Source)), entry.Target);
        _longest = _entries.Keys.Select(k => Words(k).Length).DefaultIfEmpty().Max();
    }

    /// <summary>The entries know.</summary>
    public override bool FindsSource => true;

    public override bool CanTranslate(string source, string target) => true;

    /// <summary>Whether its entries cover every word.</summary>
    public override bool MayKnow(string phrase) => Translate(phrase, out _) is not null;

    public override ValueTask<ToolResult> TranslateAsync(
        string text, string? source, string target, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(Translate(text, out string? unknown) is { } translation ? ToolResult.Success(translation)
            : ToolResult.Failure(unknown is null
                ? "There is no word to translate: write a phrase."
                : $"'{unknown}' is not in the glossary: ask for another word or phrase."));
    }

    /// <param name="unknown">The first word that no entry has.</param>
    private string? Translate(string text, out string? unknown)
    {
        string[] words = Words(text);
        var translation = new List<string>();
        for (int at = 0, length; at < words.Length; at += length)
        {
            string? found = null;
            for (length = Math.Min(_longest, words.Length - at); length > 0; length--)
            {
                if (_entries.TryGetValue(string.Join(' ', words[at..(at + length)]), out found))
                    break;
            }
            if (found is null)
            {
                unknown = words[at];
                return null;
            }
            translation.Add(found);
        }
        unknown = null;
        return translation.Count > 0 ? string.Join(' ', translation) : null;
    }

    private static string[] Words(string text) =>
        [.. text.Normalize(NormalizationForm.FormC).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.Trim([.. Punctuation])).Where(word => word.Length > 0)];
}

/// <summary>
/// {"kind": "glossary", "file": "glossary.jsonl"}: JSON Lines with "source" and "target".
/// </summary>
public sealed class GlossaryKind : TranslationKind
{
    private sealed record Settings : TranslationOptions
    {
        public required string File { get; init; }
    }

    public override string Kind => "glossary";

    public override ValueTask<IReadOnlyList<Tool>> OpenAsync(ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Settings>();
        try
        {
            var entries = JsonLines.Read<GlossaryEntry>(settings.Locate(options.File));
            return new(Make(settings, options, new GlossaryTranslator(entries)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw settings.Bad($"The glossary can't be read: {e.Message}",
                "Name a file of lines such as {\"source\": \"la llave\", \"target\": \"the key\"}.");
        }
    }
}
