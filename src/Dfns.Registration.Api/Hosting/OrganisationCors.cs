using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace Dfns.Registration.Api.Hosting;

/// <summary>
/// Admits the browser origins that some organisation lists for its relying party. A preflight does not say whose it is, so the list is
/// one for all; what an origin may then do is decided by the ceremony, which knows its organisation.
/// </summary>
internal sealed class OrganisationCors : ICorsPolicyProvider, IAsyncDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(15);

    private readonly IServiceScopeFactory scopes;
    private readonly TimeProvider clock;
    private readonly SharedWork<Policy> refreshing;
    private volatile Policy? current;

    public OrganisationCors(IServiceScopeFactory scopes, TimeProvider clock)
    {
        (this.scopes, this.clock) = (scopes, clock);
        refreshing = new(RefreshAsync);
    }

    public async Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName) =>
        (current is { } fresh && IsFresh(fresh) ? fresh : await refreshing.JoinAsync(context.RequestAborted)).Cors;

    public ValueTask DisposeAsync() => refreshing.DisposeAsync();

    private async Task<Policy> RefreshAsync()
    {
        try
        {
            if (current is { } loaded && IsFresh(loaded)) return loaded;
            return current = new Policy(clock.GetTimestamp(), await LoadAsync(CancellationToken.None));
        }
        catch (Exception e) when (current is not null && StorageFailure.Is(e))
        {
            // The origins of a moment ago are better than none, and than every preflight waiting for the database in turn.
            return current = current with { LoadedAt = clock.GetTimestamp() };
        }
    }

    private bool IsFresh(Policy policy) => clock.GetElapsedTime(policy.LoadedAt) < Refresh;

    private async Task<CorsPolicy> LoadAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var origins = await scope.ServiceProvider.GetRequiredService<OrganisationStore>().OriginsAsync(ct);
        var policy = new CorsPolicyBuilder()
            .SetIsOriginAllowed(origins.Contains)
            .WithMethods("GET", "POST", "PUT", "DELETE", "OPTIONS")
            // Whatever a client's tools add (tracing, monitoring): the browser would refuse the whole call for one that is missing here, and none
            // of them gives anything without the bearer token, which no browser sends by itself.
            .AllowAnyHeader()
            .WithExposedHeaders("x-request-id", "retry-after")
            .SetPreflightMaxAge(TimeSpan.FromMinutes(5))
            .Build();
        return policy;
    }

    private sealed record Policy(long LoadedAt, CorsPolicy Cors);
}
