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

    // What existing clients send; the browser refuses the call when one is missing here.
    private static readonly string[] RequestHeaders =
    [
        "authorization", "content-type", "x-dfns-useraction", "x-dfns-sdk-version", "x-dfns-appid", "x-dfns-nonce", "x-dfns-appsecret",
        "x-dfns-apisignature",
    ];

    private readonly SemaphoreSlim loading = new(1);
    private volatile Policy? current;

    public async Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName)
    {
        var now = clock.GetUtcNow();
        if (current is { } fresh && now - fresh.LoadedAt < Refresh) return fresh.Cors;
        await loading.WaitAsync(context.RequestAborted);
        try
        {
            if (current is { } loaded && now - loaded.LoadedAt < Refresh) return loaded.Cors;
            current = new Policy(now, await LoadAsync(context.RequestAborted));
            return current.Cors;
        }
        catch (Exception e) when (current is not null && StorageFailure.Is(e))
        {
            // The origins of a moment ago are better than none, and than every preflight waiting for the database in turn.
            current = current with { LoadedAt = now };
            return current.Cors;
        }
        finally
        {
            loading.Release();
        }
    }

    public void Dispose() => loading.Dispose();

    private async Task<CorsPolicy> LoadAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var origins = await scope.ServiceProvider.GetRequiredService<OrganisationStore>().OriginsAsync(ct);
        var policy = new CorsPolicyBuilder()
            .SetIsOriginAllowed(origins.Contains)
            .WithMethods("GET", "POST", "PUT", "DELETE", "OPTIONS")
            .WithHeaders(RequestHeaders)
            .WithExposedHeaders("x-request-id", "retry-after")
            .SetPreflightMaxAge(TimeSpan.FromMinutes(5))
            .Build();
        return policy;
    }

    private sealed record Policy(DateTimeOffset LoadedAt, CorsPolicy Cors);
}
