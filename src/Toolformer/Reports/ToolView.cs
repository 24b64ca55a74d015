using Toolformer.Markup;

namespace Toolformer.Reports;

/// <summary>One tool: its funnel, its gains, the places where it may stand, and calls inside their texts.</summary>
internal static class ToolView
{
    private const int LongestPart = 300, LongestStrip = 700;

    public static Html Of(ToolFindings tool, int index) => Html.Of($"""
        <article id="tool-{index}" aria-labelledby="tool-{index}-title">
        <h3 id="tool-{index}-title"><bdi>{tool.Tool}</bdi></h3>
        {FunnelTable(tool)}
        {(tool.Gains.Scored == 0 ? Html.Of($"<p>No call of this tool was scored.</p>") : Html.Of($"""
            {Gains(tool, index)}
            <h4>The best calls</h4>{Calls(tool.Best)}
            <h4>On the border: closest to τ<sub>f</sub></h4>{Calls(tool.Borderline)}
            <h4>The worst calls</h4>{Calls(tool.Worst)}
            {(tool.Strips.Count == 0 ? Html.Empty : Html.Of($"""
                <h4>Where a call may start: p<sub>start</sub> along a text</h4>
                <p class="soft">The places at which calls were sampled, each with the probability that a call starts
                before the marked word; all other places had a lower one. A thick line: a call there was kept.</p>
                {tool.Strips.Select(Strip)}
                """))}
            """))}
        </article>
        """);

    private static Html FunnelTable(ToolFindings tool)
    {
        double most = Math.Max(1, tool.Funnel.Max(s => s.Count ?? 0));
        return Html.Of($"""
            <div class="wide" tabindex="0" role="region" aria-label="Funnel of {tool.Tool}">
            <table class="funnel"><caption>From documents to kept calls, and why others were dropped</caption>
            <thead><tr><th scope="col">step</th><th scope="col" class="n">number</th><th scope="col">
            <span class="soft">to scale</span></th><th scope="col">lost before it</th></tr></thead>
            <tbody>{tool.Funnel.Select(step => Html.Of($"""
                <tr><th scope="row">{step.Name}</th><td class="n">{(step.Count is { } n ? Html.Of($"{n:N0}")
                    : Html.Of($"–"))}</td>
                <td><span class="bar" style="width:{100 * (step.Count ?? 0) / most:0.##}%"></span></td>
                <td><ul>{step.Losses.Select(l => Html.Of($"<li>{l.Count:N0} {l.Reason}</li>"))}</ul></td></tr>
                """))}</tbody></table></div>
            """);
    }

    private static Html Gains(ToolFindings tool, int index)
    {
        var gains = tool.Gains;
        double threshold = tool.Threshold ?? 0;
        int tenth = (int)Math.Clamp(Math.Round(threshold * 10), gains.From, gains.To + 1);
        var (calls, texts) = gains.KeptAt(tenth);
        // The ends of the plot, which holds one bin more on the left and two on the right.
        int from = Math.Min(gains.From, tenth) - 1, to = Math.Max(gains.To, tenth) + 2;
        string label = $"Histogram of the gains of the calls of {tool.Tool}: " + FormattableString.Invariant(
            $"{calls:N0} of {gains.Scored:N0} are at τ_f = {tenth / 10.0:0.0} or above");
        return Html.Of($"""
            <h4>Gains, and what another τ<sub>f</sub> would keep</h4>
            {new SvgPlot(560, 230).Histogram(gains, tenth, label)}
            <div class="slider">
            <label for="threshold-{index}">τ<sub>f</sub> for {tool.Tool} (the run used {threshold:0.0##})</label>
            <input type="range" id="threshold-{index}" data-tool="{index}" min="{from / 10.0:0.0}" max="{to / 10.0:0.0}"
              step="0.1" value="{tenth / 10.0:0.0}" aria-valuetext="{tenth / 10.0:0.0} nats">
            <output
              for="threshold-{index}">τ_f = {tenth / 10.0:0.0} keeps {calls:N0} of
              {gains.Scored:N0} scored calls, in {texts:N0} texts.</output>
            <p class="soft">Bars are on a logarithmic scale; gains below −4 and from 8 on stand in the
            bins at the ends.</p></div>
            """);
    }

    private static Html Calls(IReadOnlyList<ShownCall> calls) => Html.Of($"""
        <ol class="calls">{calls.Select(shown => Html.Of($"""
            <li class="{(shown.Call.Kept ? "kept" : "dropped")}">
            <p class="text" dir="auto">{shown.Before} <span class="call">{Printed(shown)}</span>{shown.After}</p>
            {Losses(shown)}</li>
            """))}</ol>
        """);

    /// <summary>The call as it would stand in the text.</summary>
    public static string Printed(ShownCall shown) =>
        CallSyntax.Open.Trim() + ReportPage.Cut(shown.Call.Tool, LongestPart)
        + "(" + ReportPage.Cut(shown.Call.Input, LongestPart) + ") -> "
        + ReportPage.Cut(shown.Call.Result ?? "", LongestPart) + CallSyntax.Close;

    private static Html Losses(ShownCall shown)
    {
        var call = shown.Call;
        double most = Math.Max(1e-9, Math.Max(call.LossNone ?? 0, Math.Max(call.LossCall ?? 0, call.LossResult ?? 0)));
        (string Name, double? Loss, bool With)[] rows =
            [("no call, L(ε)", call.LossNone, false), ("without its result, L(c, ε)", call.LossCall, false),
                ("with its result, L(c, r)", call.LossResult, true)];
        return Html.Of($"""
            <dl class="losses">{rows.Select(row => Html.Of($"""
                <dt>{row.Name}</dt><dd><i class="{(row.With ? "with" : "less")}" style="width:{100 * Math.Clamp(
                    (row.Loss ?? 0) / most, 0, 1):0.#}%"></i></dd>
                <dd>{(row.Loss is { } n ? Html.Of($"{n:0.000}") : Html.Of($"–"))}</dd>
                """))}</dl>
            <p class="soft">gain {call.Gain ?? 0:0.000} nats · {(call.Kept ? "kept" : "dropped")} ·
            p<sub>start</sub> {call.PStart:0.000} · text <bdi>{ReportPage.Cut(call.DocId, 80)}</bdi></p>
            """);
    }

    private static Html Strip(StartStrip strip)
    {
        string text = ReportPage.Cut(strip.Text, LongestStrip);
        var pieces = new List<Html>();
        int at = 0;
        var places = strip.Places.Where(p => p.Offset >= 0 && p.Offset < text.Length).ToList();
        foreach (var (i, place) in places.Index())
        {
            if (place.Offset < at)
                continue;
            int start = place.Offset + (char.IsWhiteSpace(text[place.Offset]) ? 1 : 0);
            int next = i + 1 < places.Count ? places[i + 1].Offset : text.Length;
            int end = start;
            while (end < next && !char.IsWhiteSpace(text[end]))
                end++;
            if (end <= start)
                continue;
            string p = place.PStart.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);
            pieces.Add(Html.Of($"{text[at..start]}<mark{Html.Shipped(place.Kept ? " class=\"kept\"" : "")} "
                + $"style=\"--p:{Math.Clamp(place.PStart, 0, 1):0.###}\">{text[start..end]}<small>{p}</small></mark>"));
            at = end;
        }
        return Html.Of($"<p class=\"strip\" dir=\"auto\">{pieces}{text[at..]}</p>");
    }
}
