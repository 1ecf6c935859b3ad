using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>user invite|invite-again|list|permit|deactivate|activate</c>.</summary>
internal static class UserCommands
{
    private static readonly AccountArguments Person = new("user", "--user", IsServiceAccount: false);

    public static Command Make() => new("user", "Users of an organisation.")
    {
        MakeInvite(),
        MakeInviteAgain(),
        MakeList(),
        PermitCommand.Make(Person, Permission.CreateUsers),
        MakeSetActive("deactivate", "Deactivate a user: no registration, no sign-in. Everything that is open of the user ends.", active: false),
        MakeSetActive("activate", "Activate a deactivated user. What was open before stays ended; whoever is not registered is invited again.", active: true),
    };

    private static Command MakeInvite()
    {
        var organisation = OrganisationCommands.Id();
        var username = new Option<string>("--username") { Required = true, Description = "Usually the e-mail address." };
        var kind = EnumOption.Make("--kind", UserKind.EndUser, "CustomerEmployee or EndUser.");
        var externalId = new Option<string?>("--external-id") { Description = "Your own id of the user." };
        var print = PrintOption();
        var command = new Command("invite", "Create an unregistered user and send a registration code.\n\nExample: user invite --org or-30tnh-itmjs-s235s5ontr3r23h2 --username jane@example.co --print-code")
        {
            organisation, username, kind, externalId, print,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var orgId = parsed.GetValue(organisation)!;
                if (await services.GetRequiredService<OrganisationStore>().FindRelyingPartyAsync(orgId, stop) is not { } relyingParty) return CommandResult.Fault(OrganisationStore.Unknown);
                if (UserStore.NameFault(parsed.GetValue(username)!) is { } fault) return CommandResult.Fault(fault);
                if (parsed.GetValue(externalId) is { } given && (string.IsNullOrWhiteSpace(given) || given.Length > Limits.UsernameLength)) return CommandResult.Fault($"An external id has 1 to {Limits.UsernameLength} characters; leave it out where there is none.");
                if (!FreeText.IsPlain(parsed.GetValue(externalId) ?? "")) return CommandResult.Fault($"An external id is shown in lists. {FreeText.Fault}");
                if (MailFault(services, parsed.GetValue(username)!, parsed.GetValue(print)) is { } unmailable) return CommandResult.Fault(unmailable);

                if (services.GetRequiredService<UserStore>().Add(relyingParty, parsed.GetValue(username)!, parsed.GetValue(kind), parsed.GetValue(externalId)).Failed(out var mixed, out var user)) return CommandResult.Fault(mixed.Message);
                var invited = services.GetRequiredService<CodeStore>().Issue(user);
                services.GetRequiredService<Audit>().ByOperator(user, AuditActions.UserInvited);
                var mail = AddMail(services, invited, parsed.GetValue(print));
                if (await services.GetRequiredService<Changes>().TrySaveAsync(stop) is not null)
                {
                    return CommandResult.Fault("There is a user of this name, or with this external id, already. One who is not registered yet gets another code with 'user invite-again'.");
                }

                return await HandOverAsync(services, invited, mail, user);
            },
            ct));
        return command;
    }

    private static Command MakeInviteAgain()
    {
        var print = PrintOption();
        return Person.MakeCommand("invite-again", "Invite a user again, also one whose invitation has ended: the time to register begins anew, with another registration code, which ends the earlier one and everything that was begun with it, once it is printed or the mail server has taken it.", " --print-code", [print], async (services, user, parsed, stop) =>
        {
            if (MailFault(services, user.Username, parsed.GetValue(print)) is { } unmailable) return CommandResult.Fault(unmailable);
            if (await services.GetRequiredService<CodeStore>().IssueAgainAsync(user, stop) is not { } invited)
            {
                return CommandResult.Fault("This user cannot be invited again: only one who was invited, is active and has not registered yet.");
            }

            // First the mail: the earlier code is good, and so is what it opened, until the mail server has taken the new one.
            var printed = IsPrinted(services, parsed.GetValue(print));
            if (!printed && await services.GetRequiredService<MailSender>().SendBeforeAsync(services, invited, user, stop) is { Outcome: not OutboxOutcome.Delivered } attempt)
            {
                return CommandResult.Fault($"Nothing was changed: the mail could not be sent ({attempt.Why}). The earlier code is good for as long as it was; try it again, or print a code with --print-code.");
            }

            var audit = services.GetRequiredService<Audit>();
            audit.ByOperator(user, AuditActions.UserInvited, note: "again");
            if (!printed) audit.Add(user.OrganisationId, AuditActions.CodeSent(CodePurpose.Registration), AuditActors.Service, user.Id);
            if (printed) await services.GetRequiredService<Changes>().SaveAsync(stop);
            else if (await services.GetRequiredService<Changes>().TrySaveAsync(stop) is not null) return CommandResult.Fault("Somebody else changed the same at this moment, and the code that was mailed is good for nothing; try again.");

            return Row(invited, user, printed);
        });
    }

    private static Option<bool> PrintOption() => new("--print-code") { Description = "Print the registration code instead of mailing it." };

    // In Development codes go to a log, and a command has none.
    private static bool IsPrinted(IServiceProvider services, bool print) => print || services.GetRequiredService<IOptions<MailOptions>>().Value.Delivery == MailDelivery.Log;

    // Asked before anything is changed: the code goes out by mail or not at all.
    private static string? MailFault(IServiceProvider services, string username, bool print) =>
        IsPrinted(services, print) || MailAddress.IsMailable(username) ? null : "No mail can be sent to this username; take an address such as 'jane@example.co', or print the code with --print-code.";

    // Stored with what it tells of: if this process ends before the mail is out, a running service sends it.
    private static OutboxMessage? AddMail(IServiceProvider services, IssuedCode invited, bool print)
    {
        if (IsPrinted(services, print)) return null;
        var mail = services.GetRequiredService<Mails>().InHand(invited);
        services.GetRequiredService<Changes>().Add(mail);
        return mail;
    }

    private static async Task<CommandResult> HandOverAsync(IServiceProvider services, IssuedCode invited, OutboxMessage? mail, User user)
    {
        if (mail is not null && await services.GetRequiredService<MailSender>().SendNowAsync(mail) is { Outcome: not OutboxOutcome.Delivered } attempt)
        {
            return CommandResult.Fault(attempt.Outcome == OutboxOutcome.PutOff
                ? $"The user was invited, but the mail could not be sent yet ({attempt.Why}). A running service tries again for as long as the code is good; another code is sent with 'user invite-again'."
                : $"The user was invited, but the mail could not be sent ({attempt.Why}); send a new code with 'user invite-again'.");
        }

        return Row(invited, user, printed: mail is null);
    }

    private static CommandResult Row(IssuedCode invited, User user, bool printed) =>
        CommandResult.Row(new { Id = invited.UserId, user.Username, OrgId = invited.OrganisationId, Code = printed ? invited.Code : "(mailed)", invited.ExpiresAt, user.InvitationEndsAt });

    private static Command MakeList()
    {
        var organisation = OrganisationCommands.Id();
        var command = new Command("list", "List the users of an organisation.\n\nExample: user list --org or-30tnh-itmjs-s235s5ontr3r23h2") { organisation };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var orgId = parsed.GetValue(organisation)!;
                if (!await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);
                var rows = await services.GetRequiredService<UserStore>().ListAllAsync(orgId, stop);
                services.GetRequiredService<Audit>().ByOperator(orgId, AuditActions.UsersRead, orgId, "user list");
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return new CommandResult([.. rows]);
            },
            ct));
        return command;
    }

    private static Command MakeSetActive(string verb, string what, bool active) => Person.MakeCommand(verb, what, "", async (services, user, stop) =>
    {
        var before = Output.Cells(Row(user));
        if (services.GetRequiredService<UserStore>().SetActive(user, active))
        {
            services.GetRequiredService<Audit>().ByOperator(user, active ? AuditActions.UserActivated : AuditActions.UserDeactivated);
            await services.GetRequiredService<Changes>().SaveAsync(stop);
        }

        return CommandResult.Changed(before, Row(user));
    });

    private static object Row(User user) => new { user.Id, user.Username, user.IsActive };
}
