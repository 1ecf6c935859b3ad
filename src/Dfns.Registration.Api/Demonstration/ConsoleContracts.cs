using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Demonstration;

// What the console shows. Read by its own page alone, so these shapes are free to change.

/// <summary>Several rows, the newest first.</summary>
public sealed record ConsoleItems<T>(IReadOnlyList<T> Items);

/// <summary>An organisation, and how many of its users are registered.</summary>
public sealed record ConsoleOrganisation(
    string Id, string Name, DateTimeOffset CreatedAt, string RelyingPartyId, IReadOnlyList<string> Origins, int Users, int RegisteredUsers);

/// <summary>A user with every credential there ever was, the archived ones included. One who waits with a registration code may be invited again.</summary>
public sealed record ConsoleUser(
    string Id,
    string Username,
    string Kind,
    bool IsServiceAccount,
    bool IsActive,
    DateTimeOffset CreatedAt,
    DateTimeOffset? RegisteredAt,
    bool MayBeInvitedAgain,
    IReadOnlyList<ConsoleCredential> Credentials);

/// <summary>A credential of a user; nothing of its key.</summary>
public sealed record ConsoleCredential(
    string Uuid, string Name, string Kind, string Slot, string Status, DateTimeOffset CreatedAt, DateTimeOffset? UsedAt);

/// <summary>One line of the audit trail.</summary>
public sealed record ConsoleEvent(string Id, DateTimeOffset At, string Action, string Actor, string SubjectId, string? RemoteAddress, string? Note);

/// <summary>Body of the call that invites a user.</summary>
public sealed record ConsoleInvitationRequest([Text(Limits.UsernameLength)] string Username, string? Kind);

/// <summary>An invited user, and the link that registers it: the code stands in it, behind the '#'.</summary>
public sealed record ConsoleInvitation(string UserId, string Username, string Link, DateTimeOffset ExpiresAt);
