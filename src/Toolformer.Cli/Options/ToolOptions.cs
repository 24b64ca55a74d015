using System.CommandLine;
using System.Globalization;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Runs;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Reading;
using Toolformer.Tools.Searching;

namespace Toolformer.Cli.Options;

/// <summary>The options that say which tools there are and what they may know.</summary>
public sealed class ToolOptions
{
    /// <summary>What --tools takes for a model that has no tools at all.</summary>
    public const string None = "none";

    public Option<string> Tools { get; } = new("--tools")
    {
        Description = $"Tools to use, separated by commas; '{None}' for none. Without it: those that the model was "
            + "taught in its run, else all that can be used.",
        HelpName = "A,B",
    };

    public Option<string> Index { get; } = new("--index")
    {
        Description = "Folder of the search index that WikiSearch and QA search; see `toolformer index`.",
        HelpName = "FOLDER",
    };

    public Option<string> Date { get; } = new("--date")
    {
        Description = "The day that the calendar tells, as 2024-03-09; without it: today.",
        HelpName = "DAY",
    };

    public Option<string> File { get; } = new("--tools-file")
    {
        Description = "File that names the tools there are, with their options (tools.json); without it: those that "
            + "ship.",
        HelpName = "FILE",
    };

    public Option<string> Document { get; } = new("--document")
    {
        Description = "Text file that FindInDocument looks into.",
        HelpName = "FILE",
    };

    public Option<string> Notes { get; } = new("--notes")
    {
        Description = "Notes that NotesSearch looks into: a JSON export of a Scrapbox or Cosense project, or a folder "
            + "of Markdown.",
        HelpName = "NOTES",
    };

    /// <summary>Whether there is somebody to show things to.</summary>
    public bool HasDisplay { get; init; }

    /// <summary>What every verb takes that opens tools.</summary>
    public IEnumerable<Option> Sources => [File, Index, Document, Notes];

    /// <summary>
    /// The tools that the options name; without names those of the model's run, else all that can be used.
    /// </summary>
    /// <param name="model">The folder of the one model that they are for.</param>
    /// <exception cref="KeyNotFoundException">There is no tool of a name.</exception>
    /// <exception cref="ArgumentException">A tool that is named lacks what it stands on.</exception>
    /// <exception cref="InvalidDataException">The tools file is wrong.</exception>
    public async Task<ToolSet> OpenAsync(
        ParseResult arguments, Display display, CancellationToken cancellation, string? model = null)
    {
        string? names = arguments.GetValue(Tools);
        string[]? selected = names is null or None
            ? names is null ? null : []
            : names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        bool isToldWhere = arguments.GetValue(File) is not null || arguments.GetValue(Index) is not null;
        var taught = isToldWhere || names == None ? null : TaughtTools.Find(model);
        ToolSet set;
        try
        {
            set = taught is not null
                ? await OpenTaughtAsync(taught, arguments, display, selected, cancellation)
                : await OpenAllAsync(arguments, display, selected, cancellation);
        }
        catch (KeyNotFoundException e)
        {
            throw new KeyNotFoundException(
                $"{e.Message}\n  in --tools {names}\n  Correct the name, or leave it out.", e);
        }
        if (arguments.GetValue(File) is not null || set.Toolbox.Tools.FirstOrDefault(Lacks) is not { } tool)
            return set;
        if (names is null)
            return set.Only(set.Toolbox.Tools.Where(t => !Lacks(t)).Select(t => t.Name));
        await set.DisposeAsync();
        throw new ArgumentException(Missing(tool) is { } option
            ? $"{tool.Name} has nothing to look into.\n  in --tools {names}\n  Give {option}, or leave the tool out."
            : tool is Show
            ? $"{tool.Name} has nobody to show things to.\n  in --tools {names}\n  It is for `toolformer chat`."
            : tool is MachineTranslation
            ? $"{tool.Name} has nothing that translates.\n  in --tools {names}\n"
                + "  Give --tools-file FILE, in which it is of kind nllb, libretranslate or apertium, or leave it out."
            : $"{tool.Name} has nothing to search.\n  in --tools {names}\n"
                + "  Give --index FOLDER, made by `toolformer index`, or leave the tool out.");

        bool Lacks(Tool tool) => taught?.Names.Contains(tool.Name) != true
            && (tool is MachineTranslation { CanBeUsed: false }
                || Missing(tool) is not null || (tool is Show && !HasDisplay)
                || (tool is WikiSearch or QuestionAnswering && arguments.GetValue(Index) is null));

        string? Missing(Tool tool) => tool is FindInDocument { HasDocument: false } ? "--document FILE"
            : tool is NotesSearch { HasNotes: false } ? "--notes NOTES" : null;
    }

    /// <summary>The tools of the model's run, and those that have a document or notes to look into.</summary>
    private async Task<ToolSet> OpenTaughtAsync(ToolsFile taught, ParseResult arguments, Display display,
        IReadOnlyCollection<string>? selected, CancellationToken cancellation)
    {
        var own = await taught.OpenAsync(Kinds([]), Catalog.Find<Tool>(), selected: null, Secrets.OfProcess(),
            display.Clock, cancellation);
        try
        {
            var (more, parts) = Shipped(arguments, index: null);
            var set = new ToolSet(
                [.. own.Toolbox.Tools, .. more.Where(t => !taught.Names.Contains(t.Name) && IsAskedFor(t))], own.Limits,
                [own, .. parts]).Only(selected);
            if (set.Toolbox.Tools.Any(t => taught.Names.Contains(t.Name)))
                display.Note($"The tools are those of {taught.Path}, with which the model was taught.");
            return set;
        }
        catch
        {
            await own.DisposeAsync();
            throw;
        }

        bool IsAskedFor(Tool tool) => selected?.Contains(tool.Name)
            ?? tool is FindInDocument { HasDocument: true } or NotesSearch { HasNotes: true };
    }

    /// <summary>All tools that there are, those that lack something included, or those of some names.</summary>
    /// <exception cref="KeyNotFoundException">There is no tool of a name.</exception>
    public async Task<ToolSet> OpenAllAsync(ParseResult arguments, Display display,
        IReadOnlyCollection<string>? selected, CancellationToken cancellation)
    {
        var index = arguments.GetValue(Index) is { } folder ? SearchIndex.Open(folder) : null;
        foreach (var source in index?.Sources.Where(s => !s.IsComplete) ?? [])
            display.Note($"The index holds only part of {source.Path}: run `toolformer index` again to go on.");
        try
        {
            var (shipped, parts) = Shipped(arguments, index);
            if (arguments.GetValue(File) is not { } file)
                return new ToolSet(shipped, new Dictionary<string, ToolLimits>(), parts).Only(selected);
            var set = await ToolsFile.Read(file).OpenAsync(
                Kinds(parts), shipped, selected, Secrets.OfProcess(), display.Clock, cancellation);
            return set.With(parts);
        }
        catch
        {
            index?.Dispose();
            throw;
        }
    }

    /// <summary>The tools that ship, over what the options name to look into.</summary>
    private (IReadOnlyList<Tool> Tools, object[] Parts) Shipped(ParseResult arguments, SearchIndex? index)
    {
        object[] parts = [.. ((object?[])
        [
            index,
            arguments.GetValue(Document) is { } document ? DocumentFile.Read(document) : null,
            arguments.GetValue(Notes) is { } notes ? NotesSearchKind.OpenNotes(notes) : null,
        ]).OfType<object>()];
        return (Catalog.Find<Tool>(parts), parts);
    }

    /// <summary>All kinds of tools that a tools file may name, those that need the engine included.</summary>
    public static IReadOnlyList<ToolKind> Kinds(object[] parts)
    {
        var engine = typeof(Torch.ModelFolder).Assembly;
        ReaderKind[] readers = [.. Catalog.Find<ReaderKind>(), .. Catalog.FindIn<ReaderKind>(engine)];
        object[] all = [.. parts, readers];
        return [.. Catalog.Find<ToolKind>(all), .. Catalog.FindIn<ToolKind>(engine, all)];
    }

    /// <summary>The clock that tools see.</summary>
    /// <exception cref="ArgumentException">The date is none.</exception>
    public ToolContext Context(ParseResult arguments, Display display) =>
        Day(arguments) is { } day ? ToolContext.On(day) : new ToolContext(display.Clock);

    /// <summary>The day that is asked for; null: none.</summary>
    /// <exception cref="ArgumentException">The date is none.</exception>
    public DateOnly? Day(ParseResult arguments)
    {
        if (arguments.GetValue(Date) is not { } text)
            return null;
        return DateOnly.TryParseExact(
            text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw new ArgumentException($"'{text}' is no day.\n  in --date\n  Write year, month, day: 2024-03-09.");
    }
}
