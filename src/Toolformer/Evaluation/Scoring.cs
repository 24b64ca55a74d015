using System.Globalization;
using System.Text;
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
    /// for LAMA and the temporal tasks, 20 for question answering.
    /// </summary>
    /// <example>
    /// 5 words of " a quiet Thursday, of course" hold "Thursday" · those of " the day after that is Thursday" do not
    /// · " Mayor Thursdays" does not hold "Thursday" · " the U.S. Army" holds "US army".
    /// </example>
    public static bool FirstWordsContain(string prediction, int count, IEnumerable<string> answers)
    {
        string[] words = prediction.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string head = $" {Normalise(string.Join(' ', words.Take(count)))} ";
        return answers.Any(a => Normalise(a) is { Length: > 0 } answer && head.Contains($" {answer} "));
    }

    /// <summary>
    /// Text as it is compared: lower case, without punctuation and the articles a, an, the, one space between words.
    /// </summary>
    /// <example>"The  U.S. Army!" → "us army" · "Knight's-Head" → "knightshead" · "The" → "the".</example>
    public static string Normalise(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (char.IsWhiteSpace(c))
                plain.Append(' ');
            else if (!char.IsPunctuation(c))
                plain.Append(char.ToLowerInvariant(c));
        }
        string[] words = plain.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] content = [.. words.Where(w => w is not ("a" or "an" or "the"))];
        return string.Join(' ', content.Length > 0 ? content : words);
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
