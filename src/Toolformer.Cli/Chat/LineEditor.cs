using System.Globalization;
using System.Text;

namespace Toolformer.Cli.Chat;

/// <summary>
/// One line typed on a terminal: the arrows move the cursor and go through what was typed before; Ctrl+A, E, U, K and W
/// do as in a shell; Ctrl+D on an empty line ends; Ctrl+C gives the line up. What is pasted may have many lines, of
/// which none is sent before Enter. What does not fit into the terminal's width is scrolled.
/// </summary>
/// <param name="readKey">The next key that is pressed, not shown by the terminal itself.</param>
public sealed class LineEditor(Func<ConsoleKeyInfo> readKey, Action<string> write, Func<int> width)
{
    private const int MaxHistory = 500;

    // What terminals write around what is pasted, where they are asked to.
    private const string PasteBegins = "\e[200~", PasteEnds = "\e[201~";

    private readonly List<string> _history = [];
    private readonly StringBuilder _line = new();
    private int _at;

    /// <summary>The line; null: it was ended. One that was given up ends in <see cref="ChatInput.GivenUp"/>.</summary>
    public string? Read(string prompt)
    {
        _line.Clear();
        _at = 0;
        int past = _history.Count;
        string draft = "";
        write("\e[?2004h");
        try
        {
            while (true)
            {
                Draw(prompt);
                var key = readKey();
                switch (key.Key)
                {
                    case ConsoleKey.Enter when key.Modifiers.HasFlag(ConsoleModifiers.Alt):
                        Insert("\n");
                        break;
                    case ConsoleKey.Enter:
                        _at = _line.Length;
                        Draw(prompt);
                        write("\n");
                        Remember(_line.ToString());
                        return _line.ToString();
                    case ConsoleKey.D when IsControl(key) && _line.Length == 0:
                        write("\n");
                        return null;
                    case ConsoleKey.C when IsControl(key):
                        write("^C\n");
                        return _line.ToString() + ChatInput.GivenUp;
                    case ConsoleKey.UpArrow when past > 0:
                    case ConsoleKey.DownArrow when past < _history.Count:
                        if (past == _history.Count)
                            draft = _line.ToString();
                        past += key.Key == ConsoleKey.UpArrow ? -1 : 1;
                        _line.Clear().Append(past < _history.Count ? _history[past] : draft);
                        _at = _line.Length;
                        break;
                    default:
                        if (!Moved(key) && !Removed(key))
                            Take(key);
                        break;
                }
            }
        }
        finally
        {
            write("\e[?2004l");
        }
    }

    private bool Moved(ConsoleKeyInfo key)
    {
        int? to = key.Key switch
        {
            ConsoleKey.LeftArrow => Before(_at),
            ConsoleKey.RightArrow => After(_at),
            ConsoleKey.Home => 0,
            ConsoleKey.End => _line.Length,
            ConsoleKey.A when IsControl(key) => 0,
            ConsoleKey.E when IsControl(key) => _line.Length,
            _ => null,
        };
        _at = to ?? _at;
        return to is not null;
    }

    private bool Removed(ConsoleKeyInfo key)
    {
        (int From, int To)? range = key.Key switch
        {
            ConsoleKey.Backspace => (Before(_at), _at),
            ConsoleKey.Delete => (_at, After(_at)),
            ConsoleKey.D when IsControl(key) => (_at, After(_at)),
            ConsoleKey.U when IsControl(key) => (0, _at),
            ConsoleKey.K when IsControl(key) => (_at, _line.Length),
            ConsoleKey.W when IsControl(key) => (WordBefore(_at), _at),
            _ => null,
        };
        if (range is not var (from, to))
            return false;
        _line.Remove(from, to - from);
        _at = from;
        return true;
    }

    /// <summary>
    /// A character; or an escape sequence, which reaches us key by key: a paste, or one that means nothing here.
    /// </summary>
    private void Take(ConsoleKeyInfo key)
    {
        if (key.KeyChar == '\e')
        {
            if (Sequence() == PasteBegins)
                Insert(Pasted());
            return;
        }
        // The second half of a character beyond the first 65,536 follows at once.
        if (char.IsHighSurrogate(key.KeyChar))
            Insert($"{key.KeyChar}{readKey().KeyChar}");
        else if (!char.IsControl(key.KeyChar))
            Insert(key.KeyChar.ToString());
    }

    private string Sequence()
    {
        var sequence = new StringBuilder("\e");
        do
            sequence.Append(readKey().KeyChar);
        while (sequence.Length < PasteBegins.Length && (sequence.Length == 2 ? sequence[^1] == '['
            : char.IsAsciiDigit(sequence[^1]) || sequence[^1] == ';'));
        return sequence.ToString();
    }

    private string Pasted()
    {
        var pasted = new StringBuilder();
        while (pasted.Length < PasteEnds.Length || pasted[^1] != '~'
            || pasted.ToString(pasted.Length - PasteEnds.Length, PasteEnds.Length) != PasteEnds)
        {
            var key = readKey();
            pasted.Append(key.Key == ConsoleKey.Enter ? '\n' : key.KeyChar);
        }
        pasted.Length -= PasteEnds.Length;
        string text = pasted.Replace("\r\n", "\n").Replace('\r', '\n').ToString();
        return string.Concat(text.Where(c => c is '\n' or '\t' || !char.IsControl(c)));
    }

    private void Insert(string text)
    {
        _line.Insert(_at, text);
        _at += text.Length;
    }

    private void Remember(string line)
    {
        if (line.Length == 0 || (_history.Count > 0 && _history[^1] == line))
            return;
        _history.Add(line);
        if (_history.Count > MaxHistory)
            _history.RemoveAt(0);
    }

    private static bool IsControl(ConsoleKeyInfo key) => key.Modifiers.HasFlag(ConsoleModifiers.Control);

    // What a reader takes for one character may be many: letters with marks, emoji that are joined.
    private int After(int at) => at < _line.Length
        ? at + StringInfo.GetNextTextElementLength(_line.ToString(at, _line.Length - at)) : at;

    private int Before(int at) =>
        StringInfo.ParseCombiningCharacters(_line.ToString(0, at)).DefaultIfEmpty(0).Last();

    private int WordBefore(int at)
    {
        while (at > 0 && char.IsWhiteSpace(_line[at - 1]))
            at--;
        while (at > 0 && !char.IsWhiteSpace(_line[at - 1]))
            at--;
        return at;
    }

    /// <summary>
    /// Draws what fits around the cursor. What stands before it is written a second time: so the cursor is where the
    /// terminal thinks that it is, however wide it takes characters for.
    /// </summary>
    private void Draw(string prompt)
    {
        int room = Math.Max(10, width() - prompt.Length - 1);
        string line = _line.ToString().Replace('\n', '⏎').Replace('\t', ' ');
        string before = TerminalColumns.Last(line[.._at], room);
        string after = TerminalColumns.First(line[_at..], room - TerminalColumns.Of(before));
        write($"\r{prompt}{before}{after}\e[K{(after == "" ? "" : $"\r{prompt}{before}")}");
    }
}
