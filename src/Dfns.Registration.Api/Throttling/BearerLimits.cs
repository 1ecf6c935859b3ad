using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.RateLimiting;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Throttling;

/// <summary>
/// How often calls with bearer tokens may be made. A token whose signature was verified counts against itself, whatever has become of it since;
/// anything else against the address and its /48. An address that has none left still has its good tokens verified: somebody else behind it
/// keeps nobody out.
/// </summary>
internal sealed class BearerLimits(IOptions<RateLimitOptions> options, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<HttpContext> strange = PartitionedRateLimiter.CreateChained(
        PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetSlidingWindowLimiter(context.Request.RemoteNetwork(), _ => RateLimits.Window(options.Value.PermitsPerMinute))),
        PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetSlidingWindowLimiter(context.Request.WideRemoteNetwork(), _ => RateLimits.Window(RateLimits.WideFactor * options.Value.PermitsPerMinute))));

    private readonly Lock turn = new();
    private volatile Counts current = new(clock.GetTimestamp());

    /// <summary>Counts a call with a token of ours.</summary>
    /// <param name="tokenId">The id of the row that it names.</param>
    /// <exception cref="TooManyCallsException">There were as many as may be; this one goes no further.</exception>
    public void TakeOf(string tokenId)
    {
        // A limiter for each token, of which there are as many as ceremonies and sessions, would cost a part of a core to wind on.
        var now = clock.GetTimestamp();
        var counts = current;
        if (IsOver(counts, now))
        {
            lock (turn)
            {
                if (IsOver(current, now)) current = new Counts(now);
                counts = current;
            }
        }

        if (Interlocked.Increment(ref counts.Calls.GetOrAdd(tokenId, static _ => new StrongBox<int>()).Value) > options.Value.CallsPerMinute)
        {
            throw new TooManyCallsException(Length - clock.GetElapsedTime(counts.BeganAt, now));
        }
    }

    /// <summary>Counts a call without a token, or with one that is none of ours.</summary>
    /// <exception cref="TooManyCallsException">There were as many as may be.</exception>
    public void TakeOfStranger(HttpContext http)
    {
        using var lease = strange.AttemptAcquire(http);
        if (!lease.IsAcquired) throw new TooManyCallsException(RateLimits.Segment);
    }

    public void Dispose() => strange.Dispose();

    private bool IsOver(Counts counts, long now) => clock.GetElapsedTime(counts.BeganAt, now) >= Length;

    private sealed record Counts(long BeganAt)
    {
        public ConcurrentDictionary<string, StrongBox<int>> Calls { get; } = new(StringComparer.Ordinal);
    }
}

/// <summary>More calls than one access token may make, or than an address may make with what is none.</summary>
/// <param name="wait">Until when some can be made again.</param>
internal sealed class TooManyCallsException(TimeSpan wait) : Exception
{
    public TimeSpan Wait => wait;
}
