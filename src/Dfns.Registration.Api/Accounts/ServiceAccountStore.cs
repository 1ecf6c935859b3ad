using System.Buffers.Text;
using System.Text;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Accounts;

/// <summary>
/// Brings service accounts into being: programs of an organisation, each with a token that an operator hands over and a key that signs
/// its actions. Nothing here is saved: the caller does.
/// </summary>
internal sealed class ServiceAccountStore(RegistrationDbContext db, UserStore users, AccessTokenStore tokens, Changes changes, Audit audit, Entropy entropy, TimeProvider clock)
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
        var account = users.AddServiceAccount(relyingParty.OrganisationId, name);
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
        foreach (var some in AuditNotes.Pieces(string.Join(' ', account.Permissions))) audit.ByOperator(account.OrganisationId, AuditActions.ServiceAccountCreated, account.Id, some);
        return new NewServiceAccount(account, credential, AddToken(account, expiresAt));
    }

    /// <summary>The token that a service account was given last, ended or not; null where it has been deleted since.</summary>
    public Task<AccessToken?> FindTokenAsync(User account, CancellationToken ct) =>
        db.AccessTokens.AsNoTracking().Where(t => t.OrganisationId == account.OrganisationId && t.UserId == account.Id).OrderByDescending(t => t.CreatedAt).FirstOrDefaultAsync(ct);

    /// <summary>Ends the tokens of a service account, with everything that was opened or signed with them, and adds a new one.</summary>
    public AccessToken Renew(User account, DateTimeOffset expiresAt)
    {
        changes.EndAll(account);
        audit.ByOperator(account.OrganisationId, AuditActions.ServiceAccountRenewed, account.Id);
        return AddToken(account, expiresAt);
    }

    /// <summary>Ends a service account for good: <see cref="UserStore.ArchiveAsync"/>.</summary>
    public async Task DeactivateAsync(User account, CancellationToken ct)
    {
        await users.ArchiveAsync(account, ct);
        audit.ByOperator(account.OrganisationId, AuditActions.ServiceAccountDeactivated, account.Id);
    }

    /// <summary>Every service account of an organisation that is not deactivated.</summary>
    public Task<List<ListedServiceAccount>> ListAsync(string organisationId, CancellationToken ct) =>
        db.Users.AsNoTracking().Where(u => u.OrganisationId == organisationId && u.IsServiceAccount && u.ArchivedAt == null).OrderBy(u => u.CreatedAt)
            .Select(u => new ListedServiceAccount(
                u.Id,
                u.Username,
                string.Join(' ', u.Permissions),
                db.PermissionSetAssignments.Count(a => a.OrganisationId == organisationId && a.UserId == u.Id),
                db.Credentials.Where(c => c.OrganisationId == organisationId && c.UserId == u.Id && c.Status == CredentialStatus.Active).Select(c => c.CredentialIdText).FirstOrDefault(),
                db.AccessTokens.Where(t => t.OrganisationId == organisationId && t.UserId == u.Id && t.RevokedAt == null).Max(t => (DateTimeOffset?)t.ExpiresAt),
                db.AccessTokens.Where(t => t.OrganisationId == organisationId && t.UserId == u.Id).Max(t => t.UsedAt)))
            .ToListAsync(ct);

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
        tokens.Add(token);
        return token;
    }
}

/// <summary>A service account that is not saved yet.</summary>
internal sealed record NewServiceAccount(User User, Credential Credential, AccessToken Token);

/// <summary>A service account as the operator lists it.</summary>
/// <param name="Id">Its user id.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Permissions">With spaces between them.</param>
/// <param name="PermissionSets">How many sets of permissions are assigned to it beside them; 'service-account permit' tells them.</param>
/// <param name="CredId">The credential id of its key, as clients are told to send it; null without an active one.</param>
/// <param name="ExpiresAt">UTC; until when its token is good. Null without one.</param>
/// <param name="UsedAt">UTC, to the minute; when a token of it was last seen.</param>
internal sealed record ListedServiceAccount(string Id, string Name, string Permissions, int PermissionSets, string? CredId, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt);
