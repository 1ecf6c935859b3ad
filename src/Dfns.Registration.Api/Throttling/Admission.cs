using System.Threading.RateLimiting;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Throttling;

/// <summary>
/// Bounds what is worked on at once: whoever comes beyond that is told at once to come again, in place of waiting behind all the others for longer than anybody
/// waits for an answer.
/// </summary>
internal sealed class Admission(IOptions<RateLimitOptions> options) : IDisposable
{
    private readonly ConcurrencyLimiter places = new(new ConcurrencyLimiterOptions { PermitLimit = options.Value.RequestsAtOnce, QueueLimit = 0 });

    /// <summary>The places themselves.</summary>
    internal RateLimiter Places => places;

    public void Dispose() => places.Dispose();

    /// <summary>Admits requests to the endpoints, but for probes, which tell of this very state.</summary>
    public static Task AdmitAsync(HttpContext context, RequestDelegate next) =>
        RateLimits.IsProbe(context) ? next(context) : context.RequestServices.GetRequiredService<Admission>().AdmitAnyAsync(context, next);

    private async Task AdmitAnyAsync(HttpContext context, RequestDelegate next)
    {
        using var permit = new WorkPermit(places);
        // Where a body is read and there is one, the place is taken when it is.
        if (context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>() is not null && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            context.Features.Set(permit);
            await next(context);
        }
        else if (permit.TryBegin())
        {
            await next(context);
        }
        else
        {
            await new ErrorResult(ErrorCatalog.ServiceBusy).ExecuteAsync(context);
        }
    }
}
