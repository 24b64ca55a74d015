using System.Runtime.Versioning;
using Toolformer.Cli;

namespace Toolformer.Tests.Cli;

/// <summary>A run that nothing stopped, to compare with.</summary>
public sealed class WholeRun : IDisposable
{
    internal const string Name = "whole";

    public WholeRun()
    {
        using var whole = ToolformerProcess.Start(Teaching.Teach(Name));
        Assert.True(whole.Wait() == CommandLine.Done, whole.Error);
    }

    internal TinyTeaching Teaching { get; } = new();

    public void Dispose() => Teaching.Dispose();
}

/// <summary>
/// A run may be stopped at any point by kill -9, Ctrl+C or a full disk: started again, it ends with the files of one
/// that was not, byte for byte.
/// </summary>
public sealed class KillTests(WholeRun whole) : IClassFixture<WholeRun>
{
    private readonly TinyTeaching _teaching = whole.Teaching;

    [Fact]
    public void A_run_killed_in_every_stage_ends_with_the_same_files()
    {
        KillIn("sample", () => Length("sample.progress") > 0, () => IsComplete("sample"));
        KillIn("execute", () => Exists("execute.progress"), () => IsComplete("execute"));
        KillIn("filter", () => Length("filter.progress") > 0, () => IsComplete("filter"));
        KillIn("dataset", () => Exists("dataset.progress"), () => IsComplete("dataset"));
        KillIn("finetuning without calls", () => Exists("plain/training/state.safetensors"),
            () => Exists("plain/model.safetensors"));
        KillIn("finetuning with calls", () => Length("model/training/log.jsonl") > 1000,
            () => Exists("model/model.safetensors"));
        KillIn("evaluate", () => Length("predictions.jsonl") > 0, () => Exists("results.json"));

        using (var last = ToolformerProcess.Start(_teaching.Teach("killed")))
            Assert.True(last.Wait() == CommandLine.Done, last.Error);
        _teaching.AssertSame(WholeRun.Name, "killed");
        // And once more, with nothing left to do.
        using (var again = ToolformerProcess.Start(_teaching.Teach("killed")))
            Assert.True(again.Wait() == CommandLine.Done, again.Error);
        _teaching.AssertSame(WholeRun.Name, "killed");

        void KillIn(string stage, Func<bool> begun, Func<bool> over)
        {
            // The process may be faster than its observer: then the stage is played again.
            Copy(_teaching.In("killed"), _teaching.In("before"));
            for (int attempt = 0; attempt < 8; attempt++)
            {
                using var run = ToolformerProcess.Start(_teaching.Teach("killed"));
                Assert.True(run.WaitUntil(begun), $"{stage}: {run.Error}");
                run.Kill();
                if (!over())
                    return;
                Copy(_teaching.In("before"), _teaching.In("killed"));
            }
            Assert.Fail($"{stage} was over before the kill, eight times");
        }

        string In(string name) => Path.Combine(_teaching.In("killed"), name);
        bool Exists(string name) => File.Exists(In(name));
        long Length(string name) => Exists(name) ? new FileInfo(In(name)).Length : 0;
        bool IsComplete(string stage) =>
            Exists($"{stage}.progress") && File.ReadAllText(In($"{stage}.progress")).Contains("\"complete\":true");
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_run_that_is_interrupted_says_so_and_goes_on_and_keeps_a_second_process_out()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs signals");
        string sampled = Path.Combine(_teaching.In("interrupted"), "sample.progress");
        using (var first = ToolformerProcess.Start(_teaching.Teach("interrupted")))
        {
            Assert.True(first.WaitUntil(() => File.Exists(sampled)), first.Error);
            var second = await ToolformerRun.Of("teach", _teaching.RecipePath, "--out", _teaching.In("interrupted"));
            Assert.Equal(CommandLine.Failed, second.Status);
            Assert.StartsWith("error: Another process is working in the run folder", second.Error);
            Assert.Contains(_teaching.In("interrupted"), second.Error);
            Assert.Contains("choose another folder", second.Error);
            AssertInterrupted(first);
        }
        string log = Path.Combine(_teaching.In("interrupted"), "plain", "training", "log.jsonl");
        using (var training = ToolformerProcess.Start(_teaching.Teach("interrupted")))
        {
            Assert.True(training.WaitUntil(() => File.Exists(log)), training.Error);
            AssertInterrupted(training);
        }
        Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(log)!, "state.safetensors")));
        using (var last = ToolformerProcess.Start(_teaching.Teach("interrupted")))
            Assert.True(last.Wait() == CommandLine.Done, last.Error);
        _teaching.AssertSame(WholeRun.Name, "interrupted");

        static void AssertInterrupted(ToolformerProcess run)
        {
            run.Interrupt();
            Assert.Equal(CommandLine.Interrupted, run.Wait());
            Assert.Contains("Interrupted.", run.Error);
        }
    }

    [Fact]
    public void A_full_disk_is_told_and_when_there_is_room_again_the_run_ends_with_the_same_files()
    {
        // A disk of its own, which grows from start to start, in a namespace of its own, where that is permitted.
        const string script = """
            disk=$1; copy=$2; shift 2
            mount -t tmpfs -o size=52k none "$disk" || exit 77
            for size in 700k 1300k 64m; do
                "$@" && exit 1
                mount -o remount,size=$size "$disk"
            done
            "$@" && cp -r "$disk/run" "$copy"
            """;
        string disk = Directory.CreateDirectory(_teaching.In("disk")).FullName;
        Assert.SkipUnless(OperatingSystem.IsLinux() && CanMount(disk), "may not mount a small disk here");
        using var run = ToolformerProcess.Run(["unshare", "-m", "sh", "-c", script, "sh", disk,
            _teaching.In("refilled"), .. ToolformerProcess.Command, .. _teaching.Teach(Path.Combine("disk", "run"))]);
        Assert.True(run.Wait() == 0, run.Error);
        Assert.Equal(3, run.Error.Split("error: ").Length - 1);
        Assert.Equal(3, run.Error.Split("Make room and run the same command again").Length - 1);
        _teaching.AssertSame(WholeRun.Name, "refilled");
    }

    private static bool CanMount(string folder)
    {
        try
        {
            using var trial = ToolformerProcess.Run(["unshare", "-m", "mount", "-t", "tmpfs", "none", folder]);
            return trial.Wait() == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        Directory.CreateDirectory(to);
        if (!Directory.Exists(from))
            return;
        foreach (string folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }
}
