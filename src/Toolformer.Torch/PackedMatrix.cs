using System.IO.Compression;
using System.Text;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// A matrix laid out as the CPU's kernels read it, with the bias and the non-linearity that follow it in one pass. An
/// ordinary product lays its matrix out anew at each call, which for a few rows takes longer than the product itself.
/// For inference only: it has no gradient, and the matrix can't be read back.
/// </summary>
/// <remarks>
/// TorchSharp does not bind these kernels of libtorch; TorchScript reaches them. The script is a few lines, packed here
/// as the archive that libtorch loads.
/// </remarks>
internal sealed class PackedMatrix : IDisposable
{
    /// <summary>Number of rows for which the layout is chosen; one serves all, measured from 1 to 2,048.</summary>
    private const long Rows = 300;

    private static readonly Lazy<jit.ScriptModule?> Kernels = new(Load);

    private readonly Tensor _weight;

    private PackedMatrix(Tensor weight) => _weight = weight;

    /// <param name="weight">(out, in), float32 or bfloat16, on the CPU; it is not kept.</param>
    /// <returns>Null where this libtorch has no such kernels.</returns>
    public static PackedMatrix? Of(Tensor weight)
    {
        if (weight.device.type != TorchSharp.DeviceType.CPU
            || weight.dtype is not (ScalarType.Float32 or ScalarType.BFloat16)
            || Kernels.Value is not { } kernels)
            return null;
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var packed = kernels.invoke<Tensor>("pack", weight.detach(), Rows);
        return new PackedMatrix(packed.DetachFromDisposeScope());
    }

    /// <summary>activation(x · weightᵀ + bias).</summary>
    /// <param name="x">(…, in).</param>
    /// <param name="bias">(out), or null.</param>
    /// <param name="activation">Null: none.</param>
    public Tensor Apply(Tensor x, Tensor? bias, Activation? activation = null)
    {
        string kernel = activation switch
        {
            null => "plain",
            Activation.GeluTanh => "gelu_tanh",
            Activation.Gelu => "gelu",
            Activation.Silu => "silu",
            _ => "relu",
        };
        return bias is null
            ? Kernels.Value!.invoke<Tensor>(kernel, x, _weight)
            : Kernels.Value!.invoke<Tensor>(kernel + "_bias", x, _weight, bias);
    }

    public void Dispose() => _weight.Dispose();

    /// <summary>The kernels, tried once; null where this libtorch was built without them.</summary>
    private static jit.ScriptModule? Load()
    {
        try
        {
            using var scope = NewDisposeScope();
            using var guard = no_grad();
            var kernels = jit.load(Archive());
            var packed = kernels.invoke<Tensor>("pack", ones(2, 3), Rows);
            double sum = kernels.invoke<Tensor>("plain", ones(1, 3), packed).sum().item<float>();
            return sum == 6 ? kernels : null;
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return null;
        }
    }

    private static byte[] Archive()
    {
        var script = new StringBuilder("""
            class Kernels(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              _is_full_backward_hook : Optional[bool]
              def pack(self: __torch__.Kernels, weight: Tensor, rows: int) -> Tensor:
                return ops.mkldnn._reorder_linear_weight(weight, rows)

            """);
        foreach (var (name, kernel, form) in new[]
        {
            ("plain", "none", ""), ("gelu_tanh", "gelu", "tanh"), ("gelu", "gelu", "none"), ("silu", "swish", ""),
            ("relu", "relu", ""),
        })
        {
            foreach (var (suffix, parameter, bias) in new[] { ("", "", "None"), ("_bias", ", bias: Tensor", "bias") })
            {
                script.Append($"  def {name}{suffix}(self: __torch__.Kernels, x: Tensor, weight: Tensor{parameter})")
                    .Append(" -> Tensor:\n    return ops.mkldnn._linear_pointwise(x, weight, ")
                    .Append($"{bias}, \"{kernel}\", annotate(List[Optional[number]], []), \"{form}\")\n");
            }
        }
        // An object of that class with training = False, and no constants: what libtorch's unpickler expects.
        const string Object = "\u0080\u0002c__torch__\nKernels\n)\u0081}(X\u0008\0\0\0training\u0089X\u0016\0\0\0"
            + "_is_full_backward_hookNub.";
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in new[]
            {
                ("data.pkl", Object), ("code/__torch__.py", script.ToString()), ("constants.pkl", "\u0080\u0002)."),
                ("version", "3\n"),
            })
            {
                using var entry = zip.CreateEntry("kernels/" + name, CompressionLevel.NoCompression).Open();
                entry.Write(Encoding.Latin1.GetBytes(content));
            }
        }
        return stream.ToArray();
    }
}
