using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Accounts;

/// <summary>The rows of the tokens that callers have. Whatever is added is saved by the caller; what ends them is a <see cref="Revocation"/>.</summary>
internal sealed class AccessTokenStore(RegistrationDbContext db, Changes changes)
{
    /// <summary>Finds a token that is good now, with whom it names.</summary>
    /// <returns>
    /// The caller, tracked; or null: revoked, expired, opened with a credential that is active no longer, or of a user who is deactivated.
    /// </returns>
    public async Task<Caller?> FindLiveAsync(TokenReference reference, DateTimeOffset now, CancellationToken ct)
    {
        var found = await Open(now)
            .Where(t => t.OrganisationId == reference.OrganisationId && t.Id == reference.Id && t.User!.IsActive)
            .Select(t => new
            {
                Token = t,
                User = t.User!,
                RelyingParty = t.User!.Organisation!.RelyingParty!,
                // Each looked for by itself: joined, SQLite would go through the sets of all organisations.
                Assigned = db.PermissionSetAssignments.Where(a => a.OrganisationId == t.OrganisationId && a.UserId == t.UserId)
                    .Select(a => db.PermissionSets.Where(s => s.OrganisationId == a.OrganisationId && s.Id == a.PermissionSetId && !s.IsArchived).Select(s => s.Operations).FirstOrDefault()).ToList(),
            })
            .SingleOrDefaultAsync(ct);
        if (found is null) return null;
        var caller = new Caller(found.User, found.Token, found.RelyingParty) { Assigned = [.. found.Assigned.SelectMany(operations => operations ?? [])] };
        return caller.User.OwnerId is null ? caller : await WithOwnerAsync(caller, ct);
    }

    /// <summary>Looks up whose a personal access token is, and what that person may do now.</summary>
    /// <returns>The caller with its owner; null where that one is active no longer.</returns>
    public async Task<Caller?> WithOwnerAsync(Caller caller, CancellationToken ct)
    {
        var owner = await db.Users.AsNoTracking()
            .Where(u => u.OrganisationId == caller.OrganisationId && u.Id == caller.User.OwnerId && u.IsActive)
            .Select(u => new
            {
                User = u,
                Assigned = db.PermissionSetAssignments.Where(a => a.OrganisationId == u.OrganisationId && a.UserId == u.Id)
                    .Select(a => db.PermissionSets.Where(s => s.OrganisationId == a.OrganisationId && s.Id == a.PermissionSetId && !s.IsArchived).Select(s => s.Operations).FirstOrDefault()).ToList(),
            })
            .SingleOrDefaultAsync(ct);
        return owner is null ? null : caller with { Owner = new Caller(owner.User, caller.Token, caller.RelyingParty) { Assigned = [.. owner.Assigned.SelectMany(operations => operations ?? [])] } };
    }

    /// <summary>
    /// Looks at a caller once more, when something is saved that was opened on the caller's word: whoever is taking the belief from the caller is waited for
    /// (<see cref="VoucherRevocation"/>), and could not see it.
    /// </summary>
    /// <returns>The caller as of now; or null, as above.</returns>
    public async Task<Caller?> LookAgainAsync(Caller caller, DateTimeOffset now, CancellationToken ct)
    {
        // On SQLite nobody else writes while a transaction does: what it did is seen, or it sees what was saved.
        // A query, and not a command: it is sent again where its answer is lost.
        if (db.Database.IsNpgsql()) await db.Database.SqlQuery<int>($"SELECT 1 AS \"Value\" FROM users WHERE organisation_id = {caller.OrganisationId} AND id = {caller.User.Id} FOR SHARE").ToListAsync(ct);
        return await FindLiveAsync(new TokenReference(caller.OrganisationId, caller.Token.Id), now, ct);
    }

    /// <summary>Notes that a token was used, at once.</summary>
    public Task NoteUseAsync(TokenReference reference, DateTimeOffset now, CancellationToken ct) =>
        db.AccessTokens.Where(t => t.OrganisationId == reference.OrganisationId && t.Id == reference.Id)
            .ExecuteUpdateAsync(t => t.SetProperty(x => x.UsedAt, now), ct);

    /// <summary>Tokens that were neither ended nor outlived, nor opened with a credential that is active no longer; of users active or not.</summary>
    public IQueryable<AccessToken> Open(DateTimeOffset now) =>
        db.AccessTokens.Where(t => t.RevokedAt == null && t.ExpiresAt > now && (t.CredentialUuid == null || t.Credential!.Status == CredentialStatus.Active)
            && (t.SecondCredentialUuid == null || db.Credentials.Any(c => c.OrganisationId == t.OrganisationId && c.Uuid == t.SecondCredentialUuid && c.Status == CredentialStatus.Active)));

    /// <summary>Adds a token. Of a user who has <see cref="UserRows.MostInUse"/> already the oldest is ended.</summary>
    public void Add(AccessToken token)
    {
        db.AccessTokens.Add(token);
        changes.Keep(UserRows.Sessions, token.OrganisationId, token.UserId);
    }
}
