using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Verification.Trust;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>org create|list|update</c>.</summary>
internal static class OrganisationCommands
{
    /// <summary>The option by which commands name an organisation.</summary>
    public static Option<string> Id() => new("--org") { Required = true, Description = "The organisation's id; 'org list' shows it." };

    public static Command Make() => new("org", "Organisations: the tenants of the service.") { MakeCreate(), MakeList(), MakeUpdate() };

    private static Command MakeCreate()
    {
        var name = new Option<string>("--name") { Required = true, Description = "Shown in mails, and by authenticators." };
        var arguments = RelyingPartyArguments.ForCreation();
        var command = new Command("create", "Create an organisation with its relying party.\n\nExample: org create --name Example --rp-id example.co --origin https://app.example.co") { name };
        arguments.AddTo(command);
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) => OrganisationRow.Of(await services.GetRequiredService<OrganisationStore>().CreateAsync(
                parsed.GetValue(name)!, relyingParty => arguments.Apply(parsed, relyingParty) ?? arguments.TrustFault(parsed, relyingParty, services.GetRequiredService<IOptions<TrustOptions>>().Value), stop)),
            ct));
        return command;
    }

    private static Command MakeList()
    {
        var command = new Command("list", "List the organisations; --json shows their whole settings.\n\nExample: org list --json");
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var organisations = await services.GetRequiredService<OrganisationStore>().ListAsync(stop);
                return new CommandResult([.. organisations.Select(o => new OrganisationRow(o))], Columns: ["id", "name", "rpId", "origins"]);
            },
            ct));
        return command;
    }

    private static Command MakeUpdate()
    {
        var id = Id();
        var name = new Option<string>("--name") { Required = true, Description = "The new name." };
        var command = new Command("update", "Rename an organisation.\n\nExample: org update --org or-30tnh-itmjs-s235s5ontr3r23h2 --name 'Example Ltd'") { id, name };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            (services, stop) => OrganisationRow.ChangeAsync(services.GetRequiredService<OrganisationStore>(), parsed.GetValue(id)!, AuditActions.OrganisationRenamed, o => Rename(o, parsed.GetValue(name)!), stop),
            ct));
        return command;
    }

    private static Task<string?> Rename(Organisation organisation, string name)
    {
        organisation.Name = name;
        return Task.FromResult<string?>(null);
    }
}

/// <summary>An organisation as it is printed.</summary>
internal sealed record OrganisationRow(Organisation Source)
{
    public string Id => Source.Id;

    public string Name => Source.Name;

    public string RpId => Source.RelyingParty!.RelyingPartyId;

    public string FurtherRpIds => string.Join(' ', Source.RelyingParty!.FurtherIds ?? []);

    public string Origins => string.Join(' ', Source.RelyingParty!.Origins);

    public string RelatedOrigins => string.Join(' ', Source.RelyingParty!.RelatedOrigins ?? []);

    public string Attestation => Source.RelyingParty!.Attestation;

    public bool AllowCrossOrigin => Source.RelyingParty!.AllowCrossOrigin;

    public string TopOrigins => string.Join(' ', Source.RelyingParty!.TopOrigins);

    public string RpName => Source.RelyingParty!.Name;

    public bool AcceptSignCountRegression => Source.RelyingParty!.AcceptSignCountRegression;

    public bool RefuseSyncedSignCountRegression => Source.RelyingParty!.RefuseSyncedSignCountRegression;

    public bool RefuseBackupEligibilityChange => Source.RelyingParty!.RefuseBackupEligibilityChange;

    public string UserVerification => Source.RelyingParty!.UserVerification;

    public string Algorithms => string.Join(' ', Source.RelyingParty!.Algorithms);

    public bool RecoveryRequired => Source.RelyingParty!.RecoveryRequiredForEndUsers;

    public bool RequireSecondFactor => !Source.RelyingParty!.SecondFactorOptional;

    public bool RefuseWallets => Source.RelyingParty!.RefuseWallets;

    public bool RefuseMixedScripts => Source.RelyingParty!.RefuseMixedScripts;

    public bool RefuseNoAttestation => Source.RelyingParty!.RefuseNoAttestation;

    public bool RefuseSelfAttestation => Source.RelyingParty!.RefuseSelfAttestation;

    public bool RequireTrustedRoot => Source.RelyingParty!.RequireTrustedRoot;

    public string AllowedAaguids => string.Join(' ', Source.RelyingParty!.AllowedAaguids ?? []);

    public string DeniedAaguids => string.Join(' ', Source.RelyingParty!.DeniedAaguids ?? []);

    public string RefusedStatuses => string.Join(' ', Source.RelyingParty!.RefusedStatuses ?? [.. AttestationTrust.Undesired]);

    public string PasskeyEnrollUrl => Source.RelyingParty!.PasskeyEnrollUrl ?? "";

    public string PasskeyManageUrl => Source.RelyingParty!.PasskeyManageUrl ?? "";

    [System.Text.Json.Serialization.JsonIgnore]
    public Organisation Source { get; } = Source;

    public static CommandResult Of(ChangedOrganisation change) =>
        change.Organisation is { } organisation ? CommandResult.Row(new OrganisationRow(organisation)) : CommandResult.Fault(string.Join(Environment.NewLine, change.Faults));

    /// <summary>Changes an organisation.</summary>
    /// <returns>The organisation with what has changed of it, or why nothing has.</returns>
    public static async Task<CommandResult> ChangeAsync(OrganisationStore organisations, string id, string action, Func<Organisation, Task<string?>> change, CancellationToken ct)
    {
        IReadOnlyDictionary<string, string>? before = null;
        var changed = await organisations.ChangeAsync(
            id,
            action,
            organisation =>
            {
                before = Output.Cells(new OrganisationRow(organisation));
                return change(organisation);
            },
            ct);
        return changed.Organisation is { } now ? CommandResult.Changed(before!, new OrganisationRow(now)) : CommandResult.Fault(string.Join(Environment.NewLine, changed.Faults));
    }
}
