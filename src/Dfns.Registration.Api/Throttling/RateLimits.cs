using System.ComponentModel.DataAnnotations;
using System.Threading.RateLimiting;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Throttling;

/// <summary>Section <c>RateLimits</c>.</summary>
public sealed class RateLimitOptions
{
    public const string Section = "RateLimits";

    /// <summary>Requests a remote address may send to the unauthenticated endpoints in a minute; default 120.</summary>
    [Range(1, 1_000_000, ErrorMessage = "RateLimits:PermitsPerMinute must be from 1 to 1000000, such as 120.")]
    public int PermitsPerMinute { get; set; } = 120;

    /// <summary>
    /// Requests of a remote address to the endpoints that start something, in an hour and over all instances; default 1,000. A success gives
    /// none of them back.
    /// </summary>
    [Range(1, 1_000_000, ErrorMessage = "RateLimits:StartsPerHour must be from 1 to 1000000, such as 1000.")]
    public int StartsPerHour { get; set; } = 1000;

    /// <summary>Wrong codes from a remote address for one user, in a quarter of an hour and over all instances, and as many requests for a new code; default 10.</summary>
    [Range(1, 1000, ErrorMessage = "RateLimits:AttemptsPerUser must be from 1 to 1000, such as 10.")]
    public int AttemptsPerUser { get; set; } = 10;
}

/// <summary>The in-process limit per remote address. The address is the peer's, or what a configured proxy says it is.</summary>
internal static class RateLimits
{
    public const string PerAddress = "per-address";

    private const int SegmentsPerWindow = 6;

    public static void AddRateLimits(this IServiceCollection services) => services.AddRateLimiter(limiter =>
    {
        limiter.AddPolicy(PerAddress, context => RateLimitPartition.GetSlidingWindowLimiter(
            RemoteNetwork.Of(context),
            _ => new SlidingWindowRateLimiterOptions
            {
                PermitLimit = context.RequestServices.GetRequiredService<IOptions<RateLimitOptions>>().Value.PermitsPerMinute,
                Window = TimeSpan.FromMinutes(1),
                SegmentsPerWindow = SegmentsPerWindow,
            }));
        limiter.OnRejected = async (rejected, ct) =>
        {
            // The sliding window does not say when: by the end of a segment some permits are back.
            var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var told) ? told : TimeSpan.FromMinutes(1) / SegmentsPerWindow;
            var seconds = (int)Math.Ceiling(wait.TotalSeconds);
            await new ErrorResult(ErrorCatalog.TooManyRequests with { RetryAfterSeconds = seconds }).ExecuteAsync(rejected.HttpContext);
        };
    });
}
