using System.CommandLine;
using System.Globalization;
using Toolformer.Tools;
using Toolformer.Tools.Searching;

namespace Toolformer.Cli;

/// <summary>The options that say which tools there are and what they may know.</summary>
public sealed class ToolOptions
{
    /// <summary>What --tools takes for a model that has no tools at all.</summary>
    public const string None = "none";

    public Option<string> Tools { get; } = new("--tools")
    {
        Description = $"Tools to use, separated by commas; '{None}' for none. Without it: all that can be used.",
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

    /// <summary>The search index that the options name; the caller disposes it.</summary>
    public SearchIndex? OpenIndex(ParseResult arguments) =>
        arguments.GetValue(Index) is { } folder ? SearchIndex.Open(folder) : null;

    /// <summary>All tools that there are, those that lack something included.</summary>
    public static Toolbox All(SearchIndex? index) =>
        new(index is null ? Catalog.Find<Tool>() : Catalog.Find<Tool>(index));

    /// <summary>The tools that the options name; without names all that can be used.</summary>
    /// <exception cref="KeyNotFoundException">There is no tool of a name.</exception>
    /// <exception cref="ArgumentException">A tool that is named lacks its index.</exception>
    public Toolbox Open(ParseResult arguments, SearchIndex? index)
    {
        var all = All(index);
        string? names = arguments.GetValue(Tools);
        if (names is null)
            return all.Only(all.Tools.Where(tool => !LacksIndex(tool)).Select(tool => tool.Name));
        var chosen = names == None
            ? all.Only([])
            : all.Only(names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        return chosen.Tools.FirstOrDefault(LacksIndex) is { } tool
            ? throw new ArgumentException($"{tool.Name} has nothing to search.\n  in --tools {names}\n"
                + "  Give --index FOLDER, made by `toolformer index`, or leave the tool out.")
            : chosen;

        bool LacksIndex(Tool tool) => tool is WikiSearch or QuestionAnswering && index is null;
    }

    /// <summary>The clock that tools see.</summary>
    /// <exception cref="ArgumentException">The date is none.</exception>
    public ToolContext Context(ParseResult arguments, Display display)
    {
        if (arguments.GetValue(Date) is not { } text)
            return new ToolContext(display.Clock);
        return DateOnly.TryParseExact(
            text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? ToolContext.On(day)
            : throw new ArgumentException($"'{text}' is no day.\n  in --date\n  Write year, month, day: 2024-03-09.");
    }
}
