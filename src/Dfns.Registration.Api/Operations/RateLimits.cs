using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Threading.RateLimiting;
using Dfns.Registration.Api.Errors;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Operations;

/// <summary>Section <c>RateLimits</c>.</summary>
public sealed class RateLimitOptions
{
    public const string Section = "RateLimits";

    /// <summary>Requests a remote address may send to the unauthenticated endpoints in a minute; default 120.</summary>
    [Range(1, 1_000_000, ErrorMessage = "RateLimits:PermitsPerMinute must be from 1 to 1000000, such as 120.")]
    public int PermitsPerMinute { get; set; } = 120;
}

/// <summary>The in-process limit per remote address. The address is the peer's, or what a configured proxy says it is.</summary>
internal static class RateLimits
{
    public const string PerAddress = "per-address";

    private const int SegmentsPerWindow = 6;

    public static void AddRateLimits(this IServiceCollection services) => services.AddRateLimiter(limiter =>
    {
        limiter.AddPolicy(PerAddress, context => RateLimitPartition.GetSlidingWindowLimiter(
            Bucket(context),
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

    // A network of one subscriber is one bucket: an IPv6 subscriber has at least a /64 to pick addresses from.
    private static string Bucket(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes(), 0, 8).ToLower(CultureInfo.InvariantCulture)
            : address.ToString();
    }
}
