namespace Toolformer.Reports;

/// <summary>One tool: its funnel, its gains, the places where it may stand, and calls inside their texts.</summary>
internal static class ToolView
{
    public static Html Of(ToolFindings tool, int index) => Html.Of($"""
        <article id="tool-{index}" aria-labelledby="tool-{index}-title">
        <h3 id="tool-{index}-title"><bdi>{tool.Tool}</bdi></h3>
        {FunnelTable(tool)}
        {(tool.Gains.Scored == 0 ? Html.Of($"<p>No call of this tool was scored.</p>") : Html.Of($"""
            {Gains(tool, index)}
            <h4>The best calls</h4>{CallView.Calls(tool.Best)}
            <h4>On the border: closest to τ<sub>f</sub></h4>{CallView.Calls(tool.Borderline)}
            <h4>The worst calls</h4>{CallView.Calls(tool.Worst)}
            {CallView.Strips(tool.Strips)}
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
}
