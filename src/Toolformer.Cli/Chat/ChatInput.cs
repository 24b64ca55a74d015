using System.Text;

namespace Toolformer.Cli.Chat;

/// <summary>
/// The messages that a person types: a line, lines that end in a backslash and the next, or all between """ and """.
/// </summary>
/// <param name="readLine">Reads a line after a prompt has been shown; null at the end.</param>
public sealed class ChatInput(Func<string, CancellationToken, Task<string?>> readLine)
{
    /// <summary>
    /// What Ctrl+C writes: it gives up the message that it ends, and on an empty line, twice, the chat.
    /// </summary>
    public const char GivenUp = '\x03';

    private const string Quotes = "\"\"\"";
    private const int MaxLength = 1 << 20;

    /// <summary>The next message; null: there is no more.</summary>
    /// <exception cref="InvalidDataException">A message is too long.</exception>
    public async Task<string?> NextAsync(CancellationToken cancellation)
    {
        if (await FirstLineAsync(cancellation) is not { } line)
            return null;
        bool quoted = line.TrimStart().StartsWith(Quotes, StringComparison.Ordinal);
        if (quoted)
            line = line.TrimStart()[Quotes.Length..];
        var message = new StringBuilder();
        for (string? next = line; next is not null; next = await readLine("… ", cancellation))
        {
            if (next.EndsWith(GivenUp))
                return "";
            if (message.Length + next.Length > MaxLength)
                throw new InvalidDataException($"A message has more than {MaxLength:N0} characters.\n  in the input\n"
                    + "  Put long texts into a file and name it with --document.");
            string end = next.TrimEnd();
            if (quoted && end.EndsWith(Quotes, StringComparison.Ordinal))
                return message.Append(end, 0, end.Length - Quotes.Length).ToString().Trim('\n');
            if (!quoted && !end.EndsWith('\\'))
                return message.Append(next).ToString();
            message.Append(quoted ? next : end[..^1]).Append('\n');
        }
        return message.ToString();
    }

    private async Task<string?> FirstLineAsync(CancellationToken cancellation)
    {
        string? line = await readLine("> ", cancellation);
        for (bool isAsked = false; line is not null && line.EndsWith(GivenUp);)
        {
            bool isEmpty = line.Length == 1;
            if (isAsked && isEmpty)
                return null;
            line = await readLine(isEmpty ? "(Ctrl+C again ends) > " : "> ", cancellation);
            isAsked = isEmpty;
        }
        return line;
    }
}
