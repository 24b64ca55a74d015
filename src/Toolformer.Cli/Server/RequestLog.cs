namespace Toolformer.Cli.Server;

/// <summary>
/// One line per request: when, who, what, how it ended. Prompts, texts and the inputs of calls are not among it unless
/// asked for; keys never are.
/// </summary>
/// <param name="write">Takes a record; it is called by one request at a time.</param>
public sealed class RequestLog(Action<RequestLog.Line> write, bool withContents = false)
{
    private readonly Lock _lock = new();

    public sealed record Line(DateTimeOffset Time, string Client, string Method, string Path, int Status,
        string? Error, double Milliseconds, int? PromptTokens, int? CompletionTokens, int? Calls)
    {
        public IReadOnlyList<string>? Prompts { get; init; }
        public IReadOnlyList<string>? Completions { get; init; }
    }

    public void Add(Line line)
    {
        lock (_lock)
            write(withContents ? line : line with { Prompts = null, Completions = null });
    }
}
