using System.Collections.Concurrent;
using System.Globalization;

namespace Toolformer.Tools;

/// <summary>
/// What the calls of one text or one conversation share: a budget that each call's cost is taken from, and what tools
/// remember from call to call, such as the page that was read last. Thread-safe.
/// </summary>
/// <param name="budget">What all calls together may cost; infinite: as much as they like.</param>
public sealed class ToolSession(double budget = double.PositiveInfinity)
{
    private readonly ConcurrentDictionary<Tool, object> _memory = [];
    private readonly Lock _lock = new();
    private double _spent;

    public double Budget { get; } = budget >= 0 ? budget : throw new ArgumentOutOfRangeException(
        nameof(budget), budget, "The budget of a session is negative; use 0 (no calls) or more.");

    /// <summary>What the calls so far have cost.</summary>
    public double Spent
    {
        get { lock (_lock) return _spent; }
    }

    /// <summary>What is left of the budget.</summary>
    public double Left => Budget - Spent;

    /// <summary>Takes a call's cost from the budget; where that is not left, takes nothing and says why.</summary>
    public string? Charge(double cost)
    {
        lock (_lock)
        {
            if (!(cost <= Budget - _spent))
                return $"it costs {Written(cost)}, and {Written(Budget - _spent)} of {Written(Budget)} is left.";
            _spent += cost;
            return null;
        }
    }

    /// <summary>Begins a new question: what was spent is forgotten, what tools remember is not.</summary>
    public void Refill()
    {
        lock (_lock)
            _spent = 0;
    }

    /// <summary>What a tool remembers; made at its first call.</summary>
    public T Memory<T>(Tool tool, Func<T> make) where T : class => (T)_memory.GetOrAdd(tool, _ => make());

    internal static string Written(double cost) => cost.ToString("0.##", CultureInfo.InvariantCulture);
}
