using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Toolformer.Cli;

/// <summary>Whether this machine can compute: runtime, libtorch, devices.</summary>
public static partial class MachineHealth
{
    private const string Library = "libLibTorchSharp.so";

    public static IEnumerable<Finding> Examine()
    {
        yield return new Finding("machine", Health.Ok,
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, "
            + $"{RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} cores, "
            + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:F1} GB of memory");
        foreach (var finding in Libtorch())
            yield return finding;
    }

    /// <summary>
    /// Why a native library did not load, from what the system's loader says; TorchSharp's own message misleads.
    /// </summary>
    public static Finding OfLoadError(string message, string library)
    {
        if (SymbolVersion().Match(message) is { Success: true, Value: var version })
        {
            return new Finding("libtorch", Health.Broken,
                $"{Path.GetFileName(library)} asks for {version} of libstdc++, which this system's is too old for",
                library, "Build with this project's own build files (./toolformer does): they mark that requirement, "
                + "which nothing in the library uses, as weak in the copied file. Or use a system with libstdc++ of "
                + "GCC 13.2 or later.");
        }
        bool missing = message.Contains("cannot open shared object file", StringComparison.Ordinal);
        return new Finding("libtorch", Health.Broken, message.Split('\n')[0], library, missing
            ? "A file beside this one, or a library of the system, is missing: build anew, and install libstdc++6 and "
                + "libgomp1."
            : "Build anew, on a machine of the kind that libtorch's package is for (Linux, x64).");
    }

    private static IEnumerable<Finding> Libtorch()
    {
        string[] places = ["", Path.Combine("runtimes", RuntimeInformation.RuntimeIdentifier, "native")];
        string? file = places.Select(p => Path.Combine(AppContext.BaseDirectory, p, Library))
            .FirstOrDefault(File.Exists);
        // TorchSharp would print pages and copy the whole library elsewhere before it fails for the same reason.
        if (file is not null && LoadError(file) is { } said && SymbolVersion().IsMatch(said))
        {
            yield return OfLoadError(said, file);
            yield break;
        }
        string? failure = null;
        string devices = "";
        try
        {
            using var four = ones(4);
            if (four.sum().item<float>() != 4)
                failure = "libtorch computes 1 + 1 + 1 + 1 wrongly";
            devices = string.Join(", ", Models.Devices());
        }
        catch (Exception e)
        {
            failure = e.GetBaseException().Message;
        }
        if (failure is null)
        {
            yield return new Finding("libtorch", Health.Ok,
                $"version {__version__} loads; {get_num_threads()} threads; devices: {devices}");
            yield break;
        }
        yield return OfLoadError(file is null ? failure : LoadError(file) ?? failure, file ?? AppContext.BaseDirectory);
    }

    /// <summary>What the system's loader says of a library; null: it loads.</summary>
    public static string? LoadError(string file)
    {
        try
        {
            NativeLibrary.Free(NativeLibrary.Load(file));
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return e.Message;
        }
    }

    [GeneratedRegex(@"(GLIBCXX|CXXABI|GLIBC)_[\d.]+(?='? not found)")]
    private static partial Regex SymbolVersion();
}
