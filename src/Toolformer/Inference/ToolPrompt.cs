using System.Text;
using Toolformer.Markup;
using Toolformer.Tools;

namespace Toolformer.Inference;

/// <summary>
/// Teaches the markup by a prompt: what a call is, which tools there are, and their own demonstrations with calls in
/// them, to a model that was never finetuned on any.
/// </summary>
public static class ToolPrompt
{
    private const int Demonstrations = 3;

    /// <summary>The system prompt for a set of tools; empty where there is none.</summary>
    /// <param name="budget">What all calls together may cost.</param>
    public static string Of(Toolbox tools, double budget = double.PositiveInfinity)
    {
        if (tools.Names.Count == 0)
            return "";
        string call = CallSyntax.Print(new ApiCall("Tool", "input", "…")).Trim();
        string begun = $"{CallSyntax.Open}Tool(input){CallSyntax.Arrow}".Trim();
        var text = new StringBuilder("You can call tools in the middle of what you write. A call is written "
            + $"{call}: you write {begun} and stop; a program runs the tool, puts its result in place of the … and "
            + "lets you go on. Never write a result yourself. An input stands in one line and has no square brackets. "
            + "Call a tool wherever it knows better than you: to compute, to look up, to find. The person does not see "
            + "calls, so say in your own words what you found. When you know the answer, write it and end.\n\n"
            + "The tools:\n");
        foreach (var tool in tools.Tools)
        {
            text.Append($"\n{tool.Name}: {tool.Description}\n");
            foreach (string demonstration in tool.Demonstrations.Take(Demonstrations))
                text.Append($"  {WithArrows(demonstration)}\n");
        }
        if (!double.IsPositiveInfinity(budget))
            text.Append($"\nAll calls together may cost {ToolSession.Written(budget)}; keep the cost low.\n");
        return text.ToString();
    }

    /// <summary>The demonstration with "…" where its calls' results are put in.</summary>
    private static string WithArrows(string demonstration)
    {
        var calls = CallSyntax.Find(demonstration);
        int removed = 0;
        var insertions = new List<(int, ApiCall)>();
        foreach (var span in calls)
        {
            insertions.Add((span.Start - removed, span.Call with { Result = "…" }));
            removed += span.End - span.Start;
        }
        return CallSyntax.Splice(CallSyntax.Remove(demonstration, calls), insertions).Text;
    }
}
