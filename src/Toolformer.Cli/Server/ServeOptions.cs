using System.CommandLine;
using System.Net;
using Toolformer.Cli.Displays;
using Toolformer.Inference;

namespace Toolformer.Cli.Server;

/// <summary>The options of `toolformer serve`.</summary>
public sealed class ServeOptions
{
    private readonly Option<string> _host = new("--host")
    {
        Description = "Address to listen on; another than this machine's own needs --keys.",
        DefaultValueFactory = _ => "127.0.0.1",
        HelpName = "ADDRESS",
    };
    private readonly Option<int> _port = new("--port")
    {
        Description = "Port to listen on; 0: any that is free.",
        DefaultValueFactory = _ => 8080,
        HelpName = "N",
    };
    private readonly Option<int> _rows = new("--rows")
    {
        Description = "Most texts in the batch at once.",
        DefaultValueFactory = _ => new GenerationQueueOptions().Rows,
        HelpName = "N",
    };
    private readonly Option<int> _waiting = new("--max-waiting")
    {
        Description = "Most texts that wait for a place in it; more are told to come again (429).",
        DefaultValueFactory = _ => new GenerationQueueOptions().MaxWaiting,
        HelpName = "N",
    };
    private readonly Option<int> _cache = new("--prefix-cache")
    {
        Description = "Memory for the beginnings of prompts, in megabytes; 0: none are kept.",
        DefaultValueFactory = _ => (int)(new GenerationQueueOptions().PrefixCacheBytes >> 20),
        HelpName = "MB",
    };
    private readonly Option<int> _deadline = new("--deadline")
    {
        Description = "Longest time of a request, in seconds.",
        DefaultValueFactory = _ => 300,
        HelpName = "S",
    };
    private readonly Option<int> _grace = new("--grace")
    {
        Description = "How long texts that were begun may go on when the server is stopped, in seconds.",
        DefaultValueFactory = _ => 30,
        HelpName = "S",
    };
    private readonly Option<int> _body = new("--max-body")
    {
        Description = "Longest body of a request, in kilobytes.",
        DefaultValueFactory = _ => 4096,
        HelpName = "KB",
    };
    private readonly Option<string> _log = new("--log")
    {
        Description = "JSON Lines file of requests; without it they are noted on stderr.",
        HelpName = "FILE",
    };
    private readonly Option<bool> _contents = new("--log-contents")
    {
        Description = "Notes prompts and texts too (with --log).",
    };

    public Option<bool> Mcp { get; } = new("--mcp")
    {
        Description = "Offers the tools to an MCP client over standard input and output.",
    };

    public Option<string> ModelName { get; } = new("--name")
    {
        Description = "What the model is called in requests; without it the name of its folder.",
        HelpName = "NAME",
    };

    public Option<string> Keys { get; } = new("--keys")
    {
        Description = "File of API keys (their hashes): requests need one of them.",
        HelpName = "FILE",
    };

    public Option<string> CreateKey { get; } = new("--create-key")
    {
        Description = "Makes an API key for somebody, adds it to --keys, and ends.",
        HelpName = "NAME",
    };

    public IEnumerable<Option> All =>
    [
        _host, _port, ModelName, Keys, CreateKey, _rows, _waiting, _cache, _deadline, _grace, _body, _log, _contents,
        Mcp,
    ];

    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public ServerOptions Read(ParseResult arguments, string modelName) => new()
    {
        Address = Address(arguments.GetValue(_host)!),
        Port = Within(arguments, _port, 0, 65535),
        ModelName = modelName,
        Keys = arguments.GetValue(Keys) is { } file ? ApiKeys.Read(file) : null,
        Deadline = TimeSpan.FromSeconds(Within(arguments, _deadline, 1, 86_400)),
        Grace = TimeSpan.FromSeconds(Within(arguments, _grace, 0, 110)),
        MaxBody = 1024L * Within(arguments, _body, 1, 1 << 20),
    };

    public GenerationQueueOptions Queue(ParseResult arguments) => new()
    {
        Rows = Within(arguments, _rows, 1, 4096),
        MaxWaiting = Within(arguments, _waiting, 1, 1_000_000),
        PrefixCacheBytes = (long)Within(arguments, _cache, 0, 1 << 20) << 20,
    };

    /// <summary>The log that the options name, to be disposed after the last request.</summary>
    public OpenedLog OpenLog(ParseResult arguments, Display display) => new(
        arguments.GetValue(_log) is { } file ? new JsonLinesWriter(file) : null, arguments.GetValue(_contents),
        display);

    private static IPAddress Address(string text) => text == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(text, out var address) ? address
        : throw new ArgumentException($"'{text}' is no address.\n  in --host\n  Give 127.0.0.1, ::1, 0.0.0.0 or "
            + "another one of this machine.");

    private static int Within(ParseResult arguments, Option<int> option, int least, int most) =>
        arguments.GetValue(option) is var value && value >= least && value <= most
            ? value
            : throw new ArgumentException($"{option.Name} is {value}.\n  in the arguments\n"
                + $"  Give a number from {least} to {most}.");

    /// <summary>A request log and the file behind it.</summary>
    public sealed class OpenedLog(JsonLinesWriter? file, bool withContents, Display display) : IDisposable
    {
        public RequestLog Log { get; } = new(line =>
        {
            if (file is null)
            {
                display.Note(FormattableString.Invariant($"{line.Time:HH:mm:ss} {line.Client} {line.Method} ")
                    + FormattableString.Invariant($"{line.Path} {line.Status} {line.Milliseconds} ms")
                    + (line.CompletionTokens is { } tokens ? $", {line.PromptTokens} + {tokens} tokens" : "")
                    + (line.Error is { } error ? $", {error}" : ""));
                return;
            }
            file.Write(line);
            file.Flush(toDisk: false);
        }, withContents && file is not null);

        public void Dispose() => file?.Dispose();
    }
}
