using Toolformer.Tools;
using Toolformer.Tools.Translating;

namespace Toolformer.Tests.Fakes;

/// <summary>Says what it was asked: "es>en: tortuga". It knows German, Portuguese, French and Spanish.</summary>
public sealed class FakeTranslator : Translator
{
    public bool IsDisposed { get; private set; }

    public override bool FindsSource => true;

    public override bool CanTranslate(string source, string target) => source is "de" or "pt" or "fr" or "es";

    public override ValueTask<ToolResult> TranslateAsync(
        string text, string? source, string target, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(ToolResult.Success($"{source ?? "?"}>{target}: {text}"));
    }

    protected override void Dispose(bool disposing) => IsDisposed = true;
}

/// <summary>
/// Takes texts for what a test says; each word of another text that starts with a language's code and a hyphen counts
/// for that language, other words for English.
/// </summary>
public sealed class FakeIdentifier(params (string Text, LanguageGuess[] Guesses)[] known) : LanguageIdentifier
{
    public override IReadOnlyList<LanguageGuess> Identify(string text, int count = 1)
    {
        if (known.FirstOrDefault(k => k.Text == text).Guesses is { } guesses)
            return [.. guesses.Take(count)];
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [.. words.GroupBy(w => w is [_, _, '-', ..] ? w[..2] : LanguageCodes.English)
            .Select(g => new LanguageGuess(g.Key, (double)g.Count() / words.Length))
            .OrderByDescending(g => g.Confidence).Take(count)];
    }
}
