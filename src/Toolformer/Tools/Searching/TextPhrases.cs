using Lucene.Net.Analysis.En;
using Toolformer.Markup;

namespace Toolformer.Tools.Searching;

/// <summary>Phrases of a text that can stand in a call: what an input may be held to.</summary>
public static class TextPhrases
{
    /// <summary>The most words of a phrase, and how many words of a text may begin one.</summary>
    private const int PhraseWords = 5, TextWords = 1000;

    /// <summary>The same of a text in any language: sentences are quoted too, but the patterns must not grow.</summary>
    private const int WholeWords = 10, WholeTextWords = 300;

    private const string Punctuation = ".,;:!?\"'()“”‘’…–—*_";

    /// <summary>
    /// One to five words with nothing but spaces between them, neither the first nor the last of them an article or the
    /// like.
    /// </summary>
    public static IEnumerable<string> Of(string text) => Of(text, TextWords, PhraseWords, IsContent);

    /// <summary>The same for a text in any language: up to ten words, whatever the first and the last.</summary>
    public static IEnumerable<string> InAnyLanguage(string text) =>
        Of(text, WholeTextWords, WholeWords, word => word.Any(char.IsLetter));

    private static IEnumerable<string> Of(
        string text, int textWords, int phraseWords, Func<string, bool> mayStandAtTheEnds)
    {
        string[] words = [.. Sentences.Words(text).Take(textWords)];
        for (int first = 0; first < words.Length; first++)
        {
            for (int last = first; last < Math.Min(words.Length, first + phraseWords); last++)
            {
                var phrase = string.Join(' ', words[first..(last + 1)]).AsSpan();
                string bare = phrase.Trim(Punctuation).ToString();
                // Punctuation inside ends the phrase: what stands beyond it belongs to something else.
                if (last > first && (StartsLate(words[last]) || EndsEarly(words[last - 1])))
                    break;
                if (bare.Length > 0 && CallSyntax.IsInput(bare)
                    && mayStandAtTheEnds(words[first]) && mayStandAtTheEnds(words[last]))
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
