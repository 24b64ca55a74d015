namespace Toolformer.Cli.Displays;

/// <summary>How far a piece of work is: counts, rate and the time left; see <see cref="Display.Progress"/>.</summary>
public sealed class ProgressLine : IDisposable
{
    private const int BarWidth = 20;
    private static readonly TimeSpan BetweenFrames = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    private readonly Display _display;
    private readonly string _what, _unit;
    private readonly long? _total;
    private long? _from;
    private long _done, _began, _shown;
    private string? _note;
    private bool _isStale, _isEnded;

    internal ProgressLine(Display display, string what, string unit, long? total, long? from)
    {
        (_display, _what, _unit, _total, _from) = (display, what, unit, total, from);
        _began = _shown = display.Clock.GetTimestamp();
    }

    /// <summary>Whether a line that has to be cleared stands on the terminal.</summary>
    internal bool IsDrawn { get; private set; }

    /// <param name="done">How many are done now, those of an earlier run included.</param>
    /// <param name="note">What else there is to say: a loss, the name of a file.</param>
    public void Report(long done, string? note = null)
    {
        if (_from is null)
            (_from, _began) = (done, _display.Clock.GetTimestamp());
        (_done, _note, _isStale) = (done, note ?? _note, true);
        bool first = _display.ErrorIsTerminal && !IsDrawn;
        var wait = _display.ErrorIsTerminal ? BetweenFrames : BetweenLines;
        if (first || _display.Clock.GetElapsedTime(_shown) >= wait)
            Show();
    }

    /// <summary>Shows the last state and ends the line.</summary>
    public void Dispose()
    {
        if (_isEnded)
            return;
        _isEnded = true;
        if (_isStale)
            Show();
        _display.End(this);
        if (IsDrawn)
            _display.Note("");
    }

    internal void Draw() => _display.Redraw(Cut(Line(bar: true)));

    private void Show()
    {
        _shown = _display.Clock.GetTimestamp();
        _isStale = false;
        if (_display.ErrorIsTerminal)
        {
            IsDrawn = true;
            Draw();
        }
        else
        {
            _display.Note(Line(bar: false));
        }
    }

    private string Line(bool bar)
    {
        double seconds = _display.Clock.GetElapsedTime(_began).TotalSeconds;
        double rate = seconds > 0 ? (_done - (_from ?? 0)) / seconds : 0;
        var parts = new List<string>();
        if (_total is > 0 and var total)
        {
            double share = Math.Clamp((double)_done / total, 0, 1);
            int full = (int)(share * BarWidth);
            string drawn = bar ? $"{new string('█', full)}{new string('░', BarWidth - full)} " : "";
            parts.Add($"{drawn}{(int)(share * 100)}% {_done:N0}/{total:N0} {_unit}");
        }
        else
        {
            parts.Add($"{_done:N0} {_unit}");
        }
        if (rate > 0)
            parts.Add($"{Rounded(rate)}/s");
        if (rate > 0 && _total > _done)
            parts.Add($"{Duration((_total.Value - _done) / rate)} left");
        else
            parts.Add(Duration(seconds));
        if (_note is not null)
            parts.Add(_note);
        return $"{_what} {string.Join(", ", parts)}";
    }

    private string Cut(string line) => line.Length < _display.Width ? line : line[..Math.Max(0, _display.Width - 1)];

    private static string Rounded(double rate) =>
        rate >= 100 ? $"{rate:N0}" : rate >= 1 ? $"{rate:0.0}" : $"{rate:0.00}";

    private static string Duration(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(999).TotalSeconds));
        return time.TotalDays >= 1 ? $"{(int)time.TotalDays}d {time.Hours}h"
            : time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time:mm\\:ss}"
            : $"{time:m\\:ss}";
    }
}
