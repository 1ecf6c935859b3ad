using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Users;

/// <summary><c>GET /auth/users</c> and <c>GET /auth/users/{userId}</c>.</summary>
internal static class ReadUsers
{
    internal static async Task<Results<Ok<UserPageResponse>, ErrorResult>> ListAsync(HttpRequest http, CallerReader callers, UserStore users, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadUsers) is { } lacking) return (ErrorResult)lacking;
        if (PageQuery.Read(http).Failed(out var error, out var page)) return (ErrorResult)error;
        UserKind? kind = null;
        if (http.Query["kind"] is { Count: > 0 } wanted)
        {
            kind = wanted.ToString() switch { nameof(UserKind.CustomerEmployee) => UserKind.CustomerEmployee, nameof(UserKind.EndUser) => UserKind.EndUser, _ => null };
            if (kind is null) return (ErrorResult)ErrorCatalog.QueryInvalid.Saying("Use CustomerEmployee or EndUser.").At("kind");
        }

        var (found, next) = await users.ListAsync(caller.OrganisationId, kind, page, ct);
        return TypedResults.Ok(new UserPageResponse([.. found.Select(UserResponse.Of)], next?.ToString()));
    }

    internal static async Task<Results<Ok<UserResponse>, ErrorResult>> GetAsync(
        HttpRequest http, string userId, CallerReader callers, UserStore users, RequestFacts facts, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadUsers) is { } lacking) return (ErrorResult)lacking;
        if (await users.FindAsync(caller.OrganisationId, userId, isServiceAccount: false, ct) is not { } found) return (ErrorResult)ErrorCatalog.UserUnknown;
        facts.SubjectId = found.User.Id;
        return TypedResults.Ok(UserResponse.Of(found));
    }
}
