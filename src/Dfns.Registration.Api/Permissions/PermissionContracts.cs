using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Permissions;

// The wire of this feature. What the hosted service keeps until somebody approves of it (pendingChangeRequest) is not used: a change counts at once.

/// <summary>Body of <c>POST /permissions</c>.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Operations">What it permits, such as <c>Auth:Users:Create</c>; the caller must hold each.</param>
public sealed record CreatePermissionRequest([Text(Limits.NameLength, IsName = true)] string Name, IReadOnlyList<string?>? Operations);

/// <summary>Body of <c>PUT /permissions/{permissionId}</c>: what is left out stays.</summary>
/// <param name="Name">Another name.</param>
/// <param name="Operations">Just what it permits from then on; the caller must hold each that is new.</param>
public sealed record UpdatePermissionRequest([Text(Limits.NameLength, IsName = true)] string? Name, IReadOnlyList<string?>? Operations);

/// <summary>Body of <c>PUT /permissions/{permissionId}/archive</c>.</summary>
/// <param name="IsArchived">True to archive, false to take it back, for which the caller must hold each of its operations.</param>
public sealed record ArchivePermissionRequest(bool? IsArchived);

/// <summary>Body of <c>POST /permissions/{permissionId}/assignments</c>.</summary>
/// <param name="IdentityId">The id of an employee or a service account.</param>
public sealed record CreateAssignmentRequest([Text(Limits.IdLength)] string IdentityId);

/// <summary>A named set of operations.</summary>
/// <param name="Id">Such as <c>pm-…</c>.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Operations">What it permits.</param>
/// <param name="Status">Always <c>Active</c>: a change counts at once.</param>
/// <param name="IsImmutable">Always false: the service has none of its own.</param>
/// <param name="IsArchived">Whether it is kept as a record only, and permits nothing.</param>
/// <param name="DateCreated">ISO 8601, UTC, to the millisecond.</param>
/// <param name="DateUpdated">Likewise.</param>
public sealed record PermissionResponse(string Id, string Name, IReadOnlyList<string> Operations, string Status, bool IsImmutable, bool IsArchived, string DateCreated, string DateUpdated)
{
    internal static PermissionResponse Of(PermissionSet set) =>
        new(set.Id, set.Name, set.Operations, "Active", IsImmutable: false, set.IsArchived, WireTime.Of(set.CreatedAt), WireTime.Of(set.UpdatedAt));
}

/// <summary>Answer of <c>GET /permissions</c>: in the order in which they were created, archived ones among them.</summary>
/// <param name="Items">Those of this page.</param>
/// <param name="NextPageToken">What to send as <c>paginationToken</c> for the next page; absent on the last.</param>
public sealed record PermissionPageResponse(IReadOnlyList<PermissionResponse> Items, string? NextPageToken);

/// <summary>That a permission is somebody's.</summary>
/// <param name="Id">Such as <c>as-…</c>.</param>
/// <param name="PermissionId">The permission.</param>
/// <param name="IdentityId">An employee or a service account.</param>
/// <param name="IsImmutable">Always false.</param>
/// <param name="DateCreated">ISO 8601, UTC, to the millisecond.</param>
/// <param name="DateUpdated">The same: it is made and revoked, and never changes.</param>
public sealed record AssignmentResponse(string Id, string PermissionId, string IdentityId, bool IsImmutable, string DateCreated, string DateUpdated)
{
    internal static AssignmentResponse Of(PermissionSetAssignment assignment) =>
        new(assignment.Id, assignment.PermissionSetId, assignment.UserId, IsImmutable: false, WireTime.Of(assignment.CreatedAt), WireTime.Of(assignment.CreatedAt));
}

/// <summary>Answer of <c>GET /permissions/{permissionId}/assignments</c>: in the order in which they were made.</summary>
/// <param name="Items">Those of this page.</param>
/// <param name="NextPageToken">What to send as <c>paginationToken</c> for the next page; absent on the last.</param>
public sealed record AssignmentPageResponse(IReadOnlyList<AssignmentResponse> Items, string? NextPageToken);
