using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Toolformer.Cli.Displays;

/// <summary>
/// All that a verb says and hears: results on stdout, progress, notes and errors on stderr, lines on stdin, the time.
/// </summary>
public sealed class Display(TextReader input, TextWriter output, TextWriter error, TimeProvider clock)
{
    /// <summary>Unlike in the files of a run, a field without a value is written, so that scripts find it.</summary>
    private static readonly JsonSerializerOptions Format = new(JsonLines.Format)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    private readonly Lock _lock = new();
    private ProgressLine? _progress;

    /// <summary>What is read where no file is named.</summary>
    public TextReader Input => input;

    /// <summary>Where results go; verbs use <see cref="Result(string)"/>, which keeps clear of the progress.</summary>
    public TextWriter Output => output;

    public TextWriter Error => error;

    public TimeProvider Clock => clock;

    /// <summary>The same input as bytes, for a protocol that has it for itself.</summary>
    public Stream InputStream { get; init; } = Stream.Null;

    /// <summary>The same output as bytes, for a protocol that has it for itself.</summary>
    public Stream OutputStream { get; init; } = Stream.Null;

    /// <summary>The environment's variables.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    public bool InputIsTerminal { get; init; }

    /// <summary>Reads a key that is pressed on the terminal, unseen; null: there are only lines.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; }

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>Whether what goes to a terminal may be coloured.</summary>
    public bool Colours { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width => MeasureWidth?.Invoke() ?? 80;

    /// <summary>Columns as they are now, where that is known: windows change.</summary>
    public Func<int>? MeasureWidth { get; init; }

    /// <summary>Has Ctrl+C be a key like others (true), or again what interrupts the program.</summary>
    public Action<bool>? CatchKeys { get; init; }

    /// <summary>The process's own streams, as UTF-8; a wrong byte of the input is an error, not replaced.</summary>
    public static Display OfConsole()
    {
        bool dumb = Environment.GetEnvironmentVariable("TERM") == "dumb";
        bool error = !Console.IsErrorRedirected && !dumb;
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        var (input, output) = (Console.OpenStandardInput(), Console.OpenStandardOutput());
        return new Display(new StreamReader(input, strict), Writer(output), Writer(Console.OpenStandardError()),
            TimeProvider.System)
        {
            InputStream = input,
            OutputStream = output,
            InputIsTerminal = !Console.IsInputRedirected,
            ReadKey = Console.IsInputRedirected || !error ? null : () => Console.ReadKey(intercept: true),
            OutputIsTerminal = !Console.IsOutputRedirected && !dumb,
            ErrorIsTerminal = error,
            Colours = !dumb && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
            CatchKeys = isKey => Console.TreatControlCAsInput = isKey,
            MeasureWidth = () => error && Console.WindowWidth > 0 ? Console.WindowWidth : 80,
        };

        static StreamWriter Writer(Stream stream) => new(stream, new UTF8Encoding(false)) { AutoFlush = true };
    }

    /// <summary>A call in the colour of calls: magenta can be read on black and on white.</summary>
    public static string Coloured(string call) => $"\e[35m{call}\e[39m";

    /// <summary>One line of the results.</summary>
    public void Result(string line) => Write(output, line + "\n");

    /// <summary>One record of the results, as a line of JSON.</summary>
    public void Result<T>(T record) => Result(JsonSerializer.Serialize(record, Format));

    /// <summary>A line for the reader that is no result.</summary>
    public void Note(string line) => Write(error, line + "\n");

    /// <summary>An error in three parts: what happened with its values, where, and what to do.</summary>
    public void Fail(string what, string? where = null, string? remedy = null)
    {
        string head = ErrorIsTerminal && Colours ? "\e[31merror:\e[0m " : "error: ";
        var lines = new[] { where, remedy }.OfType<string>().Select(part => $"  {part}\n");
        Write(error, $"{head}{what}\n{string.Concat(lines)}");
    }

    /// <summary>
    /// Begins a piece of work whose progress is shown until it is disposed: on a terminal as one line that is
    /// rewritten, elsewhere as a line every five seconds and one at the end. One at a time.
    /// </summary>
    /// <param name="what">"scoring".</param>
    /// <param name="unit">What is counted, in the plural: "texts".</param>
    /// <param name="total">How many there are, where that is known.</param>
    /// <param name="from">
    /// How many an earlier run has done: they count, but not for the rate. Null: what the first report says.
    /// </param>
    public ProgressLine Progress(string what, string unit, long? total = null, long? from = 0) =>
        _progress = new ProgressLine(this, what, unit, total, from);

    /// <summary>
    /// Hands reports to an action on the calling thread, in order, unlike <see cref="Progress{T}"/>.
    /// </summary>
    public static IProgress<T> Hear<T>(Action<T> action) => new Listener<T>(action);

    internal void Redraw(string line)
    {
        lock (_lock)
            error.Write($"\r{line}\e[K");
    }

    internal void End(ProgressLine progress)
    {
        if (_progress == progress)
            _progress = null;
    }

    /// <summary>Writes between two drawings of the progress, so that they do not run into each other.</summary>
    public void Write(TextWriter writer, string text)
    {
        lock (_lock)
        {
            bool clear = _progress is { IsDrawn: true } && (writer == error || OutputIsTerminal);
            if (clear)
                error.Write("\r\e[K");
            writer.Write(text);
            if (clear && text.EndsWith('\n'))
                _progress!.Draw();
        }
    }

    private sealed class Listener<T>(Action<T> action) : IProgress<T>
    {
        public void Report(T value) => action(value);
    }
}
