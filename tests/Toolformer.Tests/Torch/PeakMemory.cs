using System.Globalization;
using System.Runtime.InteropServices;

namespace Toolformer.Tests.Torch;

/// <summary>
/// The most bytes that were live at once while something ran, beyond those before it: the kernel's own high-water mark
/// of resident memory. Meanwhile tensors of 64 KiB and more are mapped and unmapped one by one, so that what is freed
/// is gone at once and resident memory is live memory.
/// </summary>
internal static partial class PeakMemory
{
    private const int MapThreshold = -3, LargestThreshold = 32 << 20;

    public static long Of(Action work)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/proc/self/clear_refs"), "needs Linux's /proc");
        Assert.SkipUnless(SetOption(MapThreshold, 64 << 10) == 1, "needs glibc");
        try
        {
            // Once before: threads, kernels and code come to life.
            work();
            long least = long.MaxValue;
            // What else the process does at the time only adds to it.
            for (int i = 0; i < 2; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                TrimHeap(0);
                File.WriteAllText("/proc/self/clear_refs", "5");
                long before = Resident("VmRSS:");
                work();
                least = Math.Min(least, Resident("VmHWM:") - before);
            }
            return least;
        }
        finally
        {
            Assert.Equal(1, SetOption(MapThreshold, LargestThreshold));
        }
    }

    private static long Resident(string field) => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").Single(l => l.StartsWith(field, StringComparison.Ordinal))
            .Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint keep);
}
