using System.Net.Sockets;
using Polly;
using Polly.Retry;

namespace Toolformer.Tools.Guarding;

/// <summary>
/// The state of one tool's limits: who works, who waits, how it has done. Toolboxes that were cut out of one share it.
/// Thread-safe.
/// </summary>
internal sealed class ToolGuard
{
    private const int DefaultRetries = 2;

    private readonly Tool _tool;
    private readonly ToolLimits _limits;
    private readonly TimeProvider _timer;
    private readonly TimeSpan _wait;
    private readonly SemaphoreSlim? _slots;
    private readonly Pace? _pace;
    private readonly Breaker? _breaker;
    private readonly ResiliencePipeline<ToolResult> _retries;

    public ToolGuard(Tool tool, ToolLimits limits, TimeProvider timer, Func<double> dice)
    {
        (_tool, _limits, _timer) = (tool, limits, timer);
        _wait = TimeSpan.FromSeconds(limits.WaitSeconds ?? 60);
        _slots = limits.Concurrency is { } most ? new SemaphoreSlim(most) : null;
        _pace = limits.RatePerMinute is { } rate ? new Pace(rate / 60, timer) : null;
        _breaker = limits.BreakAfter is { } failures
            ? new Breaker(failures, TimeSpan.FromSeconds(limits.BreakSeconds ?? 30), timer)
            : null;
        var pipeline = new ResiliencePipelineBuilder<ToolResult> { TimeProvider = timer };
        int retries = limits.Retries ?? DefaultRetries;
        if (retries > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions<ToolResult>
            {
                ShouldHandle = attempt => new(attempt.Outcome.Result.IsTransient),
                MaxRetryAttempts = retries,
                Delay = TimeSpan.FromMilliseconds(200),
                MaxDelay = TimeSpan.FromSeconds(5),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Randomizer = dice,
            });
        }
        _retries = pipeline.Build();
    }

    /// <summary>Calls the tool within its limits. Nothing is thrown but the caller's cancellation.</summary>
    /// <param name="timeLimit">Where the tool's own limits name none.</param>
    /// <param name="mayRetry">False for a call that changes something: it may have done so before it failed.</param>
    public async Task<(ToolResult Result, CallOutcome Outcome)> CallAsync(
        string input, ToolContext context, TimeSpan timeLimit, bool mayRetry, CancellationToken cancellation)
    {
        if (_breaker?.TryEnter(out var left) == false)
            return (ToolResult.Failure($"{_tool.Name} failed {_limits.BreakAfter} times in a row and rests for "
                + $"{Math.Max(0, left.TotalSeconds):0.#} s more.", isTransient: true), CallOutcome.Resting);
        bool? failed = null;
        try
        {
            if (!await TakeTurnAsync(cancellation))
                return (ToolResult.Failure($"{_tool.Name} has too many calls: this one would have waited longer than "
                    + $"{_wait.TotalSeconds:0.###} s.", isTransient: true), CallOutcome.Crowded);
            if (_limits.TimeLimit is { } seconds)
                timeLimit = TimeSpan.FromSeconds(seconds);
            var (result, outcome) = await WorkAsync(input, context, timeLimit, mayRetry, cancellation);
            failed = result.IsTransient;
            return (result, outcome);
        }
        finally
        {
            _breaker?.Leave(failed);
        }
    }

    private async Task<bool> TakeTurnAsync(CancellationToken cancellation)
    {
        long began = _timer.GetTimestamp();
        if (_slots is not null && !_slots.Wait(0, CancellationToken.None))
        {
            using var patience = new CancellationTokenSource(_wait, _timer);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
            try
            {
                await _slots.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return false;
            }
        }
        try
        {
            var left = _wait - _timer.GetElapsedTime(began);
            var wait = _pace is null ? TimeSpan.Zero : _pace.TakeTurn(left);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait.Value, _timer, cancellation);
            if (wait is null)
                _slots?.Release();
            return wait is not null;
        }
        catch (OperationCanceledException)
        {
            _slots?.Release();
            throw;
        }
    }

    private async Task<(ToolResult, CallOutcome)> WorkAsync(
        string input, ToolContext context, TimeSpan timeLimit, bool mayRetry, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(timeLimit, _timer);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var token = either.Token;
        int attempts = 0;
        // On a thread of its own, so that a tool that blocks can be left behind.
        var work = Task.Run(async () => mayRetry
            ? await _retries.ExecuteAsync(Attempt, token)
            : await Attempt(token), CancellationToken.None);
        // The place of a call that was given up is free only when its work has ended: else there would be more at
        // work than allowed. Its late exception is of no more use; unobserved it would be reported as a fault.
        _ = work.ContinueWith(ended => (ended.Exception, _slots?.Release()), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            var result = await work.WaitAsync(token);
            if (result is { IsTransient: true, Error: { } error } && attempts > 1)
                result = ToolResult.Failure($"{error} (tried {attempts} times)", isTransient: true);
            return (result, result.IsError ? CallOutcome.Failed : CallOutcome.Answered);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (OperationCanceledException)
        {
            return (ToolResult.Failure($"{_tool.Name} did not answer within {timeLimit.TotalSeconds:0.###} s and was "
                + "given up: raise the time limit or see what keeps it.", isTransient: true), CallOutcome.TimedOut);
        }

        async ValueTask<ToolResult> Attempt(CancellationToken stop)
        {
            attempts++;
            try
            {
                return await _tool.CallAsync(input, context, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception e)
            {
                return ToolResult.Failure($"{_tool.Name} threw {e.GetType().Name}: {e.Message}", MayPass(e));
            }
        }
    }

    // The network's and the peer's faults. A missing file stays missing.
    private static bool MayPass(Exception e) => e is HttpRequestException or SocketException or TimeoutException
        || e.GetType() == typeof(IOException);
}
