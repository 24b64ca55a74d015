using System.Text.Json;
using Toolformer.Cli;
using Toolformer.Cli.Chat;
using Toolformer.Cli.Displays;
using Toolformer.Inference;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Cli;

public sealed class ChatTests : IDisposable
{
    private static readonly ToolContext Context = new(new ManualTime());
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chat-");
    private readonly StringWriter _output = new(), _error = new();

    public void Dispose() => _folder.Delete(recursive: true);

    private Display Console(string input, bool terminal = true) =>
        new(new StringReader(input), _output, _error, new ManualTime())
        {
            InputIsTerminal = terminal,
            OutputIsTerminal = terminal,
            ErrorIsTerminal = terminal,
            Colours = terminal,
        };

    private async Task<int> Talk(string input, ScriptedChatClient client, bool terminal = true, Toolbox? tools = null)
    {
        var display = Console(input, terminal);
        tools ??= new Toolbox([new Calculator(), new Show()]);
        using var source = new EndpointChat(client, "a model", tools, new PromptedOptions(), new ManualTime());
        var loop = new ChatLoop(display, source, tools, Context, new ChatSettings(true, 10));
        return await loop.RunAsync(new ChatInput((_, stop) => display.Input.ReadLineAsync(stop).AsTask()), default);
    }

    [Fact]
    public async Task Calls_have_a_colour_on_a_terminal_and_none_in_a_pipe()
    {
        string[] turns = ["It is [Calculator(6 * 7) ->", " 42\u001b[2J."];
        Assert.Equal(CommandLine.Done, await Talk("How much?\n", ScriptedChatClient.Says(100, turns)));
        Assert.Equal("It is\e[35m [Calculator(6 * 7) ->\e[39m\e[35m 42]\e[39m 42[2J.\n", _output.ToString());
        Assert.Contains("a model. Tools: Calculator, Show. /help says more.", _error.ToString());
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        await Talk("How much?\n", ScriptedChatClient.Says(100, turns), terminal: false);
        Assert.Equal("It is [Calculator(6 * 7) -> 42] 42[2J.\n", _output.ToString());
        Assert.Equal("", _error.ToString());
    }

    [Fact]
    public async Task What_is_said_is_remembered_until_it_is_reset()
    {
        var client = ScriptedChatClient.Says(9, "One.", "Two.", "Three.");
        await Talk("first\nsecond\n/reset\nthird\n", client);
        Assert.Equal(["first", "One.", "second"], client.Asked[1].Messages.Skip(1).Select(m => m.Text));
        Assert.Equal(["third"], client.Asked[2].Messages.Skip(1).Select(m => m.Text));
    }

    [Fact]
    public async Task A_message_may_have_many_lines()
    {
        var client = ScriptedChatClient.Says(9, "a", "b", "c");
        await Talk("one \\\ntwo\n\"\"\"three\n/quit\n\nfour\"\"\"\n\"\"\"five\"\"\"\n", client);
        Assert.Equal(["one \ntwo", "three\n/quit\n\nfour", "five"], client.Asked.Select(a => a.Messages[^1].Text));
    }

    [Fact]
    public async Task Commands_change_what_comes_after_them()
    {
        var client = ScriptedChatClient.Says(99, "[Calculator(1) -> so", "yes");
        await Talk("/calls off\nhow much?\n/calls on\n/tools\n/k 3\n/k x\n/cals\n/help\n/quit\nnever\n", client);
        Assert.DoesNotContain("Calculator", client.Asked[0].Messages[0].Text);
        string error = _error.ToString();
        Assert.Contains("Calls are off.", error);
        Assert.Contains(new Calculator().Description, error);
        Assert.Contains("k has no effect", error);
        Assert.Contains("/k needs its argument", error);
        Assert.Contains("Did you mean /calls?", error);
        Assert.Contains("Ctrl+C stops an answer", error);
        Assert.Single(client.Asked);
    }

    [Fact]
    public async Task What_is_meant_for_the_human_is_shown_at_once()
    {
        await Talk("go\n", ScriptedChatClient.Says(99, "Look: [Show(room 4) ->", " done"), terminal: false);
        Assert.Equal("Look: [Show(room 4) ->\nroom 4\n shown] done\n", _output.ToString());
    }

    [Fact]
    public async Task A_conversation_is_saved_once()
    {
        string path = Path.Combine(_folder.FullName, "talk.jsonl");
        await Talk($"how much?\n/save {path}\n/save {path}\n",
            ScriptedChatClient.Says(99, "It is [Calculator(6*7) ->", " 42."));
        string[] written = await File.ReadAllLinesAsync(path);
        var lines = written.Select(l => JsonSerializer.Deserialize<JsonElement>(l)).ToList();
        Assert.Equal(["user", "assistant"], lines.Select(l => l.GetProperty("role").GetString()));
        Assert.Equal("It is 42.", lines[1].GetProperty("content").GetString());
        Assert.Equal("42", lines[1].GetProperty("calls")[0].GetProperty("result").GetString());
        Assert.Contains("was not saved", _error.ToString());
    }

    [Fact]
    public async Task Stopping_an_answer_does_not_end_the_conversation()
    {
        ChatLoop? loop = null;
        var client = new ScriptedChatClient(Endless(), ["Well."]);
        var tools = new Toolbox([]);
        var display = Console("a\nb\n");
        using var source = new EndpointChat(client, "a model", tools, new PromptedOptions(), new ManualTime());
        loop = new ChatLoop(display, source, tools, Context, new ChatSettings(true, 10));
        Assert.False(loop.Interrupt());
        await loop.RunAsync(new ChatInput((_, stop) => display.Input.ReadLineAsync(stop).AsTask()), default);
        Assert.Contains("Stopped.", _error.ToString());
        Assert.Equal("so so so\nWell.\n", _output.ToString());
        Assert.Equal(["a", "so so so", "b"], client.Asked[1].Messages.Select(m => m.Text.Trim()));

        IEnumerable<string> Endless()
        {
            for (int i = 0; ; i++)
            {
                if (i == 3)
                    Assert.True(loop!.Interrupt());
                yield return i == 0 ? "so" : " so";
            }
        }
    }

    [Fact]
    public async Task A_fault_is_told_and_ends_what_is_piped()
    {
        await using var server = RawServer.Of(RawServer.Ok("{}", status: "503 Service Unavailable"));
        string[] arguments = ["chat", "--model", "m", "--endpoint", $"http://{server.Host}/v1"];
        var piped = await ToolformerRun.OfInput("hello\nagain\n", arguments);
        Assert.Equal(CommandLine.Failed, piped.Status);
        Assert.Contains("answered 503", piped.Error);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_document_and_notes_work_out_of_the_box()
    {
        string document = Path.Combine(_folder.FullName, "manual.txt");
        string notes = Path.Combine(_folder.FullName, "team.json");
        await File.WriteAllTextAsync(document, "The lamp is red.\nThe tank holds nine litres.");
        await File.WriteAllTextAsync(notes, """{"pages": [{"title": "Mill", "lines": ["Mill", "Built in 1790."]}]}""");
        string[] turns = ["[FindInDocument(search tank) ->", "[NotesSearch(open Mill) ->", "Nine, 1790."];
        int turn = 0;
        await using var server = RawServer.Of(_ => RawServer.Ok(JsonSerializer.Serialize(new
        {
            choices = new[] { new { message = new { content = turns[turn++] } } },
        })));
        var display = new Display(new StringReader("How many litres?\n"), _output, _error, new ManualTime())
        {
            Variable = name => name == "KEY" ? "k123" : null,
        };
        int status = await CommandLine.RunAsync(["chat", "--model", "m", "--endpoint", $"http://{server.Host}/v1",
            "--api-key-env", "KEY", "--document", document, "--notes", notes, "--budget", "20"], display);
        Assert.Equal((CommandLine.Done, "The calls cost 10 of 20.\n"), (status, _error.ToString()));
        Assert.Equal(" [FindInDocument(search tank) -> 1 line: 2: The tank holds nine (cost 5, 15 left)]"
            + " [NotesSearch(open Mill) -> Built in 1790.]Nine, 1790.\n", _output.ToString());
        Assert.Contains("Bearer k123", server.Requests[0]);
    }

    [Fact]
    public async Task What_changes_something_is_asked_for_in_the_conversation()
    {
        string notes = Path.Combine(_folder.FullName, "Mill.md");
        await File.WriteAllTextAsync(notes, "Built in 1790.\n");
        int turn = 0;
        await using var server = RawServer.Of(_ => RawServer.Ok(JsonSerializer.Serialize(new
        {
            choices = new[]
            {
                new { message = new { content = turn++ % 2 == 0 ? "[NotesSearch(append Mill: a roof) ->" : "Done." } },
            },
        })));
        string[] arguments =
            ["chat", "--model", "m", "--endpoint", $"http://{server.Host}/v1", "--notes", _folder.FullName];
        Assert.Equal(CommandLine.Done, await CommandLine.RunAsync(arguments, Console("note it\nno\nonce more\ny\n")));
        Assert.Contains("NotesSearch wants to change something: NotesSearch(append Mill: a roof)", _error.ToString());
        Assert.Contains("that was not approved", _error.ToString());
        Assert.Equal("Built in 1790.\na roof\n", await File.ReadAllTextAsync(notes));
    }

    [Fact]
    public async Task What_can_not_be_begun_is_refused()
    {
        (await ToolformerRun.Of("chat", "--model", "m", "--endpoint", "nowhere")).AssertRefused("nowhere");
        (await ToolformerRun.Of("chat", "--model", "m", "--endpoint", "http://127.0.0.1:9", "--api-key-env", "NO"))
            .AssertRefused("no variable NO");
        (await ToolformerRun.Of("chat", "--model", "m", "--tools", "NotesSearch")).AssertRefused("--notes NOTES");
        (await ToolformerRun.Of("chat", "--model", Path.Combine(_folder.FullName, "none"))).AssertRefused("none");
    }

    [Fact]
    public void The_arrows_move_in_a_line_and_through_what_was_typed()
    {
        var keys = new Queue<ConsoleKeyInfo>();
        var screen = new StringWriter();
        var editor = new LineEditor(keys.Dequeue, screen.Write, () => 40);
        Assert.Equal("abc", Typed("ac", ConsoleKey.LeftArrow, "b", ConsoleKey.Enter));
        Assert.Equal("x😀y", Typed("x😀zy", ConsoleKey.LeftArrow, ConsoleKey.Backspace, ConsoleKey.Enter));
        Assert.Equal("xy", Typed(ConsoleKey.UpArrow, ConsoleKey.LeftArrow, ConsoleKey.Backspace, ConsoleKey.Enter));
        Assert.Equal("abc!", Typed("draft", ConsoleKey.UpArrow, ConsoleKey.UpArrow, ConsoleKey.UpArrow, "!",
            ConsoleKey.Enter));
        Assert.Equal("draft", Typed("draft", ConsoleKey.UpArrow, ConsoleKey.DownArrow, ConsoleKey.Enter));
        Assert.Equal("ac", Typed("abc", ConsoleKey.Home, ConsoleKey.RightArrow, ConsoleKey.Delete, ConsoleKey.Enter));
        Assert.Equal(new string('w', 200), Typed(new string('w', 200), ConsoleKey.Enter));
        keys.Enqueue(new ConsoleKeyInfo('\u0004', ConsoleKey.D, false, false, control: true));
        Assert.Null(editor.Read("> "));
        Assert.EndsWith("\r> \e[K\n\e[?2004l", screen.ToString());
        // As in a shell.
        Assert.Equal("b c", Typed("a b c", Control('A'), ConsoleKey.Delete, ConsoleKey.Delete, ConsoleKey.Enter));
        Assert.Equal("d", Typed("abc", Control('U'), "d", ConsoleKey.Enter));
        Assert.Equal("one ", Typed("one two", Control('W'), ConsoleKey.Enter));
        Assert.Equal("a", Typed("abc", ConsoleKey.LeftArrow, ConsoleKey.LeftArrow, Control('K'), ConsoleKey.Enter));
        Assert.Equal("typed\x03", Typed("typed", Control('C')));
        // One character to the reader, whatever it is made of.
        Assert.Equal("x", Typed("x👩‍👩‍👧", ConsoleKey.Backspace, "é", ConsoleKey.Backspace, ConsoleKey.Enter));
        // A paste is not sent by its line ends; sequences that mean nothing leave nothing.
        Assert.Equal("a\nb\tc!", Typed("\e[200~a\rb\tc\a\e[201~", "!", "\e[1;5P", ConsoleKey.Enter));

        string? Typed(params object[] typed)
        {
            foreach (object part in typed)
            {
                foreach (var key in part is ConsoleKeyInfo whole ? [whole] : part is ConsoleKey special
                    ? [new ConsoleKeyInfo('\0', special, false, false, false)]
                    : $"{part}".Select(c => new ConsoleKeyInfo(c, ConsoleKey.None, false, false, false)))
                    keys.Enqueue(key);
            }
            return editor.Read("> ");
        }

        static ConsoleKeyInfo Control(char letter) =>
            new((char)(letter - 'A' + 1), (ConsoleKey)letter, false, false, control: true);
    }

    [Fact]
    public void A_line_wider_than_the_terminal_is_scrolled_by_columns()
    {
        var keys = new Queue<ConsoleKeyInfo>("図書館図書館図書館図書館"
            .Select(c => new ConsoleKeyInfo(c, ConsoleKey.None, false, false, false)));
        keys.Enqueue(new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false));
        var screen = new StringWriter();
        new LineEditor(keys.Dequeue, screen.Write, () => 15).Read("> ");
        // Twelve columns beside the prompt and the cursor: six characters.
        Assert.EndsWith("\r> 図書館図書館\e[K\n\e[?2004l", screen.ToString());
        Assert.Equal(4, TerminalColumns.Of("é図!"));
    }

    [Fact]
    public async Task Ctrl_C_gives_up_a_message_and_on_an_empty_line_asks_before_it_ends()
    {
        var lines = new Queue<string?>(["half\x03", "\x03", "said", "first \\", "\x03", "\x03", "\x03"]);
        var prompts = new List<string>();
        var input = new ChatInput((prompt, _) =>
        {
            prompts.Add(prompt);
            return Task.FromResult(lines.Dequeue());
        });
        Assert.Equal("said", await input.NextAsync(default));
        Assert.Equal("", await input.NextAsync(default));
        Assert.Null(await input.NextAsync(default));
        Assert.Equal(["> ", "> ", "(Ctrl+C again ends) > ", "> ", "… ", "> ", "(Ctrl+C again ends) > "], prompts);
    }

    [Fact]
    public async Task A_model_folder_answers_in_a_conversation()
    {
        var sum = new FakeTool("Sum", input => input.Split('+').Sum(int.Parse).ToString());
        var tools = new Toolbox([sum]);
        var display = Console("It is\n", terminal: false);
        string prompt = Toolformer.Torch.Chat.ChatTemplate.Plain.Write([new("user", "It is")]).Text!;
        var scripted = ScriptedModel.Writes(prompt + " [Sum(1+2) -> 3] 3.");
        using var source = new LocalChat(scripted, "tiny", Toolformer.Torch.Chat.ChatTemplate.Plain, tools,
            new GenerationOptions { StartTopK = 1 }, 0, new ManualTime());
        var loop = new ChatLoop(display, source, tools, Context, new ChatSettings(true, 1));
        await loop.RunAsync(new ChatInput((_, stop) => display.Input.ReadLineAsync(stop).AsTask()), default);
        Assert.Equal(" [Sum(1+2) -> 3] 3.\n", _output.ToString());
    }
}
