using System.Globalization;
using System.Text.RegularExpressions;

namespace Toolformer.Evaluation;

/// <summary>
/// The rules by which the paper calls a prediction right (section 4.2 and footnote 7), made exact. All take the text
/// that the model wrote after the prompt, without its calls.
/// </summary>
public static partial class Scoring
{
    /// <summary>
    /// The number that counts as the answer: the first one, or, where an equation is written out, the first one after
    /// its equals sign. Thousands separators, a dollar sign and a full stop at the end do not matter.
    /// </summary>
    /// <example>
    /// " 1,250 apples" → 1250 · " $12.50." → 12.5 · " 5+3=8" → 8 · " 5 + 3 = $8." → 8 · " -4" → -4 · "
    /// 7-2" → 7 · " .5" → 0.5 · " 12, not 13" → 12 · " many" → null.
    /// </example>
    public static decimal? FirstNumber(string prediction)
    {
        int equals = prediction.IndexOf('=');
        return (equals < 0 ? null : NumberFrom(prediction, equals + 1)) ?? NumberFrom(prediction, 0);
    }

    /// <summary>
    /// Whether the prediction's number is the answer: exactly for whole answers; for others to half a hundredth, since
    /// the calculator rounds to two decimals ("5.67" is right for 5.666…).
    /// </summary>
    public static bool NumberIs(string prediction, decimal answer) =>
        FirstNumber(prediction) is { } number
        && (answer == decimal.Truncate(answer) ? number == answer : Math.Abs(number - answer) <= 0.005m);

    /// <summary>
    /// Whether one of the answers stands, as whole words in a row, within the first <paramref name="count"/> words: 5
    /// for LAMA and the temporal tasks, 10 for questions about a paragraph, 20 for question answering. The prediction
    /// must begin with an answer that has more words than that.
    /// </summary>
    /// <example>
    /// 5 words of " a quiet Thursday, of course" hold "Thursday" · those of " the day after that is Thursday" do not
    /// · " Mayor Thursdays" does not hold "Thursday" · " the U.S. Army" holds "US army" · "是Paris。" holds "Paris".
    /// </example>
    public static bool FirstWordsContain(string prediction, int count, IEnumerable<string> answers)
    {
        var words = Words(prediction);
        string head = $" {Normalise(words.Take(count))} ";
        return answers.Any(Stands);

        bool Stands(string text)
        {
            var answer = Words(text);
            string plain = Normalise(answer);
            // Nothing but marks, such as "---", which are left out elsewhere: a word of its own.
            if (plain.Length == 0)
                return answer.Count == 1 && words.Take(count).Any(w => w == answer[0] || w == answer[0] + ".");
            return answer.Count <= count
                ? head.Contains($" {plain} ", StringComparison.Ordinal)
                : $"{Normalise(words)} ".StartsWith($"{plain} ", StringComparison.Ordinal);
        }
    }

    /// <summary>
    /// Text as it is compared: lower case, without punctuation, invisible marks and the articles a, an, the, one space
    /// between words.
    /// </summary>
    /// <example>"The  U.S. Army!" → "us army" · "Knight's-Head" → "knightshead" · "The" → "the" · "北京" → "北 京".
    /// </example>
    public static string Normalise(string text) => Normalise(Words(text));

    private static string Normalise(IEnumerable<string> words)
    {
        string[] plain = [.. words.Select(Plain).Where(w => w.Length > 0)];
        string[] content = [.. plain.Where(w => w is not ("a" or "an" or "the"))];
        return string.Join(' ', content.Length > 0 ? content : plain);

        static string Plain(string word) => string.Concat(word
            .Where(c => !char.IsPunctuation(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format)
            .Select(char.ToLowerInvariant));
    }

    /// <summary>
    /// Words as spaces divide them. Chinese and Japanese have none: each of their characters counts as a word. Runs of
    /// Thai, Lao, Khmer and Burmese, which have none either, are divided from other scripts.
    /// </summary>
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            bool space = i == text.Length || char.IsWhiteSpace(text[i]);
            if (!space && (i == start || !IsBoundary(text[i - 1], text[i])))
                continue;
            if (i > start)
                words.Add(text[start..i]);
            start = space ? i + 1 : i;
        }
        return words;

        static bool IsBoundary(char before, char after) => char.IsLetterOrDigit(after)
            && (IsEastAsian(before) || IsEastAsian(after)
                || ((char.IsLetterOrDigit(before) || IsUnspaced(before)) && IsUnspaced(before) != IsUnspaced(after)));

        static bool IsEastAsian(char c) => c is (>= '\u3001' and <= '\u30FF') or (>= '\u3400' and <= '\u9FFF')
            or (>= '\uF900' and <= '\uFAFF') or (>= '\uFF01' and <= '\uFF9F');

        static bool IsUnspaced(char c) => c is (>= '\u0E00' and <= '\u0EFF') or (>= '\u1000' and <= '\u109F')
            or (>= '\u1780' and <= '\u17FF');
    }

    private static decimal? NumberFrom(string text, int start)
    {
        var match = Number().Match(text, start);
        if (!match.Success)
            return null;
        string digits = match.Groups["digits"].Value.Replace(",", "");
        return decimal.TryParse(
            digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            ? match.Groups["minus"].Success ? -number : number
            : null;
    }

    // A minus belongs to the number unless it stands after a word, a number or a parenthesis, as in 7-2.
    [GeneratedRegex(@"(?<minus>(?<![\w.)])[-−]\$?|(?<=\$)-)?"
        + @"(?<digits>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])\.\d+)")]
    private static partial Regex Number();
}
