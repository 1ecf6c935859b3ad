using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>service-account create|list|permit|renew|deactivate</c>.</summary>
internal static class ServiceAccountCommands
{
    private static readonly AccountArguments Account = new("service-account", "--account", IsServiceAccount: true);

    public static Command Make() => new("service-account", "Service accounts: programs that call for an organisation, such as its back end.")
    {
        MakeCreate(),
        MakeList(),
        PermitCommand.Make(Account, Permission.RegisterDelegated),
        MakeRenew(),
        MakeDeactivate(),
    };

    private static Command MakeCreate()
    {
        var organisation = OrganisationCommands.Id();
        var name = new Option<string>("--name") { Required = true, Description = "What people call it." };
        var key = new Option<FileInfo>("--public-key") { Required = true, Description = "A file with its public key in PEM; the private key stays with it, and signs its actions." };
        var permissions = PermitCommand.Permissions();
        var expires = Expires("a year from now");
        var command = new Command(
            "create",
            "Create a service account. Its token is printed this once.\n\nExample: service-account create --org or-30tnh-itmjs-s235s5ontr3r23h2 --name 'Back end' --public-key backend.pem --permission Auth:Register:Delegated")
        {
            organisation, name, key, permissions, expires,
        };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var orgId = parsed.GetValue(organisation)!;
                if (await services.GetRequiredService<OrganisationStore>().FindRelyingPartyAsync(orgId, stop) is not { } relyingParty) return CommandResult.Fault(OrganisationStore.Unknown);
                if (UserStore.NameFault(parsed.GetValue(name)!, "name") is { } badName) return CommandResult.Fault(badName);
                if (Read(parsed.GetValue(expires), services, out var expiresAt) is { } badExpiry) return CommandResult.Fault(badExpiry);
                if (Read(parsed.GetValue(key)!, out var pem, out var publicKey) is { } badKey) return CommandResult.Fault(badKey);

                var wanted = parsed.GetValue(permissions)!.Distinct(StringComparer.Ordinal).ToList();
                var account = services.GetRequiredService<ServiceAccountStore>().Add(relyingParty, parsed.GetValue(name)!, pem, publicKey, wanted, expiresAt);
                if (PermitCommand.Fault(account.User, wanted) is { } badPermission) return CommandResult.Fault(badPermission);
                // Before anything is saved: an account whose token cannot be signed would be there, and nobody would have its token.
                var token = await services.GetRequiredService<TokenService>().IssueAsync(account.Token, account.User, stop);
                if (await services.GetRequiredService<Changes>().TrySaveAsync(stop) is { } lost)
                {
                    return CommandResult.Fault(lost.Taken is null || lost.Taken == ErrorCatalog.UserAlreadyExists ? "There is a user or service account of this name already." : lost.Taken.Message);
                }

                return CommandResult.Row(new
                {
                    account.User.Id,
                    Name = account.User.Username,
                    OrgId = orgId,
                    Permissions = string.Join(' ', wanted),
                    CredId = account.Credential.CredentialIdText,
                    CredentialUuid = account.Credential.Uuid,
                    account.Token.ExpiresAt,
                    Token = token,
                });
            },
            ct));
        return command;
    }

    private static Command MakeList()
    {
        var organisation = OrganisationCommands.Id();
        var command = new Command("list", "List the service accounts of an organisation.\n\nExample: service-account list --org or-30tnh-itmjs-s235s5ontr3r23h2") { organisation };
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var orgId = parsed.GetValue(organisation)!;
                if (!await services.GetRequiredService<OrganisationStore>().ExistsAsync(orgId, stop)) return CommandResult.Fault(OrganisationStore.Unknown);
                var rows = await services.GetRequiredService<ServiceAccountStore>().ListAsync(orgId, stop);
                services.GetRequiredService<Audit>().ByOperator(orgId, AuditActions.UsersRead, orgId, "service-account list");
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                return new CommandResult([.. rows]);
            },
            ct));
        return command;
    }

    private static Command MakeRenew()
    {
        var expires = Expires("as long as the earlier token was made to last");
        return Account.MakeCommand(
            "renew",
            "Give a service account a new token, printed this once; the earlier one ends, with what was signed with it and what is open on its word: sessions, registrations and recoveries of users.",
            "",
            [expires],
            async (services, account, parsed, stop) =>
            {
                // As long as the earlier one was made to last: who limited that did not mean a year.
                var accounts = services.GetRequiredService<ServiceAccountStore>();
                var earlier = await accounts.FindTokenAsync(account, stop);
                var asked = parsed.GetValue(expires) ?? (earlier is null ? null : services.GetRequiredService<TimeProvider>().GetUtcNow() + (earlier.ExpiresAt - earlier.CreatedAt));
                if (Read(asked, services, out var expiresAt) is { } badExpiry) return CommandResult.Fault(badExpiry);
                var token = accounts.Renew(account, earlier, expiresAt);
                // Before the earlier token ends.
                var text = await services.GetRequiredService<TokenService>().IssueAsync(token, account, stop);
                await services.GetRequiredService<Changes>().SaveAsync(stop);
                var row = new { account.Id, Name = account.Username, token.ExpiresAt, Token = text };
                return CommandResult.Changed(Output.Cells(row with { ExpiresAt = earlier?.ExpiresAt ?? token.ExpiresAt }), row);
            });
    }

    private static Command MakeDeactivate() => Account.MakeCommand(
        "deactivate",
        "End a service account for good: its token and its key, and what is open on its word: sessions, registrations and recoveries of users. Its name is free again.",
        "",
        async (services, account, stop) =>
        {
            await services.GetRequiredService<ServiceAccountStore>().DeactivateAsync(account, stop);
            await services.GetRequiredService<Changes>().SaveAsync(stop);
            return CommandResult.Row(new { account.Id, Name = account.Username, account.IsActive });
        });

    private static Option<DateTimeOffset?> Expires(string otherwise) =>
        InstantOption.Make("--expires", $"Until when the token is good, such as 2027-06-30 or 2027-06-30T12:00Z; a year at most. When left out, {otherwise}.");

    private static string? Read(DateTimeOffset? asked, IServiceProvider services, out DateTimeOffset expiresAt)
    {
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        expiresAt = asked ?? now + ServiceAccountStore.UsualLifetime;
        return expiresAt > now && expiresAt <= now + AccessToken.MaxLifetime ? null : "The token must expire in the future, and within a year.";
    }

    private static string? Read(FileInfo file, out string pem, out ReadOnlyMemory<byte> publicKey)
    {
        (pem, publicKey) = ("", default);
        try
        {
            if (file.Exists && file.Length > Limits.PublicKeyPemLength) return $"{file.FullName} is too large for a public key.";
            pem = File.ReadAllText(file.FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FileFault.Of(file, e);
        }

        if (!PublicKeys.ReadPem(pem).Refused(out var why, out publicKey)) return null;
        // It has not left its owner: unlike one that came in a request, it is not compromised.
        return why.Reason == RefusalReason.PemPrivateKey
            ? $"{file.FullName} holds a private key. Name a file with its public half: openssl pkey -in {file.Name} -pubout."
            : why.Reason == RefusalReason.PemMalformed
            ? $"{file.FullName} holds no public key in PEM, which begins with '-----BEGIN PUBLIC KEY-----'. Name a file that 'openssl pkey -in key.pem -pubout -out public.pem' has written."
            : $"{file.FullName}: {RefusalErrors.For(why, "").Message}";
    }
}
