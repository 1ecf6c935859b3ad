using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Users;

/// <summary><c>GET /auth/service-accounts</c> and <c>GET /auth/service-accounts/{serviceAccountId}</c>.</summary>
internal static class ReadServiceAccounts
{
    internal static async Task<Results<Ok<ServiceAccountPageResponse>, ErrorResult>> ListAsync(
        HttpRequest http, CallerReader callers, ServiceAccountStore accounts, TimeProvider clock, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadServiceAccounts) is { } lacking) return (ErrorResult)lacking;
        if (PageQuery.Read(http).Failed(out var error, out var page)) return (ErrorResult)error;
        var (found, next) = await accounts.ListAsync(caller.OrganisationId, page, ct);
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new ServiceAccountPageResponse([.. found.Select(a => ServiceAccountResponse.Of(a, now))], next?.ToString()));
    }

    internal static async Task<Results<Ok<ServiceAccountResponse>, ErrorResult>> GetAsync(
        HttpRequest http, string serviceAccountId, CallerReader callers, ServiceAccountStore accounts, RequestFacts facts, TimeProvider clock, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadServiceAccounts) is { } lacking) return (ErrorResult)lacking;
        if (await accounts.FindAsync(caller.OrganisationId, serviceAccountId, ct) is not { } found) return (ErrorResult)ErrorCatalog.ServiceAccountUnknown;
        facts.SubjectId = found.Found.User.Id;
        return TypedResults.Ok(ServiceAccountResponse.Of(found, clock.GetUtcNow()));
    }
}
