using Lucene.Net.Analysis.En;
using Toolformer.Markup;

namespace Toolformer.Tools.Searching;

/// <summary>Phrases of a text that can stand in a call: what an input may be held to.</summary>
public static class TextPhrases
{
    /// <summary>The most words of a phrase.</summary>
    private const int PhraseWords = 5;

    /// <summary>So many words of a text may begin a phrase.</summary>
    private const int TextWords = 1000;

    private const string Punctuation = ".,;:!?\"'()“”‘’…–—*_";

    /// <summary>
    /// One to five words with nothing but spaces between them, neither the first nor the last of them an article or the
    /// like.
    /// </summary>
    public static IEnumerable<string> Of(string text)
    {
        string[] words = [.. Sentences.Words(text).Take(TextWords)];
        for (int first = 0; first < words.Length; first++)
        {
            for (int last = first; last < Math.Min(words.Length, first + PhraseWords); last++)
            {
                var phrase = string.Join(' ', words[first..(last + 1)]).AsSpan();
                string bare = phrase.Trim(Punctuation).ToString();
                // Punctuation inside ends the phrase: what stands beyond it belongs to something else.
                if (last > first && (StartsLate(words[last]) || EndsEarly(words[last - 1])))
                    break;
                if (bare.Length > 0 && CallSyntax.IsInput(bare) && IsContent(words[first]) && IsContent(words[last]))
                    yield return bare;
            }
        }
    }

    private static bool StartsLate(string word) => Punctuation.Contains(word[0]);

    private static bool EndsEarly(string word) => Punctuation.Contains(word[^1]);

    private static bool IsContent(string word)
    {
        string bare = word.Trim([.. Punctuation]);
        return bare.Any(char.IsLetterOrDigit) && !EnglishAnalyzer.DefaultStopSet.Contains(bare.ToLowerInvariant());
    }
}
