using System.Text;

namespace Toolformer.Tools.Notes;

/// <summary>
/// A folder of Markdown files as notes, sub-folders too: a page is titled by its file's name. Hidden files and what
/// links point to are left out, and nothing is written but the files that were found.
/// </summary>
public sealed class MarkdownFolder : NoteCollection
{
    private const int MaxFiles = 50_000, MaxBytes = 4 << 20, MaxTotal = 256 << 20;

    private readonly Dictionary<string, string> _files = [];

    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It holds too much.</exception>
    public MarkdownFolder(string path)
    {
        var folder = new DirectoryInfo(path);
        if (!folder.Exists)
            throw new DirectoryNotFoundException($"There is no folder '{path}'.\n  looked in {folder.FullName}\n"
                + "  Name a folder of Markdown files, or a JSON export of a Scrapbox project.");
        Name = folder.Name;
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = 16,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
            MatchCasing = MatchCasing.CaseInsensitive,
        };
        long total = 0;
        foreach (var file in folder.EnumerateFiles("*.md", options).Take(MaxFiles + 1)
            .OrderBy(f => f.FullName, StringComparer.Ordinal))
        {
            total += file.Length;
            if (_files.Count == MaxFiles || total > MaxTotal)
                throw new InvalidDataException($"The folder has more than {MaxFiles:N0} files, or than {MaxTotal:N0} "
                    + $"bytes in them.\n  in {folder.FullName}\n  Name one of its sub-folders.");
            if (file.Length > MaxBytes)
                continue;
            string title = Path.GetFileNameWithoutExtension(file.Name);
            // Of pages with the same name the first is the one that is appended to.
            _files.TryAdd(Key(title), file.FullName);
            Add(title, Lines(file.FullName), file.LastWriteTimeUtc);
        }
    }

    public override string Name { get; }

    protected override IReadOnlyList<string> LinksOf(IEnumerable<string> lines) => NoteLinks.OfMarkdown(lines);

    protected override string Write(Note page, string line, DateTimeOffset now)
    {
        string path = _files[Key(page.Title)];
        var file = new FileInfo(path);
        if (!file.Exists || file.Attributes.HasFlag(FileAttributes.ReparsePoint) || file.Length > MaxBytes)
            throw new IOException($"{file.Name} is no longer the file that was opened.");
        // Bytes stay as they are, whatever encoding they are in.
        byte[] text = File.ReadAllBytes(path);
        string newline = text.AsSpan().IndexOf("\r\n"u8) >= 0 ? "\r\n" : "\n";
        string gap = text.Length == 0 || text[^1] == '\n' ? "" : newline;
        NoteFile.Replace(path, [.. text, .. Encoding.UTF8.GetBytes(gap + line + newline)]);
        return $"appended to {page.Title}";
    }

    private static string[] Lines(string path)
    {
        string[] lines = File.ReadAllLines(path, Encoding.UTF8);
        // What stands between two lines of "---" at the beginning is no text.
        int end = lines.Length > 0 && lines[0] == "---" ? Array.IndexOf(lines, "---", 1) : -1;
        return end > 0 ? lines[(end + 1)..] : lines;
    }
}
