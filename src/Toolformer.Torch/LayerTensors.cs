using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>Keys and values of all layers, owned outside of dispose scopes.</summary>
internal static class LayerTensors
{
    /// <summary>Once all are there: where memory runs out before, their scope frees them.</summary>
    public static (Tensor K, Tensor V)[] Detached((Tensor K, Tensor V)[] layers)
    {
        foreach (var (k, v) in layers)
        {
            k.DetachFromDisposeScope();
            v.DetachFromDisposeScope();
        }
        return layers;
    }

    public static void Replace((Tensor K, Tensor V)[] layers, Func<Tensor, Tensor> change)
    {
        for (int l = 0; l < layers.Length; l++)
        {
            var (k, v) = layers[l];
            layers[l] = (change(k).DetachFromDisposeScope(), change(v).DetachFromDisposeScope());
            k.Dispose();
            v.Dispose();
        }
    }

    public static void Free(ref (Tensor K, Tensor V)[] layers)
    {
        foreach (var (k, v) in layers)
        {
            k.Dispose();
            v.Dispose();
        }
        layers = [];
    }
}
