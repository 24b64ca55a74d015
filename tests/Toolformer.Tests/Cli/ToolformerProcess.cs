using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Toolformer.Tests.Cli;

/// <summary>The built command line as a process of its own, so that it can be killed as a user's would be.</summary>
internal sealed class ToolformerProcess : IDisposable
{
    /// <summary>Far beyond what anything here takes; a test that gets there has failed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private readonly StringBuilder _output = new();

    private ToolformerProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _process.OutputDataReceived += (_, e) => Keep(_output, e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(_error, e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The words that start the command line, for scripts.</summary>
    public static IReadOnlyList<string> Command { get; } =
    [
        // .../shared/Microsoft.NETCore.App/10.0.x/ lies below the dotnet that runs this test.
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..",
            OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet")),
        Path.Combine(AppContext.BaseDirectory, "Toolformer.Cli.dll"),
    ];

    public static ToolformerProcess Start(params IEnumerable<string> arguments) => Run([.. Command, .. arguments]);

    /// <summary>Starts any program.</summary>
    public static ToolformerProcess Run(IReadOnlyList<string> words) =>
        new(new ProcessStartInfo(words[0], words.Skip(1)));

    public int Id => _process.Id;

    public string Error => Read(_error);

    public string Output => Read(_output);

    /// <summary>Waits until something shows in the files, or the process has ended.</summary>
    /// <returns>False: it ended first.</returns>
    public bool WaitUntil(Func<bool> there)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!there())
        {
            if (_process.WaitForExit(milliseconds: 1))
                return there();
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"nothing happens: {Error}");
        }
        return true;
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: false);
        _process.WaitForExit();
    }

    /// <summary>What Ctrl+C in a terminal sends; SIGTERM where the test was started with that ignored.</summary>
    public void Interrupt()
    {
        string status = $"/proc/{_process.Id}/status";
        const string ignored = "SigIgn:";
        bool deaf = File.Exists(status) && File.ReadLines(status).First(l => l.StartsWith(ignored))
            is var line && (Convert.ToUInt64(line[ignored.Length..].Trim(), 16) & 2) != 0;
        Signal(deaf ? "-TERM" : "-INT");
    }

    /// <summary>What the system sends to services that are to end.</summary>
    public void Terminate() => Signal("-TERM");

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [name, $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit status.</returns>
    public int Wait()
    {
        Assert.True(_process.WaitForExit(Patience), $"it does not end: {Error}");
        _process.WaitForExit(); // what it wrote is read to its end
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    private static void Keep(StringBuilder text, string? line)
    {
        lock (text)
            text.Append(line).Append('\n');
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
