using Toolformer.Cli.Displays;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Cli;

public class DisplayTests
{
    private readonly ManualTime _time = new();
    private readonly StringWriter _output = new(), _error = new();

    [Fact]
    public void Progress_that_is_redirected_is_a_line_every_five_seconds_and_one_at_the_end()
    {
        using (var progress = Display(terminal: false).Progress("scoring", "texts", total: 100))
        {
            for (int i = 1; i <= 12; i++)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                progress.Report(i, $"loss {i}");
            }
        }
        Assert.Equal(
            """
            scoring 5% 5/100 texts, 1.0/s, 1:35 left, loss 5
            scoring 10% 10/100 texts, 1.0/s, 1:30 left, loss 10
            scoring 12% 12/100 texts, 1.0/s, 1:28 left, loss 12

            """, _error.ToString());
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void Progress_on_a_terminal_is_one_line_rewritten_at_most_ten_times_a_second()
    {
        using (var progress = Display(terminal: true).Progress("scoring", "texts", total: 4))
        {
            progress.Report(1);
            progress.Report(2);
            _time.Advance(TimeSpan.FromSeconds(2));
            progress.Report(4);
        }
        string[] frames = _error.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("█████░", frames[0]);
        Assert.Contains("1/4 texts", frames[0]);
        Assert.DoesNotContain(frames, f => f.Contains("2/4"));
        Assert.Contains(frames, f => f.Contains("100% 4/4 texts, 2.0/s, 0:02"));
        Assert.EndsWith("\n", _error.ToString());
    }

    [Fact]
    public void Nothing_that_is_written_meanwhile_runs_into_the_progress()
    {
        var display = Display(terminal: true);
        using var progress = display.Progress("scoring", "texts");
        progress.Report(1);
        display.Note("a note");
        Assert.Contains("\r\e[Ka note\n\rscoring", _error.ToString());
    }

    [Fact]
    public void The_rate_of_a_resumed_run_leaves_out_what_an_earlier_one_did()
    {
        using (var progress = Display(terminal: false).Progress("training", "steps", total: 1000, from: 900))
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            progress.Report(910);
        }
        Assert.Equal("training 91% 910/1,000 steps, 1.0/s, 1:30 left\n", _error.ToString());
    }

    [Fact]
    public void A_line_is_never_wider_than_the_terminal()
    {
        using (var progress = Display(terminal: true).Progress("scoring", "texts"))
            progress.Report(1, new string('x', 500));
        Assert.All(_error.ToString().Split('\r', '\n'), f => Assert.True(f.Replace("\e[K", "").Length < 80, f));
    }

    [Fact]
    public void An_error_has_what_where_and_remedy_on_lines_of_their_own()
    {
        Display(terminal: false).Fail("It broke: 5 is not 4", "in file.txt, line 3", "Mend it.");
        Assert.Equal("error: It broke: 5 is not 4\n  in file.txt, line 3\n  Mend it.\n", _error.ToString());
    }

    private Display Display(bool terminal) =>
        new(TextReader.Null, _output, _error, _time) { ErrorIsTerminal = terminal };
}
