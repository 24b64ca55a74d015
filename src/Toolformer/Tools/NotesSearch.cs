using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools.Notes;

namespace Toolformer.Tools;

/// <summary>
/// Notes of a person or a team: searches them, opens a page by its title, follows its links and the links to it, and
/// appends a line to a page, which has to be approved.
/// </summary>
/// <param name="notes">The notes; without them the tool can be described but not used.</param>
public sealed class NotesSearch(NoteCollection? notes = null) : Tool
{
    private const string Search = "search", Open = "open", Links = "links", Backlinks = "backlinks", Append = "append";

    private static readonly string[] Commands = [Search, Open, Links, Backlinks, Append];

    /// <summary>The longest input that is read, and the longest line that is appended, in UTF-16 units.</summary>
    private const int MaxInput = 10_000, MaxAppended = 2000;

    /// <summary>So many words of a search count; a title is looked for before a colon up to there.</summary>
    private const int MaxWords = 16, MaxTitle = 500;

    /// <summary>Most pages that a search lists, and so many characters of each page's line.</summary>
    public int Pages { get; init; } = 5;

    /// <summary>So many characters of a found line are shown.</summary>
    public int LineLength { get; init; } = 50;

    /// <summary>So many characters of a page are shown at once.</summary>
    public int PageLength { get; init; } = 280;

    /// <summary>Whether there are notes.</summary>
    public bool HasNotes => notes is not null;

    public override string Name => nameof(NotesSearch);

    public override string Description =>
        "Looks into the notes: search WORDS, open TITLE (or open TITLE page 2), links TITLE, backlinks TITLE; append "
        + "TITLE: TEXT adds a line to a page, after somebody has approved it.";

    public override string Instruction =>
        "Your task is to put calls to a NotesSearch API into a text, each right before something that stands in the "
        + "notes. You can call the API by writing \"[NotesSearch(search words)]\", \"[NotesSearch(open title)]\", "
        + "\"[NotesSearch(links title)]\" or \"[NotesSearch(backlinks title)]\".";

    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "For the spring fair we agreed on [NotesSearch(search spring fair)] the second Saturday in May, and the page "
            + "Spring fair names the place: [NotesSearch(open Spring fair)] the old mill.",
        "The page Old mill is mentioned on [NotesSearch(backlinks Old mill)] the page of the spring fair.",
        "From Spring fair one gets on to [NotesSearch(links Spring fair)] the page on the old mill.",
    ];

    public override string Version => notes is null ? "1" : $"1 {notes.Version}";

    public override bool ChangesSomething(string input) => Command(input).Name == Append;

    public override double CostOf(string input) => 5;

    public override TokenPattern InputPattern(string? text)
    {
        var words = FindInDocument.SearchWords(text);
        return TokenPattern.Concat(
            TokenPattern.OneOf(Commands.Where(c => c != Append).Select(c => c + " ")), words);
    }

    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (notes is null)
            return new(ToolResult.Failure("There are no notes: name an export of a Scrapbox project, or a folder of "
                + "Markdown."));
        var (name, rest) = Command(input);
        string? problem = name is null ? $"'{Shown(rest)}' is no command: write search WORDS, open TITLE, links TITLE, "
                + "backlinks TITLE or append TITLE: TEXT."
            : rest.Length == 0 ? $"Nothing stands after {name}." : null;
        return new(problem is not null ? ToolResult.Failure(problem) : name switch
        {
            Search => Found(notes, rest),
            Open => Opened(notes, rest),
            Links => Listed(notes, rest, page => page.Links, "links to"),
            Backlinks => Listed(notes, rest, null, "is linked from"),
            _ => Appended(notes, rest, context),
        });
    }

    private static (string? Name, string After) Command(string input)
    {
        string text = input.Length <= MaxInput ? input.Trim() : input[..MaxInput];
        int space = text.IndexOf(' ');
        string first = space < 0 ? text : text[..space];
        string? name = input.Length > MaxInput ? null
            : Commands.FirstOrDefault(c => c.Equals(first, StringComparison.OrdinalIgnoreCase));
        return (name, name is null ? text : text[first.Length..].Trim());
    }

    private ToolResult Found(NoteCollection all, string query)
    {
        string[] words = [.. query.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct().Take(MaxWords)];
        var found = all.Search(words, Pages + 1);
        if (found.Count == 0)
            return ToolResult.Failure($"No page of {all.Count} has all of '{Shown(query)}': search for fewer words."
                + Suggestion(all, query));
        string shown = string.Join(" | ", found.Take(Pages).Select(p => $"{p.Title}: {Cut(p.Line, LineLength)}"));
        return ToolResult.Success(found.Count > Pages ? $"{shown} | and more" : shown);
    }

    private ToolResult Opened(NoteCollection all, string title)
    {
        var page = all.Find(title);
        int number = 1;
        int at = title.LastIndexOf(" page ", StringComparison.OrdinalIgnoreCase);
        if (page is null && at > 0 && int.TryParse(title.AsSpan(at + 6), out number) && number >= 1)
            page = all.Find(title[..at]);
        if (page is null)
            return Missing(all, title);
        string text = CallSyntax.Neutralise(string.Join(" / ", page.Lines.Where(l => !string.IsNullOrWhiteSpace(l))
            .Select(l => l.Trim())), int.MaxValue);
        int pages = Math.Max(1, (text.Length + PageLength - 1) / PageLength);
        if (number > pages)
            return ToolResult.Failure($"{Cut(page.Title, LineLength)} has {pages} pages; there is no page {number}.");
        if (text.Length == 0)
            return ToolResult.Success($"{page.Title} is empty");
        int from = (number - 1) * PageLength;
        string part = text[from..Math.Min(text.Length, from + PageLength)];
        return ToolResult.Success(pages == 1 ? part : $"{part} (page {number} of {pages})");
    }

    private static ToolResult Listed(
        NoteCollection all, string title, Func<Note, IReadOnlyList<string>>? links, string verb)
    {
        var page = all.Find(title);
        var titles = links is null ? all.Backlinks(title) : page is null ? [] : links(page);
        return titles.Count > 0 ? ToolResult.Success(string.Join(", ", titles.Take(50)))
            : page is null ? Missing(all, title)
            : ToolResult.Failure($"{Cut(page.Title, 60)} {verb} no page.");
    }

    private static ToolResult Appended(NoteCollection all, string rest, ToolContext context)
    {
        // A title may have colons in it: the longest one that is a page's counts.
        int end = -1;
        for (int at = rest.IndexOf(':'); at is >= 0 and <= MaxTitle; at = rest.IndexOf(':', at + 1))
            end = all.Find(rest[..at]) is null ? end : at;
        if (end < 0 && rest.IndexOf(':') is > 0 and var colon)
            return Missing(all, rest[..colon]);
        string line = CallSyntax.Neutralise(rest[(end + 1)..], MaxAppended);
        if (end < 0 || line.Length == 0)
            return ToolResult.Failure("There is no text to append: write append TITLE: TEXT.");
        try
        {
            return ToolResult.Success(all.Append(rest[..end], line, context.Clock.GetUtcNow()));
        }
        catch (Exception e) when (e is IOException or KeyNotFoundException)
        {
            return ToolResult.Failure($"Nothing was appended: {e.Message}");
        }
    }

    private static ToolResult Missing(NoteCollection all, string title) =>
        ToolResult.Failure($"There is no page '{Shown(title)}' among {all.Count}.{Suggestion(all, title)}");

    private static string Suggestion(NoteCollection all, string title) =>
        all.Nearest(title) is { } near ? $" Did you mean '{near}'?" : "";

    private static string Shown(string text) => Cut(text, 60);

    private static string Cut(string text, int length) =>
        text.Length <= length ? text : text[..CallSyntax.CutPoint(text, length)] + "…";
}

/// <summary>
/// NotesSearch in a tools file: <c>"NotesSearch": {"path": "team.json"}</c>, an export of a Scrapbox project or a
/// folder of Markdown.
/// </summary>
/// <param name="notes">What is searched where the entry names nothing.</param>
public sealed class NotesSearchKind(NoteCollection? notes = null) : ToolKind
{
    private sealed record Options
    {
        public string? Path { get; init; }
        public int Pages { get; init; } = 5;
    }

    public override string Kind => nameof(NotesSearch);

    /// <summary>Opens a folder of Markdown, or an export.</summary>
    /// <exception cref="FileNotFoundException">There is neither.</exception>
    /// <exception cref="InvalidDataException">It is no export, or too large.</exception>
    public static NoteCollection OpenNotes(string path) =>
        Directory.Exists(path) ? new MarkdownFolder(path) : new ScrapboxExport(path);

    public override ValueTask<IReadOnlyList<Tool>> OpenAsync(ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Options>();
        if (options.Pages is < 1 or > 50)
            throw settings.Bad($"\"pages\" is {options.Pages}.", "Write a number from 1 to 50.");
        var opened = options.Path is { } path ? OpenNotes(settings.Locate(path)) : notes;
        return new([new NotesSearch(opened) { Pages = options.Pages }]);
    }
}
