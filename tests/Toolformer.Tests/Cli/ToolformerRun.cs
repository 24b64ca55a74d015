using System.Text.Json;
using Toolformer.Cli;
using Toolformer.Cli.Displays;

namespace Toolformer.Tests.Cli;

/// <summary>The command line run inside the test: its exit status and what it wrote.</summary>
internal sealed record ToolformerRun(int Status, string Output, string Error)
{
    public static async Task<ToolformerRun> Of(params string[] arguments) => await Of("", arguments);

    public static async Task<ToolformerRun> OfInput(string input, params string[] arguments) =>
        await Of(input, arguments);

    public static async Task<ToolformerRun> Cancelled(params string[] arguments) =>
        await Of("", arguments, new CancellationToken(canceled: true));

    public static async Task<ToolformerRun> Cancellable(CancellationToken cancellation, params string[] arguments) =>
        await Of("", arguments, cancellation);

    /// <summary>The results as JSON, one per line.</summary>
    public JsonElement[] Records =>
        [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    /// <summary>Fails unless the run refused its input with a message of what, where and remedy.</summary>
    public void AssertRefused(params string[] parts)
    {
        Assert.True(Status == CommandLine.BadInput, $"exit status {Status}: {Error}");
        // What it did before may be told first.
        string[] lines = [.. Error.TrimEnd().Split('\n').SkipWhile(line => !line.StartsWith("error: "))];
        Assert.True(lines.Length >= 3, $"not three parts: {Error}");
        Assert.All(parts, part => Assert.Contains(part, Error));
    }

    private static async Task<ToolformerRun> Of(
        string input, string[] arguments, CancellationToken cancellation = default)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var display = new Display(new StringReader(input), output, error, TimeProvider.System)
        {
            // A test that wants a hub names its own.
            Variable = name => name == "HF_HUB_OFFLINE" ? "1" : null,
        };
        return await Of(display, arguments, cancellation);
    }

    /// <summary>With an environment and a clock of the test's own.</summary>
    public static async Task<ToolformerRun> OfEnvironment(
        IReadOnlyDictionary<string, string> variables, TimeProvider clock, params string[] arguments) =>
        await Of(new Display(TextReader.Null, new StringWriter(), new StringWriter(), clock)
        {
            Variable = name => variables.GetValueOrDefault(name),
        }, arguments, default);

    private static async Task<ToolformerRun> Of(Display display, string[] arguments, CancellationToken cancellation)
    {
        int status = await CommandLine.RunAsync(arguments, display, cancellation: cancellation);
        return new ToolformerRun(status, $"{display.Output}", $"{display.Error}");
    }
}
