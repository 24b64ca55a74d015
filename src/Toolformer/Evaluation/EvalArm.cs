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
    /// <summary>k of the decoding rule; 0: calls are disabled, null: the model has no tools.</summary>
    public int? StartTopK { get; init; }

    /// <summary>
    /// All that its predictions depend on but task and examples: hashes of the model, options, tools with their
    /// versions. Null: they are not kept in a cache.
    /// </summary>
    public string? Identity { get; init; }

    /// <summary>The names of the tasks that it is measured on; null: all.</summary>
    public IReadOnlySet<string>? Tasks { get; init; }

    internal bool Measures(EvalTask task) => Tasks?.Contains(task.Name) ?? true;

    /// <summary>
    /// A model that writes with <paramref name="options"/>; how many tokens it may write and which tools are banned is
    /// the task's business, and each example has its own day.
    /// </summary>
    /// <param name="tools">The names in the model's toolbox; empty: a model without tools.</param>
    /// <param name="clock">What time it is for examples without a day, and what predictions are timed with.</param>
    /// <param name="finished">Hears of each prediction as soon as it is made.</param>
    public static EvalArm Of(string model, string mode, ToolUsingModel writer, IReadOnlyCollection<string> tools,
        GenerationOptions options, TimeProvider clock, Action? finished = null) =>
        new(model, mode, async (task, examples, cancellation) =>
        {
            var allowed = (options.AllowedTools ?? tools).Where(name => !task.BannedTools.Contains(name));
            var requests = examples.Select(e => new GenerationRequest(
                e.Prompt, e.Date is { } day ? ToolContext.On(day) : new ToolContext(clock))).ToList();
            var own = options with
            {
                Reproducible = true,
                MaxNewTokens = task.MaxNewTokens,
                MaxCalls = task.MaxCalls ?? options.MaxCalls,
                AllowedTools = [.. allowed],
            };
            long began = clock.GetTimestamp();
            var results = new GenerationResult[examples.Count];
            // A model without tools stays one, also where the questions bring tools of their own.
            int[] shared = [.. Enumerable.Range(0, examples.Count)
                .Where(i => tools.Count == 0 || examples[i].Tools is null)];
            await WriteAsync(writer, shared, own).ConfigureAwait(false);
            foreach (int i in Enumerable.Range(0, examples.Count).Except(shared))
                await WriteAsync(writer.With(new Toolbox(examples[i].Tools!)), [i], own with { AllowedTools = null })
                    .ConfigureAwait(false);

            double milliseconds = clock.GetElapsedTime(began).TotalMilliseconds / examples.Count;
            return [.. results.Select(r => new Prediction(r.Text, r.TextWithoutCalls,
                [.. r.Calls.Select(c => new EvalCall(c.Call.Tool, c.Call.Input, c.Call.Result, c.Error))])
            {
                Tokens = r.PromptTokens.Count + r.TokenIds.Count,
                Milliseconds = Math.Round(milliseconds, 3),
            })];

            async Task WriteAsync(ToolUsingModel reader, int[] which, GenerationOptions rules)
            {
                var texts = reader.GenerateEachAsync([.. which.Select(i => requests[i])], rules, cancellation);
                await foreach (var (index, result) in texts.ConfigureAwait(false))
                {
                    results[which[index]] = result;
                    finished?.Invoke();
                }
            }
        })
        {
            StartTopK = tools.Count == 0 ? null : options.StartTopK,
        };
}
