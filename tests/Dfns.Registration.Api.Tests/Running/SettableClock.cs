using Microsoft.Extensions.Time.Testing;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A clock that a test moves on, and whose wall clock somebody may set either way; its timestamps and timers know nothing of that.</summary>
/// <param name="start">UTC.</param>
public sealed class SettableClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    private TimeSpan set;

    /// <summary>Sets the wall clock.</summary>
    /// <param name="by">Forward or back.</param>
    public void Set(TimeSpan by) => set += by;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + set;

    // The base takes them from the wall clock.
    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
