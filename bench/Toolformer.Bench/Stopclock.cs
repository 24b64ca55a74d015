namespace Toolformer.Bench;

/// <summary>Times a piece of work.</summary>
internal static class Stopclock
{
    /// <summary>The shortest of three runs after one that warms up, in seconds.</summary>
    public static double Seconds(Action work)
    {
        work();
        return Enumerable.Range(0, 3).Min(_ =>
        {
            long started = TimeProvider.System.GetTimestamp();
            work();
            return TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        });
    }

    /// <summary>What one run costs all cores together, in CPU seconds, without what else the machine does.</summary>
    public static (double Cpu, double Wall) Costs(Action work)
    {
        long started = TimeProvider.System.GetTimestamp();
        var before = CpuTime();
        work();
        return ((CpuTime() - before).TotalSeconds, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>CPU time of this process so far, all threads together.</summary>
    public static TimeSpan CpuTime()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }
}
