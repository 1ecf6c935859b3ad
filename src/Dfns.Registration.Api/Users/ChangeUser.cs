using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Users;

/// <summary><c>PUT</c> and <c>DELETE /auth/users/{userId}</c>, and <c>PUT …/activate</c> and <c>…/deactivate</c>.</summary>
internal static class ChangeUser
{
    public static readonly ApiError NoSingleSignOn = ErrorCatalog.MemberInvalid.Saying("Use false: nobody is bound to single sign-on here. Whoever began at a provider signs in there, and whoever was invited does not.").At("$.isSSORequired");

    internal static Task<Results<Ok<UserResponse>, ErrorResult>> UpdateAsync(
        HttpRequest http, string userId, SignedCalls calls, UserStore users, CancellationToken ct) =>
        ChangeAsync(http, userId, Permission.UpdateUsers, calls, users, (call, _) => Task.FromResult(RefuseUpdate(call.Body)), ct);

    internal static Task<Results<Ok<UserResponse>, ErrorResult>> ActivateAsync(
        HttpRequest http, string userId, SignedCalls calls, UserStore users, Audit audit, CancellationToken ct) =>
        ChangeAsync(http, userId, Permission.ActivateUsers, calls, users, (call, user) => Task.FromResult(SetActive(http, call, user, active: true, users, audit)), ct);

    internal static Task<Results<Ok<UserResponse>, ErrorResult>> DeactivateAsync(
        HttpRequest http, string userId, SignedCalls calls, UserStore users, Audit audit, CancellationToken ct) =>
        ChangeAsync(http, userId, Permission.DeactivateUsers, calls, users, (call, user) => Task.FromResult(SetActive(http, call, user, active: false, users, audit)), ct);

    internal static Task<Results<Ok<UserResponse>, ErrorResult>> DeleteAsync(
        HttpRequest http, string userId, SignedCalls calls, UserStore users, Audit audit, CancellationToken ct) =>
        ChangeAsync(http, userId, Permission.DeleteUsers, calls, users, (call, user) => ArchiveAsync(http, call, user, users, audit, ct), ct);

    private static async Task<Results<Ok<UserResponse>, ErrorResult>> ChangeAsync(
        HttpRequest http, string userId, string permission, SignedCalls calls, UserStore users, Func<SignedCall, User, Task<ApiError?>> change, CancellationToken ct)
    {
        if ((await calls.ReadAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (call.Caller.Lacking(permission) is { } lacking) return (ErrorResult)lacking;
        if (await users.FindAsync(call.Caller.OrganisationId, userId, isServiceAccount: false, ct) is not { } found) return (ErrorResult)ErrorCatalog.UserUnknown;
        if (await change(call, found.User) is { } refused) return (ErrorResult)refused;
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(UserResponse.Of(found));
    }

    // All that clients can set is whether the user has to use single sign-on.
    private static ApiError? RefuseUpdate(ReadOnlyMemory<byte> body)
    {
        if (JsonBody.Parse<UpdateUserRequest>(body).Failed(out var error, out var request)) return error;
        if (request.IsSSORequired is not { } required) return ErrorCatalog.MemberRequired.At("$.isSSORequired");
        return required ? NoSingleSignOn : null;
    }

    private static ApiError? SetActive(HttpRequest http, SignedCall call, User user, bool active, UserStore users, Audit audit)
    {
        if (user.Id == call.Caller.Person.Id) return active ? null : ErrorCatalog.OwnAccount;
        if (users.SetActive(user, active)) Note(http, call, user, active ? AuditActions.UserActivated : AuditActions.UserDeactivated, audit);
        return null;
    }

    private static async Task<ApiError?> ArchiveAsync(HttpRequest http, SignedCall call, User user, UserStore users, Audit audit, CancellationToken ct)
    {
        if (user.Id == call.Caller.Person.Id) return ErrorCatalog.OwnAccount;
        await users.ArchiveAsync(user, ct);
        Note(http, call, user, AuditActions.UserDeleted, audit);
        return null;
    }

    private static void Note(HttpRequest http, SignedCall call, User user, string action, Audit audit) =>
        audit.Add(user.OrganisationId, action, call.Caller.User.Id, user.Id, http.RemoteAddress(), told: EventData.Of(user));
}
