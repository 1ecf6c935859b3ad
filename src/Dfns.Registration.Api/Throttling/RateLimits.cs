using System.ComponentModel.DataAnnotations;
using System.Threading.RateLimiting;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Throttling;

/// <summary>Section <c>RateLimits</c>.</summary>
public sealed class RateLimitOptions
{
    public const string Section = "RateLimits";

    /// <summary>
    /// Requests a remote address may send to the unauthenticated endpoints of an instance in a minute, and to the others with what is no token of ours; of
    /// whatever else there is to ask for, and of a /48 of IPv6 in all, ten times as many. Default 120.
    /// </summary>
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

    /// <summary>Signed changes that a person can make, and of permissions a service account too, in an hour and over all instances; default 100.</summary>
    [Range(1, 1_000_000, ErrorMessage = "RateLimits:ChangesPerHour must be from 1 to 1000000, such as 100.")]
    public int ChangesPerHour { get; set; } = 100;

    /// <summary>Calls that can be made with one bearer token in a minute on one instance; default 6,000.</summary>
    [Range(1, 1_000_000, ErrorMessage = "RateLimits:CallsPerMinute must be from 1 to 1000000, such as 6000.")]
    public int CallsPerMinute { get; set; } = 6000;

    /// <summary>Requests that are worked on at once on one instance; default 2,000: about a second's work of two cores.</summary>
    [Range(10, 1_000_000, ErrorMessage = "RateLimits:RequestsAtOnce must be from 10 to 1000000, such as 2000.")]
    public int RequestsAtOnce { get; set; } = 2000;
}

/// <summary>
/// The limits in this process, each a minute long, and none by anything that a client can spell as it likes: whatever is asked for without a
/// bearer token counts against the address, and so does a bearer token that is none of ours; one that is counts against itself
/// (<see cref="BearerLimits"/>), since a back end makes everybody's calls from one address, and shares it with strangers. The address is the peer's, or what a configured proxy
/// says it is.
/// </summary>
internal static class RateLimits
{
    public const string PerAddress = "per-address";

    private const string Wide = "wide";
    private const string Probes = "probes";

    // Of what costs little, and of a /48, which one subscriber may have whole (RFC 6177 §2).
    internal const int WideFactor = 10;

    private const int SegmentsPerWindow = 6;

    internal static readonly TimeSpan Segment = TimeSpan.FromMinutes(1) / SegmentsPerWindow;

    public static void AddRateLimits(this IServiceCollection services)
    {
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<RateLimitOptions>>((limiter, options) =>
        {
            // In front of everything but what a bearer token is read for, with those of another path or none among them.
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (string, string)>(context => IsBearer(context)
                ? RateLimitPartition.GetNoLimiter(("", ""))
                : RateLimitPartition.GetSlidingWindowLimiter((IsProbe(context) ? Probes : Wide, context.Request.WideRemoteNetwork()), _ => Window(WideFactor * options.Value.PermitsPerMinute)));
            limiter.AddPolicy(PerAddress, context => RateLimitPartition.GetSlidingWindowLimiter(context.Request.RemoteNetwork(), _ => Window(options.Value.PermitsPerMinute)));
            // The sliding window does not say when: by the end of a segment some permits are back.
            limiter.OnRejected = (rejected, _) => new ValueTask(new ErrorResult(ErrorCatalog.TooManyRequests with { RetryAfterSeconds = (int)Segment.TotalSeconds }).ExecuteAsync(rejected.HttpContext));
        });
        services.AddRateLimiter();
        services.AddSingleton<Admission>();
    }

    /// <summary>Says of an endpoint that orchestrators and load balancers ask it: no flood of anything else keeps them from it.</summary>
    public static TBuilder ForProbes<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new ProbeMetadata());

    /// <summary>Whether a browser asks beforehand what another page may send (Fetch, CORS-preflight request).</summary>
    public static bool IsPreflight(HttpContext context) =>
        HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.Origin.Count > 0 && context.Request.Headers.AccessControlRequestMethod.Count > 0;

    /// <summary>A window of a minute.</summary>
    internal static SlidingWindowRateLimiterOptions Window(int permits) => new() { PermitLimit = permits, Window = TimeSpan.FromMinutes(1), SegmentsPerWindow = SegmentsPerWindow };

    private static bool IsBearer(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<BearerMetadata>() is not null;

    /// <summary>Whether an orchestrator asks.</summary>
    internal static bool IsProbe(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<ProbeMetadata>() is not null;

    private sealed record ProbeMetadata;
}
