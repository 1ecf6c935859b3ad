using Dfns.Registration.Api.Accounts;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace Dfns.Registration.Api.Hosting;

/// <summary>
/// Admits the browser origins that some organisation lists for its relying party. A preflight does not say whose it is, so the list is
/// one for all; what an origin may then do is decided by the ceremony, which knows its organisation.
/// </summary>
internal sealed class OrganisationCors(PublishedRelyingParties relyingParties) : ICorsPolicyProvider
{
    private volatile Policy? current;

    public async Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName)
    {
        var published = await relyingParties.GetAsync(context.RequestAborted);
        if (current is not { } policy || policy.Of != published) current = policy = new Policy(published, Make(published));
        return policy.Cors;
    }

    private static CorsPolicy Make(Publication published) => new CorsPolicyBuilder()
        .SetIsOriginAllowed(published.Admits)
        .WithMethods("GET", "POST", "PUT", "DELETE", "OPTIONS")
        // Whatever a client's tools add (tracing, monitoring): the browser would refuse the whole call for one that is missing here, and none
        // of them gives anything without the bearer token, which no browser sends by itself.
        .AllowAnyHeader()
        .WithExposedHeaders("x-request-id", "retry-after")
        .SetPreflightMaxAge(TimeSpan.FromMinutes(5))
        .Build();

    private sealed record Policy(Publication Of, CorsPolicy Cors);
}
