using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Permissions;
using Dfns.Registration.Api.Settings;
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
        if (permissions.FirstOrDefault(p => !Permission.All.Contains(p)) is { } unknown) return $"There is no permission '{unknown}'; {Spelling.Hint(unknown, [.. Permission.All])}";
        if (permissions.FirstOrDefault(p => !user.CanHave(p)) is not { } refused) return null;
        return user.Kind == UserKind.EndUser ? "End users have no permissions. Who administers is an employee, invited with 'user invite --kind CustomerEmployee'." : $"'{refused}' is for service accounts alone.";
    }

    /// <summary>The command.</summary>
    /// <param name="accounts">Whose permissions it changes.</param>
    /// <param name="example">A permission for the example.</param>
    public static Command Make(AccountArguments accounts, string example)
    {
        var just = new Option<string[]>("--permission") { Description = $"Just this is allowed, and nothing that is not named, by a set that was assigned over HTTP neither; may be repeated. One of {string.Join(", ", Permission.All)}." };
        var added = new Option<string[]>("--add") { Description = "This is allowed too; may be repeated." };
        var removed = new Option<string[]>("--remove") { Description = "This is no longer allowed, the rest stays; may be repeated." };
        var none = new Option<bool>("--none") { Description = "Nothing is allowed any more, by a set that was assigned over HTTP neither." };
        var force = new Option<bool>("--force") { Description = "With --permission: take away what is not named; without it that is told, and nothing is changed." };
        return accounts.MakeCommand(
            "permit",
            "Change what somebody may do beyond managing the own account: add, remove, or set to just what is named. It counts from the next call.",
            $" --add {example}",
            [just, added, removed, none, force],
            async (services, user, parsed, stop) =>
            {
                var (named, more, less) = (Named(just), Named(added), Named(removed));
                if (new[] { named.Count > 0, more.Count + less.Count > 0, parsed.GetValue(none) }.Count(way => way) != 1)
                {
                    return CommandResult.Fault("Nothing was changed: name permissions to --add or to --remove, or with --permission just those that are left, or --none.");
                }

                var sets = await services.GetRequiredService<PermissionStore>().AssignedAsync(user, stop);
                if (less.Where(p => !Permission.All.Contains(p)).Concat(less.Except(user.Permissions)).FirstOrDefault() is { } absent)
                {
                    return CommandResult.Fault(Fault(user, [absent])
                        ?? (sets.Find(s => s.Set.Operations.Contains(absent, StringComparer.Ordinal)) is { Set: { } holder }
                            ? $"'{absent}' comes from the set '{holder.Name}' ({holder.Id}), which is assigned over HTTP; --none takes away the sets too."
                            : $"'{absent}' is not among the permissions: {(user.Permissions.Count == 0 ? "there are none" : string.Join(", ", user.Permissions))}."));
                }

                if (less.Find(p => Holder(p) is not null) is { } kept)
                {
                    var also = Holder(kept)!;
                    return CommandResult.Fault($"Nothing was changed: '{kept}' comes from the set '{also.Name}' ({also.Id}) too, which is assigned over HTTP, and would still be allowed; --none takes away the sets too.");
                }

                List<string> wanted = named.Count > 0 ? named : parsed.GetValue(none) ? [] : [.. user.Permissions.Union(more).Except(less)];
                if (Fault(user, wanted) is { } fault) return CommandResult.Fault(fault);
                var (before, held) = (Output.Cells(Row(user, sets)), Held(user, sets));
                if (named.Count > 0 && !parsed.GetValue(force) && held.Except(wanted, StringComparer.Ordinal).ToList() is { Count: > 0 } lost)
                {
                    return CommandResult.Fault($"Nothing was changed: this would take away {string.Join(", ", lost)}. '--add' keeps what is there; --force takes it away.");
                }

                user.Permissions = wanted;
                // Nothing or just what is named: what was assigned over HTTP would be more.
                if (more.Count + less.Count == 0)
                {
                    foreach (var (assignment, set) in sets)
                    {
                        services.GetRequiredService<PermissionStore>().Revoke(assignment);
                        services.GetRequiredService<Audit>().ByOperator(user.OrganisationId, AuditActions.PermissionRevoked, user.Id, $"{set.Id} {set.Name}");
                    }

                    sets = [];
                }

                services.GetRequiredService<Audit>().ChangedByOperator(user.OrganisationId, AuditActions.UserPermitted, user.Id, note: null, user);
                services.GetRequiredService<PermissionStore>().EndVouched(user, held.Except(Held(user, sets)));
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return CommandResult.Changed(before, Row(user, sets));

                PermissionSet? Holder(string permission) => sets.Find(s => !s.Set.IsArchived && s.Set.Operations.Contains(permission, StringComparer.Ordinal))?.Set;

                List<string> Named(Option<string[]> option) => [.. (parsed.GetValue(option) ?? []).Distinct(StringComparer.Ordinal)];
            });
    }

    private static List<string> Held(User user, List<SetOfUser> sets) => [.. user.Permissions, .. sets.Where(s => !s.Set.IsArchived).SelectMany(s => s.Set.Operations)];

    private static object Row(User user, List<SetOfUser> sets) => new
    {
        user.Id,
        user.Username,
        Permissions = string.Join(' ', user.Permissions),
        Sets = string.Join("; ", sets.Select(s => $"{s.Set.Name} ({s.Set.Id}): {string.Join(' ', s.Set.IsArchived ? [] : s.Set.Operations)}")),
    };
}
