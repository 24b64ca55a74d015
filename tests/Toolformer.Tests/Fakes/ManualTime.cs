namespace Toolformer.Tests.Fakes;

/// <summary>Time that passes only when a test says so. Timers fire once.</summary>
public sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private readonly List<Alarm> _alarms = [];
    private DateTimeOffset _now = start;

    public ManualTime()
        : this(new(2017, 3, 9, 12, 0, 0, TimeSpan.Zero))
    {
    }

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, () => callback(state));
        alarm.Change(dueTime, period);
        lock (_alarms)
            _alarms.Add(alarm);
        return alarm;
    }

    public void Advance(TimeSpan by)
    {
        Alarm[] due;
        lock (_alarms)
        {
            _now += by;
            due = [.. _alarms.Where(a => a.Due <= _now)];
            _alarms.RemoveAll(due.Contains);
        }
        foreach (var alarm in due)
            alarm.Ring();
    }

    private sealed class Alarm(ManualTime time, Action ring) : ITimer
    {
        public DateTimeOffset? Due { get; private set; }

        public Action Ring => ring;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime == Timeout.InfiniteTimeSpan ? null : time._now + dueTime;
            return true;
        }

        public void Dispose()
        {
            lock (time._alarms)
                time._alarms.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
