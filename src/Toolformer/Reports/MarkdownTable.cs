using System.Globalization;
using System.Text;
using Toolformer.Evaluation;

namespace Toolformer.Reports;

/// <summary>A table in Markdown whose columns are padded, so that it reads as plain text too.</summary>
internal static class MarkdownTable
{
    /// <summary>An empty cell.</summary>
    public const string None = "–";

    private static CultureInfo Culture => CultureInfo.InvariantCulture;

    /// <param name="rows">The first one is the header; all of the same length.</param>
    public static string Of(IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(r => r[c].Length))];
        var table = new StringBuilder();
        foreach (var (i, row) in rows.Index())
        {
            table.Append("| ").AppendJoin(" | ", row.Select((cell, c) => cell.PadRight(widths[c]))).Append(" |\n");
            if (i == 0)
                table.Append("|-").AppendJoin("-|-", widths.Select(w => new string('-', w))).Append("-|\n");
        }
        return table.ToString();
    }

    /// <summary>A share in percent, one decimal: "12.5".</summary>
    public static string Percent(double? share) => share is { } s ? (100 * s).ToString("0.0", Culture) : None;

    /// <summary>"12.5 ± 3.1".</summary>
    public static string Accuracy(EvalResult? result) =>
        result is null ? None : $"{Percent(result.Accuracy)} ± {Percent(result.Stderr)}";

    /// <summary>A number as the paper prints it.</summary>
    public static string Printed(double? value) => value?.ToString("0.0", Culture) ?? None;

    public static string Number(double? value, string format) => value?.ToString(format, Culture) ?? None;
}
