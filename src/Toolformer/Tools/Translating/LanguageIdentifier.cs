namespace Toolformer.Tools.Translating;

/// <summary>Says in which language a text is written. Thread-safe.</summary>
public abstract class LanguageIdentifier
{
    /// <summary>The likeliest languages, the best first; none where there is nothing to judge by.</summary>
    /// <param name="count">At most so many.</param>
    public abstract IReadOnlyList<LanguageGuess> Identify(string text, int count = 1);
}

/// <summary>A language and how sure it is.</summary>
/// <param name="Language">As <see cref="LanguageCodes.Code"/>, or what the identifier calls it.</param>
/// <param name="Confidence">A probability.</param>
public readonly record struct LanguageGuess(string Language, double Confidence)
{
    public bool IsEnglish => Language == LanguageCodes.English;
}
