using System.Runtime.InteropServices;

namespace Toolformer.Torch;

/// <summary>What it looks like when memory runs out; who sees it goes on with half as much at once.</summary>
internal static class DeviceMemory
{
    /// <summary>How libtorch says it on CUDA and MPS, and on the CPU.</summary>
    private static readonly string[] Messages = ["out of memory", "can't allocate memory", "not enough memory"];

    public static bool RanOut(Exception e) => e is OutOfMemoryException || (e is ExternalException
        && Messages.Any(m => e.Message.Contains(m, StringComparison.OrdinalIgnoreCase)));

    /// <summary>The same for callers that know nothing of libtorch.</summary>
    public static InsufficientMemoryException Error(Exception e, string what, Decoder decoder) => new(
        $"Memory ran out on {decoder.Device} {what}.\n  in libtorch: {e.Message.Split('\n')[0]}\n"
        + "  Take a narrower --dtype, shorter texts, a smaller model or another --device.", e);
}
