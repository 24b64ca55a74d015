using Toolformer.Modeling;
using Toolformer.Tools;

namespace Toolformer.Tests.Fakes;

/// <summary>A tool that does whatever a test wants it to do.</summary>
/// <remarks>It asks for its answer, so the catalogue, which has none to give, does not list it.</remarks>
public sealed class FakeTool(
    string name, Func<string, ToolContext, CancellationToken, ValueTask<ToolResult>> answer) : Tool
{
    public FakeTool(string name, Func<string, CancellationToken, ValueTask<ToolResult>> answer)
        : this(name, (input, _, cancellation) => answer(input, cancellation)) { }

    public FakeTool(string name, Func<string, string> answer)
        : this(name, (input, _, _) => new(ToolResult.Success(answer(input)))) { }

    public FakeTool(string name, string answer)
        : this(name, (_, _, _) => new(ToolResult.Success(answer))) { }

    public Func<string?, TokenPattern?> Pattern { get; init; } = _ => null;

    public Func<string, bool> Changes { get; init; } = _ => false;
    public string OwnVersion { get; init; } = "1";

    public override string Name => name;
    public override string Version => OwnVersion;
    public override string Description => $"Does what a test wants {name} to do.";
    public override string Instruction => $"You can call the API by writing \"[{name}(input)]\".";
    public override IReadOnlyList<string> Demonstrations { get; } = [$"One and [{name}(one)] one."];

    public override TokenPattern? InputPattern(string? text) => Pattern(text);

    public override bool ChangesSomething(string input) => Changes(input);

    public override ValueTask<ToolResult> CallAsync(
        string input, ToolContext context, CancellationToken cancellation) =>
        answer(input, context, cancellation);
}
