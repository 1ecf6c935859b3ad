using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Permissions;

/// <summary><c>/permissions/{permissionId}/assignments</c>: whose a set of permissions is. Nobody hands on what they may not do themselves.</summary>
internal static class AssignPermissions
{
    // POST /permissions/{permissionId}/assignments.
    internal static async Task<Results<Ok<AssignmentResponse>, ErrorResult>> AssignAsync(
        HttpRequest http, string permissionId, SignedCalls calls, AssignmentStore assignments, PermissionStore store, Audit audit, CancellationToken ct)
    {
        if ((await calls.ReadSparseAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        var caller = call.Caller;
        if (caller.Lacking(Permission.AssignPermissions) is { } lacking) return (ErrorResult)lacking;
        if (JsonBody.Parse<CreateAssignmentRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if ((await assignments.FindToGrantAsync(caller, permissionId, ct)).Failed(out error, out var set)) return (ErrorResult)error;
        if (await store.FindIdentityAsync(caller.OrganisationId, request.IdentityId, ct) is not { } user) return (ErrorResult)ErrorCatalog.UserUnknown.At("$.identityId");
        if (set.Operations.Find(o => !user.CanHave(o)) is { } refused)
        {
            return (ErrorResult)ErrorCatalog.MemberInvalid.Saying(user.Kind == UserKind.EndUser ? "End users have no permissions." : $"{refused} is for service accounts alone.").At("$.identityId");
        }

        if ((await assignments.AssignAsync(set, user, ct)).Failed(out error, out var assignment)) return (ErrorResult)error;
        audit.Add(user.OrganisationId, AuditActions.PermissionAssigned, caller.User.Id, user.Id, http.RemoteAddress(), $"{set.Id} {set.Name}");
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(AssignmentResponse.Of(assignment));
    }

    // GET /permissions/{permissionId}/assignments.
    internal static async Task<Results<Ok<AssignmentPageResponse>, ErrorResult>> ListAsync(
        HttpRequest http, string permissionId, CallerReader callers, AssignmentStore assignments, PermissionStore store, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadAssignments) is { } lacking) return (ErrorResult)lacking;
        if (PageQuery.Read(http).Failed(out var error, out var page)) return (ErrorResult)error;
        if (await assignments.FindAsync(caller.OrganisationId, permissionId, ct) is not { } set) return (ErrorResult)ErrorCatalog.PermissionUnknown;
        var (assigned, next) = await store.ListAssignmentsAsync(set, page, ct);
        return TypedResults.Ok(new AssignmentPageResponse([.. assigned.Select(AssignmentResponse.Of)], next?.ToString()));
    }

    // DELETE /permissions/{permissionId}/assignments/{assignmentId}. What the hosted service bypasses with force, an approval, there is none of here.
    internal static async Task<Results<Ok<NothingResponse>, ErrorResult>> RevokeAsync(
        HttpRequest http, string permissionId, string assignmentId, SignedCalls calls, AssignmentStore assignments, PermissionStore store, Audit audit, CancellationToken ct)
    {
        if ((await calls.ReadSparseAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        var caller = call.Caller;
        if (caller.Lacking(Permission.RevokePermissions) is { } lacking) return (ErrorResult)lacking;
        if (await assignments.FindAsync(caller.OrganisationId, permissionId, ct) is not { } set) return (ErrorResult)ErrorCatalog.PermissionUnknown;
        if (await store.FindAssignmentAsync(set, assignmentId, ct) is not { } assignment) return (ErrorResult)ErrorCatalog.AssignmentUnknown;
        if (!set.IsArchived) await store.EndVouchedAsync(set, set.Operations, assignment.UserId, ct);
        store.Revoke(assignment);
        audit.Add(set.OrganisationId, AuditActions.PermissionRevoked, caller.User.Id, assignment.UserId, http.RemoteAddress(), $"{set.Id} {set.Name}");
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(new NothingResponse());
    }
}
