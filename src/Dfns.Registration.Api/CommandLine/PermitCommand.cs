using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>permit</c>, of users and of service accounts.</summary>
internal static class PermitCommand
{
    /// <summary>The option that names permissions.</summary>
    public static Option<string[]> Permissions() => new("--permission")
    {
        Description = $"An operation that is allowed; may be repeated. One of {string.Join(", ", Permission.All)}.",
        DefaultValueFactory = _ => [],
    };

    /// <summary>What is wrong with the permissions that a user is to have.</summary>
    /// <returns>The fault, or null.</returns>
    public static string? Fault(User user, IReadOnlyList<string> permissions)
    {
        if (permissions.FirstOrDefault(p => !Permission.All.Contains(p)) is { } unknown) return $"There is no permission '{unknown}'; use {string.Join(", ", Permission.All)}.";
        if (permissions.FirstOrDefault(p => !user.CanHave(p)) is not { } refused) return null;
        return user.Kind == UserKind.EndUser ? "End users have no permissions." : $"'{refused}' is for service accounts alone.";
    }

    /// <summary>The command.</summary>
    /// <param name="accounts">Whose permissions it sets.</param>
    /// <param name="example">A permission for the example.</param>
    public static Command Make(AccountArguments accounts, string example)
    {
        var permissions = Permissions();
        return accounts.MakeCommand(
            "permit",
            "Set what somebody may do beyond managing the own account: just what is named; without any, nothing. It counts from the next call.",
            $" --permission {example}",
            [permissions],
            async (services, user, parsed, stop) =>
            {
                var wanted = parsed.GetValue(permissions)!.Distinct(StringComparer.Ordinal).ToList();
                if (Fault(user, wanted) is { } fault) return CommandResult.Fault(fault);
                user.Permissions = wanted;
                services.GetRequiredService<Audit>().Add(
                    user.OrganisationId, AuditActions.UserPermitted, AuditActors.Operator, user.Id, note: string.Join(' ', wanted));
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return CommandResult.Row(new { user.Id, user.Username, Permissions = string.Join(' ', wanted) });
            });
    }
}
