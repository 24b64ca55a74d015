using Toolformer.Tools.Translating.FastText;

namespace Toolformer.Tools.Translating;

/// <summary>
/// Identifies languages as the paper does (section 3): with a fastText classifier, such as lid.176.ftz, whose labels
/// are languages.
/// </summary>
public sealed class FastTextIdentifier(FastTextClassifier classifier) : LanguageIdentifier
{
    /// <summary>So much of a text is judged: more changes nothing.</summary>
    private const int MaxLength = 10_000;

    /// <summary>Reads a model file.</summary>
    /// <exception cref="InvalidDataException">The file is no fastText classifier, or is damaged.</exception>
    public static FastTextIdentifier Load(string path) => new(FastTextClassifier.Load(path));

    public override IReadOnlyList<LanguageGuess> Identify(string text, int count = 1) =>
        [.. classifier.Predict(text.Length <= MaxLength ? text : text[..MaxLength], count)
            .Select(p => new LanguageGuess(LanguageCodes.FromLabel(p.Label), Math.Min(p.Probability, 1)))];
}
