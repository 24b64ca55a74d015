namespace Toolformer.Corpora;

/// <summary>
/// Finds texts that share <paramref name="n"/> words in a row with texts seen before: the usual test of whether
/// training text contains a test set. Case and punctuation do not count; a shorter text counts as a whole.
/// </summary>
public sealed class NGramOverlap(int n = 13)
{
    private readonly HashSet<string> _grams = [];

    public void Add(string text) => _grams.UnionWith(Grams(text));

    /// <summary>The first word sequence of this text that was seen before; null: none.</summary>
    public string? FirstShared(string text) => Grams(text).FirstOrDefault(_grams.Contains);

    private IEnumerable<string> Grams(string text)
    {
        string[] words = Words(text);
        if (words.Length == 0)
            yield break;
        if (words.Length <= n)
        {
            yield return string.Join(' ', words);
            yield break;
        }
        for (int i = 0; i + n <= words.Length; i++)
            yield return string.Join(' ', words, i, n);
    }

    private static string[] Words(string text)
    {
        char[] letters = [.. text.Select(c => char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' ')];
        return new string(letters).Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
