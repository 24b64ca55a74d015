namespace Toolformer.Corpora;

/// <summary>
/// Finds texts that share <paramref name="n"/> words in a row with texts seen before: the usual test of whether
/// training text contains a test set. Case and punctuation do not count; a shorter text counts as a whole.
/// </summary>
public sealed class NGramOverlap(int n = 13)
{
    private readonly HashSet<string> _grams = [];

    // How they begin: nearly every place of a text is ruled out by its first words, without joining n of them.
    private readonly HashSet<(string, string)> _beginnings = [];

    public void Add(string text)
    {
        string[] words = Words(text);
        foreach (int i in Places(words))
        {
            _beginnings.Add(Beginning(words, i));
            _grams.Add(Gram(words, i));
        }
    }

    /// <summary>The first word sequence of this text that was seen before; null: none.</summary>
    public string? FirstShared(string text) => Shared(text).FirstOrDefault();

    /// <summary>All word sequences of this text that were seen before, in its order.</summary>
    public IEnumerable<string> Shared(string text)
    {
        string[] words = Words(text);
        foreach (int i in Places(words))
        {
            if (_beginnings.Contains(Beginning(words, i)) && Gram(words, i) is var gram && _grams.Contains(gram))
                yield return gram;
        }
    }

    /// <summary>All word sequences of a text that are as long as they must be; none where it is shorter.</summary>
    public IEnumerable<string> Whole(string text)
    {
        string[] words = Words(text);
        return words.Length < n ? [] : Places(words).Select(i => Gram(words, i));
    }

    /// <summary>Where sequences begin; a text that is no longer than one is one.</summary>
    private IEnumerable<int> Places(string[] words) =>
        Enumerable.Range(0, words.Length == 0 ? 0 : Math.Max(1, words.Length - n + 1));

    private string Gram(string[] words, int i) => string.Join(' ', words, i, Math.Min(n, words.Length - i));

    private static (string, string) Beginning(string[] words, int i) =>
        (words[i], i + 1 < words.Length ? words[i + 1] : "");

    private static string[] Words(string text)
    {
        char[] letters = [.. text.Select(c => char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' ')];
        return new string(letters).Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
