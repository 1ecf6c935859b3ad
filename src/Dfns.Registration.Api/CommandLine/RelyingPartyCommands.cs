using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>relying-party set</c>.</summary>
internal static class RelyingPartyCommands
{
    public static Command Make()
    {
        var organisation = OrganisationCommands.Id();
        var arguments = new RelyingPartyArguments();
        var set = new Command("set", "Change what an organisation demands of ceremonies; what is not named stays, and 'false' after a switch turns it off.\n\nExample: relying-party set --org or-30tnh-itmjs-s235s5ontr3r23h2 --origin https://app.example.co --origin https://example.co --require-recovery") { organisation };
        arguments.AddTo(set);
        set.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) => OrganisationRow.Of(await services.GetRequiredService<OrganisationStore>().ChangeAsync(
                parsed.GetValue(organisation)!, AuditActions.RelyingPartyChanged, o => arguments.Apply(parsed, o.RelyingParty!), stop)),
            ct));
        return new Command("relying-party", "The relying party of an organisation: RP id, origins, policies.") { set };
    }
}
