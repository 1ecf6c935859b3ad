using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>social-provider set|add|list|remove</c>.</summary>
internal static class SocialProviderCommands
{
    private const string NoProvider = "The organisation has no provider with this issuer; 'social-provider list' shows them.";

    public static Command Make() => new("social-provider", "The OpenID providers whose users may register with an organisation.") { MakeSet(), MakeAdd(), MakeList(), MakeRemove() };

    private static Option<string> Issuer() => new("--issuer") { Required = true, Description = "What its tokens name in iss, such as https://accounts.google.com." };

    private static Option<string[]> ClientIds() => new("--client-id") { Description = "The id of an application of the organisation at the provider; may be repeated. Tokens for any other are refused." };

    private static Option<string[]> Algorithms() => new("--algorithm") { Description = $"A signature algorithm to accept; may be repeated. {string.Join(" and ", SocialProviderRules.DefaultAlgorithms)} for a new provider if none is named. One of {string.Join(", ", SocialProviderRules.SupportedAlgorithms)}." };

    private static Option<bool> Force() => new("--force") { Description = "Do it although users come from this provider, or single sign-on goes with it; without it that is told, and nothing is changed." };

    private static Command MakeSet()
    {
        var (organisation, issuer, clientIds, algorithms, force) = (OrganisationCommands.Id(), Issuer(), ClientIds(), Algorithms(), Force());
        var username = EnumOption.Make("--username", SocialUsername.Email, "Email: the address, which the provider must have verified, as for a new provider if nothing is named; Subject: a name made from issuer and subject.");
        var command = new Command("set", "Accept the ID tokens of a provider, or change what is accepted: a list becomes just what is named, what is not named stays.\n\nExample: social-provider set --org or-30tnh-itmjs-s235s5ontr3r23h2 --issuer https://accounts.google.com --client-id 1234.apps.googleusercontent.com")
        {
            organisation, issuer, clientIds, algorithms, username, force,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var (orgId, name) = (parsed.GetValue(organisation)!, parsed.GetValue(issuer)!);
                if (!await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);

                var provider = await services.GetRequiredService<SocialStore>().FindOrAddProviderAsync(orgId, name, stop);
                return await SaveAsync(services, provider, Change, parsed.GetValue(force), "'social-provider add' keeps what is there; --force takes it away.", stop);

                void Change()
                {
                    if (IsTyped(clientIds)) provider.ClientIds = [.. parsed.GetValue(clientIds)!.Distinct(StringComparer.Ordinal)];
                    if (IsTyped(algorithms)) provider.Algorithms = [.. parsed.GetValue(algorithms)!.Distinct(StringComparer.Ordinal)];
                    else if (provider.Algorithms.Count == 0) provider.Algorithms = [.. SocialProviderRules.DefaultAlgorithms];
                    if (IsTyped(username)) provider.Username = parsed.GetValue(username);
                }

                bool IsTyped(Option option) => parsed.GetResult(option) is { Implicit: false };
            },
            ct));
        return command;
    }

    private static Command MakeAdd()
    {
        var (organisation, issuer, clientIds, algorithms) = (OrganisationCommands.Id(), Issuer(), ClientIds(), Algorithms());
        var command = new Command("add", "Accept more of a provider: what is there stays.\n\nExample: social-provider add --org or-30tnh-itmjs-s235s5ontr3r23h2 --issuer https://accounts.google.com --client-id 5678.apps.googleusercontent.com")
        {
            organisation, issuer, clientIds, algorithms,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var (ids, more) = (parsed.GetValue(clientIds) ?? [], parsed.GetValue(algorithms) ?? []);
                if (await services.GetRequiredService<SocialStore>().FindProviderAsync(parsed.GetValue(organisation)!, parsed.GetValue(issuer)!, stop) is not { } provider) return CommandResult.Fault(NoProvider);
                if (ids.Length + more.Length == 0) return CommandResult.Fault("Name what to add: --client-id or --algorithm.");
                return await SaveAsync(
                    services,
                    provider,
                    () => (provider.ClientIds, provider.Algorithms) = ([.. provider.ClientIds.Union(ids)], [.. provider.Algorithms.Union(more)]),
                    force: false,
                    "",
                    stop);
            },
            ct));
        return command;
    }

    // Saves a change, unless it is at fault, or takes away what users need who come from there.
    private static async Task<CommandResult> SaveAsync(IServiceProvider services, SocialProvider provider, Action change, bool force, string wayOut, CancellationToken ct)
    {
        var (before, had) = (Output.Cells(new SocialProviderRow(provider)), provider.ClientIds.Concat(provider.Algorithms).ToList());
        change();
        if (SocialProviderRules.Faults(provider) is { Count: > 0 } faults) return CommandResult.Fault(string.Join(Environment.NewLine, faults));
        if (had.Except(provider.ClientIds.Concat(provider.Algorithms)).ToList() is { Count: > 0 } taken)
        {
            var clients = await services.GetRequiredService<SsoStore>().ListAsync(provider, taken, ct);
            if (!force && await TakenFaultAsync(services, provider, clients, string.Join(' ', taken), wayOut, ct) is { } fault) return CommandResult.Fault(fault);
            services.GetRequiredService<SocialStore>().EndTaken(provider, taken);
            foreach (var client in clients) SsoClientCommands.Remove(services, client);
        }

        services.GetRequiredService<Audit>().ChangedByOperator(provider.OrganisationId, AuditActions.SocialProviderChanged, provider.OrganisationId, provider.Issuer, provider);
        await services.GetRequiredService<Changes>().SaveAsync(ct);
        return CommandResult.Changed(before, new SocialProviderRow(provider));
    }

    // What of a client of single sign-on goes with it, redirect URIs and a secret, nobody can tell afterwards.
    private static async Task<string?> TakenFaultAsync(IServiceProvider services, SocialProvider provider, IReadOnlyList<SsoClient> clients, string taken, string wayOut, CancellationToken ct)
    {
        var users = await services.GetRequiredService<SocialStore>().CountUsersAsync(provider, ct);
        List<string> needed = [];
        if (users > 0) needed.Add($"{(users == 1 ? "1 registered user comes" : $"{users} registered users come")} from this provider");
        if (clients.Count > 0) needed.Add($"with it goes the single sign-on by {string.Join(' ', clients.Select(c => c.ClientId))}, which 'sso-client list' shows");
        return needed.Count == 0 ? null : $"Nothing was changed: this would take away {taken}; {string.Join(", and ", needed)}. {wayOut}";
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
        var (organisation, issuer, clientIds, algorithms, force) = (OrganisationCommands.Id(), Issuer(), ClientIds(), Algorithms(), Force());
        var command = new Command("remove", "Accept no more ID tokens of a provider, or only those client ids and algorithms no more that are named. Users who came from it stay; what is open on its word ends: sessions, and registrations that were begun.\n\nExample: social-provider remove --org or-30tnh-itmjs-s235s5ontr3r23h2 --issuer https://accounts.google.com")
        {
            organisation, issuer, clientIds, algorithms, force,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                const string wayOut = "--force takes it away.";
                var (orgId, name) = (parsed.GetValue(organisation)!, parsed.GetValue(issuer)!);
                var social = services.GetRequiredService<SocialStore>();
                if (await social.FindProviderAsync(orgId, name, stop) is not { } provider) return CommandResult.Fault(NoProvider);

                var (ids, fewer) = (parsed.GetValue(clientIds) ?? [], parsed.GetValue(algorithms) ?? []);
                if (ids.Except(provider.ClientIds).Concat(fewer.Except(provider.Algorithms)).ToList() is [var absent, ..]) return CommandResult.Fault($"The provider does not accept '{absent}' as it is; 'social-provider list' shows what it does.");
                if (ids.Length + fewer.Length > 0)
                {
                    return await SaveAsync(
                        services, provider, () => (provider.ClientIds, provider.Algorithms) = ([.. provider.ClientIds.Except(ids)], [.. provider.Algorithms.Except(fewer)]), parsed.GetValue(force), wayOut, stop);
                }

                var clients = await services.GetRequiredService<SsoStore>().ListAsync(provider, clientIds: null, stop);
                if (!parsed.GetValue(force) && await TakenFaultAsync(services, provider, clients, "the provider", wayOut, stop) is { } fault) return CommandResult.Fault(fault);
                foreach (var client in clients) SsoClientCommands.Remove(services, client);
                social.Remove(provider);
                foreach (var piece in AuditNotes.Pieces($"{name}; clientIds {string.Join(' ', provider.ClientIds)}; algorithms {string.Join(' ', provider.Algorithms)}"))
                    services.GetRequiredService<Audit>().Add(orgId, AuditActions.SocialProviderRemoved, AuditActors.Operator, orgId, note: piece);
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
