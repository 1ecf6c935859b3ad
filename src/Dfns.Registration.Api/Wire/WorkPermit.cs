using System.Threading.RateLimiting;
using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Wire;

/// <summary>
/// A request's place among those that are worked on. It is taken once the request is here whole: whoever sends slowly keeps nobody out.
/// </summary>
internal sealed class WorkPermit(RateLimiter places) : IDisposable
{
    private RateLimitLease? place;

    /// <summary>Takes a place, once.</summary>
    /// <returns>False where there is none; then nothing is to be done but to say so.</returns>
    public bool TryBegin() => (place ??= places.AttemptAcquire()).IsAcquired;

    /// <summary>Takes the place of a request, once, before anything is looked up for it.</summary>
    /// <returns>Null; or that there is none.</returns>
    public static ApiError? Fault(HttpContext context) => context.Features.Get<WorkPermit>()?.TryBegin() == false ? ErrorCatalog.ServiceBusy : null;

    public void Dispose() => place?.Dispose();
}
