using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Social;

/// <summary>The users behind social identities.</summary>
internal sealed class SocialStore(RegistrationDbContext db, UserStore users, Audit audit, TimeProvider clock)
{
    /// <summary>Finds the user of an identity.</summary>
    /// <returns>The user's id, or null when the identity has no user yet.</returns>
    public Task<string?> FindUserAsync(SocialIdentity identity, CancellationToken ct) =>
        db.SocialAccounts.Where(a => a.OrganisationId == identity.OrganisationId && a.Issuer == identity.Issuer && a.Subject == identity.Subject)
            .Select(a => a.UserId)
            .SingleOrDefaultAsync(ct);

    /// <summary>
    /// Finds the user of an identity, or creates one. A user who has the name already and came another way is somebody else, as far as
    /// can be known: an e-mail address joins nobody to anybody. Of two at once for a new identity, both get the one user.
    /// </summary>
    /// <returns>The user's id, or <see cref="ErrorCatalog.UserAlreadyExists"/> when the name is taken.</returns>
    public async Task<Checked<string>> FindOrCreateUserAsync(SocialIdentity identity, string? remoteAddress, CancellationToken ct)
    {
        if (await FindUserAsync(identity, ct) is { } known) return known;

        var user = users.Add(identity.OrganisationId, identity.Username, UserKind.EndUser);
        db.SocialAccounts.Add(new SocialAccount
        {
            OrganisationId = identity.OrganisationId,
            Issuer = identity.Issuer,
            Subject = identity.Subject,
            UserId = user.Id,
            CreatedAt = clock.GetUtcNow(),
        });
        audit.Add(identity.OrganisationId, AuditActions.SocialUserCreated, user.Id, user.Id, remoteAddress, identity.Issuer);
        try
        {
            await db.SaveChangesAsync(ct);
            return user.Id;
        }
        catch (DbUpdateException e) when (UniqueViolation.IsOne(e))
        {
            db.ChangeTracker.Clear();
            if (await FindUserAsync(identity, ct) is { } winner) return winner;
            return ErrorCatalog.UserAlreadyExists with { Reason = "name of another user" };
        }
    }
}
