using System.Globalization;
using System.Text;

namespace Toolformer.Reports;

/// <summary>Lines over two axes, as SVG whose colours the page's style sheet gives.</summary>
internal sealed class SvgPlot(int width, int height)
{
    private const int Left = 54, Bottom = 40, Top = 10, Right = 20;

    /// <summary>
    /// One line, with dots where there are few points; dots alone where several stand over the same x.
    /// </summary>
    public sealed record Line(string Name, IReadOnlyList<(double X, double Y)> Points);

    /// <param name="label">What is seen, for those who do not see it.</param>
    /// <param name="logarithmic">Whether x is positive and stands at its logarithm, as sizes of models do.</param>
    public Html Lines(IReadOnlyList<Line> lines, string xTitle, string label, bool logarithmic = false)
    {
        var points = lines.SelectMany(l => l.Points).ToList();
        if (points.Count == 0)
            return Html.Empty;
        double[] xs = logarithmic ? Powers(points.Min(p => p.X), points.Max(p => p.X))
            : Ticks(Math.Min(0, points.Min(p => p.X)), points.Max(p => p.X));
        double[] ys = Ticks(Math.Min(0, points.Min(p => p.Y)), points.Max(p => p.Y));
        double At(double x) => logarithmic ? Math.Log10(x) : x;
        double X(double x) => Left + ((At(x) - At(xs[0])) / (At(xs[^1]) - At(xs[0])) * (width - Left - Right));
        double Y(double y) => height - Bottom - ((y - ys[0]) / (ys[^1] - ys[0]) * (height - Top - Bottom));
        var grid = ys.Select(y => Html.Of($"""
            <line class="grid" x1="{Left}" x2="{width - Right}" y1="{Y(y):0.#}" y2="{Y(y):0.#}"/>
            <text x="{Left - 6}" y="{Y(y) + 4:0.#}" text-anchor="end">{y:0.###}</text>
            """)).Concat(xs.Select(x => Html.Of($"""
            <text x="{X(x):0.#}" y="{height - Bottom + 17}" text-anchor="middle">{Short(x)}</text>
            """)));
        var drawn = lines.Select((line, i) => Html.Of($"""
            {(line.Points.DistinctBy(p => p.X).Count() < line.Points.Count ? Html.Empty : Html.Of($"""
                <polyline class="line s{i % 6}" points="{Coordinates(line.Points.Select(p => (X(p.X), Y(p.Y))))}"/>
                """))}{(line.Points.Count > 40 ? [] : line.Points.Select(p => Html.Of(
                $"<circle class=\"dot s{i % 6}\" cx=\"{X(p.X):0.#}\" cy=\"{Y(p.Y):0.#}\" r=\"3.5\"/>")))}
            """));
        return Html.Of($"""
            <svg role="img" aria-label="{label}" viewBox="0 0 {width} {height}">
            {grid}{drawn}
            <text x="{(width + Left) / 2}" y="{height - 4}" text-anchor="middle">{xTitle}</text></svg>
            <p class="legend">{lines.Select((line, i) => Html.Of(
                $"<span class=\"key s{i % 6}\">{line.Name}</span>"))}</p>
            """);
    }

    private static string Coordinates(IEnumerable<(double X, double Y)> points)
    {
        var text = new StringBuilder();
        foreach (var (x, y) in points)
            text.Append(CultureInfo.InvariantCulture, $"{x:0.#},{y:0.#} ");
        return text.ToString().TrimEnd();
    }

    /// <summary>Powers of ten around positive numbers, at least two.</summary>
    private static double[] Powers(double from, double to)
    {
        int first = (int)Math.Floor(Math.Log10(Math.Max(1, from)));
        int last = Math.Max(first + 1, (int)Math.Ceiling(Math.Log10(Math.Max(1, to))));
        return [.. Enumerable.Range(first, last - first + 1).Select(power => Math.Pow(10, power))];
    }

    /// <summary>A number with thousands, millions and billions as letters.</summary>
    private static string Short(double x) => string.Create(CultureInfo.InvariantCulture, $"{(Math.Abs(x) switch
    {
        >= 1e9 => x / 1e9,
        >= 1e6 => x / 1e6,
        >= 1e4 => x / 1e3,
        _ => x,
    }):0.###}{(Math.Abs(x) switch { >= 1e9 => "B", >= 1e6 => "M", >= 1e4 => "k", _ => "" })}");

    /// <summary>Round numbers from below the least to above the largest value, at most about six.</summary>
    private static double[] Ticks(double from, double to)
    {
        if (!(to > from))
            to = from + 1;
        double raw = (to - from) / 5, power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double step = new[] { 1, 2, 2.5, 5, 10 }.First(f => f * power >= raw * 0.999) * power;
        double first = Math.Floor(from / step) * step;
        int count = (int)Math.Ceiling(((to - first) / step) - 1e-9);
        return [.. Enumerable.Range(0, count + 1).Select(i => first + (i * step))];
    }

    /// <summary>The gains of a tool with its threshold; the page's script moves the line and the colours.</summary>
    public Html Histogram(GainHistogram gains, int threshold, string label)
    {
        int from = Math.Min(gains.From, threshold) - 1, to = Math.Max(gains.To, threshold) + 2, n = to - from;
        double most = Math.Log(1 + Enumerable.Range(from, n).Max(gains.Calls));
        double bar = (double)(width - Left - Right) / n;
        double X(double tenth) => Left + ((tenth - from) * bar);
        double Y(double count) => height - Bottom - (Math.Log(1 + count) / most * (height - Top - Bottom));
        int every = n > 60 ? 20 : n > 24 ? 10 : 5;
        var grid = new[] { 1, 10, 100, 1000, 10_000, 100_000, 1_000_000 }.Where(v => Math.Log(1 + v) <= most)
            .Select(v => Html.Of($"""
                <line class="grid" x1="{Left}" x2="{width - Right}" y1="{Y(v):0.#}" y2="{Y(v):0.#}"/>
                <text x="{Left - 6}" y="{Y(v) + 4:0.#}" text-anchor="end">{v:N0}</text>
                """)).Concat(Enumerable.Range(from, n).Where(t => t % every == 0).Select(t => Html.Of($"""
                <text x="{X(t):0.#}" y="{height - Bottom + 17}" text-anchor="middle">{t / 10.0:0.#;−0.#}</text>
                """)));
        var bars = Enumerable.Range(from, n).Where(t => gains.Calls(t) > 0).Select(t => Html.Of(
            $"<rect class=\"bar{(t >= threshold ? " kept" : "")}\" data-tenth=\"{t}\" x=\"{X(t):0.##}\" "
            + $"y=\"{Y(gains.Calls(t)):0.#}\" width=\"{Math.Max(1, bar - 0.6):0.##}\" "
            + $"height=\"{height - Bottom - Y(gains.Calls(t)):0.#}\"/>"));
        return Html.Of($"""
            <svg role="img" aria-label="{label}" viewBox="0 0 {width} {height}" data-left="{X(0):0.####}"
              data-bar="{bar:0.####}">{grid}{bars}
            <line class="threshold" x1="{X(threshold):0.##}" x2="{X(threshold):0.##}" y1="{Top}"
              y2="{height - Bottom}"/>
            <text x="{(width + Left) / 2}" y="{height - 4}" text-anchor="middle">gain in nats</text></svg>
            """);
    }
}
