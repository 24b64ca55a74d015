using Toolformer.Tools;

namespace Toolformer.Tests.Fakes;

/// <summary>A tool that does whatever a test wants it to do.</summary>
/// <remarks>It asks for its answer, so the catalogue, which has none to give, does not list it.</remarks>
public sealed class FakeTool(string name, Func<string, CancellationToken, ValueTask<ToolResult>> answer) : Tool
{
    public FakeTool(string name, string answer)
        : this(name, (_, _) => new(ToolResult.Success(answer)))
    {
    }

    public override string Name => name;
    public override string Description => $"Does what a test wants {name} to do.";
    public override string Instruction => $"You can call the API by writing \"[{name}(input)]\".";
    public override IReadOnlyList<string> Demonstrations { get; } = [$"One and [{name}(one)] one."];

    public override ValueTask<ToolResult> CallAsync(
        string input, ToolContext context, CancellationToken cancellation) =>
        answer(input, cancellation);
}
