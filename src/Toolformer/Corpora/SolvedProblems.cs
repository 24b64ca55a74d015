using System.Globalization;

namespace Toolformer.Corpora;

/// <summary>
/// Math word problems as plain solved text, to be annotated like any other text: "problem question The answer is N."
/// No equation and no annotation of the data set is in it.
/// </summary>
public static class SolvedProblems
{
    /// <summary>
    /// What stands between a problem and its answer, in training text as in the prompts of the tasks.
    /// </summary>
    public const string AnswerPhrase = "The answer is";

    /// <summary>One text for each problem whose answer is one number.</summary>
    /// <param name="source">Stands before the problem's id in the text's id: "mawps" → "mawps-17".</param>
    public static IEnumerable<Document> Documents(IEnumerable<MathProblem> problems, string source) =>
        from problem in problems
        let number = problem.Number
        where number is not null
        select new Document($"{source}-{problem.Id}", $"{problem.Text} {AnswerPhrase} {Print(number.Value)}.");

    /// <summary>The same without texts that share 13 words in a row with a test problem.</summary>
    public static IEnumerable<Document> Documents(
        IEnumerable<MathProblem> problems, string source, IEnumerable<MathProblem> test)
    {
        var overlap = new NGramOverlap();
        foreach (var problem in test)
            overlap.Add(problem.Text);
        return Documents(problems.Where(p => overlap.FirstShared(p.Text) is null), source);
    }

    /// <summary>A number in digits, at most two decimals, as the calculator would round it.</summary>
    private static string Print(decimal number) =>
        Math.Round(number, 2, MidpointRounding.AwayFromZero).ToString("0.##", CultureInfo.InvariantCulture);
}
