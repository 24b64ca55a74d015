using System.Collections.Concurrent;

namespace Toolformer.Tests.Fakes;

/// <summary>
/// Time in which nobody waits: what is due later comes at once, and how long it would have taken is kept. Timers of one
/// length, those that watch for silence, ring only where the test wants them to.
/// </summary>
internal sealed class SkippingTime(TimeSpan? watch = null) : TimeProvider
{
    private readonly TimeSpan _watch = watch ?? TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Alarm, byte> _watches = [];

    /// <summary>What was waited for, in seconds.</summary>
    public ConcurrentQueue<double> Waits { get; } = [];

    public override DateTimeOffset GetUtcNow() => new(2024, 3, 9, 12, 0, 0, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>The time is over for all who are watching for silence.</summary>
    public void RingWatches()
    {
        foreach (var alarm in _watches.Keys)
            alarm.Ring();
    }

    private sealed class Alarm(SkippingTime time, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time._watches.TryRemove(this, out _);
            if (dueTime == time._watch)
                time._watches.TryAdd(this, 0);
            else if (dueTime != Timeout.InfiniteTimeSpan)
            {
                time.Waits.Enqueue(dueTime.TotalSeconds);
                Ring();
            }
            return true;
        }

        public void Ring() => ThreadPool.QueueUserWorkItem(_ =>
        {
            if (!_isDisposed)
                callback(state);
        });

        public void Dispose()
        {
            _isDisposed = true;
            time._watches.TryRemove(this, out _);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
