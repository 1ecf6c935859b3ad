using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Callers;

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

    /// <summary>Every one of them.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        CreateUsers, ReadUsers, UpdateUsers, DeleteUsers, ActivateUsers, DeactivateUsers, RegisterDelegated, LoginDelegated, RecoverDelegated,
    ];

    /// <summary>Asks whether a caller may.</summary>
    /// <returns>Null, or 403 in the words of the contract.</returns>
    public static ApiError? Lacking(this Caller caller, string permission) => caller.User.Permissions.Contains(permission)
        ? null
        : ErrorCatalog.PermissionMissing with { Message = $"{caller.User.Kind} {caller.User.Id} is not authorized to perform operation ({permission})" };
}
