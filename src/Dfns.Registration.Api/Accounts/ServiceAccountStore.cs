using System.Buffers.Text;
using System.Text;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Accounts;

/// <summary>
/// Brings service accounts into being: programs of an organisation, each with a token that an operator hands over and a key that signs
/// its actions. Nothing here is saved: the caller does.
/// </summary>
internal sealed class ServiceAccountStore(RegistrationDbContext db, UserStore users, Audit audit, Entropy entropy, TimeProvider clock)
{
    /// <summary>Adds a service account. The operator vouches for its key.</summary>
    /// <param name="relyingParty">Of its organisation.</param>
    /// <param name="name">What people call it; unique among the organisation's usernames.</param>
    /// <param name="publicKeyPem">The PEM text of its public key.</param>
    /// <param name="publicKey">The same key as <see cref="PublicKeys.ReadPem"/> read it.</param>
    /// <param name="permissions">Some of <see cref="Permission.All"/>.</param>
    /// <param name="expiresAt">Until when its token is good.</param>
    public NewServiceAccount Add(
        RelyingParty relyingParty, string name, string publicKeyPem, ReadOnlyMemory<byte> publicKey, IEnumerable<string> permissions, DateTimeOffset expiresAt)
    {
        var now = clock.GetUtcNow();
        var account = users.Add(relyingParty.OrganisationId, name, UserKind.CustomerEmployee, isServiceAccount: true);
        // Its key is there already: no code registers it.
        account.RegisteredAt = now;
        account.Permissions = [.. permissions];

        var credentialId = Encoding.ASCII.GetBytes(entropy.Id("ci"));
        var credential = new Credential
        {
            OrganisationId = relyingParty.OrganisationId,
            Uuid = entropy.Id("cr"),
            UserId = account.Id,
            Kind = CredentialKind.Key,
            Slot = CredentialSlot.FirstFactor,
            Name = "Key of a service account",
            CredentialId = credentialId,
            CredentialIdText = Base64Url.EncodeToString(credentialId),
            PublicKey = publicKey.ToArray(),
            PublicKeyPem = publicKeyPem,
            RelyingPartyId = relyingParty.RelyingPartyId,
            CreatedAt = now,
        };
        db.Credentials.Add(credential);
        audit.Add(account.OrganisationId, AuditActions.ServiceAccountCreated, AuditActors.Operator, account.Id, note: string.Join(' ', account.Permissions));
        return new NewServiceAccount(account, credential, AddToken(account, expiresAt));
    }

    /// <summary>Ends the tokens of a service account and adds a new one.</summary>
    public async Task<AccessToken> RenewAsync(User account, DateTimeOffset expiresAt, CancellationToken ct)
    {
        await users.EndTokensAsync(account, ct);
        audit.ByOperator(account.OrganisationId, AuditActions.ServiceAccountRenewed, account.Id);
        return AddToken(account, expiresAt);
    }

    /// <summary>Ends a service account for good: <see cref="UserStore.ArchiveAsync"/>.</summary>
    public async Task DeactivateAsync(User account, CancellationToken ct)
    {
        await users.ArchiveAsync(account, ct);
        audit.ByOperator(account.OrganisationId, AuditActions.ServiceAccountDeactivated, account.Id);
    }

    private AccessToken AddToken(User account, DateTimeOffset expiresAt)
    {
        var token = new AccessToken
        {
            OrganisationId = account.OrganisationId,
            Id = entropy.Id("to"),
            UserId = account.Id,
            Kind = AccessTokenKind.ServiceAccount,
            CreatedAt = clock.GetUtcNow(),
            ExpiresAt = expiresAt,
        };
        db.AccessTokens.Add(token);
        return token;
    }
}

/// <summary>A service account that is not saved yet.</summary>
internal sealed record NewServiceAccount(User User, Credential Credential, AccessToken Token);
