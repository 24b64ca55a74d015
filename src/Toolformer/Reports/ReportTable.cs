namespace Toolformer.Reports;

/// <summary>A table with its title.</summary>
/// <param name="Rows">The first one is the header; all of the same length.</param>
/// <param name="Note">What is to be said of it; empty: nothing.</param>
public sealed record ReportTable(string Title, IReadOnlyList<string[]> Rows, string Note = "")
{
    /// <param name="level">Of its heading.</param>
    public string ToMarkdown(int level = 3) => $"{new string('#', level)} {Title}\n\n{MarkdownTable.Of(Rows)}"
        + (Note.Length > 0 ? $"\n{Note}\n" : "");

    /// <summary>The same for the page; beside rows of the paper's our own stand out.</summary>
    internal Html ToHtml()
    {
        bool beside = Rows.Any(IsPaper);
        return Html.Of($"""
            <div class="wide" tabindex="0" role="region" aria-label="{Title}">
            <table class="figures"><caption>{Title}</caption>
            <thead><tr>{Rows[0].Select((cell, c) => Html.Of(
                $"<th scope=\"col\"{Html.Shipped(c == 0 ? "" : " class=\"n\"")}>{cell}</th>"))}</tr></thead>
            <tbody>{Rows.Skip(1).Select(row => Html.Of($"""
                <tr class="{(!beside ? "" : IsPaper(row) ? "paper" : "ours")}">
                <th scope="row">{row[0]}</th>{row.Skip(1).Select(cell => Html.Of($"<td class=\"n\">{cell}</td>"))}</tr>
                """))}</tbody></table></div>
            {(Note.Length == 0 ? Html.Empty : Html.Of($"<p class=\"soft\">{Note}</p>"))}
            """);
    }

    private static bool IsPaper(string[] row) =>
        row.Any(cell => cell == PaperViews.Paper || cell == PaperViews.GptJ);
}
