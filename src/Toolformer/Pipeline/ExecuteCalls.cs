using Toolformer.Markup;
using Toolformer.Tools;

namespace Toolformer.Pipeline;

/// <summary>
/// Step 2 of the paper (section 2, "Executing API calls"): every sampled call is executed, its result is one text.
/// </summary>
/// <remarks>
/// Calls run concurrently. Those of the same tool with the same input, and with the same of what else the tool's answer
/// depends on (<see cref="Tool.ContextKey"/>: for the calendar, the document's day), are executed once. A failure is
/// recorded as such; the call is then not scored (the paper's calculator "returns no result").
/// </remarks>
public sealed class ExecuteCalls(
    Toolbox toolbox, IEnumerable<TaughtTool> tools, TimeProvider clock, int concurrency = 8)
{
    private readonly Dictionary<string, Tool> _tools = tools.ToDictionary(t => t.Name, t => t.Tool);
    private readonly Dictionary<(string Tool, string Input, string Key), Answer> _answers = [];

    private sealed record Answer(ToolResult Result, double Milliseconds);

    /// <summary>Executes the calls of some documents; one record per call, in their order.</summary>
    public async Task<List<ExecutedCall>> ExecuteAsync(
        IEnumerable<(Document Document, IReadOnlyList<SampledCall> Calls)> documents, CancellationToken cancellation)
    {
        var calls = documents.SelectMany(d => d.Calls.Select(c => (Call: c, Key: KeyOf(d.Document, c), d.Document)))
            .ToList();
        var missing = calls.DistinctBy(c => c.Key).Where(c => !_answers.ContainsKey(c.Key)).ToList();
        var answers = new Answer[missing.Count];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellation };
        await Parallel.ForAsync(0, missing.Count, limits, async (i, stop) =>
        {
            long start = clock.GetTimestamp();
            var call = new ApiCall(missing[i].Call.Tool, missing[i].Call.Input);
            var result = await toolbox.CallAsync(call, Context(missing[i].Document), stop).ConfigureAwait(false);
            answers[i] = new Answer(result, Math.Round(clock.GetElapsedTime(start).TotalMilliseconds, 3));
        }).ConfigureAwait(false);
        for (int i = 0; i < missing.Count; i++)
            _answers[missing[i].Key] = answers[i];
        return [.. calls.Select(c => Executed(c.Call, _answers[c.Key]))];
    }

    /// <summary>Takes over what an earlier start has executed, so that it is not executed again.</summary>
    internal void Remember(Document document, IEnumerable<ExecutedCall> calls)
    {
        foreach (var call in calls)
        {
            var result = call.Error is { } error ? ToolResult.Failure(error) : ToolResult.Success(call.Result ?? "");
            _answers.TryAdd(KeyOf(document, call), new Answer(result, call.Milliseconds));
        }
    }

    private static ExecutedCall Executed(SampledCall call, Answer answer) => new(call)
    {
        Result = answer.Result.Text,
        Error = answer.Result.Error,
        Milliseconds = answer.Milliseconds,
    };

    private ToolContext Context(Document document) => new(clock) { Document = document };

    private (string, string, string) KeyOf(Document document, SampledCall call) => (call.Tool, call.Input,
        _tools.TryGetValue(call.Tool, out var tool) ? tool.ContextKey(Context(document)) ?? document.Id : "");
}
