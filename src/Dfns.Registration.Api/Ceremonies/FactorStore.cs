using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>The active credentials that challenges are signed with.</summary>
internal sealed class FactorStore(RegistrationDbContext db)
{
    /// <summary>The credentials that a user can sign with: all that are active but recovery keys. Tracked.</summary>
    public Task<List<Credential>> SigningAsync(string organisationId, string userId, CancellationToken ct) =>
        db.Credentials
            .Where(c => c.OrganisationId == organisationId && c.UserId == userId && c.Status == CredentialStatus.Active && c.Slot != CredentialSlot.Recovery)
            .ToListAsync(ct);

    /// <summary>The active credentials of a user that were there at a time. Not tracked: see <see cref="MarkUsed"/>.</summary>
    public Task<List<Credential>> OfUserAsync(string organisationId, string userId, DateTimeOffset until, CancellationToken ct) =>
        Usable(organisationId).Where(c => c.UserId == userId && c.CreatedAt <= until).ToListAsync(ct);

    /// <summary>A credential and every other one of its user, whoever that is; those that are active. Not tracked: see <see cref="MarkUsed"/>.</summary>
    public Task<List<Credential>> BesideAsync(string organisationId, byte[] credentialId, CancellationToken ct) =>
        Usable(organisationId)
            .Where(c => db.Credentials.Any(o => o.OrganisationId == c.OrganisationId && o.CredentialId == credentialId && o.Status == CredentialStatus.Active && o.UserId == c.UserId))
            .ToListAsync(ct);

    /// <summary>The user of a credential, tracked.</summary>
    public ValueTask<User?> FindUserAsync(string organisationId, string userId, CancellationToken ct) => db.Users.FindAsync([organisationId, userId], ct);

    /// <summary>
    /// Notes that a credential has signed. It is tracked from here on: keeping track takes time, which would tell at a forged answer that
    /// there is such a user. The caller saves.
    /// </summary>
    public void MarkUsed(Credential credential, DateTimeOffset now)
    {
        db.Attach(credential);
        // Written even if another use had the same instant: the write is what finds a credential that was ended meanwhile.
        credential.UsedAt = now;
        db.Entry(credential).Property(c => c.UsedAt).IsModified = true;
    }

    private IQueryable<Credential> Usable(string organisationId) =>
        db.Credentials.AsNoTracking().Where(c => c.OrganisationId == organisationId && c.Status == CredentialStatus.Active);
}
