using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Finds the users of an organisation who are not deleted.</summary>
internal sealed class UserDirectory(RegistrationDbContext db)
{
    /// <summary>Finds one person, or one service account.</summary>
    /// <returns>The user, tracked; or null: unknown, deleted, of another organisation, or not what was asked for.</returns>
    public Task<FoundUser?> FindAsync(string organisationId, string userId, bool isServiceAccount, CancellationToken ct) =>
        WithFirstFactor(db.Users.Where(u => u.OrganisationId == organisationId && u.Id == userId && u.IsServiceAccount == isServiceAccount && u.ArchivedAt == null))
            .SingleOrDefaultAsync(ct);

    /// <summary>One page of the persons, in the order in which they were created.</summary>
    /// <param name="organisationId">Whose users.</param>
    /// <param name="kind">Only users of this kind; null for all.</param>
    /// <param name="after">Where the page before ended; null for the first page.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The users, and where the next page begins; null after the last.</returns>
    public async Task<(IReadOnlyList<FoundUser> Users, PagePosition? Next)> ListAsync(
        string organisationId, UserKind? kind, PagePosition? after, int limit, CancellationToken ct)
    {
        var users = db.Users.AsNoTracking().Where(u => u.OrganisationId == organisationId && !u.IsServiceAccount && u.ArchivedAt == null);
        if (kind is { } only) users = users.Where(u => u.Kind == only);
        if (after is { } position)
        {
            users = users.Where(u => u.CreatedAt > position.CreatedAt || (u.CreatedAt == position.CreatedAt && string.Compare(u.Id, position.UserId) > 0));
        }

        // One more than is wanted tells whether there is a next page.
        var found = await WithFirstFactor(users.OrderBy(u => u.CreatedAt).ThenBy(u => u.Id).Take(limit + 1)).ToListAsync(ct);
        var page = found.Take(limit).ToList();
        return (page, found.Count > limit ? PagePosition.Of(page[^1].User) : null);
    }

    private IQueryable<FoundUser> WithFirstFactor(IQueryable<User> users) => users.Select(u => new FoundUser(
        u,
        db.Credentials.Where(c => c.OrganisationId == u.OrganisationId && c.UserId == u.Id && c.Slot == CredentialSlot.FirstFactor && c.Status == CredentialStatus.Active)
            .OrderBy(c => c.CreatedAt).Select(c => c.Uuid).FirstOrDefault()));
}

/// <summary>A user, and the uuid of the first factor where there is one.</summary>
internal sealed record FoundUser(User User, string? CredentialUuid);
