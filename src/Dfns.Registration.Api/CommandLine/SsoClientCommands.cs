using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>sso-client set|add|list|remove</c>.</summary>
internal static class SsoClientCommands
{
    private const string NoProvider = "The organisation has no provider with this issuer; 'social-provider set' names it first.";
    private const string NoClient = "There is no single sign-on with this client id; 'sso-client list' shows them.";
    private const int MaxSecretFileSizeBytes = 16 * 1024;

    public static Command Make() => new("sso-client", "The clients by which users sign in at OpenID providers: single sign-on.") { MakeSet(), MakeAdd(), MakeList(), MakeRemove() };

    private static Option<string> Issuer() => new("--issuer") { Required = true, Description = "The provider, as 'social-provider set' names it." };

    private static Option<string> ClientId() => new("--client-id") { Required = true, Description = "One of the client ids that 'social-provider set' names for it." };

    private static Option<string[]> RedirectUris() => new("--redirect-uri") { Description = "Where the provider may send people back to; may be repeated. Any other address is refused, be it other in one character." };

    private static Command MakeSet()
    {
        var (organisation, issuer, clientId, redirectUris, force) = (OrganisationCommands.Id(), Issuer(), ClientId(), RedirectUris(), new Option<bool>("--force") { Description = "Do it although redirect URIs go; without it they are told, and nothing is changed." });
        var secretFile = new Option<FileInfo?>("--secret-file") { Description = "A file with the client secret, for a client that has one. It is sealed with Secrets:MasterKey." };
        var noSecret = new Option<bool>("--no-secret") { Description = "Forget the client secret: the client is a public one." };
        var command = new Command("set", "Let users sign in by a client of a provider, or change where they come back to: the list becomes just what is named, what is not named stays.\n\nExample: sso-client set --org or-30tnh-itmjs-s235s5ontr3r23h2 --issuer https://accounts.google.com --client-id 1234.apps.googleusercontent.com --redirect-uri https://app.example.co/callback --secret-file /run/secrets/sso")
        {
            organisation, issuer, clientId, redirectUris, secretFile, noSecret, force,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var (orgId, id) = (parsed.GetValue(organisation)!, parsed.GetValue(clientId)!);
                if (!await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);
                if (await services.GetRequiredService<SocialStore>().FindProviderAsync(orgId, parsed.GetValue(issuer)!, stop) is not { } provider) return CommandResult.Fault(NoProvider);
                var (file, forget) = (parsed.GetValue(secretFile), parsed.GetValue(noSecret));
                if (file is not null && forget) return CommandResult.Fault("Either '--secret-file' or '--no-secret', not both.");
                string? secret = null;
                if (file is not null && Read(file, out secret) is { } unreadable) return CommandResult.Fault(unreadable);

                var clients = services.GetRequiredService<SsoStore>();
                var known = await clients.FindAsync(provider, id, stop);
                var client = known ?? clients.Add(provider, id);
                var (before, had) = (new SsoClientRow(client), client.RedirectUris);
                if (parsed.GetResult(redirectUris) is { Implicit: false }) client.RedirectUris = [.. parsed.GetValue(redirectUris)!.Distinct(StringComparer.Ordinal)];
                if (secret is not null) clients.SetSecret(client, secret);
                if (forget) client.SealedSecret = null;
                if (SsoClientRules.Faults(client, provider) is { Count: > 0 } faults) return CommandResult.Fault(string.Join(Environment.NewLine, faults));
                if (!parsed.GetValue(force) && TakenAway(had, client) is { } fault) return CommandResult.Fault(fault);

                var now = new SsoClientRow(client);
                List<ChangedValue> changed = [ChangedValue.New("ClientId", id)];
                if (before.RedirectUris != now.RedirectUris) changed.Add(new ChangedValue("RedirectUris", before.RedirectUris, now.RedirectUris, IsNew: known is null));
                // What it is stays untold; that it is another may matter.
                if (secret is not null || forget) changed.Add(new ChangedValue("Secret", before.Secret, secret is null ? now.Secret : "another", IsNew: known is null));
                Tell(services, client, AuditActions.SsoClientChanged, changed);
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return CommandResult.Changed(Output.Cells(before), now);
            },
            ct));
        return command;
    }

    private static Command MakeAdd()
    {
        var (organisation, issuer, clientId, redirectUris) = (OrganisationCommands.Id(), Issuer(), ClientId(), RedirectUris());
        var command = new Command("add", "Let people come back to more places from a client of a provider: what is there stays.\n\nExample: sso-client add --org or-30tnh-itmjs-s235s5ontr3r23h2 --issuer https://accounts.google.com --client-id 1234.apps.googleusercontent.com --redirect-uri https://www.example.co/callback")
        {
            organisation, issuer, clientId, redirectUris,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var (provider, client, fault) = await FindAsync(services, parsed.GetValue(organisation)!, parsed.GetValue(issuer)!, parsed.GetValue(clientId)!, stop);
                if (provider is null || client is null) return CommandResult.Fault(fault!);
                if (parsed.GetValue(redirectUris) is not { Length: > 0 } more) return CommandResult.Fault("Name what to add: --redirect-uri.");
                return await SaveAsync(services, provider, client, [.. client.RedirectUris.Union(more, StringComparer.Ordinal)], stop);
            },
            ct));
        return command;
    }

    private static Command MakeList()
    {
        var organisation = OrganisationCommands.Id();
        var command = new Command("list", "List the clients by which users of an organisation sign in at providers.\n\nExample: sso-client list --org or-30tnh-itmjs-s235s5ontr3r23h2") { organisation };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var orgId = parsed.GetValue(organisation)!;
                if (!await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);
                return new CommandResult([.. (await services.GetRequiredService<SsoStore>().ListAsync(orgId, stop)).Select(c => new SsoClientRow(c))]);
            },
            ct));
        return command;
    }

    private static Command MakeRemove()
    {
        var (organisation, issuer, clientId, redirectUris) = (OrganisationCommands.Id(), Issuer(), ClientId(), RedirectUris());
        var command = new Command("remove", "Let nobody sign in by a client of a provider any more, or only come back no more to the redirect URIs that are named. Its ID tokens are taken as before where a page brings them, and sessions go on: 'social-provider remove --client-id' ends both.\n\nExample: sso-client remove --org or-30tnh-itmjs-s235s5ontr3r23h2 --issuer https://accounts.google.com --client-id 1234.apps.googleusercontent.com")
        {
            organisation, issuer, clientId, redirectUris,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var (provider, client, fault) = await FindAsync(services, parsed.GetValue(organisation)!, parsed.GetValue(issuer)!, parsed.GetValue(clientId)!, stop);
                if (provider is null || client is null) return CommandResult.Fault(fault!);
                if (parsed.GetValue(redirectUris) is { Length: > 0 } fewer)
                {
                    if (fewer.Except(client.RedirectUris, StringComparer.Ordinal).ToList() is [var absent, ..]) return CommandResult.Fault($"The client does not have '{absent}'; 'sso-client list' shows what it has.");
                    return await SaveAsync(services, provider, client, [.. client.RedirectUris.Except(fewer, StringComparer.Ordinal)], stop);
                }

                Remove(services, client);
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return CommandResult.Row(new SsoClientRow(client));
            },
            ct));
        return command;
    }

    /// <summary>Removes a client, and tells the trail of it. The caller saves.</summary>
    public static void Remove(IServiceProvider services, SsoClient client)
    {
        services.GetRequiredService<SsoStore>().Remove(client);
        Tell(services, client, AuditActions.SsoClientRemoved, [new ChangedValue("ClientId", client.ClientId, null), new ChangedValue("RedirectUris", new SsoClientRow(client).RedirectUris, null)]);
    }

    private static async Task<(SocialProvider? Provider, SsoClient? Client, string? Fault)> FindAsync(IServiceProvider services, string organisationId, string issuer, string clientId, CancellationToken ct)
    {
        if (await services.GetRequiredService<SocialStore>().FindProviderAsync(organisationId, issuer, ct) is not { } provider) return (null, null, NoProvider);
        return await services.GetRequiredService<SsoStore>().FindAsync(provider, clientId, ct) is { } client ? (provider, client, null) : (provider, null, NoClient);
    }

    private static async Task<CommandResult> SaveAsync(IServiceProvider services, SocialProvider provider, SsoClient client, List<string> redirectUris, CancellationToken ct)
    {
        var before = new SsoClientRow(client);
        client.RedirectUris = redirectUris;
        if (SsoClientRules.Faults(client, provider) is { Count: > 0 } faults) return CommandResult.Fault(string.Join(Environment.NewLine, faults));
        var now = new SsoClientRow(client);
        List<ChangedValue> changed = [ChangedValue.New("ClientId", client.ClientId)];
        if (before.RedirectUris != now.RedirectUris) changed.Add(new ChangedValue("RedirectUris", before.RedirectUris, now.RedirectUris));
        Tell(services, client, AuditActions.SsoClientChanged, changed);
        await services.GetRequiredService<Changes>().SaveAsync(ct);
        return CommandResult.Changed(Output.Cells(before), now);
    }

    private static string? TakenAway(IEnumerable<string> had, SsoClient client) => had.Except(client.RedirectUris, StringComparer.Ordinal).ToList() is { Count: > 0 } taken
        ? $"Nothing was changed: this would take away {string.Join(' ', taken)}, where people come back to. 'sso-client add' keeps what is there; --force takes it away."
        : null;

    private static void Tell(IServiceProvider services, SsoClient client, string action, IEnumerable<ChangedValue> values)
    {
        foreach (var note in AuditNotes.Of(client.Issuer, values)) services.GetRequiredService<Audit>().ByOperator(client.OrganisationId, action, client.OrganisationId, note);
    }

    // Also what a shell hands over in place of a file, such as /dev/stdin. Editors and 'echo' end a file with a line break, which is part of no secret.
    private static string? Read(FileInfo file, out string? secret)
    {
        secret = null;
        try
        {
            using var stream = file.Open(FileMode.Open, FileAccess.Read, FileShare.Read);
            using var reader = new StreamReader(stream);
            var text = new char[MaxSecretFileSizeBytes];
            var length = reader.ReadBlock(text);
            secret = new string(text, 0, length).TrimEnd('\r', '\n');
            return SsoClientRules.SecretFault(secret);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FileFault.Of(file, e);
        }
    }
}

/// <summary>A client as it is printed; of its secret, that there is one.</summary>
internal sealed record SsoClientRow(string Issuer, string ClientId, string RedirectUris, string Secret)
{
    public SsoClientRow(SsoClient client)
        : this(client.Issuer, client.ClientId, string.Join(' ', client.RedirectUris), client.SealedSecret is null ? "none" : "sealed")
    {
    }
}
