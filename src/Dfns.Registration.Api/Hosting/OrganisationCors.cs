using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace Dfns.Registration.Api.Hosting;

/// <summary>
/// Admits the browser origins that some organisation lists for its relying party. A preflight does not say whose it is, so the list is
/// one for all; what an origin may then do is decided by the ceremony, which knows its organisation.
/// </summary>
internal sealed class OrganisationCors(IServiceScopeFactory scopes, TimeProvider clock) : ICorsPolicyProvider, IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim loading = new(1);
    private volatile Policy? current;

    public async Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName)
    {
        if (current is { } fresh && IsFresh(fresh)) return fresh.Cors;
        await loading.WaitAsync(context.RequestAborted);
        try
        {
            if (current is { } loaded && IsFresh(loaded)) return loaded.Cors;
            current = new Policy(clock.GetTimestamp(), await LoadAsync(context.RequestAborted));
            return current.Cors;
        }
        catch (Exception e) when (current is not null && StorageFailure.Is(e))
        {
            // The origins of a moment ago are better than none, and than every preflight waiting for the database in turn.
            current = current with { LoadedAt = clock.GetTimestamp() };
            return current.Cors;
        }
        finally
        {
            loading.Release();
        }
    }

    public void Dispose() => loading.Dispose();

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
