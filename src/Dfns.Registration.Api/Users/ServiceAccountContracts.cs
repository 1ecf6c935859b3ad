using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Users;

// The wire of service accounts. What the hosted service keeps until somebody approves of it, and bypasses with force, counts at once here.

/// <summary>Body of <c>POST /auth/service-accounts</c>.</summary>
/// <param name="Name">What people call it; unique among the organisation's usernames.</param>
/// <param name="PublicKey">Its public key in PEM; the private key stays with it, and signs its calls.</param>
/// <param name="PermissionId">A permission that is assigned to it, each operation of which the caller holds.</param>
/// <param name="ExternalId">The caller's own id of it; unique in the organisation.</param>
/// <param name="DaysValid">How many days its token is good: 1 to 366; 365 when it is left out.</param>
public sealed record CreateServiceAccountRequest(
    [Text(Limits.UsernameLength, IsName = true)] string Name,
    [Text(Limits.PublicKeyPemLength)] string PublicKey,
    [Text(Limits.IdLength)] string? PermissionId,
    [Text(Limits.UsernameLength, IsName = true)] string? ExternalId,
    int? DaysValid);

/// <summary>Body of <c>PUT /auth/service-accounts/{serviceAccountId}</c>: what is left out stays.</summary>
/// <param name="Name">Another name.</param>
/// <param name="ExternalId">Another id of the caller's own.</param>
public sealed record UpdateServiceAccountRequest([Text(Limits.UsernameLength, IsName = true)] string? Name, [Text(Limits.UsernameLength, IsName = true)] string? ExternalId);

/// <summary>A service account.</summary>
/// <param name="UserInfo">The account.</param>
/// <param name="AccessTokens">Its token; none once that is deleted.</param>
public sealed record ServiceAccountResponse(UserResponse UserInfo, IReadOnlyList<AccessTokenResponse> AccessTokens)
{
    internal static ServiceAccountResponse Of(FoundServiceAccount account, DateTimeOffset now, string? accessToken = null)
    {
        var user = UserResponse.Of(account.Found);
        return new(user, account is { Token: not null, Key: not null } ? [AccessTokenResponse.Of(account, now, accessToken)] : []);
    }
}

/// <summary>A token that a program calls with.</summary>
public sealed record AccessTokenResponse
{
    /// <summary>What to send as <c>Authorization: Bearer</c>; told by the call that creates it, and by no other.</summary>
    public string? AccessToken { get; init; }

    /// <summary>ISO 8601, UTC, to the millisecond.</summary>
    public required string DateCreated { get; init; }

    /// <summary>The id of the key that its calls are signed with.</summary>
    public required string CredId { get; init; }

    /// <summary>Whether it counts now: not expired, and of an active account.</summary>
    public required bool IsActive { get; init; }

    /// <summary>ServiceAccount or Pat.</summary>
    public required string Kind { get; init; }

    /// <summary>Whose it is.</summary>
    public required string LinkedUserId { get; init; }

    /// <summary>Always empty: there are no applications here.</summary>
    public required string LinkedAppId { get; init; }

    public required string Name { get; init; }

    public required string OrgId { get; init; }

    /// <summary>What bounds it: the permissions of its account, or its own; a personal access token may do no more than its user either.</summary>
    public required IReadOnlyList<PermissionAssignment> PermissionAssignments { get; init; }

    /// <summary>In PEM, as it was given.</summary>
    public required string PublicKey { get; init; }

    public required string TokenId { get; init; }

    /// <summary>Until when it is good.</summary>
    public required string DateExpires { get; init; }

    /// <summary>When it was last seen, to the minute; absent until then.</summary>
    public string? DateLastUsed { get; init; }

    internal static AccessTokenResponse Of(FoundServiceAccount program, DateTimeOffset now, string? accessToken = null)
    {
        var (user, token) = (program.Found.User, program.Token!);
        return new()
        {
            AccessToken = accessToken,
            DateCreated = WireTime.Of(token.CreatedAt),
            CredId = program.Key?.CredId ?? "",
            IsActive = user.IsActive && token.ExpiresAt > now,
            Kind = token.Kind.ToString(),
            LinkedUserId = user.OwnerId ?? user.Id,
            LinkedAppId = "",
            Name = user.Username,
            OrgId = user.OrganisationId,
            PermissionAssignments = UserResponse.AssignmentsOf(program.Found),
            PublicKey = program.Key?.Pem ?? "",
            TokenId = token.Id,
            DateExpires = WireTime.Of(token.ExpiresAt),
            DateLastUsed = token.UsedAt is { } used ? WireTime.Of(used) : null,
        };
    }
}

/// <summary>Answer of <c>GET /auth/service-accounts</c>: in the order in which they were created.</summary>
/// <param name="Items">Those of this page.</param>
/// <param name="NextPageToken">What to send as <c>paginationToken</c> for the next page; absent on the last.</param>
public sealed record ServiceAccountPageResponse(IReadOnlyList<ServiceAccountResponse> Items, string? NextPageToken);
