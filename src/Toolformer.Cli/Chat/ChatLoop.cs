using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Toolformer.Cli.Displays;
using Toolformer.Inference;
using Toolformer.Tools;

namespace Toolformer.Cli.Chat;

/// <summary>
/// A conversation: reads messages and commands, shows answers as they are written, with their calls inside. Stopping an
/// answer does not end it.
/// </summary>
/// <param name="context">What tools may know; the conversation adds its session and the way to the screen.</param>
/// <param name="budget">What the calls of one answer may cost.</param>
public sealed class ChatLoop(Display display, ChatSource source, Toolbox tools, ToolContext context,
    ChatSettings settings, double budget = double.PositiveInfinity)
{
    private const string Help =
        """"
        /tools        the tools there are
        /calls on|off whether calls are made
        /k N          a call also starts where that is among the N most likely tokens
        /reset        forgets the conversation
        /save FILE    writes the conversation as JSON Lines
        /quit         ends; so does Ctrl+D
        A line that ends in \ goes on in the next; """ begins a text of many lines and ends it; what is pasted is sent
        by Enter. Ctrl+C stops an answer, gives up a line, and on an empty line, twice, ends.
        """";

    private readonly List<(ChatMessage Message, IReadOnlyList<GeneratedCall> Calls)> _said = [];
    private readonly bool _coloured = display.OutputIsTerminal && display.Colours;
    private ChatSettings _settings = settings;
    private ToolSession _session = new(budget);
    private CancellationTokenSource? _answer;
    private bool _atLineStart = true;

    private sealed record SavedCall(string Tool, string Input, string? Result, string? Error);

    private sealed record Saved(string Role, string Content, IReadOnlyList<SavedCall>? Calls);

    /// <summary>Stops the answer that is being written; false: there is none, or it was stopped already.</summary>
    public bool Interrupt()
    {
        var answer = Volatile.Read(ref _answer);
        if (answer is null or { IsCancellationRequested: true })
            return false;
        try
        {
            answer.Cancel();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false; // it has just ended by itself
        }
    }

    /// <summary>Goes on until the input ends.</summary>
    /// <returns>The exit status: where nobody is at a terminal, the first failure ends the conversation.</returns>
    public async Task<int> RunAsync(ChatInput input, CancellationToken cancellation)
    {
        if (display.InputIsTerminal)
        {
            string names = string.Join(", ", tools.Tools.Select(t => t.Name));
            display.Note($"{source.Name}. Tools: {(names == "" ? "none" : names)}. /help says more.");
        }
        while (await input.NextAsync(cancellation) is { } line)
        {
            string text = line.Trim();
            if (text is "/quit" or "/exit")
                break;
            if (text.StartsWith('/') && !text.Contains('\n'))
                Obey(text);
            else if (text.Length > 0 && !await AnswerAsync(line, cancellation) && !display.InputIsTerminal)
                return CommandLine.Failed;
        }
        return CommandLine.Done;
    }

    private async Task<bool> AnswerAsync(string line, CancellationToken cancellation)
    {
        _session.Refill();
        var situation = context with { Session = _session, Display = ShowToHuman };
        _said.Add((new ChatMessage(ChatRole.User, line), []));
        var plain = new System.Text.StringBuilder();
        var calls = new List<GeneratedCall>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Volatile.Write(ref _answer, stop);
        bool succeeded = true;
        try
        {
            ChatMessage[] messages = [.. _said.Select(s => s.Message)];
            await foreach (var happened in source.AnswerAsync(messages, _settings, situation, stop.Token))
                Show(happened, plain, calls);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            EndLine();
            display.Note("Stopped.");
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException or ArgumentException)
        {
            EndLine();
            display.Fail(e.Message);
            succeeded = false;
        }
        finally
        {
            Volatile.Write(ref _answer, null);
        }
        EndLine();
        if (_session.Budget < double.PositiveInfinity && calls.Count > 0)
            display.Note(FormattableString.Invariant(
                $"The calls cost {_session.Spent:0.##} of {_session.Budget:0.##}."));
        // A question without an answer is forgotten; one that was stopped was answered as far as it was.
        if (plain.Length > 0 || calls.Count > 0)
            _said.Add((new ChatMessage(ChatRole.Assistant, plain.ToString()), calls));
        else
            _said.RemoveAt(_said.Count - 1);
        return succeeded;
    }

    private void Show(GenerationEvent happened, System.Text.StringBuilder plain, List<GeneratedCall> calls)
    {
        switch (happened)
        {
            case GenerationEvent.TextDelta delta:
                string text = Harmless(delta.Text);
                Write(_coloured && delta.InCall ? Display.Coloured(text) : text);
                if (!delta.InCall)
                    plain.Append(delta.Text);
                break;
            case GenerationEvent.CallFinished { Call: var call }:
                calls.Add(call);
                break;
            case GenerationEvent.Finished { Result: var result }:
                EndLine();
                foreach (var failed in result.Calls.Where(c => c.Error is not null))
                    display.Note($"{failed.Call.Tool}({failed.Call.Input}) failed: {failed.Error}");
                if (result.FinishReason is not (FinishReason.EndOfText or FinishReason.StopString))
                    display.Note(result.FinishReason switch
                    {
                        FinishReason.ContextFull => "The answer ends here because the model's context is full.",
                        FinishReason.CallLimit => "The answer ends here because the model went on calling tools.",
                        _ => "The answer ends here because it is as long as it may be.",
                    });
                break;
        }
    }

    private void ShowToHuman(string text)
    {
        EndLine();
        Write(_coloured ? $"\e[1m{text}\e[22m\n" : $"{text}\n");
    }

    /// <summary>What a model writes may hold nothing that moves the cursor or colours the screen.</summary>
    private static string Harmless(string text) => text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0
        && !text.Any(c => c is >= '\x7f' and <= '\x9f')
        ? text
        : string.Concat(text.Where(c => c is '\n' or '\t' || !char.IsControl(c)));

    private void Write(string text)
    {
        if (text.Length == 0)
            return;
        display.Write(display.Output, text);
        _atLineStart = text.EndsWith('\n');
    }

    private void EndLine()
    {
        if (!_atLineStart)
            Write("\n");
    }

    private void Obey(string line)
    {
        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string argument = words.Length > 1 ? words[1] : "";
        switch (words[0])
        {
            case "/help":
                display.Note(Help);
                break;
            case "/tools":
                foreach (var tool in tools.Tools)
                    display.Note($"{tool.Name}: {tool.Description}");
                display.Note(_settings.Calls ? "Calls are on." : "Calls are off: /calls on");
                break;
            case "/calls" when argument is "on" or "off":
                _settings = _settings with { Calls = argument == "on" };
                display.Note($"Calls are {argument}.");
                break;
            case "/k" when int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out int k) && k > 0:
                _settings = _settings with { StartTopK = k };
                display.Note(source.HasStartTopK
                    ? $"A call also starts where that is among the {k} most likely tokens."
                    : "A model behind an endpoint starts calls where it writes them: k has no effect.");
                break;
            case "/reset":
                _said.Clear();
                _session = new ToolSession(budget);
                display.Note("Forgotten.");
                break;
            case "/save" when argument.Length > 0:
                Save(argument);
                break;
            case "/calls" or "/k" or "/save":
                display.Note($"{words[0]} needs its argument: see /help.");
                break;
            default:
                string[] known = ["/help", "/tools", "/calls", "/k", "/reset", "/save", "/quit"];
                display.Note(Spelling.Unknown("command", words[0], known));
                break;
        }
    }

    private void Save(string path)
    {
        try
        {
            using (var file = new FileStream(path, FileMode.CreateNew))
            {
                foreach (var (message, calls) in _said)
                {
                    var made = calls.Select(c => new SavedCall(c.Call.Tool, c.Call.Input, c.Call.Result, c.Error));
                    JsonSerializer.Serialize(file, new Saved(message.Role.Value, message.Text,
                        calls.Count > 0 ? [.. made] : null), JsonLines.Format);
                    file.WriteByte((byte)'\n');
                }
            }
            display.Note($"{_said.Count} messages are in {path}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            display.Fail($"The conversation was not saved: {e.Message}", $"in {path}", "Name a new file.");
        }
    }
}
