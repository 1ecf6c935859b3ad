using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Webhooks;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>webhook list|rotate-secret</c>.</summary>
internal static class WebhookCommands
{
    private const int DefaultHours = 24;
    private const int MostHours = 31 * 24;

    public static Command Make() => new("webhook", "Webhooks of an organisation, which its own programs create.") { MakeList(), MakeRotate() };

    private static Command MakeList()
    {
        var organisation = OrganisationCommands.Id();
        var command = new Command("list", "List the webhooks of an organisation.\n\nExample: webhook list --org or-30tnh-itmjs-s235s5ontr3r23h2") { organisation };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var orgId = parsed.GetValue(organisation)!;
                if (!await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);
                var webhooks = await services.GetRequiredService<WebhookStore>().ListAllAsync(orgId, stop);
                return new CommandResult([.. webhooks.Select(w => new { w.Id, w.Url, w.IsEnabled, Events = string.Join(' ', w.Events), w.Description, w.CreatedAt, w.EarlierSecretEndsAt })], Columns: ["id", "url", "isEnabled"]);
            },
            ct));
        return command;
    }

    private static Command MakeRotate()
    {
        var organisation = OrganisationCommands.Id();
        var id = new Option<string>("--webhook") { Required = true, Description = "Its id; 'webhook list' shows it." };
        var overlap = new Option<int>("--overlap-hours") { DefaultValueFactory = _ => DefaultHours, Description = $"How long the secret of before signs too, 0 to {MostHours}; 0 where it is known to somebody else." };
        var force = new Option<bool>("--force") { Description = "Do it although the secret before the present one still signs; without it nothing is changed." };
        var command = new Command(
            "rotate-secret",
            "Give a webhook a new secret, which is printed this once. Until the secret of before ends, deliveries are signed with both.\n\nExample: webhook rotate-secret --org or-30tnh-itmjs-s235s5ontr3r23h2 --webhook wh-6b58p-r53sr-rlrd3l5cj3uc4ome")
        {
            organisation, id, overlap, force,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                if (parsed.GetValue(overlap) is < 0 or > MostHours) return CommandResult.Fault($"--overlap-hours is from 0 to {MostHours}.");
                if (await services.GetRequiredService<WebhookStore>().FindAsync(parsed.GetValue(organisation)!, parsed.GetValue(id)!, stop) is not { } webhook)
                {
                    return CommandResult.Fault("There is no webhook with this id in this organisation; 'webhook list' shows them.");
                }

                // Of three it would be the first that goes, which may be the only one that the receiver has. Where all are to go, it is said by the hours.
                if (!parsed.GetValue(force) && parsed.GetValue(overlap) > 0 && webhook.EarlierSecretEndsAt is { } ends && ends > services.GetRequiredService<TimeProvider>().GetUtcNow())
                {
                    return CommandResult.Fault($"Nothing was changed: the secret before the present one signs until {WireTime.Of(ends)}, and would sign no more. Wait until then, add --force where the receiver has the present one, or --overlap-hours 0 to have neither sign.");
                }

                var secret = services.GetRequiredService<WebhookSecrets>().Rotate(webhook, TimeSpan.FromHours(parsed.GetValue(overlap)));
                services.GetRequiredService<Audit>().ByOperator(webhook.OrganisationId, AuditActions.WebhookSecretRotated, webhook.Id, $"The secret of before signs too for {parsed.GetValue(overlap)} hours");
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return CommandResult.Row(new { webhook.Id, webhook.Url, Secret = secret, webhook.EarlierSecretEndsAt });
            },
            ct));
        return command;
    }
}
