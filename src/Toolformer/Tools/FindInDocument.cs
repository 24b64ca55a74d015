using System.Security.Cryptography;
using System.Text;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools.Searching;

namespace Toolformer.Tools;

/// <summary>
/// Ctrl+F: lets a model find its way through a document that it can't see. <c>search q1 q2</c> lists the lines that
/// contain all the queries, <c>read 12</c> reads around a line, <c>next page</c> goes on. Each has its cost, and each
/// answer tells what it has cost and what is left of the budget of the <see cref="ToolSession"/>.
/// </summary>
/// <param name="document">What is searched; null: the document at hand (<see cref="ToolContext.Document"/>).</param>
public sealed class FindInDocument(Document? document = null) : Tool
{
    private const string Search = "search", Read = "read", Next = "next page";

    /// <summary>So many queries of a search are looked for, each of at most so many characters.</summary>
    private const int MaxQueries = 16, MaxQuery = 200;

    private readonly Lazy<(string Key, TextLines Lines)>? _given = document is not { } given
        ? null : new(() => (Hash(given), new TextLines(given.Text)));

    /// <summary>Most lines that a search lists at once.</summary>
    public int Lines { get; init; } = 10;

    /// <summary>So many characters of a found line are shown.</summary>
    public int LineLength { get; init; } = 20;

    /// <summary>So many lines before and after the one that is asked for are read with it.</summary>
    public int Around { get; init; } = 2;

    /// <summary>So many characters are read at once.</summary>
    public int PageLength { get; init; } = 280;

    public double SearchCost { get; init; } = 5;

    public double ReadCost { get; init; } = 10;

    /// <summary>What <c>next page</c> costs, of a search or of what is read.</summary>
    public double NextPageCost { get; init; } = 5;

    /// <summary>Whether it has a document of its own.</summary>
    public bool HasDocument => document is not null;

    public override string Name => nameof(FindInDocument);

    public override string Description =>
        $"Looks into the document at hand: search WORDS lists lines with all the words, cut short (cost "
        + $"{ToolSession.Written(SearchCost)}); read LINE reads around a line (cost {ToolSession.Written(ReadCost)}); "
        + $"next page goes on (cost {ToolSession.Written(NextPageCost)}).";

    public override string Instruction =>
        "Your task is to put calls to a FindInDocument API into a text, each right before something that stands in the "
        + "document at hand. You can call the API by writing \"[FindInDocument(search words)]\", which lists the "
        + "lines that contain all the words, \"[FindInDocument(read 12)]\", which reads around line 12, or "
        + "\"[FindInDocument(next page)]\". Keep the total cost low.";

    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "The fare stands in the timetable. [FindInDocument(search fare children)] The line on children is the third: "
            + "[FindInDocument(read 3)] children pay half.",
        "In winter [FindInDocument(search winter)] the ferry sails only once a day.",
        "The dogs are named somewhere, [FindInDocument(search dogs)] and as that is not all, "
            + "[FindInDocument(read 1)] the page goes on: [FindInDocument(next page)] dogs travel free.",
    ];

    /// <summary>A text that is searched in itself gives away what it is to predict.</summary>
    public override bool IsWorthAnnotating(Document text) => HasDocument;

    public override string Version => _given is null ? "1" : $"1 {_given.Value.Key}";

    /// <summary>In a session an answer depends on what was read before.</summary>
    public override string? ContextKey(ToolContext context) => context.Session is not null ? null
        : HasDocument || context.Document is null ? "" : Hash(context.Document);

    public override double CostOf(string input) => Command(input).Name switch
    {
        Search => SearchCost,
        Read => ReadCost,
        Next => NextPageCost,
        _ => 0,
    };

    /// <summary>One of the commands; words to search for are phrases of the text, where there is one.</summary>
    public override TokenPattern InputPattern(string? text)
    {
        var digit = TokenPattern.OneOf("0123456789".Select(c => c.ToString()));
        var line = TokenPattern.Concat(TokenPattern.Exactly(Read + " "), new TokenPattern.Repeat(digit, 1, 7));
        var words = SearchWords(text);
        return TokenPattern.OneOf(
            TokenPattern.Concat(TokenPattern.Exactly(Search + " "), words), line, TokenPattern.Exactly(Next));
    }

    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_given is null && context.Document is null)
            return new(ToolResult.Failure("There is no document to look into: name its file."));
        var lines = _given?.Value.Lines ?? new TextLines(context.Document!.Text);
        var place = context.Session?.Memory(this, () => new Place()) ?? new Place();
        lock (place)
        {
            var (name, rest) = Command(input);
            string? answer = name switch
            {
                Search when Queries(rest) is { Length: > 0 } queries => Found(place.Begin(queries, -1), lines),
                Read when Number(rest) is { } line && line >= 1 && line <= lines.Count =>
                    Page(place.Begin([], lines.Around(line - 1, Around, PageLength / 3)), lines),
                Next when place.Queries.Length > 0 => Found(place, lines),
                Next when place.Offset >= 0 => Page(place, lines),
                _ => null,
            };
            return new(answer is null
                ? ToolResult.Failure(Problem(name, rest, lines))
                : ToolResult.Success($"{answer} ({Cost(name!, context)})"));
        }
    }

    /// <summary>One to three phrases of a text; without one any words.</summary>
    internal static TokenPattern SearchWords(string? text)
    {
        if (text is null)
            return TokenPattern.Concat(
                new TokenPattern.AnyExcept(CallSyntax.NotInInput + CallSyntax.LikeBrackets + " ->()\""),
                CallPattern.AnyInput(80));
        var phrase = TokenPattern.OneOf(TextPhrases.Of(text));
        return TokenPattern.Concat(phrase,
            new TokenPattern.Repeat(TokenPattern.Concat(TokenPattern.Exactly(" "), phrase), 0, 2));
    }

    private static (string? Name, string After) Command(string input)
    {
        string text = input.Trim();
        if (text.Length > 10_000)
            return (null, text);
        int space = text.IndexOf(' ');
        string first = (space < 0 ? text : text[..space]).ToLowerInvariant();
        string rest = space < 0 ? "" : text[space..].Trim();
        return first switch
        {
            Search => (Search, rest),
            Read => (Read, rest.StartsWith("around ", StringComparison.OrdinalIgnoreCase) ? rest[7..] : rest),
            "next" when rest is "" || rest.Equals("page", StringComparison.OrdinalIgnoreCase) => (Next, ""),
            _ => (null, text),
        };
    }

    /// <summary>Words; several of them count as one query where they stand in quotes.</summary>
    private static string[] Queries(string text)
    {
        var queries = new List<string>();
        for (int at = 0; at < text.Length;)
        {
            bool quoted = text[at] == '"' && text.IndexOf('"', at + 1) > 0;
            int from = quoted ? at + 1 : at;
            int end = text.IndexOf(quoted ? '"' : ' ', from);
            end = end < 0 ? text.Length : end;
            queries.Add(text[from..end].Trim());
            at = end + 1;
        }
        return [.. queries.Where(q => q.Length is > 0 and <= MaxQuery).Distinct().Take(MaxQueries)];
    }

    private static int? Number(string text) =>
        int.TryParse(text.AsSpan().Trim(), System.Globalization.NumberStyles.None, null, out int line) ? line : null;

    private string Found(Place place, TextLines lines)
    {
        if (place.Hits is null)
        {
            place.Hits = lines.WithAll(place.Queries);
            place.Next = 0;
        }
        int from = place.Next, end = Math.Min(place.Hits.Count, from + Lines);
        place.Next = end;
        if (place.Hits.Count == 0)
            return "no line has " + (place.Queries.Length == 1 ? "that" : "all of these: search for fewer words");
        if (from == end)
            return "there are no more lines";
        string shown = string.Join(" | ", place.Hits.Skip(from).Take(end - from)
            .Select(line => $"{line + 1}: {Cut(lines.Trimmed(line))}"));
        string which = end < place.Hits.Count || from > 0 ? $", {from + 1} to {end}" : "";
        string more = end < place.Hits.Count ? " | more on the next page" : "";
        return $"{Count(place.Hits.Count)}{which}: {shown}{more}";
    }

    private string Page(Place place, TextLines lines)
    {
        if (place.Offset >= lines.Length)
            return "the document ends here";
        (string text, place.Offset) = lines.Page(place.Offset, PageLength);
        return text + (place.Offset < lines.Length ? " …" : " (end)");
    }

    private string Cut(string line) =>
        line.Length <= LineLength ? line : line[..CallSyntax.CutPoint(line, LineLength)];

    private static string Count(int lines) => lines == 1 ? "1 line" : $"{lines} lines";

    private string Cost(string command, ToolContext context)
    {
        string cost = $"cost {ToolSession.Written(CostOf(command))}";
        return context.Session is { Budget: < double.PositiveInfinity } session
            ? $"{cost}, {ToolSession.Written(session.Left)} left"
            : cost;
    }

    private static string Problem(string? name, string rest, TextLines lines)
    {
        string shown = rest.Length <= 40 ? rest : rest[..40] + "…";
        return name switch
        {
            Search => $"There is no word to search for in '{shown}': write search and the words.",
            Read => $"'{shown}' is no line of the document: its lines are 1 to {lines.Count}.",
            Next => "Nothing was searched or read before, so there is no next page.",
            _ => $"'{shown}' is no command: write search WORDS, read LINE or next page.",
        };
    }

    private static string Hash(Document of) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(of.Text)));

    /// <summary>Where a session has come to: in the lines of a search, or in the text.</summary>
    private sealed class Place
    {
        public string[] Queries { get; private set; } = [];
        public IReadOnlyList<int>? Hits { get; set; }
        public int Next { get; set; }
        public int Offset { get; set; } = -1;

        public Place Begin(string[] queries, int offset)
        {
            (Queries, Hits, Offset) = (queries, null, offset);
            return this;
        }
    }
}

/// <summary>
/// FindInDocument in a tools file: <c>"FindInDocument": {"file": "manual.txt", "lines": 10, "line_length": 20}</c>;
/// without a file it looks into the document at hand.
/// </summary>
/// <param name="document">What is searched where the entry names no file.</param>
public sealed class FindInDocumentKind(Document? document = null) : ToolKind
{
    private sealed record Options
    {
        public string? File { get; init; }
        public int Lines { get; init; } = 10;
        public int LineLength { get; init; } = 20;
        public int Around { get; init; } = 2;
        public int PageLength { get; init; } = 280;
        public double SearchCost { get; init; } = 5;
        public double ReadCost { get; init; } = 10;
        public double NextPageCost { get; init; } = 5;
    }

    public override string Kind => nameof(FindInDocument);

    public override ValueTask<IReadOnlyList<Tool>> OpenAsync(ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Options>();
        (string Name, double Value, double Most)[] numbers =
        [
            ("lines", options.Lines, 100), ("line_length", options.LineLength, 1000),
            ("page_length", options.PageLength, 10_000), ("around", options.Around + 1, 100),
            ("search_cost", options.SearchCost + 1, 1e6), ("read_cost", options.ReadCost + 1, 1e6),
            ("next_page_cost", options.NextPageCost + 1, 1e6),
        ];
        if (numbers.FirstOrDefault(n => !(n.Value >= 1 && n.Value <= n.Most)).Name is { } wrong)
            throw settings.Bad($"\"{wrong}\" is out of its range.", "Write a positive number that is not huge.");
        var text = options.File is { } file ? DocumentFile.Read(settings.Locate(file)) : document;
        return new([new FindInDocument(text)
        {
            Lines = options.Lines,
            LineLength = options.LineLength,
            Around = options.Around,
            PageLength = options.PageLength,
            SearchCost = options.SearchCost,
            ReadCost = options.ReadCost,
            NextPageCost = options.NextPageCost,
        }]);
    }
}
