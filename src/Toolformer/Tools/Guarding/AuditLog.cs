using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Toolformer.Tools.Guarding;

/// <summary>
/// A JSON Lines file of all calls: when, which tool, which input, how it ended, how long it took. Any number of
/// processes may write to one file. Neither results nor reasons are noted, for these may quote what a peer has sent.
/// </summary>
/// <param name="withInputs">Inputs as they are; without: their SHA-256, which tells whether two were equal.</param>
public sealed class AuditLog(string path, TimeProvider clock, bool withInputs = false)
{
    private const int MaxInput = 4000, MaxName = 100, Attempts = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly SemaphoreSlim _one = new(1);

    private sealed record Line(DateTimeOffset Time, string Tool, string? Version, string? Input, string? InputSha256,
        CallOutcome Outcome, double Milliseconds);

    private static readonly JsonSerializerOptions Format = new(JsonLines.Format)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Notes one call.</summary>
    /// <exception cref="IOException">The line could not be written.</exception>
    public async Task WriteAsync(
        string tool, string? version, string input, CallOutcome outcome, TimeSpan duration)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(input)));
        var line = new Line(clock.GetUtcNow(), Cut(tool, MaxName), version, withInputs ? Cut(input, MaxInput) : null,
            withInputs ? null : hash, outcome, Math.Round(duration.TotalMilliseconds, 3));
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, Format), (byte)'\n'];
        await _one.WaitAsync();
        try
        {
            using var file = await OpenAsync();
            // What a killed process left of a line ends there.
            if (file.Length > 0)
            {
                file.Seek(-1, SeekOrigin.End);
                if (file.ReadByte() != '\n')
                    bytes = [(byte)'\n', .. bytes];
            }
            file.Write(bytes);
        }
        finally
        {
            _one.Release();
        }
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length] + "…";

    /// <summary>Opens the file for this process alone; the system frees it however the process ends.</summary>
    private async Task<FileStream> OpenAsync()
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(
                    path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException e) when (e.GetType() == typeof(IOException) && attempt < Attempts)
            {
                await Task.Delay(Pause, clock); // another process is writing its line
            }
        }
    }
}
