using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Users;

// The wire of this feature.

/// <summary>Body of <c>POST /auth/users</c>.</summary>
/// <param name="Email">The username, to which the registration code is mailed.</param>
/// <param name="Kind">CustomerEmployee.</param>
/// <param name="PublicKey">Not taken: whoever registers brings the key, and proves to hold it.</param>
/// <param name="ExternalId">The caller's own id of the user; unique in the organisation.</param>
/// <param name="IsSSORequired">False, or left out: nobody is bound to single sign-on here.</param>
public sealed record CreateUserRequest(
    [Text(Limits.UsernameLength)] string Email, string? Kind, string? PublicKey, [Text(Limits.UsernameLength, IsName = true)] string? ExternalId, bool? IsSSORequired);

/// <summary>Body of <c>PUT /auth/users/{userId}</c>.</summary>
/// <param name="IsSSORequired">False: nobody is bound to single sign-on here.</param>
public sealed record UpdateUserRequest(bool? IsSSORequired);

/// <summary>A person of an organisation.</summary>
public sealed record UserResponse
{
    /// <summary>As the user was created, unchanged.</summary>
    public required string Username { get; init; }

    /// <summary>The username.</summary>
    public required string Name { get; init; }

    public required string UserId { get; init; }

    public required string Kind { get; init; }

    /// <summary>The first factor; empty until the user is registered.</summary>
    public required string CredentialUuid { get; init; }

    public required string OrgId { get; init; }

    public required bool IsActive { get; init; }

    public required bool IsServiceAccount { get; init; }

    public required bool IsRegistered { get; init; }

    /// <summary>Until when the user can register, such as <c>2026-11-30T12:00:00.000Z</c>; absent once registered, and where there is no end.</summary>
    public string? InvitationEndsAt { get; init; }

    public required bool IsSSORequired { get; init; }

    /// <summary>The permissions that are assigned to the user and not archived.</summary>
    public required IReadOnlyList<PermissionAssignment> PermissionAssignments { get; init; }

    /// <summary>What the user may do beyond managing the own account, such as <c>Auth:Users:Create</c>: what the operator permitted, and what is assigned.</summary>
    public required IReadOnlyList<string> Permissions { get; init; }

    public string? ExternalId { get; init; }

    internal static IReadOnlyList<PermissionAssignment> AssignmentsOf(FoundUser found) => [.. found.Assigned.Select(a => new PermissionAssignment(a.Name, a.Id, a.AssignmentId, a.Operations))];

    internal static UserResponse Of(FoundUser found) => new()
    {
        Username = found.User.Username,
        Name = found.User.Username,
        UserId = found.User.Id,
        Kind = found.User.Kind.ToString(),
        CredentialUuid = found.CredentialUuid ?? "",
        OrgId = found.User.OrganisationId,
        IsActive = found.User.IsActive,
        IsServiceAccount = found.User.IsServiceAccount,
        IsRegistered = found.User.RegisteredAt is not null,
        InvitationEndsAt = found.User is { RegisteredAt: null, InvitationEndsAt: { } end } ? WireTime.Of(end) : null,
        IsSSORequired = false,
        PermissionAssignments = AssignmentsOf(found),
        Permissions = [.. found.User.Permissions.Concat(found.Assigned.SelectMany(a => a.Operations)).Distinct(StringComparer.Ordinal).Where(found.User.CanHave)],
        ExternalId = found.User.ExternalId,
    };
}

/// <summary>A permission that is assigned to a user, with its operations.</summary>
public sealed record PermissionAssignment(string PermissionName, string PermissionId, string AssignmentId, IReadOnlyList<string>? Operations);

/// <summary>Answer of <c>GET /auth/users</c>: in the order in which the users were created.</summary>
/// <param name="Items">The users of this page.</param>
/// <param name="NextPageToken">What to send as <c>paginationToken</c> for the next page; absent on the last.</param>
public sealed record UserPageResponse(IReadOnlyList<UserResponse> Items, string? NextPageToken);
