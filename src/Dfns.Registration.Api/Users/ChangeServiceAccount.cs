using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Users;

/// <summary>
/// <c>PUT</c> and <c>DELETE /auth/service-accounts/{serviceAccountId}</c>, and <c>PUT …/activate</c> and <c>…/deactivate</c>. None of them hands anything on: what an account
/// may do and what it signs with stay as they are, and stay with whoever has its token and its key.
/// </summary>
internal static class ChangeServiceAccount
{
    internal static Task<Results<Ok<ServiceAccountResponse>, ErrorResult>> UpdateAsync(
        HttpRequest http, string serviceAccountId, SignedCalls calls, ServiceAccountStore accounts, UserStore users, Audit audit, TimeProvider clock, CancellationToken ct) =>
        ChangeAsync(http, serviceAccountId, Permission.UpdateServiceAccounts, calls, accounts, users, clock, (call, account) => Task.FromResult(Update(http, call, account, audit)), ct);

    internal static Task<Results<Ok<ServiceAccountResponse>, ErrorResult>> ActivateAsync(
        HttpRequest http, string serviceAccountId, SignedCalls calls, ServiceAccountStore accounts, UserStore users, Audit audit, TimeProvider clock, CancellationToken ct) =>
        ChangeAsync(http, serviceAccountId, Permission.ActivateServiceAccounts, calls, accounts, users, clock, (call, account) => Task.FromResult(SetActive(http, call, account, active: true, accounts, audit)), ct);

    internal static Task<Results<Ok<ServiceAccountResponse>, ErrorResult>> DeactivateAsync(
        HttpRequest http, string serviceAccountId, SignedCalls calls, ServiceAccountStore accounts, UserStore users, Audit audit, TimeProvider clock, CancellationToken ct) =>
        ChangeAsync(http, serviceAccountId, Permission.DeactivateServiceAccounts, calls, accounts, users, clock, (call, account) => Task.FromResult(SetActive(http, call, account, active: false, accounts, audit)), ct);

    internal static Task<Results<Ok<ServiceAccountResponse>, ErrorResult>> DeleteAsync(
        HttpRequest http, string serviceAccountId, SignedCalls calls, ServiceAccountStore accounts, UserStore users, Audit audit, TimeProvider clock, CancellationToken ct) =>
        ChangeAsync(http, serviceAccountId, Permission.DeleteServiceAccounts, calls, accounts, users, clock, (call, account) => ArchiveAsync(http, call, account, users, audit, ct), ct);

    private static async Task<Results<Ok<ServiceAccountResponse>, ErrorResult>> ChangeAsync(
        HttpRequest http, string serviceAccountId, string permission, SignedCalls calls, ServiceAccountStore accounts, UserStore users, TimeProvider clock, Func<SignedCall, User, Task<ApiError?>> change, CancellationToken ct)
    {
        if ((await calls.ReadSparseAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (call.Caller.Lacking(permission) is { } lacking) return (ErrorResult)lacking;
        if (await accounts.FindAsync(call.Caller.OrganisationId, serviceAccountId, ct) is not { } found) return (ErrorResult)ErrorCatalog.ServiceAccountUnknown;
        if (await change(call, found.Found.User) is { } refused) return (ErrorResult)refused;
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)await users.ConflictAsync(found.Found.User, conflict, ct);
        return TypedResults.Ok(ServiceAccountResponse.Of(found, clock.GetUtcNow()));
    }

    private static ApiError? Update(HttpRequest http, SignedCall call, User account, Audit audit)
    {
        if (JsonBody.Parse<UpdateServiceAccountRequest>(call.Body).Failed(out var error, out var request)) return error;
        if (request.Name is not null && UserStore.NameFault(request.Name, "name") is { } badName) return ErrorCatalog.MemberInvalid.Saying(badName).At("$.name");
        var changed = ServiceAccountStore.Rename(account, request.Name, request.ExternalId);
        if (changed.Count > 0) audit.AddChange(account.OrganisationId, AuditActions.ServiceAccountUpdated, call.Caller.User.Id, account.Id, http.RemoteAddress(), note: null, changed);
        return null;
    }

    private static ApiError? SetActive(HttpRequest http, SignedCall call, User account, bool active, ServiceAccountStore accounts, Audit audit)
    {
        if (account.Id == call.Caller.User.Id) return active ? null : ErrorCatalog.OwnAccount;
        if (accounts.SetActive(account, active)) Note(http, call, account, active ? AuditActions.ServiceAccountActivated : AuditActions.ServiceAccountDeactivated, audit);
        return null;
    }

    private static async Task<ApiError?> ArchiveAsync(HttpRequest http, SignedCall call, User account, UserStore users, Audit audit, CancellationToken ct)
    {
        if (account.Id == call.Caller.User.Id) return ErrorCatalog.OwnAccount;
        await users.ArchiveAsync(account, ct);
        Note(http, call, account, AuditActions.ServiceAccountDeleted, audit);
        return null;
    }

    private static void Note(HttpRequest http, SignedCall call, User account, string action, Audit audit) =>
        audit.Add(account.OrganisationId, action, call.Caller.User.Id, account.Id, http.RemoteAddress(), account.Username, told: EventData.Of(account));
}
