using Toolformer.Torch.Hub;

namespace Toolformer.Cli.Displays;

/// <summary>Shows how far a pull is, in kilobytes; what keeps it waiting is noted once.</summary>
internal sealed class PullDisplay(HubModel model, Display display) : IProgress<HubProgress>, IDisposable
{
    private ProgressLine? _line;
    private string? _notice;

    public void Report(HubProgress value)
    {
        if (value.Notice is not null && value.Notice != _notice)
            display.Note($"{model}{(value.File == "" ? "" : $" {value.File}")}: {value.Notice}");
        _notice = value.Notice;
        if (value.Total == 0)
            return;
        _line ??= display.Progress($"pulling {model}", "kB", (value.Total + 999) / 1000, from: null);
        _line.Report((value.Done + 999) / 1000, value.File);
    }

    public void Dispose() => _line?.Dispose();
}
