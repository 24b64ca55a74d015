using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools.Searching;
using Toolformer.Tools.Translating;

namespace Toolformer.Tools;

/// <summary>
/// The machine translation of the paper (section 3): the language of a phrase is found, the phrase is translated into
/// English.
/// </summary>
/// <param name="translator">
/// What translates; without it the tool can be described but not used. It stays the caller's to dispose.
/// </param>
/// <param name="identifier">What finds the language; null: <see cref="Source"/> or the translator says it.</param>
public sealed class MachineTranslation(Translator? translator = null, LanguageIdentifier? identifier = null) : Tool
{
    /// <summary>The longest text that is translated, in UTF-16 units.</summary>
    private const int MaxLength = 1000;

    /// <summary>So many languages are taken into account for a phrase that is too short to be sure.</summary>
    private const int Guesses = 20;

    /// <summary>Above this a phrase is of the likeliest language and of no other; the paper's confidence.</summary>
    private const double SureEnough = 0.8;

    /// <summary>Whether there is something that translates.</summary>
    public bool CanBeUsed => translator is not null;

    /// <summary>The language of all that is translated, as code or name; null: it is found out.</summary>
    /// <exception cref="ArgumentException">There is no such language.</exception>
    public string? Source { get; init => field = value is null ? null : LanguageCodes.Of(value).Code; }

    /// <summary>The language to translate into.</summary>
    /// <exception cref="ArgumentException">There is no such language.</exception>
    public string Target { get; init => field = LanguageCodes.Of(value).Code; } = LanguageCodes.English;

    /// <summary>As the paper writes it in calls; another where there are several.</summary>
    public string CallName { get; init; } = "MT";

    public override string Name => CallName;

    public override string Description =>
        $"Translates a word or phrase from another language into {LanguageCodes.Of(Target).Name}.";

    public override string Instruction =>
        "Your task is to put calls to a Machine Translation API into a text, each right before words that say in "
        + $"{LanguageCodes.Of(Target).Name} what stands in the text in another language. You can call the API by "
        + $"writing \"[{Name}(phrase)]\" where \"phrase\" is copied from the text.";

    public override IReadOnlyList<string> Demonstrations =>
    [
        $"Over the door of the old pharmacy stands Apotheke zum goldenen Hirsch, [{Name}(Apotheke zum goldenen "
            + "Hirsch)] the pharmacy at the sign of the golden stag.",
        $"In the trams of Lisbon a plate says É proibido falar com o condutor: it is [{Name}(É proibido falar com o "
            + "condutor)] forbidden to talk to the driver.",
        $"The song La vie est belle wants to say that [{Name}(La vie est belle)] life is beautiful.",
        $"A Spaniard who says más vale tarde que nunca means that it is [{Name}(más vale tarde que nunca)] better late "
            + "than never.",
    ];

    /// <summary>The paper's values for this tool (section 4.1).</summary>
    public override AnnotationOptions Annotation =>
        new() { StartThreshold = 0, Positions = 20, CallsPerPosition = 10, FilterThreshold = 0.5 };

    /// <summary>
    /// Appendix A: a foreign chunk with English before and after it. Without an identifier: a phrase that the
    /// translator may know.
    /// </summary>
    public override bool IsWorthAnnotating(Document document) => identifier is null
        ? translator is null || TextPhrases.InAnyLanguage(document.Text).Any(translator.MayKnow)
        : new ForeignChunks(identifier).AreIn(document.Text);

    /// <summary>A phrase of the text that the translator may know; without a text: anything short.</summary>
    public override TokenPattern InputPattern(string? text) => text is null
        ? TokenPattern.FreeText(CallSyntax.NotInInput + "()\">", 160)
        : TokenPattern.OneOf(TextPhrases.InAnyLanguage(text).Where(p => translator?.MayKnow(p) ?? true));

    /// <summary>
    /// The leak filter (appendix A): what stands after the call only could not be copied when the text is being
    /// written.
    /// </summary>
    public override bool IsAdmissible(string text, int offset, string input)
    {
        string phrase = Flat(input);
        return phrase.Length == 0 || Flat(text[..offset]).Contains(phrase, StringComparison.Ordinal)
            || !Flat(text[offset..]).Contains(phrase, StringComparison.Ordinal);
    }

    public override async ValueTask<ToolResult> CallAsync(
        string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (translator is null)
            return ToolResult.Failure($"{Name} has nothing that translates: name a tools file in which it is of the "
                + "kind nllb, libretranslate or apertium.");
        // One line without marks or control characters: it goes to programs and servers.
        string text = CallSyntax.Neutralise(input, MaxLength + 1);
        string shown = text.Length <= 60 ? text : text[..60] + "…";
        if (!text.Any(char.IsLetter))
            return ToolResult.Failure($"'{shown}' has no word to translate: write a phrase.");
        if (text.Length > MaxLength)
            return ToolResult.Failure($"'{shown}' is longer than {MaxLength:N0} characters: translate it in parts.");
        var (source, error) = SourceOf(text, shown);
        return error is null
            ? await translator.TranslateAsync(text, source, Target, cancellation)
            : ToolResult.Failure(error);
    }

    private (string? Source, string? Error) SourceOf(string text, string shown)
    {
        string target = LanguageCodes.Of(Target).Name;
        if (Source is not null)
            return translator!.CanTranslate(Source, Target)
                ? (Source, null)
                : (null, $"{LanguageCodes.Of(Source).Name} can't be translated into {target} here.");
        if (identifier is null)
            return translator!.FindsSource
                ? (null, null)
                : (null, $"The language of '{shown}' is not known: give the tool an identifier or a source.");
        var guesses = identifier.Identify(text, Guesses);
        if (guesses is [var first, ..] && first.Language == Target && first.Confidence > SureEnough)
            return (null, $"'{shown}' is {target} already.");
        bool isSure = guesses is [{ Confidence: > SureEnough }, ..];
        foreach (var guess in guesses.Take(isSure ? 1 : Guesses))
        {
            if (guess.Language != Target && translator!.CanTranslate(guess.Language, Target))
                return (guess.Language, null);
        }
        string languages = string.Join(
            ", ", guesses.Take(3).Select(g => LanguageCodes.Find(g.Language)?.Name ?? g.Language));
        return (null, guesses.Count == 0
            ? $"In which language '{shown}' is can't be told."
            : $"'{shown}' seems to be {languages}; from there nothing translates into {target} here.");
    }

    private static string Flat(string text) =>
        string.Join(' ', text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
