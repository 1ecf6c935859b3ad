using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Credentials;

/// <summary>The credentials of a caller, and the codes by which another device adds one. Whatever is changed is saved by the caller.</summary>
internal sealed class CredentialStore(RegistrationDbContext db, Changes changes, AccessTokenStore tokens, Audit audit, MasterKey masterKey, TimeProvider clock)
{
    /// <summary>Those that are active or can be activated again, the oldest first; not tracked.</summary>
    public Task<List<Credential>> ListAsync(Caller caller, CancellationToken ct) =>
        KeptOf(caller.User).OrderBy(c => c.CreatedAt).ThenBy(c => c.Uuid).Take(UserRows.Most).Select(Credential.WithoutPrivateKey).ToListAsync(ct);

    /// <summary>What there is to know of a user's credentials to whom one more is to be added.</summary>
    /// <returns>How many there are, and the ids, as they were registered, of the passkeys that the user has and could use again.</returns>
    public async Task<(CredentialCount Count, List<string> PasskeyIds)> LookAsync(User user, CancellationToken ct)
    {
        var kept = await KeptOf(user).OrderBy(c => c.Status).ThenBy(c => c.CreatedAt).ThenBy(c => c.Uuid).Take(UserRows.Most).Select(c => new { c.Status, Id = c.Kind == CredentialKind.Fido2 ? c.CredentialIdText : null }).ToListAsync(ct);
        return (new CredentialCount(kept.Count(c => c.Status == CredentialStatus.Active), kept.Count), [.. kept.Select(c => c.Id).OfType<string>()]);
    }

    /// <summary>Finds a credential of the caller.</summary>
    /// <returns>The credential, what changes of which is saved; or 404, for one that is archived or another user's too.</returns>
    public async Task<Checked<Credential>> FindAsync(Caller caller, string uuid, CancellationToken ct)
    {
        var found = await db.Credentials
            .Where(c => c.OrganisationId == caller.OrganisationId && c.UserId == caller.User.Id && c.Uuid == uuid && c.Status != CredentialStatus.Archived)
            .Select(Credential.WithoutPrivateKey)
            .SingleOrDefaultAsync(ct);
        if (found is null) return ErrorCatalog.CredentialNotFound;
        changes.Watch(found);
        return found;
    }

    /// <summary>Activates, deactivates or archives a credential; one that is in that state already is left alone.</summary>
    /// <returns>Null; or that there is no such credential, that the user could not sign in or recover without it, or that too many would be active.</returns>
    public async Task<ApiError?> SetStatusAsync(Caller caller, string uuid, CredentialStatus status, string? remoteAddress, CancellationToken ct)
    {
        if ((await FindAsync(caller, uuid, ct)).Failed(out var error, out var credential)) return error;
        if (credential.Status == status) return null;
        if (status != CredentialStatus.Active && await LastOfItsSlotAsync(caller, credential, ct) is { } last) return last;
        // It is one of those that are kept already.
        if (status == CredentialStatus.Active && ((await LookAsync(caller.User, ct)).Count with { Kept = 0 }).Fault is { } tooMany) return tooMany;

        credential.Status = status;
        if (status == CredentialStatus.Archived) credential.ArchivedAt = clock.GetUtcNow();
        // Of two changes at once one is first, and the other looks at what is left.
        caller.User.CredentialsVersion++;

        // Its sessions end with it, and do not come back with it; what it signed, and may have signed for, does nothing in its place.
        changes.End(credential);

        var action = status switch
        {
            CredentialStatus.Active => AuditActions.CredentialActivated,
            CredentialStatus.Inactive => AuditActions.CredentialDeactivated,
            CredentialStatus.Archived => AuditActions.CredentialArchived,
        };
        audit.Add(credential.OrganisationId, action, credential.UserId, credential.UserId, remoteAddress, AuditNotes.Of(credential), told: EventData.Of(credential));
        return null;
    }

    /// <summary>Adds a credential, unless it is a recovery key that the user had before: one recovers once, and does not come back. Of archived ones as many go as are too much with it.</summary>
    /// <returns>False for such a one; then nothing is added.</returns>
    public async Task<bool> AddAsync(Credential credential, CancellationToken ct)
    {
        if (credential.Kind == CredentialKind.RecoveryKey
            && await db.Credentials.AnyAsync(c => c.OrganisationId == credential.OrganisationId && c.UserId == credential.UserId && c.PublicKey == credential.PublicKey, ct))
        {
            return false;
        }

        db.Credentials.AddRange(NobodysCredentials.ToStore(masterKey, [credential]));
        changes.Keep(UserRows.Credentials, credential.OrganisationId, credential.UserId);
        return true;
    }

    /// <summary>Adds the code by which another device of a user adds a credential.</summary>
    /// <returns>Null; or that the user has too many that are good.</returns>
    public async Task<ApiError?> AddCodeAsync(CredentialCode code, CancellationToken ct)
    {
        var good = await db.CredentialCodes.CountAsync(c => c.OrganisationId == code.OrganisationId && c.UserId == code.UserId && c.ConsumedAt == null && c.ExpiresAt > code.CreatedAt, ct);
        if (good >= UserRows.MostInUse) return ErrorCatalog.LimitReached.Saying($"{UserRows.MostInUse} codes for another device may be good at a time; each ends within a minute.");
        db.CredentialCodes.Add(code);
        changes.Keep(UserRows.CredentialCodes, code.OrganisationId, code.UserId);
        return null;
    }

    /// <summary>Finds a code that is good now, and so is the session that asked for it, with its user and the relying party of the organisation.</summary>
    public Task<CredentialCode?> FindCodeAsync(byte[] hash, DateTimeOffset now, CancellationToken ct)
    {
        var sessions = tokens.Open(now);
        return db.CredentialCodes.Include(c => c.User!.Organisation!.RelyingParty)
            .SingleOrDefaultAsync(c => c.CodeHash == hash && c.ConsumedAt == null && c.ExpiresAt > now && sessions.Any(s => s.OrganisationId == c.OrganisationId && s.Id == c.SessionId), ct);
    }

    private IQueryable<Credential> KeptOf(User user) =>
        db.Credentials.Where(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Status != CredentialStatus.Archived);

    private async Task<ApiError?> LastOfItsSlotAsync(Caller caller, Credential credential, CancellationToken ct)
    {
        // An inactive one is missed by nobody.
        if (credential.Status != CredentialStatus.Active || credential.Slot == CredentialSlot.SecondFactor) return null;
        if (credential.Slot == CredentialSlot.Recovery && !caller.RelyingParty.RequiresRecoveryOf(caller.User)) return null;
        var others = await db.Credentials.AnyAsync(
            c => c.OrganisationId == credential.OrganisationId && c.UserId == credential.UserId && c.Uuid != credential.Uuid
                && c.Slot == credential.Slot && c.Status == CredentialStatus.Active,
            ct);
        if (others) return null;
        return credential.Slot == CredentialSlot.Recovery ? ErrorCatalog.LastRecoveryCredential : ErrorCatalog.LastFirstFactor;
    }
}
