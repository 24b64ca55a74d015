using Toolformer.Tools.Guarding;

namespace Toolformer.Tools;

/// <summary>Tools that were opened, with their limits and what they stand on, which goes with them.</summary>
/// <param name="limits">What an entry of a tools file says of a tool, by name; none: the toolbox's own.</param>
/// <param name="owned">Disposed with the set, in this order.</param>
public sealed class ToolSet(
    IReadOnlyList<Tool> tools, IReadOnlyDictionary<string, ToolLimits> limits, IReadOnlyList<object> owned)
    : IAsyncDisposable
{
    public IReadOnlyDictionary<string, ToolLimits> Limits => limits;

    /// <summary>The tools, callable by name.</summary>
    public Toolbox Toolbox { get; private init; } =
        new(tools) { Policies = new ToolPolicies { Limits = limits } };

    /// <summary>The same set, which it takes over, with only these tools; null: all of them.</summary>
    /// <exception cref="KeyNotFoundException">A name is not among the tools.</exception>
    public ToolSet Only(IEnumerable<string>? names) =>
        names is null ? this : new ToolSet(tools, limits, owned) { Toolbox = Toolbox.Only(names) };

    /// <summary>The same set, which it takes over, with more to dispose.</summary>
    public ToolSet With(IEnumerable<object> more) =>
        new(tools, limits, [.. owned, .. more]) { Toolbox = Toolbox };

    public async ValueTask DisposeAsync()
    {
        foreach (object resource in owned)
        {
            if (resource is IAsyncDisposable later)
                await later.DisposeAsync();
            else if (resource is IDisposable now)
                now.Dispose();
        }
    }
}
