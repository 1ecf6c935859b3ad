using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>audit list</c>.</summary>
internal static class AuditCommands
{
    private const int DefaultMost = 100;
    private const int MaxMost = 100_000;

    public static Command Make() => new("audit", "The audit trail: who did what to whom, when and from where.") { MakeList() };

    private static Command MakeList()
    {
        var organisation = new Option<string?>("--org") { Description = "The organisation's id; 'org list' shows it. Without it, what concerns the service as a whole: its keys and its database." };
        var subject = new Option<string?>("--subject") { Description = "Only what was done to this user or organisation: its id, or the username." };
        var actor = new Option<string?>("--actor") { Description = $"Only what this one did: the id of a user or service account, a username, {AuditActors.Operator}, {AuditActors.Service}, or {AuditActors.Anybody} for whoever has proven nothing." };
        var action = new Option<string?>("--action") { Description = "Only this, such as user.sign_in_failed; the manual has the list." };
        var since = InstantOption.Make("--since", "Not what was earlier, such as 2027-06-30 or 2027-06-30T12:00Z.");
        var most = new Option<int>("--most") { Description = $"How many events at most, the latest; {DefaultMost} when left out.", DefaultValueFactory = _ => DefaultMost };
        var command = new Command("list", "List what happened, the latest last.\n\nExample: audit list --org or-30tnh-itmjs-s235s5ontr3r23h2 --since 2027-06-30") { organisation, subject, actor, action, since, most };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                if (parsed.GetValue(organisation) is { } orgId && !await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);
                if (parsed.GetValue(action) is { } named && !AuditActions.All.Contains(named)) return CommandResult.Fault($"There is no action '{named}'; {Spelling.Hint(named, [.. AuditActions.All])}");
                if (parsed.GetValue(most) is < 1 or > MaxMost) return CommandResult.Fault($"--most must be from 1 to {MaxMost}.");
                var (of, by) = (await NamedAsync(services, parsed, parsed.GetValue(organisation), subject, stop), await NamedAsync(services, parsed, parsed.GetValue(organisation), actor, stop));
                var events = await services.GetRequiredService<AuditStore>().ListAsync(
                    parsed.GetValue(organisation) ?? "", of, by, parsed.GetValue(action), parsed.GetValue(since), parsed.GetValue(most), stop);
                var result = new CommandResult([.. events.Select(e => new { e.At, e.Action, e.Actor, Subject = e.SubjectId, From = e.RemoteAddress ?? "", Note = e.Note ?? "" })]);
                return parsed.GetValue(organisation) is null ? result with { Empty = "Nothing to show of the service as a whole; --org shows what happened in an organisation." } : result;
            },
            ct));
        return command;
    }

    // The trail names people by id; whoever types a name means the person who has it. What is an id, or stands in a person's place, is nobody's name: else
    // one who is called so would hide it.
    private static async Task<string?> NamedAsync(IServiceProvider services, ParseResult parsed, string? organisationId, Option<string?> option, CancellationToken ct) =>
        parsed.GetValue(option) is { } typed && organisationId is not null && typed is not (AuditActors.Operator or AuditActors.Service or AuditActors.Anybody) && !Entropy.IsId(typed)
            && await services.GetRequiredService<UserStore>().FindPersonAsync(organisationId, typed, ct) is { } found ? found.User.Id : parsed.GetValue(option);
}
