using System.CommandLine;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Tools.Searching;

namespace Toolformer.Cli.Commands;

/// <summary>Builds and updates a search index for WikiSearch and QA.</summary>
public sealed class IndexCommand : Verb
{
    /// <summary>So many unusable lines are told one by one; the rest is counted.</summary>
    private const int ShownSkips = 10;

    private readonly CommonOptions _common = new();
    private readonly Option<string[]> _files = new("--input")
    {
        Description = "Files to add or bring up to date: a dump of MediaWiki (.xml), .jsonl or .json (passages, KILT's "
            + "articles, questions with answers), .txt (paragraphs); plain or .bz2, .gz, .xz, .zst.",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "FILES",
    };
    private readonly Option<string[]> _remove = new("--remove")
    {
        Description = "Files whose passages are taken out of the index.",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "FILES",
    };
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the index; what is there of other files stays.",
        Required = true,
        HelpName = "FOLDER",
    };

    public override string Name => "index";

    public override string Description =>
        """
        Builds or updates a search index for WikiSearch and QA from Wikipedia dumps, KILT, JSON Lines or text.
        Example: toolformer index --input passages.jsonl.gz --out runs/index
        """;

    public override IEnumerable<Option> Options => [_files, _remove, _out, _common.Json];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        string[] named = arguments.GetValue(_files) ?? [], removed = arguments.GetValue(_remove) ?? [];
        string folder = arguments.GetValue(_out)!;
        if (named.Length + removed.Length == 0)
            throw new ArgumentException(
                "There is nothing to do.\n  in index\n  Give --input FILES to read or --remove FILES to take out.");
        foreach (string index in named.Where(PassageSource.IsIndexOfDump))
            display.Note($"{index} holds the places in a dump and is not needed: passed over.");
        string[] files = [.. named.Where(f => !PassageSource.IsIndexOfDump(f)).Distinct()];
        // Better known before hours of work.
        PassageSource[] sources = [.. files.Select(PassageSource.For)];

        long started = display.Clock.GetTimestamp();
        int skipped = 0;
        void Skip(string error)
        {
            if (++skipped <= ShownSkips)
                display.Note($"skipped: {error}");
        }

        using var builder = new IndexBuilder(folder);
        foreach (string path in removed)
        {
            if (!builder.Remove(path))
                throw new ArgumentException(NotThere(path, builder));
        }
        var total = default(IndexOutcome);
        foreach (var (file, source) in files.Zip(sources))
        {
            using var progress = display.Progress(
                $"indexing {Path.GetFileName(file)}", "KB", Math.Max(1, new FileInfo(file).Length >> 10), from: null);
            var outcome = builder.Add(
                file, source, Display.Hear<IndexProgress>(p =>
                    progress.Report(p.BytesRead >> 10, $"{p.Passages:N0} passages in the index")),
                Skip, cancellation);
            total = new(total.Added + outcome.Added, total.Unchanged + outcome.Unchanged,
                total.Removed + outcome.Removed);
        }
        if (skipped > ShownSkips)
            display.Note($"{skipped:N0} lines or pages were skipped; the first {ShownSkips} are named above.");
        double seconds = Math.Round(display.Clock.GetElapsedTime(started).TotalSeconds, 3);
        if (arguments.GetValue(_common.Json))
            display.Result(new
            {
                Passages = builder.Count,
                total.Added,
                total.Unchanged,
                total.Removed,
                Skipped = skipped,
                Folder = folder,
                Seconds = seconds,
            });
        else
            display.Result($"{builder.Count:N0} passages in {folder}; {total.Added:N0} documents added, "
                + $"{total.Unchanged:N0} unchanged, {total.Removed:N0} passages removed, {skipped:N0} lines skipped");
        return Task.FromResult(CommandLine.Done);
    }

    private static string NotThere(string path, IndexBuilder builder) =>
        $"The index holds nothing of '{path}'.\n  in --remove {path}\n  "
            + (builder.Contents.Count == 0
                ? "It is empty."
                : $"It holds: {string.Join(", ", builder.Contents.Take(20).Select(s => s.Path))}.");
}
