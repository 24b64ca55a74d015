using System.Text;

namespace Toolformer.Cli.Chat;

/// <summary>
/// One line typed on a terminal: the arrows move the cursor and go through what was typed before, Ctrl+D on an empty
/// line ends. What does not fit into the terminal's width is scrolled.
/// </summary>
/// <param name="readKey">The next key that is pressed, not shown by the terminal itself.</param>
public sealed class LineEditor(Func<ConsoleKeyInfo> readKey, Action<string> write, Func<int> width)
{
    private const int MaxHistory = 500;

    private readonly List<string> _history = [];

    /// <summary>The line; null: it was ended.</summary>
    public string? Read(string prompt)
    {
        var line = new StringBuilder();
        int at = 0, past = _history.Count;
        string draft = "";
        while (true)
        {
            Draw(prompt, line.ToString(), at);
            var key = readKey();
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    Draw(prompt, line.ToString(), line.Length);
                    write("\n");
                    Remember(line.ToString());
                    return line.ToString();
                case ConsoleKey.D when key.Modifiers.HasFlag(ConsoleModifiers.Control) && line.Length == 0:
                    write("\n");
                    return null;
                case ConsoleKey.Backspace when at > 0:
                    int before = Step(line, at, -1);
                    line.Remove(before, at - before);
                    at = before;
                    break;
                case ConsoleKey.Delete when at < line.Length:
                    line.Remove(at, Step(line, at, 1) - at);
                    break;
                case ConsoleKey.LeftArrow:
                    at = Step(line, at, -1);
                    break;
                case ConsoleKey.RightArrow:
                    at = Step(line, at, 1);
                    break;
                case ConsoleKey.Home:
                    at = 0;
                    break;
                case ConsoleKey.End:
                    at = line.Length;
                    break;
                case ConsoleKey.UpArrow when past > 0:
                case ConsoleKey.DownArrow when past < _history.Count:
                    if (past == _history.Count)
                        draft = line.ToString();
                    past += key.Key == ConsoleKey.UpArrow ? -1 : 1;
                    line.Clear().Append(past < _history.Count ? _history[past] : draft);
                    at = line.Length;
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                        line.Insert(at++, key.KeyChar);
                    break;
            }
        }
    }

    private void Remember(string line)
    {
        if (line.Length == 0 || (_history.Count > 0 && _history[^1] == line))
            return;
        _history.Add(line);
        if (_history.Count > MaxHistory)
            _history.RemoveAt(0);
    }

    /// <summary>The place before or after a character, of which some are two UTF-16 units.</summary>
    private static int Step(StringBuilder line, int at, int by)
    {
        int next = Math.Clamp(at + by, 0, line.Length);
        return next > 0 && next < line.Length && char.IsLowSurrogate(line[next]) ? next + by : next;
    }

    private void Draw(string prompt, string line, int at)
    {
        int room = Math.Max(10, width() - prompt.Length - 1);
        int from = Math.Max(0, at - room);
        string shown = line.Substring(from, Math.Min(room, line.Length - from));
        string back = shown.Length > at - from ? $"\e[{shown.Length - (at - from)}D" : "";
        write($"\r{prompt}{shown}\e[K{back}");
    }
}
