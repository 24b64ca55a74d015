using Toolformer.Inference;
using Toolformer.Tools;

namespace Toolformer.Evaluation;

/// <summary>A model in one mode, such as ("taught", "disabled").</summary>
/// <param name="PredictAsync">
/// Completes the prompts of a task, one prediction per example in their order. The evaluator is done with one arm
/// before it begins the next, so a model can be loaded on the first call.
/// </param>
public sealed record EvalArm(
    string Model, string Mode,
    Func<EvalTask, IReadOnlyList<EvalExample>, CancellationToken, Task<IReadOnlyList<Prediction>>> PredictAsync)
{
    /// <summary>
    /// A model that writes with <paramref name="options"/>; how many tokens it may write and which tools are banned is
    /// the task's business, and each example has its own day.
    /// </summary>
    /// <param name="tools">The names in the model's toolbox; empty: a model without tools.</param>
    /// <param name="clock">What time it is for examples without a day.</param>
    public static EvalArm Of(string model, string mode, ToolUsingModel writer, IReadOnlyCollection<string> tools,
        GenerationOptions options, TimeProvider clock) =>
        new(model, mode, async (task, examples, cancellation) =>
        {
            var allowed = (options.AllowedTools ?? tools).Where(name => !task.BannedTools.Contains(name));
            var requests = examples.Select(e =>
                new GenerationRequest(e.Prompt, e.Date is { } day ? ToolContext.On(day) : new ToolContext(clock)));
            var own = options with
            {
                MaxNewTokens = task.MaxNewTokens,
                MaxCalls = task.MaxCalls ?? options.MaxCalls,
                AllowedTools = [.. allowed],
            };
            // A model without tools stays one, also where the questions bring tools of their own.
            var results = tools.Count == 0 || examples.All(e => e.Tools is null)
                ? await writer.GenerateAsync([.. requests], own, cancellation).ConfigureAwait(false)
                : await EachWithItsTools([.. requests], own).ConfigureAwait(false);
            return [.. results.Select(r => new Prediction(r.Text, r.TextWithoutCalls,
                [.. r.Calls.Select(c => new EvalCall(c.Call.Tool, c.Call.Input, c.Call.Result, c.Error))]))];

            async Task<IReadOnlyList<GenerationResult>> EachWithItsTools(
                IReadOnlyList<GenerationRequest> all, GenerationOptions own)
            {
                var results = new List<GenerationResult>();
                foreach (var (request, example) in all.Zip(examples))
                {
                    var (reader, rules) = example.Tools is { } brought
                        ? (writer.With(new Toolbox(brought)), own with { AllowedTools = null }) : (writer, own);
                    results.AddRange(await reader.GenerateAsync([request], rules, cancellation).ConfigureAwait(false));
                }
                return results;
            }
        });
}
