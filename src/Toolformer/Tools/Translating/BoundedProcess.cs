using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Toolformer.Tools.Translating;

/// <summary>
/// A program that is given a text and answers with one. Its arguments go to it as they are, never through a shell; it
/// is killed with all that it started when its time is over, when it writes too much, or when the call is cancelled.
/// </summary>
/// <param name="program">Its name, found on the path, or its path.</param>
/// <param name="clock">What measures the time limit; null: the system.</param>
public sealed class BoundedProcess(string program, TimeProvider? clock = null)
{
    private const int MaxComplaint = 200;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The longest a run may take.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The most characters that are read of what it writes.</summary>
    public int MaxOutput { get; init; } = 100_000;

    /// <summary>Runs the program to its end.</summary>
    /// <returns>What it wrote, or the reason why it failed.</returns>
    /// <exception cref="OperationCanceledException">The caller cancelled; nothing else is thrown.</exception>
    public async ValueTask<(string Output, string? Error)> RunAsync(
        IReadOnlyList<string> arguments, string input, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = Utf8,
            StandardOutputEncoding = Utf8,
            StandardErrorEncoding = Utf8,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        // Programs of this kind take a text's encoding from the locale.
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or IOException)
        {
            return ("", $"{program} can't be started: {e.Message}");
        }
        using var late = new CancellationTokenSource(TimeLimit, clock ?? TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            return await TalkAsync(process, input, either.Token);
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return ("", $"{program} did not answer within {TimeLimit.TotalSeconds:0.###} s.");
        }
        finally
        {
            Kill(process);
        }
    }

    private async Task<(string Output, string? Error)> TalkAsync(
        Process process, string input, CancellationToken cancellation)
    {
        var output = ReadAsync(process.StandardOutput, MaxOutput, cancellation);
        var errors = ReadAsync(process.StandardError, MaxComplaint, cancellation, toTheEnd: true);
        var written = WriteAsync(process.StandardInput, input, cancellation);
        string text = await output;
        if (text.Length > MaxOutput)
            return ("", $"{program} wrote more than {MaxOutput:N0} characters.");
        await written;
        await process.WaitForExitAsync(cancellation);
        string complaint = (await errors).Trim();
        return process.ExitCode == 0
            ? (text, null)
            : ("", $"{program} failed with status {process.ExitCode}{(complaint.Length > 0 ? ": " + complaint : ".")}");
    }

    private static async Task WriteAsync(StreamWriter writer, string input, CancellationToken cancellation)
    {
        try
        {
            await writer.WriteAsync(input.AsMemory(), cancellation);
            writer.Close();
        }
        catch (IOException)
        {
            // The program did not want to read it all; its status and what it wrote say what came of it.
        }
    }

    /// <summary>Keeps one character more than the limit at most.</summary>
    /// <param name="toTheEnd">Whether to read on then, so that the program need not wait.</param>
    private static async Task<string> ReadAsync(
        StreamReader reader, int limit, CancellationToken cancellation, bool toTheEnd = false)
    {
        var text = new StringBuilder();
        char[] buffer = new char[4096];
        while ((toTheEnd || text.Length <= limit) && await reader.ReadAsync(buffer, cancellation) is var read and > 0)
            text.Append(buffer, 0, Math.Min(read, limit + 1 - text.Length));
        return text.ToString();
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or NotSupportedException
            or AggregateException)
        {
            // It ended by itself in this moment.
        }
    }
}
