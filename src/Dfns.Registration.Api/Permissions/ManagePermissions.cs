using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Permissions;

/// <summary><c>/permissions</c>: named sets of operations. Nobody puts into one, or takes back from the archive, what they may not do themselves.</summary>
internal static class ManagePermissions
{
    // POST /permissions.
    internal static async Task<Results<Ok<PermissionResponse>, ErrorResult>> CreateAsync(
        HttpRequest http, SignedCalls calls, PermissionStore store, Audit audit, CancellationToken ct)
    {
        if ((await calls.ReadSparseAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        var caller = call.Caller;
        if (caller.Lacking(Permission.CreatePermissions) is { } lacking) return (ErrorResult)lacking;
        if (JsonBody.Parse<CreatePermissionRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if (Operations.Read(request.Operations).Failed(out error, out var operations)) return (ErrorResult)error;
        if (caller.LackingToGrant(operations) is { } escalating) return (ErrorResult)escalating;

        if ((await store.AddAsync(caller.OrganisationId, request.Name, operations, ct)).Failed(out error, out var added)) return (ErrorResult)error;
        var set = added.Set;
        if (added.Removed is { } removed)
        {
            audit.AddChange(
                removed.OrganisationId, AuditActions.PermissionRemoved, caller.User.Id, removed.Id, http.RemoteAddress(), "It made room for another",
                new ChangedValue(nameof(set.Name), removed.Name, null), new ChangedValue(nameof(set.Operations), removed.Operations, null));
        }

        audit.AddChange(
            set.OrganisationId, AuditActions.PermissionCreated, caller.User.Id, set.Id, http.RemoteAddress(), note: null,
            ChangedValue.New(nameof(set.Name), set.Name), ChangedValue.New(nameof(set.Operations), set.Operations));
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(PermissionResponse.Of(set));
    }

    // GET /permissions.
    internal static async Task<Results<Ok<PermissionPageResponse>, ErrorResult>> ListAsync(HttpRequest http, CallerReader callers, PermissionStore store, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadPermissions) is { } lacking) return (ErrorResult)lacking;
        if (PageQuery.Read(http).Failed(out var error, out var page)) return (ErrorResult)error;
        var (sets, next) = await store.ListAsync(caller.OrganisationId, page, ct);
        return TypedResults.Ok(new PermissionPageResponse([.. sets.Select(PermissionResponse.Of)], next?.ToString()));
    }

    // GET /permissions/{permissionId}.
    internal static async Task<Results<Ok<PermissionResponse>, ErrorResult>> GetAsync(
        HttpRequest http, string permissionId, CallerReader callers, AssignmentStore assignments, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadPermissions) is { } lacking) return (ErrorResult)lacking;
        return await assignments.FindAsync(caller.OrganisationId, permissionId, ct) is { } set ? TypedResults.Ok(PermissionResponse.Of(set)) : (ErrorResult)ErrorCatalog.PermissionUnknown;
    }

    // PUT /permissions/{permissionId}.
    internal static Task<Results<Ok<PermissionResponse>, ErrorResult>> UpdateAsync(
        HttpRequest http, string permissionId, SignedCalls calls, AssignmentStore assignments, PermissionStore store, Audit audit, CancellationToken ct) =>
        ChangeAsync(http, permissionId, Permission.UpdatePermissions, calls, assignments, store, (call, set) => Update(http, call, set, store, audit), ct);

    // PUT /permissions/{permissionId}/archive.
    internal static Task<Results<Ok<PermissionResponse>, ErrorResult>> ArchiveAsync(
        HttpRequest http, string permissionId, SignedCalls calls, AssignmentStore assignments, PermissionStore store, Audit audit, CancellationToken ct) =>
        ChangeAsync(http, permissionId, Permission.ArchivePermissions, calls, assignments, store, (call, set) => Archive(http, call, set, store, audit), ct);

    private static async Task<Results<Ok<PermissionResponse>, ErrorResult>> ChangeAsync(
        HttpRequest http, string permissionId, string permission, SignedCalls calls, AssignmentStore assignments, PermissionStore store, Func<SignedCall, PermissionSet, ApiError?> change, CancellationToken ct)
    {
        if ((await calls.ReadSparseAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (call.Caller.Lacking(permission) is { } lacking) return (ErrorResult)lacking;
        if (await assignments.FindAsync(call.Caller.OrganisationId, permissionId, ct) is not { } set) return (ErrorResult)ErrorCatalog.PermissionUnknown;
        var permitted = Permitted(set);
        if (change(call, set) is { } refused) return (ErrorResult)refused;
        await store.EndVouchedAsync(set, permitted.Except(Permitted(set), StringComparer.Ordinal), userId: null, ct);
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(PermissionResponse.Of(set));
    }

    private static List<string> Permitted(PermissionSet set) => set.IsArchived ? [] : set.Operations;

    private static ApiError? Update(HttpRequest http, SignedCall call, PermissionSet set, PermissionStore store, Audit audit)
    {
        if (JsonBody.Parse<UpdatePermissionRequest>(call.Body).Failed(out var error, out var request)) return error;
        var operations = set.Operations;
        if (request.Operations is not null && Operations.Read(request.Operations).Failed(out error, out operations!)) return error;
        if (set.IsArchived) return ErrorCatalog.PermissionArchived;
        // What was in it already others have granted.
        if (call.Caller.LackingToGrant(operations.Except(set.Operations, StringComparer.Ordinal)) is { } escalating) return escalating;

        var (name, changed) = (request.Name ?? set.Name, new List<ChangedValue>());
        if (name != set.Name) changed.Add(new ChangedValue(nameof(set.Name), set.Name, name));
        if (!operations.SequenceEqual(set.Operations, StringComparer.Ordinal)) changed.Add(new ChangedValue(nameof(set.Operations), set.Operations, operations));
        if (changed.Count == 0) return null;
        (set.Name, set.Operations) = (name, operations);
        store.Touch(set);
        audit.AddChange(set.OrganisationId, AuditActions.PermissionUpdated, call.Caller.User.Id, set.Id, http.RemoteAddress(), note: null, changed);
        return null;
    }

    private static ApiError? Archive(HttpRequest http, SignedCall call, PermissionSet set, PermissionStore store, Audit audit)
    {
        if (JsonBody.Parse<ArchivePermissionRequest>(call.Body).Failed(out var error, out var request)) return error;
        if (request.IsArchived is not { } archived) return ErrorCatalog.MemberRequired.At("$.isArchived");
        if (!archived && call.Caller.LackingToGrant(set.Operations) is { } escalating) return escalating;
        if (set.IsArchived == archived) return null;
        set.IsArchived = archived;
        store.Touch(set);
        audit.Add(set.OrganisationId, archived ? AuditActions.PermissionArchived : AuditActions.PermissionRestored, call.Caller.User.Id, set.Id, http.RemoteAddress(), set.Name);
        return null;
    }
}
