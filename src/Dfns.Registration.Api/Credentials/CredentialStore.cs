using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Credentials;

/// <summary>The credentials of a caller, and the codes by which another device adds one. Whatever is changed is saved by the caller.</summary>
internal sealed class CredentialStore(RegistrationDbContext db, AccessTokenStore tokens, Audit audit, MasterKey masterKey, TimeProvider clock)
{
    /// <summary>Those that are active or can be activated again, the oldest first; not tracked.</summary>
    public Task<List<Credential>> ListAsync(Caller caller, CancellationToken ct) =>
        db.Credentials.AsNoTracking()
            .Where(c => c.OrganisationId == caller.OrganisationId && c.UserId == caller.User.Id && c.Status != CredentialStatus.Archived)
            .OrderBy(c => c.CreatedAt).ThenBy(c => c.Uuid)
            .ToListAsync(ct);

    /// <summary>The ids, as they were registered, of the passkeys that a user has and could use again.</summary>
    public Task<List<string>> PasskeyIdsAsync(User user, CancellationToken ct) =>
        db.Credentials
            .Where(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Kind == CredentialKind.Fido2 && c.Status != CredentialStatus.Archived)
            .OrderBy(c => c.CreatedAt).ThenBy(c => c.Uuid)
            .Select(c => c.CredentialIdText)
            .ToListAsync(ct);

    /// <summary>Finds a credential of the caller.</summary>
    /// <returns>The credential, tracked; or 404, for one that is archived or another user's too.</returns>
    public async Task<Checked<Credential>> FindAsync(Caller caller, string uuid, CancellationToken ct) =>
        await db.Credentials.SingleOrDefaultAsync(
            c => c.OrganisationId == caller.OrganisationId && c.UserId == caller.User.Id && c.Uuid == uuid && c.Status != CredentialStatus.Archived, ct) is { } found
            ? found
            : ErrorCatalog.CredentialNotFound;

    /// <summary>Activates, deactivates or archives a credential; one that is in that state already is left alone.</summary>
    /// <returns>Null; or that there is no such credential, or that the user could not sign in or recover without it.</returns>
    public async Task<ApiError?> SetStatusAsync(Caller caller, string uuid, CredentialStatus status, string? remoteAddress, CancellationToken ct)
    {
        if ((await FindAsync(caller, uuid, ct)).Failed(out var error, out var credential)) return error;
        if (credential.Status == status) return null;
        if (status != CredentialStatus.Active && await LastOfItsSlotAsync(caller, credential, ct) is { } last) return last;

        var now = clock.GetUtcNow();
        credential.Status = status;
        if (status == CredentialStatus.Archived) credential.ArchivedAt = now;
        // Of two changes at once one is first, and the other looks at what is left.
        caller.User.CredentialsVersion++;

        // Its sessions end with it, and do not come back with it. A code that it signed for adds no credential in its place.
        await tokens.EndAllAsync(credential, now, ct);
        var codes = await db.CredentialCodes.Where(c => c.OrganisationId == caller.OrganisationId && c.UserId == caller.User.Id && c.ConsumedAt == null).ToListAsync(ct);
        codes.ForEach(code => code.ConsumedAt = now);

        var action = status switch
        {
            CredentialStatus.Active => AuditActions.CredentialActivated,
            CredentialStatus.Inactive => AuditActions.CredentialDeactivated,
            CredentialStatus.Archived => AuditActions.CredentialArchived,
        };
        audit.Add(credential.OrganisationId, action, credential.UserId, credential.UserId, remoteAddress, AuditNotes.Of(credential));
        return null;
    }

    /// <summary>Adds a credential, unless it is a recovery key that the user had before: one recovers once, and does not come back.</summary>
    /// <returns>False for such a one; then nothing is added.</returns>
    public async Task<bool> AddAsync(Credential credential, CancellationToken ct)
    {
        if (credential.Kind == CredentialKind.RecoveryKey
            && await db.Credentials.AnyAsync(c => c.OrganisationId == credential.OrganisationId && c.UserId == credential.UserId && c.PublicKey == credential.PublicKey, ct))
        {
            return false;
        }

        db.Credentials.AddRange(NobodysCredentials.ToStore(masterKey, [credential]));
        return true;
    }

    /// <summary>Adds the code by which another device of a user adds a credential.</summary>
    public void AddCode(CredentialCode code) => db.CredentialCodes.Add(code);

    /// <summary>Finds a code that is good now, with its user and the relying party of the organisation.</summary>
    public Task<CredentialCode?> FindCodeAsync(byte[] hash, DateTimeOffset now, CancellationToken ct) =>
        db.CredentialCodes.Include(c => c.User!.Organisation!.RelyingParty)
            .SingleOrDefaultAsync(c => c.CodeHash == hash && c.ConsumedAt == null && c.ExpiresAt > now, ct);

    /// <summary>Finds the code that opened a challenge, unless it is spent; its own time may be over, that of the challenge is not.</summary>
    public Task<CredentialCode?> FindUnspentCodeAsync(byte[] hash, CancellationToken ct) =>
        db.CredentialCodes.SingleOrDefaultAsync(c => c.CodeHash == hash && c.ConsumedAt == null, ct);

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
