using System.Diagnostics;

namespace Toolformer.Bench;

/// <summary>The command line from its start to its first token.</summary>
internal static class StartupBench
{
    /// <param name="program">Toolformer.Cli.dll.</param>
    public static IEnumerable<Measure> Run(string program, string model)
    {
        if (!File.Exists(program))
        {
            yield return new("start to first token", "not built");
            yield break;
        }
        double seconds = Stopclock.Seconds(() =>
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in (string[])[program, "generate", "--model", model, "--prompt", "The",
                "--max-new-tokens", "1", "--no-calls"])
                start.ArgumentList.Add(argument);
            using var process = Process.Start(start)!;
            string complaints = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"generate failed: {complaints}");
        });
        yield return new("nano: command line from start to end, one token", $"{seconds:0.00} s", "< 2 s");
    }
}
