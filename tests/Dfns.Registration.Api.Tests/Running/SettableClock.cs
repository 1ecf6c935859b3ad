using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A clock that a test moves on, and whose wall clock somebody may set either way; its timestamps and timers know nothing of that.</summary>
/// <param name="start">UTC.</param>
public sealed class SettableClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    private readonly ConcurrentDictionary<TimeSpan, int> waits = [];
    private TimeSpan set;

    /// <summary>Sets the wall clock.</summary>
    /// <param name="by">Forward or back.</param>
    public void Set(TimeSpan by) => set += by;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + set;

    /// <summary>How often somebody has set out to wait for so long: who is to be woken has done so.</summary>
    public int WaitsOf(TimeSpan time) => waits.GetValueOrDefault(time);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        waits.AddOrUpdate(dueTime, 1, (_, times) => times + 1);
        return timer;
    }

    // The base takes them from the wall clock.
    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
