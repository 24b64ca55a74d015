using Toolformer.Modeling;
using Toolformer.Tools;

namespace Toolformer.Tests.Fakes;

/// <summary>A tool that answers as a test says.</summary>
internal sealed class FakeTool(
    string name, Func<string, ToolContext, CancellationToken, ValueTask<ToolResult>> answer) : Tool
{
    public FakeTool(string name, Func<string, string> answer)
        : this(name, (input, _, _) => new(ToolResult.Success(answer(input)))) { }

    public override string Name => name;
    public override string Description => "A tool for tests.";
    public override string Instruction => "Write calls.";
    public override IReadOnlyList<string> Demonstrations => [];
    public Func<string?, TokenPattern?> Pattern { get; init; } = _ => null;
    public override TokenPattern? InputPattern(string? text) => Pattern(text);

    public override ValueTask<ToolResult> CallAsync(
        string input, ToolContext context, CancellationToken cancellation) =>
        answer(input, context, cancellation);
}
