using System.CommandLine;
using System.Text;
using Toolformer.Tools.Searching;

namespace Toolformer.Cli.Commands;

/// <summary>Builds a search index for WikiSearch.</summary>
public sealed class IndexCommand : Verb
{
    /// <summary>So many unusable lines are told one by one; the rest is counted.</summary>
    private const int ShownSkips = 10;

    private readonly CommonOptions _common = new();
    private readonly Option<string[]> _files = new("--input")
    {
        Description = "Files of passages: .jsonl (text or contents, optional title, section, id) or .txt (passages "
            + "parted by blank lines), plain or .gz, .xz, .zst.",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
        HelpName = "FILES",
    };
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the index; one that is there is replaced once the new one is complete.",
        Required = true,
        HelpName = "FOLDER",
    };

    public override string Name => "index";

    public override string Description =>
        """
        Builds a search index for WikiSearch from JSON Lines or text.
        Example: toolformer index --input passages.jsonl.gz --out runs/index
        """;

    public override IEnumerable<Option> Options => [_files, _out, _common.Json];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        string[] files = arguments.GetValue(_files)!;
        string folder = arguments.GetValue(_out)!;
        var kinds = files.Select(Kind).ToList();
        long started = display.Clock.GetTimestamp();
        int skipped = 0;
        void Skip(string error)
        {
            if (++skipped <= ShownSkips)
                display.Note($"skipped: {error}");
        }

        // Reading compressed files twice only to show a bar would cost more than the bar is worth.
        bool countable = files.All(f => Path.GetExtension(f) == ".jsonl");
        long? total = countable ? files.Sum(f => InputLine.Count(f) ?? 0) : null;
        int count;
        using (var progress = display.Progress("indexing", "passages", total))
        {
            var passages = files.Zip(kinds).SelectMany(f => f.Second == ".txt"
                ? Paragraphs(f.First)
                : Passage.ReadFile(f.First, Skip));
            count = SearchIndex.Build(
                folder, NotEmpty(passages, files), Display.Hear<int>(n => progress.Report(n)), cancellation);
        }
        if (skipped > ShownSkips)
            display.Note($"{skipped:N0} lines were skipped; the first {ShownSkips} are named above.");
        double seconds = Math.Round(display.Clock.GetElapsedTime(started).TotalSeconds, 3);
        if (arguments.GetValue(_common.Json))
            display.Result(new { Passages = count, Skipped = skipped, Folder = folder, Seconds = seconds });
        else
            display.Result($"{count:N0} passages in {folder}, {skipped:N0} lines skipped");
        return Task.FromResult(CommandLine.Done);
    }

    /// <exception cref="FileNotFoundException">A file is not there; better known before hours of work.</exception>
    /// <exception cref="InvalidDataException">A file's ending says nothing.</exception>
    private static string Kind(string file)
    {
        if (!File.Exists(file))
            throw new FileNotFoundException($"There is no file '{file}'.\n  looked in {Path.GetFullPath(file)}\n"
                + "  Check the path.", file);
        string kind = Path.GetExtension(CompressedFile.WithoutEnding(file)).ToLowerInvariant();
        return kind is ".jsonl" or ".txt"
            ? kind
            : throw new InvalidDataException($"'{file}' ends with '{kind}', which says nothing of what is in it.\n"
                + "  in --input\n  Passages are read from .jsonl and .txt, plain or with .gz, .xz or .zst after it.");
    }

    /// <summary>An index of nothing would replace a good one by mistake.</summary>
    private static IEnumerable<Passage> NotEmpty(IEnumerable<Passage> passages, string[] files)
    {
        bool any = false;
        foreach (var passage in passages)
        {
            any = true;
            yield return passage;
        }
        if (!any)
            throw new InvalidDataException($"There is no passage to index.\n  in {string.Join(", ", files)}\n"
                + "  Give lines with a field \"text\", or paragraphs of text.");
    }

    /// <summary>The paragraphs of a text file, which have no title.</summary>
    private static IEnumerable<Passage> Paragraphs(string path)
    {
        using var reader = new StreamReader(CompressedFile.OpenRead(path));
        var paragraph = new StringBuilder();
        int number = 0, first = 1;
        for (string? line = ""; line is not null;)
        {
            line = reader.ReadLine();
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                if (paragraph.Length == 0)
                    first = number;
                paragraph.Append(paragraph.Length > 0 ? " " : "").Append(line.Trim());
            }
            else if (paragraph.Length > 0)
            {
                yield return new Passage($"{path}:{first}", "", paragraph.ToString());
                paragraph.Clear();
            }
        }
    }
}
