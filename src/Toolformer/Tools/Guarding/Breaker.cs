namespace Toolformer.Tools.Guarding;

/// <summary>
/// A circuit breaker: after failures in a row no call is let through for a while, then one to try; its outcome decides.
/// Thread-safe.
/// </summary>
internal sealed class Breaker(int breakAfter, TimeSpan breakFor, TimeProvider timer)
{
    private readonly Lock _lock = new();
    private int _failures;
    private long _opened;
    private bool _isTried;

    /// <summary>Whether a call may go ahead; <see cref="Leave"/> follows.</summary>
    /// <param name="left">How much longer it rests.</param>
    public bool TryEnter(out TimeSpan left)
    {
        lock (_lock)
        {
            left = TimeSpan.Zero;
            if (_failures < breakAfter)
                return true;
            left = breakFor - timer.GetElapsedTime(_opened);
            if (left > TimeSpan.Zero || _isTried)
                return false;
            return _isTried = true;
        }
    }

    /// <param name="failed">Null: the call says nothing about the tool.</param>
    public void Leave(bool? failed)
    {
        lock (_lock)
        {
            _isTried = false;
            if (failed is null)
                return;
            _failures = failed.Value ? Math.Min(_failures + 1, breakAfter) : 0;
            if (_failures == breakAfter)
                _opened = timer.GetTimestamp();
        }
    }
}
