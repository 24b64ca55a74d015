using Toolformer.Markup;

namespace Toolformer.Reports;

/// <summary>Calls inside their texts with their three losses, token by token, and where calls may start.</summary>
internal static class CallView
{
    private const int LongestPart = 300, Shades = 10;

    /// <summary>A difference of so many nats has the deepest shade.</summary>
    private const double Deepest = 1;

    public static Html Calls(IReadOnlyList<ShownCall> calls) => Html.Of($"""
        <ol class="calls">{calls.Select(shown => Html.Of($"""
            <li class="{(shown.Call.Kept ? "kept" : "dropped")}">
            <p class="text" dir="auto">{shown.Before} <span class="call">{Printed(shown)}</span>{After(shown)}</p>
            {Losses(shown)}
            <p class="soft">{(shown.Call.Kept ? "kept" : "dropped")}, gain {shown.Call.Gain ?? 0:+0.000;−0.000;0.000} ·
            p<sub>start</sub> {shown.Call.PStart:0.000} · text
            <bdi>{ReportPage.Cut(shown.Call.DocId, 80)}</bdi></p></li>
            """))}</ol>
        """);

    /// <summary>The call as it would stand in the text.</summary>
    public static string Printed(ShownCall shown) =>
        CallSyntax.Open.Trim() + ReportPage.Cut(shown.Call.Tool, LongestPart)
        + "(" + ReportPage.Cut(shown.Call.Input, LongestPart) + ") -> "
        + ReportPage.Cut(shown.Call.Result ?? "", LongestPart) + CallSyntax.Close;

    /// <summary>What stands after the call, the tokens marked that its losses are of.</summary>
    private static Html After(ShownCall shown)
    {
        int counted = Math.Min(shown.After.Length, shown.Tokens.Sum(t => t.Text.Length));
        return counted == 0 ? Html.Of($"{shown.After}")
            : Html.Of($"<u>{shown.After[..counted]}</u>{shown.After[counted..]}");
    }

    private static Html Losses(ShownCall shown)
    {
        var (call, tokens) = (shown.Call, shown.Tokens);
        (string Name, double? Sum, Func<TokenLoss, double?> Of)[] rows =
        [
            ("no call", call.LossNone, t => t.None), ("call alone", call.LossCall, t => t.Call),
            ("call and result", call.LossResult, t => t.Result),
        ];
        return Html.Of($"""
            <table class="losses"><thead><tr><td></td><th scope="col" class="n">loss</th>{tokens.Select(t => Html.Of(
                $"<th scope=\"col\" class=\"n\">{Header(t.Text)}</th>"))}</tr></thead>
            <tbody>{rows.Select(row => Html.Of($"""
                <tr><th scope="row">{row.Name}</th>{Number(row.Sum)}{tokens.Select(t => Number(row.Of(t)))}</tr>
                """))}<tr class="gain"><th scope="row">gain</th>{Shaded(call.Gain)}{tokens.Select(t =>
                Shaded((shown.FromNone ? t.None : t.Call) - t.Result))}</tr></tbody></table>
            """);
    }

    /// <summary>A token without the space before it; one that is nothing but space, as a sign for that.</summary>
    private static string Header(string token) => !string.IsNullOrWhiteSpace(token) ? token.Trim()
        : token.Contains('\n') ? "⏎" : token.Length > 0 ? "␣" : "…";

    private static Html Number(double? nats) =>
        nats is { } n ? Html.Of($"<td class=\"n\">{n:0.00}</td>") : Html.Of($"<td class=\"n\">–</td>");

    /// <summary>A number whose ground says how large it is, and its sign which way.</summary>
    private static Html Shaded(double? nats) => nats is not { } n ? Number(null) : Html.Of(
        $"<td class=\"n {(n < 0 ? "down" : "up")} h{Shade(Math.Abs(n) / Deepest)}\">{n:+0.00;−0.00;0.00}</td>");

    /// <summary>0 to <see cref="Shades"/>; nothing at all has none.</summary>
    private static int Shade(double share) => (int)Math.Ceiling(Math.Clamp(share, 0, 1) * Shades - 1e-9);

    public static Html Strips(IReadOnlyList<StartStrip> strips) => strips.Count == 0 ? Html.Empty : Html.Of($"""
        <h4>Where a call may start: p<sub>start</sub> along a text</h4>
        <p class="soft">{(strips.All(s => s.Whole)
            ? "The deeper the ground of a word, or of a part of one, the likelier a call starts before it"
            : "The run is of an older version: where nothing was sampled the probability is not known")}.
        Underlined, with its probability: calls were sampled there; ✓ one was kept.</p>
        <p class="scale" aria-hidden="true">0 {Enumerable.Range(1, Shades).Select(s => Html.Of(
            $"<i class=\"h{s}\">&nbsp;&nbsp;</i>"))} 1</p>
        {strips.Select(strip => Html.Of($"<p class=\"strip\" dir=\"auto\">{strip.Pieces.Select(Piece)}</p>"))}
        """);

    private static Html Piece(StripPiece piece)
    {
        int shade = Shade(Math.Round(piece.PStart, 2));
        if (piece.Sampled)
            return Html.Of($"<mark class=\"h{shade}\">{piece.Text}<small>{piece.PStart:0.00}{(piece.Kept ? " ✓" : "")}"
                + $"</small></mark>");
        return shade == 0 ? Html.Of($"{piece.Text}") : Html.Of($"<i class=\"h{shade}\">{piece.Text}</i>");
    }
}
