using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>social-provider set|list|remove</c>.</summary>
internal static class SocialProviderCommands
{
    public static Command Make() => new("social-provider", "The OpenID providers whose users may register with an organisation.") { MakeSet(), MakeList(), MakeRemove() };

    private static Option<string> Issuer() => new("--issuer") { Required = true, Description = "What its tokens name in iss, such as https://accounts.google.com." };

    private static Command MakeSet()
    {
        var organisation = OrganisationCommands.Id();
        var issuer = Issuer();
        var clientIds = new Option<string[]>("--client-id") { Required = true, Description = "The id of an application of the organisation at the provider; may be repeated. Tokens for any other are refused." };
        var algorithms = new Option<string[]>("--algorithm") { Description = "A signature algorithm to accept; may be repeated. RS256 and ES256 if none is named." };
        var username = new Option<SocialUsername>("--username") { Description = "Email: the address, which the provider must have verified; Subject: a name made from issuer and subject.", DefaultValueFactory = _ => SocialUsername.Email };
        var command = new Command("set", "Accept the ID tokens of a provider, or change what is accepted.\n\nExample: social-provider set --org or-30tnh-itmjs-s235s5ontr3r23h2 --issuer https://accounts.google.com --client-id 1234.apps.googleusercontent.com")
        {
            organisation, issuer, clientIds, algorithms, username,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var (orgId, name) = (parsed.GetValue(organisation)!, parsed.GetValue(issuer)!);
                if (!await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);

                var provider = await services.GetRequiredService<SocialStore>().FindOrAddProviderAsync(orgId, name, stop);
                provider.ClientIds = [.. parsed.GetValue(clientIds)!];
                provider.Algorithms = parsed.GetValue(algorithms) is { Length: > 0 } named ? [.. named] : [.. SocialProviderRules.DefaultAlgorithms];
                provider.Username = parsed.GetValue(username);
                if (SocialProviderRules.Faults(provider) is { Count: > 0 } faults) return CommandResult.Fault(string.Join(Environment.NewLine, faults));

                services.GetRequiredService<Audit>().Add(orgId, AuditActions.SocialProviderChanged, AuditActors.Operator, orgId, note: name);
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return CommandResult.Row(new SocialProviderRow(provider));
            },
            ct));
        return command;
    }

    private static Command MakeList()
    {
        var organisation = OrganisationCommands.Id();
        var command = new Command("list", "List the providers of an organisation.\n\nExample: social-provider list --org or-30tnh-itmjs-s235s5ontr3r23h2") { organisation };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var orgId = parsed.GetValue(organisation)!;
                if (!await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);
                var providers = await services.GetRequiredService<SocialStore>().ListProvidersAsync(orgId, stop);
                return new CommandResult([.. providers.Select(p => new SocialProviderRow(p))]);
            },
            ct));
        return command;
    }

    private static Command MakeRemove()
    {
        var organisation = OrganisationCommands.Id();
        var issuer = Issuer();
        var command = new Command("remove", "Accept no more ID tokens of a provider. Users who came from it stay.\n\nExample: social-provider remove --org or-30tnh-itmjs-s235s5ontr3r23h2 --issuer https://accounts.google.com") { organisation, issuer };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var (orgId, name) = (parsed.GetValue(organisation)!, parsed.GetValue(issuer)!);
                var social = services.GetRequiredService<SocialStore>();
                if (await social.FindProviderAsync(orgId, name, stop) is not { } provider) return CommandResult.Fault("The organisation has no provider with this issuer; 'social-provider list' shows them.");
                social.Remove(provider);
                services.GetRequiredService<Audit>().Add(orgId, AuditActions.SocialProviderRemoved, AuditActors.Operator, orgId, note: name);
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return CommandResult.Row(new SocialProviderRow(provider));
            },
            ct));
        return command;
    }
}

/// <summary>A provider as it is printed.</summary>
internal sealed record SocialProviderRow(string Issuer, string ClientIds, string Algorithms, string Username)
{
    public SocialProviderRow(SocialProvider provider)
        : this(provider.Issuer, string.Join(' ', provider.ClientIds), string.Join(' ', provider.Algorithms), provider.Username.ToString())
    {
    }
}
