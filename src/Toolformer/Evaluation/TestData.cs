namespace Toolformer.Evaluation;

/// <summary>
/// Finds the data of benchmarks below a folder: where a download puts them, or else by their file names and by folders
/// named like the benchmark.
/// </summary>
/// <remarks>What is found by its folder only is read to see whether it has the benchmark's format.</remarks>
public sealed class TestData
{
    private const int MaxFiles = 20_000, MaxDepth = 5, MaxTried = 40;

    private static readonly string[] Endings = [".json", ".jsonl", ".xml", ".csv", ".txt", ".tokens"];

    /// <summary>Folders that are named unlike their benchmark.</summary>
    private static readonly Dictionary<string, string> OtherNames = new() { ["natural_questions"] = "nq" };

    private readonly string _folder;
    private readonly IReadOnlyList<string> _files;
    private readonly HashSet<string> _shared = [.. Catalog.Find<Benchmark>()
        .GroupBy(b => b.DownloadedPath?.Split('/')[0] ?? "").Where(g => g.Count() > 1).Select(g => g.Key)];

    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public TestData(string folder)
    {
        _folder = Directory.Exists(folder) ? folder : throw new DirectoryNotFoundException(
            $"There is no data folder '{folder}'.\n  looked in {Path.GetFullPath(folder)}\n"
                + "  Name the folder that holds the test sets, or make it with --download.");
        _files = [.. Directory.EnumerateFiles(folder, "*", new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = MaxDepth,
        }).Where(f => Endings.Contains(Path.GetExtension(CompressedFile.WithoutEnding(f)).ToLowerInvariant()))
            .Take(MaxFiles).Order(StringComparer.Ordinal)];
    }

    /// <summary>The path of a benchmark's data; null: they are not there.</summary>
    /// <param name="reason">Why they are not; empty where they are.</param>
    public string? Find(Benchmark benchmark, out string reason)
    {
        reason = "";
        if (benchmark.IsGenerated)
            return "";
        string? known = benchmark.DownloadedPath;
        if (known is not null && Path.Exists(Path.Combine(_folder, known.Split('#')[0])))
            return Path.Combine(_folder, known);
        foreach (string path in ByFileName(known).Concat(ByFolder(benchmark.Name, known)).Distinct().Take(MaxTried))
        {
            if (Reads(benchmark, path))
                return path;
        }
        reason = known is null
            ? $"no data below {_folder}; {benchmark.Citation}"
            : $"no {known} below {_folder}" + (benchmark.Sources.Count > 0 ? "; --download gets it" : "");
        return null;
    }

    /// <summary>Files of the official name, unless any benchmark may have one of that name.</summary>
    private IEnumerable<string> ByFileName(string? known)
    {
        string? name = known is null ? null : Path.GetFileName(known.Split('#')[0]);
        bool any = name is null || Path.GetFileNameWithoutExtension(name) is "test" or "dev" or "valid" or "train";
        return any ? [] : _files.Where(f => Path.GetFileName(CompressedFile.WithoutEnding(f)) == name);
    }

    /// <summary>
    /// Files in folders named like the benchmark or its download; test parts first, training parts not. A folder of
    /// downloads that several benchmarks share says nothing of which of them a file belongs to.
    /// </summary>
    private IEnumerable<string> ByFolder(string benchmark, string? known)
    {
        string?[] candidates =
        [
            benchmark,
            known?.Split('/')[0] is { } top && !_shared.Contains(top) ? top : null,
            known?.Split('/') is [_, var own, ..] && !own.Contains('.') ? own : null,
            OtherNames.GetValueOrDefault(benchmark),
        ];
        string[] names = [.. candidates.OfType<string>().Select(Letters).Distinct()];
        return _files.Where(f => Path.GetRelativePath(_folder, f).Split(Path.DirectorySeparatorChar).SkipLast(1)
                .Any(part => names.Contains(Letters(part))))
            .Where(f => !Path.GetFileName(f).Contains("train", StringComparison.OrdinalIgnoreCase))
            .OrderBy(f => Path.GetFileName(f) switch
            {
                var name when name.Contains("test", StringComparison.OrdinalIgnoreCase) => 0,
                var name when name.Contains("dev", StringComparison.OrdinalIgnoreCase)
                    || name.Contains("val", StringComparison.OrdinalIgnoreCase) => 2,
                _ => 1,
            });
    }

    private static bool Reads(Benchmark benchmark, string path)
    {
        try
        {
            return benchmark switch
            {
                EvalTask task => task.Load(path).Count > 0,
                PerplexityTask texts => texts.Load(path).Any(),
                _ => false,
            };
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException)
        {
            return false;
        }
    }

    private static string Letters(string name) =>
        new([.. name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)]);
}
