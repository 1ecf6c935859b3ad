using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Accounts;

/// <summary>The rows of the tokens that callers have, and what ends them. Whatever is added or ended is saved by the caller.</summary>
internal sealed class AccessTokenStore(RegistrationDbContext db, Changes changes)
{
    /// <summary>Finds a token that is good now, with whom it names.</summary>
    /// <returns>
    /// The caller, tracked; or null: revoked, expired, opened with a credential that is active no longer, or of a user who is deactivated.
    /// </returns>
    public async Task<Caller?> FindLiveAsync(TokenReference reference, DateTimeOffset now, CancellationToken ct)
    {
        var found = await db.AccessTokens
            .Where(t => t.OrganisationId == reference.OrganisationId && t.Id == reference.Id && t.RevokedAt == null && t.ExpiresAt > now
                && t.User!.IsActive && (t.CredentialUuid == null || t.Credential!.Status == CredentialStatus.Active))
            .Select(t => new { Token = t, User = t.User!, RelyingParty = t.User!.Organisation!.RelyingParty! })
            .SingleOrDefaultAsync(ct);
        return found is null ? null : new Caller(found.User, found.Token, found.RelyingParty);
    }

    /// <summary>Notes that a token was used, at once.</summary>
    public Task NoteUseAsync(TokenReference reference, DateTimeOffset now, CancellationToken ct) =>
        db.AccessTokens.Where(t => t.OrganisationId == reference.OrganisationId && t.Id == reference.Id)
            .ExecuteUpdateAsync(t => t.SetProperty(x => x.UsedAt, now), ct);

    /// <summary>Adds a token. Of a user who has <see cref="UserRows.MostInUse"/> already the oldest is ended.</summary>
    public void Add(AccessToken token)
    {
        db.AccessTokens.Add(token);
        changes.Keep(UserRows.Sessions, token.OrganisationId, token.UserId);
    }

    /// <summary>Ends every token of a user.</summary>
    public Task EndAllAsync(User user, DateTimeOffset now, CancellationToken ct) =>
        EndAsync(db.AccessTokens.Where(t => t.OrganisationId == user.OrganisationId && t.UserId == user.Id), now, ct);

    /// <summary>Ends the sessions that a credential opened.</summary>
    public Task EndAllAsync(Credential credential, DateTimeOffset now, CancellationToken ct) =>
        EndAsync(db.AccessTokens.Where(t => t.OrganisationId == credential.OrganisationId && t.CredentialUuid == credential.Uuid), now, ct);

    private static async Task EndAsync(IQueryable<AccessToken> tokens, DateTimeOffset now, CancellationToken ct) =>
        (await tokens.Where(t => t.RevokedAt == null).ToListAsync(ct)).ForEach(token => token.RevokedAt = now);
}
