namespace Toolformer.Tools.Guarding;

/// <summary>
/// A rate limit: calls get their turns in the order in which they ask, a second's worth of them at once. Thread-safe.
/// </summary>
internal sealed class Pace(double perSecond, TimeProvider timer)
{
    private readonly Lock _lock = new();
    private readonly long _start = timer.GetTimestamp();
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(1 / perSecond);
    private readonly int _atOnce = (int)Math.Clamp(perSecond, 1, 1_000_000);

    // When the next turn would be if calls were evenly spaced.
    private TimeSpan _next;

    /// <summary>How long to wait for the turn that is taken; null: longer than the most, and none is taken.</summary>
    public TimeSpan? TakeTurn(TimeSpan most)
    {
        lock (_lock)
        {
            var now = timer.GetElapsedTime(_start);
            var even = _next > now ? _next : now;
            var wait = even - now - (_atOnce - 1) * _interval;
            if (wait > most)
                return null;
            _next = even + _interval;
            return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        }
    }
}
