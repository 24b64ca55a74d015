using System.Globalization;
using System.Text.RegularExpressions;

namespace Toolformer.Corpora;

/// <summary>A math word problem as its data set gives it.</summary>
/// <param name="Body">What is told; empty where the data set does not part it from the question.</param>
/// <param name="Answer">The official answer as written: "9 (apples)", "1,080", "5.25".</param>
public sealed partial record MathProblem(string Id, string Body, string Question, string Answer)
{
    /// <summary>Body and question as one text.</summary>
    public string Text => Body.Length == 0 ? Question : $"{Body} {Question}";

    /// <summary>
    /// The answer, if it is one number, perhaps with a unit in parentheses: "9 (apples)" → 9; null for "3:30 p.m.",
    /// "2:5", "Yes".
    /// </summary>
    public decimal? Number
    {
        get
        {
            var match = OneNumber().Match(Answer);
            return match.Success && decimal.TryParse(match.Groups[1].Value.Replace(",", ""), NumberStyles.Float,
                CultureInfo.InvariantCulture, out decimal number)
                ? number
                : null;
        }
    }

    [GeneratedRegex(@"^\s*\$?(-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?)%?\s*(?:\([^()]*\))?\s*$")]
    private static partial Regex OneNumber();
}
