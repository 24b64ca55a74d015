using System.Collections.Concurrent;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools.Guarding;

namespace Toolformer.Tools;

/// <summary>
/// A set of tools, called by name. Whatever a tool does (throws, hangs, answers a megabyte or a bracket), a call ends
/// within its limits with a short result that can stand in a text, or with a reason. Thread-safe.
/// </summary>
/// <remarks>
/// A tool runs inside this process, unguarded: one that never looks at its cancellation token is abandoned, but its
/// thread runs on, and nothing protects from a stack overflow or from what a tool may do outside.
/// </remarks>
public sealed class Toolbox
{
    private readonly Dictionary<string, Tool> _tools;
    private readonly TimeProvider _timer;
    private readonly ITokenizer? _tokenizer;

    // Shared with the toolboxes that are cut out of this one: a rate limit is one however the tool is reached.
    private readonly ConcurrentDictionary<Tool, ToolGuard> _guards;

    /// <param name="timer">What measures time and limits; null: the system. Not the clock that tools see.</param>
    /// <exception cref="ArgumentException">Two tools share a name, or a name can't be written in a call.</exception>
    public Toolbox(IEnumerable<Tool> tools, TimeProvider? timer = null)
        : this(tools, timer ?? TimeProvider.System, null, [])
    {
    }

    private Toolbox(IEnumerable<Tool> tools, TimeProvider timer, ITokenizer? tokenizer,
        ConcurrentDictionary<Tool, ToolGuard> guards)
    {
        (_timer, _tokenizer, _guards) = (timer, tokenizer, guards);
        _tools = new(StringComparer.Ordinal);
        foreach (var tool in tools)
        {
            if (!CallSyntax.IsName(tool.Name))
                throw new ArgumentException($"The tool {tool.GetType()} is named '{tool.Name}', which can't be "
                    + "written in a call: use letters, digits and underscores, a letter first.", nameof(tools));
            if (!_tools.TryAdd(tool.Name, tool))
                throw new ArgumentException($"The tools {_tools[tool.Name].GetType()} and {tool.GetType()} are both "
                    + $"named '{tool.Name}': rename one or leave it out.", nameof(tools));
        }
        Names = _tools.Keys.ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>
    /// The longest time that a call may work, retries included; infinite with <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest result, in UTF-16 units; what is longer is cut.</summary>
    public int MaxResultLength { get; init; } = CallSyntax.MaxResultLength;

    /// <summary>The longest result in tokens, where the model that reads it is known (<see cref="For"/>).</summary>
    public int MaxResultTokens { get; init; } = 256;

    /// <summary>What happens around calls: limits of single tools, approval, cache, audit log.</summary>
    public ToolPolicies Policies { get; init; } = new();

    public IReadOnlySet<string> Names { get; }

    /// <summary>The tools in order of their names.</summary>
    public IReadOnlyList<Tool> Tools => [.. _tools.Values.OrderBy(t => t.Name, StringComparer.Ordinal)];

    /// <exception cref="KeyNotFoundException">There is no such tool; the message lists those there are.</exception>
    public Tool this[string name] =>
        Find(name) ?? throw new KeyNotFoundException(Spelling.Unknown("tool", name, Names));

    public Tool? Find(string name) => _tools.GetValueOrDefault(name);

    /// <summary>A toolbox with the same limits and only these tools.</summary>
    /// <exception cref="KeyNotFoundException">A name is not among the tools.</exception>
    public Toolbox Only(IEnumerable<string> names) =>
        Copy(names.Distinct(StringComparer.Ordinal).Select(n => this[n]), _tokenizer, _guards, Policies);

    /// <summary>The same toolbox for a model: results are cut to a number of its tokens too.</summary>
    public Toolbox For(ITokenizer tokenizer) => Copy(_tools.Values, tokenizer, _guards, Policies);

    /// <summary>The same tools under other policies; limits are counted from the beginning.</summary>
    public Toolbox Under(ToolPolicies policies) => Copy(_tools.Values, _tokenizer, [], policies);

    private Toolbox Copy(IEnumerable<Tool> tools, ITokenizer? tokenizer,
        ConcurrentDictionary<Tool, ToolGuard> guards, ToolPolicies policies) =>
        new(tools, _timer, tokenizer, guards)
        {
            TimeLimit = TimeLimit,
            MaxResultLength = MaxResultLength,
            MaxResultTokens = MaxResultTokens,
            Policies = policies,
        };

    /// <summary>Executes a call: the input as <see cref="CallSyntax.NormaliseInput"/> reads it.</summary>
    public ValueTask<ToolResult> CallAsync(
        ApiCall call, ToolContext context, CancellationToken cancellation = default) =>
        CallAsync(call.Tool, call.Input, context, cancellation);

    /// <summary>
    /// Executes a call. The result is short and neutral (<see cref="CallSyntax.Neutralise"/>) and never empty: a tool
    /// that has nothing to say has failed. Failures carry a reason of one line.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller cancelled; nothing else is thrown.</exception>
    public async ValueTask<ToolResult> CallAsync(
        string name, string input, ToolContext context, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        input = CallSyntax.NormaliseInput(input);
        var tool = Find(name);
        long started = _timer.GetTimestamp();
        var (result, outcome) = (default(ToolResult), CallOutcome.Cancelled);
        try
        {
            (result, outcome) = tool is not null
                ? await AnswerAsync(tool, input, context, cancellation)
                : (Failure(Spelling.Unknown("tool", name, Names)), CallOutcome.Unknown);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            (result, outcome) = (Failure($"{name} threw {e.GetType().Name}: {e.Message}"), CallOutcome.Failed);
        }
        finally
        {
            if (await NoteAsync(name, tool, input, outcome, started) is { } fault)
                result = Failure($"{name} was called, but that could not be noted: {fault}");
        }
        return result;
    }

    private async Task<(ToolResult, CallOutcome)> AnswerAsync(
        Tool tool, string input, ToolContext context, CancellationToken cancellation)
    {
        var limits = Policies.LimitsOf(tool);
        bool changes = tool.ChangesSomething(input);
        if (changes && Policies.Approve is not { } approve)
            return (Failure($"{tool.Name} would change something, and nobody is there to approve it."),
                CallOutcome.Refused);
        if (changes && !await Policies.Approve!(new ApprovalRequest(tool, input), cancellation))
            return (Failure($"{tool.Name} would change something, and that was not approved."), CallOutcome.Refused);

        if (context.Session is { } session && session.Charge(tool.CostOf(input)) is { } refusal)
            return (Failure($"{tool.Name} was not called: {refusal}"), CallOutcome.Refused);

        string? circumstances = tool.ContextKey(context);
        var cache = changes || circumstances is null || limits.CacheSeconds == 0 ? null : Policies.Cache;
        string? key = cache is null ? null : ResultCache.KeyOf(tool, circumstances!, input);
        var maxAge = limits.CacheSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
        if (cache?.Find(key!, maxAge) is { } kept && Settle(tool, limits, ToolResult.Success(kept)) is
            { IsError: false } known)
            return (known, CallOutcome.Cached);

        var guard = _guards.GetOrAdd(tool, t => new ToolGuard(t, limits, _timer, Policies.Draw));
        var (result, outcome) = await guard.CallAsync(input, context, TimeLimit, mayRetry: !changes, cancellation);
        var settled = Settle(tool, limits, result);
        if (settled.IsError)
            return (settled, outcome == CallOutcome.Answered ? CallOutcome.Failed : outcome);
        cache?.Keep(key!, CallSyntax.Neutralise(result.Text!, ResultCache.MaxText));
        return (settled, outcome);
    }

    private ToolResult Settle(Tool tool, ToolLimits limits, ToolResult result)
    {
        if (result.Error is { } error)
            return Failure(error, result.IsTransient);
        string text = CallSyntax.Neutralise(result.Text ?? "", limits.MaxResultLength ?? MaxResultLength);
        if (_tokenizer is not null)
            text = CallTokens.Shorten(text, _tokenizer, limits.MaxResultTokens ?? MaxResultTokens);
        return text.Length > 0 ? ToolResult.Success(text) : Failure($"{tool.Name} answered with nothing.");
    }

    private ToolResult Failure(string reason, bool isTransient = false) => ToolResult.Failure(
        CallSyntax.Neutralise(reason, Math.Max(MaxResultLength, CallSyntax.MaxResultLength)), isTransient);

    /// <summary>Notes a call in the audit log; returns why that was not possible.</summary>
    private async Task<string?> NoteAsync(string name, Tool? tool, string input, CallOutcome outcome, long started)
    {
        try
        {
            if (Policies.Audit is { } audit)
                await audit.WriteAsync(name, tool?.Version, input, outcome, _timer.GetElapsedTime(started));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}
