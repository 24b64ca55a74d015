using System.Runtime.CompilerServices;
using Toolformer.Modeling;
using Toolformer.Tools;

namespace Toolformer.Inference;

/// <summary>
/// A language model that calls tools while it writes (paper, section 2, "Inference", and section 4.2): it writes until
/// the arrow of a call, the tool is run, its result and "]" are put in, and it writes on from the same cache. Inside a
/// call only an allowed tool's name and an input that it takes can be written, and every call is closed.
/// </summary>
/// <remarks>
/// Many prompts share one batch; one that waits for its tool holds up no other. The model is computed on the thread
/// that asks for the next event, and an instance runs one generation at a time, as the model does. Not covered: what a
/// tool's result makes the model write (prompt injection), beyond that it can end or forge no call.
/// </remarks>
public sealed class ToolUsingModel
{
    private readonly ILanguageModel _model;
    private readonly RowSource _source;

    /// <param name="tools">
    /// Empty: the model writes without calls, and " [" is text like any other. That is the paper's baseline; a model
    /// that has tools but may not use them is <see cref="GenerationOptions.StartTopK"/> 0.
    /// </param>
    /// <param name="timer">What calls are timed with; null: the system.</param>
    /// <exception cref="NotSupportedException">" [" is not one token of this model.</exception>
    public ToolUsingModel(ILanguageModel model, Toolbox tools, TimeProvider? timer = null)
        : this(model, new RowSource(model, tools, timer ?? TimeProvider.System)) { }

    private ToolUsingModel(ILanguageModel model, RowSource source) => (_model, _source) = (model, source);

    /// <summary>The same model with other tools; its vocabulary is not read again.</summary>
    public ToolUsingModel With(Toolbox tools) => new(_model, _source.With(tools));

    /// <summary>Writes on after each prompt; the results are in the order of the requests.</summary>
    /// <exception cref="ArgumentException">A request or an option makes no sense.</exception>
    /// <exception cref="KeyNotFoundException">An allowed tool is not in the toolbox.</exception>
    public async Task<IReadOnlyList<GenerationResult>> GenerateAsync(IReadOnlyList<GenerationRequest> requests,
        GenerationOptions options, CancellationToken cancellation = default)
    {
        var results = new GenerationResult[requests.Count];
        await foreach (var (index, result) in GenerateEachAsync(requests, options, cancellation))
            results[index] = result;
        return results;
    }

    /// <summary>The same, each result with the index of its request as soon as it is there.</summary>
    public async IAsyncEnumerable<(int Index, GenerationResult Result)> GenerateEachAsync(
        IReadOnlyList<GenerationRequest> requests, GenerationOptions options,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var (index, happened) in RunAsync(requests, options, cancellation))
        {
            if (happened is GenerationEvent.Finished finished)
                yield return (index, finished.Result);
        }
    }

    /// <summary>
    /// Writes on after one prompt and tells what happens. Ending the enumeration early stops the run.
    /// </summary>
    /// <param name="showCalls">
    /// Whether the text of calls is among the text deltas. Without it a reader sees nothing of a call, not even a part.
    /// </param>
    public async IAsyncEnumerable<GenerationEvent> StreamAsync(GenerationRequest request, GenerationOptions options,
        bool showCalls = true, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var (_, happened) in RunAsync([request], options, cancellation))
        {
            if (showCalls || happened is not GenerationEvent.TextDelta { InCall: true })
                yield return happened;
        }
    }

    private async IAsyncEnumerable<(int Index, GenerationEvent Event)> RunAsync(
        IReadOnlyList<GenerationRequest> requests, GenerationOptions options,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var rules = _source.Rules(options);
        var prompts = requests.Select(_source.Prompt).ToList();
        // Tools still at work when the run ends early are told so.
        using var run = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var rows = new List<(int Index, GenerationRow Row)>();
        using var batch = new RowBatch(_model, new PromptReader(_model));
        try
        {
            for (int started = 0; started < requests.Count || rows.Count > 0;)
            {
                cancellation.ThrowIfCancellationRequested();
                var joining = new List<GenerationRow>();
                for (; started < requests.Count && batch.Count + joining.Count < options.Rows; started++)
                {
                    var row = new GenerationRow(requests[started], prompts[started], rules, run.Token);
                    rows.Add((started, row));
                    if (!row.IsFinished)
                        joining.Add(row);
                }
                if (joining.Count > 0)
                    batch.Join(joining, cancellation);

                bool moved = batch.Step();
                foreach (var (index, row) in rows)
                {
                    row.Fault?.Throw();
                    foreach (var happened in row.TakeEvents())
                        yield return (index, happened);
                }
                rows.RemoveAll(r => r.Row.IsFinished);
                batch.Retire();
                if (options.Reproducible || (!moved && batch.Count > 0))
                    await batch.AnswerAsync(options.Reproducible, cancellation);
            }
        }
        finally
        {
            await run.CancelAsync();
        }
    }
}
