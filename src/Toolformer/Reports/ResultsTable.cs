using System.Globalization;
using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>
/// Results as a table in Markdown whose columns are padded, so that it reads as plain text too: one row per model and
/// mode, one column per task.
/// </summary>
public static class ResultsTable
{
    /// <param name="perplexities">Per model and mode; the column is left out where there are none.</param>
    public static string Of(
        IReadOnlyList<EvalResult> results,
        IReadOnlyDictionary<(string Model, string Mode), PerplexityResult>? perplexities = null)
    {
        var tasks = results.Select(r => r.Task).Distinct().ToList();
        var rows = new List<string[]>();
        string[] header = ["model", "mode", .. tasks.Select(Title)];
        rows.Add(perplexities is null ? header : [.. header, "perplexity"]);
        foreach (var arm in results.Select(r => (r.Model, r.Mode)).Concat(perplexities?.Keys ?? []).Distinct())
        {
            var cells = tasks.Select(task => Cell(results.FirstOrDefault(
                r => (r.Model, r.Mode, r.Task) == (arm.Model, arm.Mode, task))));
            string[] row = [arm.Model, arm.Mode, .. cells];
            rows.Add(perplexities is null ? row : [.. row, Cell(perplexities.GetValueOrDefault(arm))]);
        }
        return MarkdownTable.Of(rows);

        string Title(string task) => $"{task} (n = {string.Join("/", results.Where(r => r.Task == task)
            .Select(r => r.N).Distinct())})";
    }

    private static string Cell(EvalResult? result)
    {
        if (result is null)
            return "–";
        string accuracy = $"{MarkdownTable.Accuracy(result)} %";
        return result.Calls == 0 ? accuracy : $"{accuracy}, calls {result.CallRate.ToString("P0", Culture)}";
    }

    private static string Cell(PerplexityResult? result) => result is null ? "–"
        : string.Create(Culture, $"{result.Value:0.00} ± {result.Stderr:0.00}");

    private static CultureInfo Culture => CultureInfo.InvariantCulture;

}
