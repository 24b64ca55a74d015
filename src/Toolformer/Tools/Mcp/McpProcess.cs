using System.Diagnostics;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tools.Mcp;

/// <summary>A server that is a process of its own and speaks over its standard streams.</summary>
internal sealed class McpProcess : IAsyncDisposable
{
    private const int MaxLine = 4 << 20, MaxPerCall = 16 << 20, KeptOfErrors = 400;

    /// <summary>What a process gets of the environment beside that which it is given by name.</summary>
    private static readonly string[] Passed = ["PATH", "HOME", "LANG", "TMPDIR", "SystemRoot", "TEMP"];

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly TimeProvider _timer;
    private readonly Lock _lock = new();
    private readonly Queue<char> _errors = new();

    private McpProcess(Process process, string who, TimeProvider timer)
    {
        (_process, _timer) = (process, timer);
        Output = new LimitedStream(process.StandardOutput.BaseStream, MaxLine, MaxPerCall, who);
        _ = DrainErrorsAsync();
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public LimitedStream Output { get; }

    /// <summary>The last that it wrote to its standard error, in one line.</summary>
    public string LastErrors
    {
        get
        {
            lock (_lock)
                return string.Concat(_errors).Trim();
        }
    }

    /// <exception cref="IOException">It can't be started.</exception>
    public static McpProcess Start(string command, IEnumerable<string> arguments, string folder,
        IReadOnlyDictionary<string, string> environment, string who, TimeProvider timer)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var own = Passed.Select(name => (name, start.Environment.TryGetValue(name, out string? value) ? value : null))
            .Where(v => v.Item2 is not null).ToList();
        start.Environment.Clear();
        foreach (var (name, value) in own)
            start.Environment[name] = value;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            return new McpProcess(Process.Start(start)!, who, timer);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new IOException($"{who} can't be started: {e.Message}", e);
        }
    }

    /// <summary>Ends it: by the end of its input, and where that does not help within seconds, by force.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already, and with it the pipe.
        }
        using var patience = new CancellationTokenSource(Grace, _timer);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }

    private async Task DrainErrorsAsync()
    {
        char[] buffer = new char[1024];
        try
        {
            for (int read; (read = await _process.StandardError.ReadAsync(buffer)) > 0;)
            {
                lock (_lock)
                {
                    foreach (char c in buffer.AsSpan(0, read))
                        _errors.Enqueue(char.IsControl(c) ? ' ' : c);
                    while (_errors.Count > KeptOfErrors)
                        _errors.Dequeue();
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The process is gone; what it said until then is kept.
        }
    }
}
