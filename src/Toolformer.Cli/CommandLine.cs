using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Torch.Hub;

namespace Toolformer.Cli;

/// <summary>The whole command line as one call: what the process does, and what tests call.</summary>
public static class CommandLine
{
    /// <summary>Exit statuses that scripts rely on.</summary>
    public const int Done = 0, Failed = 1, BadInput = 2, Interrupted = 130;

    private const int NoSpaceLeft = 28; // ENOSPC of Linux and macOS

    /// <param name="display">Where it reads, writes and takes the time from.</param>
    /// <param name="graceWhenInterrupted">
    /// How long a run may go on after Ctrl+C or SIGTERM to save what it has; null: signals are left alone.
    /// </param>
    /// <returns>0 done, 1 the work failed, 2 wrong usage or bad input, 130 interrupted.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Display display,
        TimeSpan? graceWhenInterrupted = null, CancellationToken cancellation = default)
    {
        var verbs = new Dictionary<Command, Verb>();
        var parsed = Root(display, verbs, arguments).Parse(arguments.Count == 0 ? ["--help"] : arguments);
        if (parsed.Action is ParseErrorAction)
            return Refuse(parsed, display);
        // Lists of verbs show the first line only; the help of one verb shows all.
        if (verbs.TryGetValue(parsed.CommandResult.Command, out var verb))
            parsed.CommandResult.Command.Description = verb.Description;
        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = display.Output,
            Error = display.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = verb is { HandlesInterrupts: true } ? null : graceWhenInterrupted,
        }, cancellation);
    }

    /// <summary>Every verb there is, by name.</summary>
    public static IReadOnlyList<Verb> Verbs() =>
        [.. Catalog.Find<Verb>().Where(v => !v.GetType().IsNested).OrderBy(v => v.Name, StringComparer.Ordinal)];

    /// <summary>Parses without running anything: what is wrong with the usage is among the errors.</summary>
    public static ParseResult Parse(IReadOnlyList<string> arguments, Display display) =>
        Root(display, [], arguments).Parse(arguments);

    private static RootCommand Root(Display display, Dictionary<Command, Verb> verbs, IReadOnlyList<string> words)
    {
        var root = new RootCommand("Toolformer for .NET: teaches a language model to use tools, and runs it.\n"
            + "Example: toolformer quickstart");
        foreach (var verb in Verbs())
            root.Subcommands.Add(Command(verb, display, verbs, words));
        return root;
    }

    private static Command Command(
        Verb verb, Display display, Dictionary<Command, Verb> verbs, IReadOnlyList<string> words)
    {
        var command = new Command(verb.Name, verb.Description.Split('\n')[0]);
        verbs.Add(command, verb);
        foreach (var option in verb.Options)
            command.Options.Add(option);
        foreach (var argument in verb.Arguments)
            command.Arguments.Add(argument);
        foreach (var part in verb.Parts)
            command.Subcommands.Add(Command(part, display, verbs, words));
        if (verb.Parts.Count == 0)
            command.SetAction((arguments, cancellation) =>
                Guard(async token => await verb.RunAsync(
                    verb.TakesModelFromHub ? await WithFoldersAsync(arguments, words, display, token) : arguments,
                    display, token), verb.Name, display, cancellation));
        return command;
    }

    /// <summary>
    /// Puts folders in the place of models' names on a hub, so that verbs know folders only. What is in no cache is
    /// pulled first.
    /// </summary>
    private static async Task<ParseResult> WithFoldersAsync(
        ParseResult parsed, IReadOnlyList<string> words, Display display, CancellationToken cancellation)
    {
        const string name = "--model";
        var option = parsed.CommandResult.Command.Options.FirstOrDefault(o => o.Name == name);
        string[] models = option is null ? [] : [.. parsed.GetResult(option)?.Tokens.Select(t => t.Value) ?? []];
        string[] located = [.. words];
        foreach (string model in models.Distinct())
        {
            string folder = await Models.LocateAsync(model, display, cancellation);
            for (int i = 0; i < words.Count; i++)
            {
                if (words[i] == model)
                    located[i] = folder;
                else if (words[i] == $"{name}={model}" || words[i] == $"{name}:{model}")
                    located[i] = $"{name}={folder}";
            }
        }
        return located.SequenceEqual(words) ? parsed : parsed.RootCommandResult.Command.Parse(located);
    }

    /// <summary>Says what is wrong with the usage: unknown names with what there is and the nearest to it.</summary>
    private static int Refuse(ParseResult parsed, Display display)
    {
        var command = parsed.CommandResult.Command;
        string path = PathOf(parsed.CommandResult);
        var messages = new List<string>();
        string? unknown = parsed.UnmatchedTokens.FirstOrDefault();
        if (unknown is not null && command.Subcommands.Count > 0 && !unknown.StartsWith('-'))
            messages.Add(Spelling.Unknown("verb", unknown, command.Subcommands.Select(c => c.Name)));
        else if (unknown is not null && unknown.StartsWith('-'))
            messages.Add(Spelling.Unknown("option", unknown.Split('=')[0], command.Options.Select(o => o.Name)));
        else if (unknown is not null)
            messages.Add($"'{unknown}' is one argument too many.");
        else
            messages.AddRange(parsed.Errors.Select(e => e.Message).Distinct());
        display.Fail(string.Join("\n", messages), $"in: {path}", $"See `{path} --help`.");
        return BadInput;

        static string PathOf(CommandResult result) => result.Parent is CommandResult parent
            ? $"{PathOf(parent)} {result.Command.Name}"
            : "toolformer";
    }

    /// <summary>Turns what may go wrong into a message in three parts and an exit status.</summary>
    private static async Task<int> Guard(
        Func<CancellationToken, Task<int>> work, string verb, Display display, CancellationToken cancellation)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            return await work(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            display.Note("Interrupted.");
            return Interrupted;
        }
        catch (Exception e) when (e is InvalidDataException or FileNotFoundException or DirectoryNotFoundException
            or ArgumentException or KeyNotFoundException or NotSupportedException or JsonException)
        {
            display.Fail(Message(e));
            return BadInput;
        }
        catch (Exception e)
        {
            var (where, remedy) = e switch
            {
                UnauthorizedAccessException => ($"in: toolformer {verb}",
                    "Change the permissions, or name another file or folder."),
                IOException when (e.HResult & 0xFFFF) == NoSpaceLeft => ($"in: toolformer {verb}",
                    "Make room and run the same command again."),
                IOException => ($"in: toolformer {verb}", null),
                InvalidOperationException or HubException => ((string?)null, (string?)null),
                DllNotFoundException or BadImageFormatException or TypeInitializationException =>
                    ($"in: toolformer {verb}", "Run `toolformer doctor`: it finds out why libtorch does not load."),
                OutOfMemoryException or ExternalException => ($"in: toolformer {verb}, inside libtorch",
                    "Where memory ran out: a smaller model, --dtype bfloat16, or shorter texts. Else see "
                    + "`toolformer doctor`."),
                _ => ($"in: toolformer {verb}\n{e.StackTrace}", "This is a fault of the program: please report it."),
            };
            display.Fail(Message(e), where, remedy);
            return Failed;
        }
    }

    /// <summary>The message without the name of a parameter that only its caller in the program knows.</summary>
    private static string Message(Exception e)
    {
        string message = e.Message;
        int parameter = e is ArgumentException { ParamName: not null }
            ? message.IndexOf(" (Parameter '", StringComparison.Ordinal)
            : -1;
        return parameter >= 0 ? message[..parameter] : message;
    }
}
