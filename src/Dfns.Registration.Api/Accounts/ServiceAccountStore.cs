using System.Buffers.Text;
using System.Text;
using Dfns.Registration.Api.Errors;
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
    /// <summary>So many an organisation has that are not deleted, over HTTP: all fit on the page that a client gets who knows of no pages.</summary>
    public const int MostAccounts = PageQuery.DefaultLimit;

    /// <summary>How long a token is good where nobody says: a year, within <see cref="AccessToken.MaxLifetime"/>.</summary>
    public static readonly TimeSpan UsualLifetime = AccessToken.MaxLifetime - TimeSpan.FromDays(1);

    /// <summary>How long a token is good, as asked for over HTTP.</summary>
    /// <param name="daysValid">As sent; null for the usual.</param>
    public static Checked<TimeSpan> Lifetime(int? daysValid)
    {
        if (daysValid is not { } days) return UsualLifetime;
        return days >= 1 && days <= AccessToken.MaxLifetime.Days ? TimeSpan.FromDays(days) : ErrorCatalog.MemberInvalid.Saying($"Use a number from 1 to {AccessToken.MaxLifetime.Days}.").At("$.daysValid");
    }

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
        var added = Add(relyingParty, name, externalId: null, publicKeyPem, publicKey, expiresAt);
        added.User.Permissions = [.. permissions];
        audit.Know(relyingParty);
        audit.AddChange(
            added.User.OrganisationId, AuditActions.ServiceAccountCreated, AuditActors.Operator, added.User.Id, remoteAddress: null, AuditNotes.Of(added.Credential), EventData.Of(added.User),
            [ChangedValue.New("Name", name), ChangedValue.New(nameof(User.Permissions), added.User.Permissions), ChangedValue.New(nameof(AccessToken.ExpiresAt), expiresAt)]);
        return added;
    }

    /// <summary>Adds a service account for a caller, who vouches for its key and tells the audit trail. It may do nothing yet.</summary>
    /// <returns>The account, or <see cref="ErrorCatalog.ServiceAccountLimitReached"/>.</returns>
    public async Task<Checked<NewServiceAccount>> AddAsync(
        RelyingParty relyingParty, string name, string? externalId, string publicKeyPem, ReadOnlyMemory<byte> publicKey, DateTimeOffset expiresAt, CancellationToken ct) =>
        await users.ServiceAccounts(relyingParty.OrganisationId).CountAsync(ct) >= MostAccounts
            ? ErrorCatalog.ServiceAccountLimitReached
            : Add(relyingParty, name, externalId, publicKeyPem, publicKey, expiresAt);

    private NewServiceAccount Add(RelyingParty relyingParty, string name, string? externalId, string publicKeyPem, ReadOnlyMemory<byte> publicKey, DateTimeOffset expiresAt)
    {
        var account = users.AddServiceAccount(relyingParty.OrganisationId, name, externalId);
        // Its key is there already: no code registers it.
        account.RegisteredAt = clock.GetUtcNow();
        return new NewServiceAccount(account, AddKey(relyingParty, account, "Key of a service account", publicKeyPem, publicKey), AddToken(account, expiresAt));
    }

    /// <summary>Adds a personal access token for a caller, who vouches for its key and tells the audit trail. It may do nothing yet. Those that have expired make room.</summary>
    /// <returns>The token as the program that it is; or <see cref="ErrorCatalog.LimitReached"/>.</returns>
    public async Task<Checked<NewServiceAccount>> AddPatAsync(
        Caller caller, string name, string? externalId, string publicKeyPem, ReadOnlyMemory<byte> publicKey, DateTimeOffset expiresAt, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var before = await WithKeysAsync(caller.OrganisationId, await users.ListOwnedAsync(caller.User, ct), ct);
        var over = before.Where(p => !(p.Token?.ExpiresAt > now)).ToList();
        if (before.Count - over.Count >= UserRows.MostInUse) return ErrorCatalog.LimitReached;
        foreach (var pat in over) await users.ArchiveAsync(pat.Found.User, ct);
        var program = users.AddOwned(caller.User, entropy.Id("to"), name, externalId);
        return new NewServiceAccount(program, AddKey(caller.RelyingParty, program, "Key of a personal access token", publicKeyPem, publicKey), AddToken(program, expiresAt));
    }

    /// <summary>The personal access tokens of somebody that are neither deleted nor long expired, the oldest first.</summary>
    public async Task<IReadOnlyList<FoundServiceAccount>> ListPatsAsync(User owner, CancellationToken ct) =>
        [.. (await WithKeysAsync(owner.OrganisationId, await users.ListOwnedAsync(owner, ct), ct)).Where(p => p.Token is not null)];

    /// <summary>Finds a personal access token of somebody, with its key.</summary>
    /// <returns>The token, its program tracked; or null: unknown, deleted, long expired, or another's.</returns>
    public async Task<FoundServiceAccount?> FindPatAsync(User owner, string id, CancellationToken ct) =>
        await users.FindOwnedAsync(owner, id, ct) is { } found && (await WithKeysAsync(owner.OrganisationId, [found], ct))[0] is { Token: not null } pat ? pat : null;

    private Credential AddKey(RelyingParty relyingParty, User account, string name, string publicKeyPem, ReadOnlyMemory<byte> publicKey)
    {
        var credentialId = Encoding.ASCII.GetBytes(entropy.Id("ci"));
        var credential = new Credential
        {
            OrganisationId = relyingParty.OrganisationId,
            Uuid = entropy.Id("cr"),
            UserId = account.Id,
            Kind = CredentialKind.Key,
            Slot = CredentialSlot.FirstFactor,
            Name = name,
            CredentialId = credentialId,
            CredentialIdText = Base64Url.EncodeToString(credentialId),
            PublicKey = publicKey.ToArray(),
            PublicKeyPem = publicKeyPem,
            RelyingPartyId = relyingParty.RelyingPartyId,
            CreatedAt = clock.GetUtcNow(),
        };
        db.Credentials.Add(credential);
        return credential;
    }

    /// <summary>Finds a service account, with its key and its token.</summary>
    /// <returns>The account, its user tracked; or null: unknown, deleted, of another organisation, or a person.</returns>
    public async Task<FoundServiceAccount?> FindAsync(string organisationId, string id, CancellationToken ct) =>
        await users.FindAsync(organisationId, id, isServiceAccount: true, ct) is { } found ? (await WithKeysAsync(organisationId, [found], ct))[0] : null;

    /// <summary>One page of the service accounts, in the order in which they were created.</summary>
    /// <param name="organisationId">Whose.</param>
    /// <param name="page">Which page.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The accounts, nothing of them tracked, and where the next page begins; null after the last.</returns>
    public async Task<(IReadOnlyList<FoundServiceAccount> Accounts, PagePosition? Next)> ListAsync(string organisationId, PageQuery page, CancellationToken ct)
    {
        var (found, next) = await users.ListServiceAccountsAsync(organisationId, page, ct);
        return (await WithKeysAsync(organisationId, found, ct), next);
    }

    /// <summary>
    /// Activates or deactivates a service account. Either ends what it signed and what is open on its word; its token does not count until it is active again,
    /// and is kept: nobody could hand over another one.
    /// </summary>
    /// <returns>False where the account is so already; then nothing changes.</returns>
    public bool SetActive(User account, bool active)
    {
        if (account.IsActive == active) return false;
        account.IsActive = active;
        changes.EndAll(account, butStanding: true);
        return true;
    }

    /// <summary>Gives a service account another name, which is none that it signs in by, and another external id; the name of a personal access token others may have.</summary>
    /// <param name="account">Tracked.</param>
    /// <param name="name">Null for as it was.</param>
    /// <param name="externalId">Likewise.</param>
    /// <returns>What was and is; nothing where it stays as it was.</returns>
    public static List<ChangedValue> Rename(User account, string? name, string? externalId)
    {
        (name, externalId) = (name ?? account.Username, externalId ?? account.ExternalId);
        var changed = new List<ChangedValue>();
        if (name != account.Username) changed.Add(new ChangedValue("Name", account.Username, name));
        if (externalId != account.ExternalId) changed.Add(new ChangedValue(nameof(account.ExternalId), account.ExternalId, externalId));
        (account.Username, account.ExternalId) = (name, externalId);
        if (account.OwnerId is null) account.UsernameFolded = User.Fold(name);
        return changed;
    }

    /// <summary>The token that a service account was given last, ended or not; null where it has been deleted since.</summary>
    public Task<AccessToken?> FindTokenAsync(User account, CancellationToken ct) =>
        db.AccessTokens.AsNoTracking().Where(t => t.OrganisationId == account.OrganisationId && t.UserId == account.Id).OrderByDescending(t => t.CreatedAt).FirstOrDefaultAsync(ct);

    /// <summary>Ends the tokens of a service account, with everything that was opened or signed with them, and adds a new one.</summary>
    /// <param name="account">The service account.</param>
    /// <param name="earlier">Its token so far; null where that has been deleted.</param>
    /// <param name="expiresAt">UTC; until when the new one is good.</param>
    public AccessToken Renew(User account, AccessToken? earlier, DateTimeOffset expiresAt)
    {
        changes.EndAll(account);
        audit.AddChange(account.OrganisationId, AuditActions.ServiceAccountRenewed, AuditActors.Operator, account.Id, remoteAddress: null, note: null, new ChangedValue(nameof(AccessToken.ExpiresAt), earlier?.ExpiresAt, expiresAt));
        return AddToken(account, expiresAt);
    }

    /// <summary>Ends a service account for good: <see cref="UserStore.ArchiveAsync"/>.</summary>
    public async Task DeactivateAsync(User account, CancellationToken ct)
    {
        await users.ArchiveAsync(account, ct);
        audit.ByOperator(account, AuditActions.ServiceAccountDeactivated);
    }

    /// <summary>Every service account of an organisation that is not ended for good.</summary>
    public Task<List<ListedServiceAccount>> ListAsync(string organisationId, CancellationToken ct) =>
        users.ServiceAccounts(organisationId).AsNoTracking().OrderBy(u => u.CreatedAt)
            .Select(u => new ListedServiceAccount(
                u.Id,
                u.Username,
                string.Join(' ', u.Permissions),
                db.PermissionSetAssignments.Count(a => a.OrganisationId == organisationId && a.UserId == u.Id),
                u.IsActive,
                db.Credentials.Where(c => c.OrganisationId == organisationId && c.UserId == u.Id && c.Status == CredentialStatus.Active).Select(c => c.CredentialIdText).FirstOrDefault(),
                db.AccessTokens.Where(t => t.OrganisationId == organisationId && t.UserId == u.Id && t.RevokedAt == null).Max(t => (DateTimeOffset?)t.ExpiresAt),
                db.AccessTokens.Where(t => t.OrganisationId == organisationId && t.UserId == u.Id).Max(t => t.UsedAt)))
            .ToListAsync(ct);

    // One key and one token that was not ended: what is made is replaced by what is made next.
    private async Task<List<FoundServiceAccount>> WithKeysAsync(string organisationId, IReadOnlyList<FoundUser> found, CancellationToken ct)
    {
        var ids = found.Select(f => f.User.Id).ToList();
        var keys = await db.Credentials.Where(c => c.OrganisationId == organisationId && ids.Contains(c.UserId) && c.Status == CredentialStatus.Active)
            .OrderBy(c => c.CreatedAt).Select(c => new { c.UserId, Key = new AccountKey(c.CredentialIdText, c.PublicKeyPem!) }).ToListAsync(ct);
        var given = await db.AccessTokens.AsNoTracking().Where(t => t.OrganisationId == organisationId && ids.Contains(t.UserId) && t.Kind != AccessTokenKind.Token && t.RevokedAt == null)
            .OrderByDescending(t => t.CreatedAt).ToListAsync(ct);
        return [.. found.Select(f => new FoundServiceAccount(f, keys.Find(k => k.UserId == f.User.Id)?.Key, given.Find(t => t.UserId == f.User.Id)))];
    }

    private AccessToken AddToken(User account, DateTimeOffset expiresAt)
    {
        var token = new AccessToken
        {
            OrganisationId = account.OrganisationId,
            Id = account.OwnerId is null ? entropy.Id("to") : account.Id,
            UserId = account.Id,
            Kind = account.OwnerId is null ? AccessTokenKind.ServiceAccount : AccessTokenKind.Pat,
            CreatedAt = clock.GetUtcNow(),
            ExpiresAt = expiresAt,
        };
        tokens.Add(token);
        return token;
    }
}

/// <summary>A service account that is not saved yet.</summary>
internal sealed record NewServiceAccount(User User, Credential Credential, AccessToken Token);

/// <summary>A service account with what it calls and signs with.</summary>
/// <param name="Found">The account.</param>
/// <param name="Key">Null without an active one.</param>
/// <param name="Token">Expired or not, and not ended; null without one.</param>
internal sealed record FoundServiceAccount(FoundUser Found, AccountKey? Key, AccessToken? Token);

/// <summary>The key of a service account.</summary>
/// <param name="CredId">As clients are told to send it.</param>
/// <param name="Pem">As it was given.</param>
internal sealed record AccountKey(string CredId, string Pem);

/// <summary>A service account as the operator lists it.</summary>
/// <param name="Id">Its user id.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Permissions">With spaces between them.</param>
/// <param name="PermissionSets">How many sets of permissions are assigned to it beside them; 'service-account permit' tells them.</param>
/// <param name="IsActive">False where an administrator has deactivated it.</param>
/// <param name="CredId">The credential id of its key, as clients are told to send it; null without an active one.</param>
/// <param name="ExpiresAt">UTC; until when its token is good. Null without one.</param>
/// <param name="UsedAt">UTC, to the minute; when a token of it was last seen.</param>
internal sealed record ListedServiceAccount(string Id, string Name, string Permissions, int PermissionSets, bool IsActive, string? CredId, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt);
