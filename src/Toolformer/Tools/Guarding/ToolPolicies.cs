namespace Toolformer.Tools.Guarding;

/// <summary>What a toolbox does around its tools' calls, beside the limits that hold for all of them.</summary>
public sealed record ToolPolicies
{
    /// <summary>Limits of single tools, by name.</summary>
    public IReadOnlyDictionary<string, ToolLimits> Limits { get; init; } = new Dictionary<string, ToolLimits>();

    /// <summary>
    /// Whether a call that changes something may go ahead (<see cref="Tool.ChangesSomething"/>); null: none may.
    /// </summary>
    public Func<ApprovalRequest, CancellationToken, ValueTask<bool>>? Approve { get; init; }

    /// <summary>Where answers are kept that may be given again; null: nowhere.</summary>
    public ResultCache? Cache { get; init; }

    /// <summary>Where every call is noted; null: nowhere.</summary>
    public AuditLog? Audit { get; init; }

    /// <summary>Draws how long the pauses between attempts are, so that many clients do not retry in step.</summary>
    public Random Jitter { get; init; } = new(0);

    internal double Draw()
    {
        lock (Jitter)
            return Jitter.NextDouble();
    }

    internal ToolLimits LimitsOf(Tool tool) => Limits.GetValueOrDefault(tool.Name) ?? new ToolLimits();
}

/// <summary>A call that would change something, before it is made.</summary>
/// <param name="Input">As the tool would read it; it was written by a model.</param>
public sealed record ApprovalRequest(Tool Tool, string Input);
