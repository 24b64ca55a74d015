using Toolformer.Markup;

namespace Toolformer.Tools;

/// <summary>
/// A set of tools, called by name. Whatever a tool does (throws, hangs, answers a megabyte or a bracket), a call ends
/// within the time limit with a short result that can stand in a text, or with a reason. Thread-safe.
/// </summary>
/// <remarks>
/// A tool runs inside this process, unguarded: one that never looks at its cancellation token is abandoned, but its
/// thread runs on, and nothing protects from a stack overflow or from what a tool may do outside.
/// </remarks>
public sealed class Toolbox
{
    private readonly Dictionary<string, Tool> _tools;
    private readonly TimeProvider _timer;

    /// <param name="timer">What measures the time limit; null: the system. Not the clock that tools see.</param>
    /// <exception cref="ArgumentException">Two tools share a name, or a name can't be written in a call.</exception>
    public Toolbox(IEnumerable<Tool> tools, TimeProvider? timer = null)
    {
        _timer = timer ?? TimeProvider.System;
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

    /// <summary>The longest time that a call may take; infinite with <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest result, in UTF-16 units; what is longer is cut.</summary>
    public int MaxResultLength { get; init; } = CallSyntax.MaxResultLength;

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
        new(names.Distinct(StringComparer.Ordinal).Select(n => this[n]), _timer)
        {
            TimeLimit = TimeLimit,
            MaxResultLength = MaxResultLength,
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
        if (Find(name) is not { } tool)
            return Failure(Spelling.Unknown("tool", name, Names));
        using var limit = new CancellationTokenSource(TimeLimit, _timer);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var token = either.Token;
        // On a thread of its own, so that a tool that blocks can be left behind.
        var work = Task.Run(
            async () => await tool.CallAsync(CallSyntax.NormaliseInput(input), context, token), CancellationToken.None);
        try
        {
            return Settle(tool, await work.WaitAsync(token));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Abandon(work);
            throw new OperationCanceledException(cancellation);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            Abandon(work);
            return Failure($"{name} did not answer within {TimeLimit.TotalSeconds:0.###} s and was given up: raise the "
                + "time limit or see what keeps it.");
        }
        catch (Exception e)
        {
            return Failure($"{name} threw {e.GetType().Name}: {e.Message}");
        }
    }

    private ToolResult Settle(Tool tool, ToolResult result)
    {
        if (result.Error is { } error)
            return Failure(error);
        string text = CallSyntax.Neutralise(result.Text ?? "", MaxResultLength);
        return text.Length > 0 ? ToolResult.Success(text) : Failure($"{tool.Name} answered with nothing.");
    }

    private ToolResult Failure(string reason) =>
        ToolResult.Failure(CallSyntax.Neutralise(reason, Math.Max(MaxResultLength, CallSyntax.MaxResultLength)));

    // A late exception of a call that was given up is of no more use; unobserved it would be reported as a fault.
    private static void Abandon(Task work) => work.ContinueWith(
        static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
