using Toolformer.Evaluation;
using Toolformer.Reports;

namespace Toolformer.Cli.Runs;

/// <summary>Which benchmarks a command line asks for, and where their data lie.</summary>
public static class EvaluationChoice
{
    /// <summary>The paper's, what stands in for them in its tables, and all.</summary>
    public const string Paper = "paper", Everything = "all";

    public static IReadOnlyList<Benchmark> Benchmarks() => Catalog.Find<Benchmark>();

    /// <exception cref="ArgumentException">There is no such benchmark.</exception>
    public static Benchmark Named(string name)
    {
        var all = Benchmarks();
        return all.FirstOrDefault(b => b.Name == name)
            ?? throw new ArgumentException($"{Spelling.Unknown("task", name, all.Select(b => b.Name))}\n  in --task\n"
                + "  Name one of these.");
    }

    /// <summary>The benchmarks of a suite, in order of their names.</summary>
    /// <exception cref="ArgumentException">There is no such suite.</exception>
    public static IReadOnlyList<Benchmark> Suite(string suite)
    {
        // What one has made oneself, as the quickstart's texts, has no entry in the check-list.
        var known = Benchmarks().Where(b => b.Paper is not null).OrderBy(b => b.Name, StringComparer.Ordinal);
        if (suite == Everything)
            return [.. known];
        if (suite != Paper)
            throw new ArgumentException($"{Spelling.Unknown("suite", suite, [Paper, Everything])}\n  in --suite\n"
                + "  Name one of these, or single tasks with --task.");
        var columns = PaperTables.OfAccuracies.Append(PaperTables.Perplexity).SelectMany(t => t.Columns)
            .SelectMany(c => c.Tasks).ToHashSet();
        return [.. known.Where(b => b.Paper!.Table is not null || columns.Contains(b.Name))];
    }

    /// <summary>NAME=PATH, or NAME where the data are generated or lie in the data folder.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static (Benchmark Task, string Path) Parse(string text, TestData? data)
    {
        string[] sides = text.Split('=', 2);
        var task = Named(sides[0]);
        string reason = "no data are named";
        string? path = sides.Length == 2 ? sides[1] : data is null ? task.IsGenerated ? "" : null
            : data.Find(task, out reason);
        if (path is null)
            throw new ArgumentException($"--task is '{text}': {reason}.\n  in the arguments\n"
                + "  Write NAME=PATH, or give --data FOLDER in which the data lie.");
        return path.Length == 0 || Path.Exists(path.Split('#')[0]) ? (task, path) : throw new FileNotFoundException(
            $"The data of task '{task.Name}' are not there: '{path}'.\n  in --task {text}\n"
            + $"  Mend the path, or fetch the data: {task.Citation}", path);
    }

    /// <summary>
    /// Short names for models: the last part of each path, more of it where two would be the same; of a hub's model
    /// its id there.
    /// </summary>
    public static IReadOnlyList<(string Name, string Path)> Names(IReadOnlyList<string> paths)
    {
        string[][] parts = [.. paths.Select(p => Torch.Hub.HubCache.IdOf(p) is { } id
            ? [id] : Path.GetFullPath(p).Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries))];
        int[] lengths = [.. parts.Select(_ => 1)];
        string NameOf(int i) => string.Join('/', parts[i].TakeLast(lengths[i]));
        while (true)
        {
            var same = Enumerable.Range(0, paths.Count).GroupBy(NameOf).Where(g => g.Count() > 1)
                .SelectMany(g => g).Where(i => lengths[i] < parts[i].Length).ToList();
            if (same.Count == 0)
                break;
            same.ForEach(i => lengths[i]++);
        }
        var names = Enumerable.Range(0, paths.Count).Select(i => (NameOf(i), paths[i])).ToList();
        return names.DistinctBy(n => n.Item1).Count() == names.Count ? names
            : throw new ArgumentException("The same model is named twice.\n  in --model\n  Name each once.");
    }
}
