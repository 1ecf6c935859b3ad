using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Accounts;

/// <summary>The operations that are granted one by one. Managing one's own account needs none.</summary>
internal static class Permission
{
    public const string CreateUsers = "Auth:Users:Create";
    public const string ReadUsers = "Auth:Users:Read";
    public const string UpdateUsers = "Auth:Users:Update";
    public const string DeleteUsers = "Auth:Users:Delete";
    public const string ActivateUsers = "Auth:Users:Activate";
    public const string DeactivateUsers = "Auth:Users:Deactivate";
    public const string RegisterDelegated = "Auth:Register:Delegated";
    public const string LoginDelegated = "Auth:Login:Delegated";
    public const string RecoverDelegated = "Auth:Recover:Delegated";
    public const string IntrospectTokens = "Auth:Tokens:Introspect";

    /// <summary>Every one of them.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        CreateUsers, ReadUsers, UpdateUsers, DeleteUsers, ActivateUsers, DeactivateUsers, RegisterDelegated, LoginDelegated, RecoverDelegated,
        IntrospectTokens,
    ];

    /// <summary>Those by which a program of the organisation stands in for a person, or asks about one's token; no person has them.</summary>
    private static readonly IReadOnlyList<string> OfServiceAccounts = [RegisterDelegated, LoginDelegated, RecoverDelegated, IntrospectTokens];

    /// <summary>Whether a user of this kind can have a permission at all: end users have none.</summary>
    public static bool CanHave(this User user, string permission) =>
        user.Kind != UserKind.EndUser && (user.IsServiceAccount || !OfServiceAccounts.Contains(permission));

    /// <summary>Asks whether a caller is a service account that may.</summary>
    /// <returns>Null, or 403.</returns>
    public static ApiError? LackingAsServiceAccount(this Caller caller, string permission) =>
        caller.User.IsServiceAccount ? caller.Lacking(permission) : ErrorCatalog.ServiceAccountRequired;

    /// <summary>Asks whether a caller may.</summary>
    /// <returns>Null, or 403 in the words of the contract.</returns>
    public static ApiError? Lacking(this Caller caller, string permission) => caller.User.CanHave(permission) && caller.User.Permissions.Contains(permission)
        ? null
        : ErrorCatalog.PermissionMissing with { Message = $"{caller.User.Kind} {caller.User.Id} is not authorized to perform operation ({permission})" };
}
