using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Toolformer.Torch.Hub;
using static TorchSharp.torch;

namespace Toolformer.Cli.Doctor;

/// <summary>Whether this machine can compute: runtime, libtorch, devices.</summary>
public static partial class MachineHealth
{
    private const string Library = "libLibTorchSharp.so";

    /// <param name="variable">The environment.</param>
    public static IEnumerable<Finding> Examine(Func<string, string?> variable)
    {
        yield return new Finding("machine", Health.Ok,
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, "
            + $"{RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} cores, "
            + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:F1} GB of memory");
        foreach (var finding in Libtorch())
            yield return finding;
        if (OperatingSystem.IsLinux())
            yield return OfOpenSsl(LoadError("libssl.so.3") is null || LoadError("libssl.so.1.1") is null);
        yield return new Finding("bfloat16", Health.Ok, OfProcessorFlags(ProcessorFlags()));
        foreach (var finding in Finding.Try("hub", "the environment", "Correct the variable.", () => [Hub(variable)]))
            yield return finding;
    }

    /// <summary>.NET hashes and speaks TLS with the system's OpenSSL, and ends where there is none.</summary>
    public static Finding OfOpenSsl(bool isThere) => isThere
        ? new Finding("libssl", Health.Ok, "OpenSSL loads: hashes and https work")
        : new Finding("libssl", Health.Broken, "there is no OpenSSL, which everything that hashes or asks a host needs",
            "libssl.so.3", "Install it: apt-get install libssl3 (ca-certificates too, for https).");

    /// <summary>Whether --dtype bfloat16 is worth it, from the flags that the system gives of the processor.</summary>
    public static string OfProcessorFlags(IReadOnlySet<string> flags) =>
        flags.Contains("amx_bf16") ? "the processor multiplies it in tiles (AMX): --dtype bfloat16 is fastest"
        : flags.Contains("avx512_bf16") || flags.Contains("bf16") || flags.Contains("avx_ne_convert")
            ? "the processor computes with it: --dtype bfloat16 is faster than float32"
        : "the processor does not compute with it: --dtype bfloat16 saves memory, not time";

    private static HashSet<string> ProcessorFlags()
    {
        const string file = "/proc/cpuinfo";
        string? flags = File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)
                || l.StartsWith("Features", StringComparison.Ordinal))
            : null;
        return [.. (flags ?? "").Split([' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries)];
    }

    private static Finding Hub(Func<string, string?> variable)
    {
        var settings = HubSettings.FromEnvironment(variable);
        string? there = settings.CacheFolder;
        while (there is not null && !Directory.Exists(there))
            there = Path.GetDirectoryName(there);
        string free = there is null
            ? ""
            : $", {new DriveInfo(Path.GetFullPath(there)).AvailableFreeSpace / 1e9:F1} GB free";
        return new Finding("hub", Health.Ok, (settings.Offline
            ? "no host is asked (HF_HUB_OFFLINE)"
            : $"models come from {settings.EndPoint.Authority}, {(settings.Token is null ? "no" : "a")} token is set")
            + $"; their cache is {settings.CacheFolder}{free}", settings.CacheFolder);
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
                library, "Build with this project's own build files (./toolformer does), or reference its package "
                + "Toolformer.Torch, which brings them: they mark that requirement, which nothing in the library uses, "
                + "as weak in the copied file. Or use a system with libstdc++ of "
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
                $"version {__version__} loads; {get_num_threads()} threads; devices: {devices}",
                file);
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
