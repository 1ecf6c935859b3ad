using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Accounts;

/// <summary>The operations that there are, granted one by one by the operator, or in sets. Managing one's own account needs none.</summary>
internal static class Permission
{
    public const string CreateUsers = "Auth:Users:Create";
    public const string ReadUsers = "Auth:Users:Read";
    public const string UpdateUsers = "Auth:Users:Update";
    public const string DeleteUsers = "Auth:Users:Delete";
    public const string ActivateUsers = "Auth:Users:Activate";
    public const string DeactivateUsers = "Auth:Users:Deactivate";
    public const string CreateServiceAccounts = "Auth:ServiceAccounts:Create";
    public const string ReadServiceAccounts = "Auth:ServiceAccounts:Read";
    public const string UpdateServiceAccounts = "Auth:ServiceAccounts:Update";
    public const string DeleteServiceAccounts = "Auth:ServiceAccounts:Delete";
    public const string ActivateServiceAccounts = "Auth:ServiceAccounts:Activate";
    public const string DeactivateServiceAccounts = "Auth:ServiceAccounts:Deactivate";
    public const string CreatePats = "Auth:Pats:Create";
    public const string RegisterDelegated = "Auth:Register:Delegated";
    public const string LoginDelegated = "Auth:Login:Delegated";
    public const string RecoverDelegated = "Auth:Recover:Delegated";
    public const string IntrospectTokens = "Auth:Tokens:Introspect";

    public const string ReadLogs = "Auth:Logs:Read";
    public const string ReadApplications = "Auth:Apps:Read";
    public const string CreatePermissions = "Permissions:Create";
    public const string ReadPermissions = "Permissions:Read";
    public const string UpdatePermissions = "Permissions:Update";
    public const string ArchivePermissions = "Permissions:Archive";
    public const string AssignPermissions = "Permissions:Assign";
    public const string RevokePermissions = "Permissions:Revoke";
    public const string ReadAssignments = "Permissions:Assignments:Read";
    public const string CreateWebhooks = "Webhooks:Create";
    public const string ReadWebhooks = "Webhooks:Read";
    public const string UpdateWebhooks = "Webhooks:Update";
    public const string DeleteWebhooks = "Webhooks:Delete";
    public const string PingWebhooks = "Webhooks:Ping";
    public const string ReadWebhookEvents = "Webhooks:Events:Read";

    /// <summary>Every one of them.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        CreateUsers, ReadUsers, UpdateUsers, DeleteUsers, ActivateUsers, DeactivateUsers, RegisterDelegated, LoginDelegated, RecoverDelegated,
        IntrospectTokens, ReadLogs, ReadApplications, CreateServiceAccounts, ReadServiceAccounts, UpdateServiceAccounts, DeleteServiceAccounts, ActivateServiceAccounts, DeactivateServiceAccounts, CreatePats,
        CreatePermissions, ReadPermissions, UpdatePermissions, ArchivePermissions, AssignPermissions, RevokePermissions, ReadAssignments,
        CreateWebhooks, ReadWebhooks, UpdateWebhooks, DeleteWebhooks, PingWebhooks, ReadWebhookEvents,
    ];

    /// <summary>Those by which a program of the organisation stands in for a person, or asks about one's token; no person has them.</summary>
    private static readonly IReadOnlyList<string> OfServiceAccounts = [RegisterDelegated, LoginDelegated, RecoverDelegated, IntrospectTokens];

    /// <summary>What a service account vouches for that holds a permission; nothing by most.</summary>
    public static Vouched VouchesFor(string permission) => permission switch
    {
        RegisterDelegated => Vouched.Registrations,
        LoginDelegated => Vouched.Sessions,
        RecoverDelegated => Vouched.Recoveries,
        _ => Vouched.None,
    };

    /// <summary>Whether a user of this kind can have a permission at all: end users have none.</summary>
    public static bool CanHave(this User user, string permission) =>
        user.Kind != UserKind.EndUser && (user.IsServiceAccount || !OfServiceAccounts.Contains(permission));

    /// <summary>Asks whether a caller is a service account that may.</summary>
    /// <returns>Null, or 403.</returns>
    public static ApiError? LackingAsServiceAccount(this Caller caller, string permission) =>
        caller.User.IsServiceAccount ? caller.Lacking(permission) : ErrorCatalog.ServiceAccountRequired;

    /// <summary>Asks whether a caller may.</summary>
    /// <returns>Null, or 403 in the words of the contract.</returns>
    public static ApiError? Lacking(this Caller caller, string permission) => caller.Holds(permission)
        ? null
        : ErrorCatalog.PermissionMissing with { Message = $"{caller.User.Kind} {caller.User.Id} is not authorized to perform operation ({permission})" };

    /// <summary>Asks whether a caller may hand operations on: nobody grants what they may not do themselves.</summary>
    /// <returns>Null, or 403.</returns>
    public static ApiError? LackingToGrant(this Caller caller, IEnumerable<string> operations) => operations.Where(o => !caller.Holds(o)).ToList() is { Count: > 0 } lacking
        ? ErrorCatalog.OperationNotHeld.Saying($"Not held: {string.Join(", ", lacking)}.")
        : null;
}
