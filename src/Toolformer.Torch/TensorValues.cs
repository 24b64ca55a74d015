using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>Tensors as arrays.</summary>
internal static class TensorValues
{
    /// <summary>
    /// The numbers of a tensor of this type, row after row, from whichever device. In one copy: TorchSharp's own
    /// accessor asks the library at each number how many there are.
    /// </summary>
    public static T[] Values<T>(this Tensor tensor) where T : unmanaged
    {
        using var scope = NewDisposeScope();
        return MemoryMarshal.Cast<byte, T>(tensor.cpu().contiguous().bytes).ToArray();
    }
}
