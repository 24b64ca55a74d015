using Toolformer.Markup;

namespace Toolformer.Tools;

/// <summary>
/// Shows the human a text: what is meant for people goes to the context's display (<see cref="ToolContext.Display"/>),
/// and the model gets no more back than that it was shown.
/// </summary>
public sealed class Show : Tool
{
    /// <summary>The longest text that is shown, in UTF-16 units.</summary>
    private const int MaxLength = 4000;

    public override string Name => nameof(Show);

    public override string Description =>
        "Shows its input to the person at the screen, who sees nothing else of calls.";

    public override string Instruction =>
        "Your task is to put calls to a Show API into a text, each where the person at the screen should see "
        + "something at once. You can call the API by writing \"[Show(text)]\".";

    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "The meeting has been moved. [Show(The meeting now begins at 15:00, in room 4.)] The person has been told.",
        "Two trains would do. [Show(The next trains leave at 8:12 and 8:40.)] Both times are on the screen now.",
    ];

    /// <summary>No text becomes likelier by what is shown.</summary>
    public override bool IsWorthAnnotating(Document document) => false;

    /// <summary>Shown again each time.</summary>
    public override string? ContextKey(ToolContext context) => null;

    public override double CostOf(string input) => 0;

    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        string text = CallSyntax.Neutralise(input, MaxLength);
        if (text.Length == 0)
            return new(ToolResult.Failure("There is nothing to show: write the text between the parentheses."));
        if (context.Display is not { } display)
            return new(ToolResult.Failure("Nobody is at the screen: write what you have to say into the text."));
        display(text);
        return new(ToolResult.Success("shown"));
    }
}
