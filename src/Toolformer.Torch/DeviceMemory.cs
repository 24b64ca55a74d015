using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// How much memory a device has left, and what it looks like when it runs out; who sees that goes on with half as much
/// at once.
/// </summary>
public static partial class DeviceMemory
{
    /// <summary>How libtorch says it on CUDA and MPS, and on the CPU.</summary>
    private static readonly string[] Messages = ["out of memory", "can't allocate memory", "not enough memory"];

    /// <summary>Free bytes; null where nobody tells.</summary>
    public static long? Free(Device device) => device.type switch
    {
        DeviceType.CPU => FreeOfMachine(),
        DeviceType.CUDA => FreeOfGpu(device),
        _ => null,
    };

    /// <summary>What the system could hand out, within the limit that a container sets.</summary>
    private static long FreeOfMachine()
    {
        long limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;
        if (!OperatingSystem.IsLinux())
            return limit;
        string? line = File.ReadLines("/proc/meminfo")
            .FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line is not null && long.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes)
            ? Math.Min(limit, kibibytes * 1024)
            : limit;
    }

    /// <summary>What the driver says of the device on which this thread has just made a tensor.</summary>
    private static long? FreeOfGpu(Device device)
    {
        using var touched = zeros(1, device: device);
        try
        {
            return MemoryOfGpu(out nuint free, out nuint _) == 0 ? (long)free : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    // Asked of the driver: libtorch keeps its own answer to itself, and numbers devices as the driver does.
    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemGetInfo_v2")]
    private static partial int MemoryOfGpu(out nuint free, out nuint total);

    internal static bool RanOut(Exception e) => e is OutOfMemoryException || (e is ExternalException
        && Messages.Any(m => e.Message.Contains(m, StringComparison.OrdinalIgnoreCase)));

    /// <summary>The same for callers that know nothing of libtorch.</summary>
    internal static InsufficientMemoryException Error(Exception e, string what, Decoder decoder) => new(
        $"Memory ran out on {decoder.Device} {what}.\n  in libtorch: {e.Message.Split('\n')[0]}\n"
        + "  Take a narrower --dtype, shorter texts, a smaller model or another --device.", e);
}
