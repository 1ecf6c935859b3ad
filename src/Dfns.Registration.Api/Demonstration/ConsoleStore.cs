using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Demonstration;

/// <summary>What the console shows, the newest first. Exists in Development only: it reads what no caller of the API may.</summary>
internal sealed class ConsoleStore(RegistrationDbContext db)
{
    private const int MostItems = 200;

    /// <summary>Finds a user, tracked.</summary>
    public Task<User?> FindUserAsync(string organisationId, string userId, CancellationToken ct) =>
        db.Users.SingleOrDefaultAsync(u => u.OrganisationId == organisationId && u.Id == userId, ct);

    /// <summary>The organisations that are set up, each with how many users it has.</summary>
    public Task<List<ConsoleOrganisation>> ListOrganisationsAsync(CancellationToken ct) =>
        db.Organisations.AsNoTracking().Where(o => o.RelyingParty != null).OrderByDescending(o => o.CreatedAt).Take(MostItems)
            .Select(o => new ConsoleOrganisation(
                o.Id,
                o.Name,
                o.CreatedAt,
                o.RelyingParty!.RelyingPartyId,
                o.RelyingParty.Origins,
                db.Users.Count(u => u.OrganisationId == o.Id),
                db.Users.Count(u => u.OrganisationId == o.Id && u.RegisteredAt != null)))
            .ToListAsync(ct);

    /// <summary>The users of an organisation, the deleted ones included, with every credential there ever was.</summary>
    public async Task<List<ConsoleUser>> ListUsersAsync(string organisationId, CancellationToken ct)
    {
        var users = await db.Users.AsNoTracking().Where(u => u.OrganisationId == organisationId).OrderByDescending(u => u.CreatedAt).Take(MostItems).ToListAsync(ct);
        var ids = users.ConvertAll(u => u.Id);
        var credentials = (await db.Credentials.AsNoTracking().Where(c => c.OrganisationId == organisationId && ids.Contains(c.UserId)).Select(Credential.WithoutPrivateKey).ToListAsync(ct)).ToLookup(c => c.UserId);
        var invited = (await db.Codes.AsNoTracking().Where(c => c.OrganisationId == organisationId && c.Purpose == CodePurpose.Registration && ids.Contains(c.UserId)).Select(c => c.UserId).ToListAsync(ct)).ToHashSet(StringComparer.Ordinal);
        return users.ConvertAll(u => new ConsoleUser(
            u.Id,
            u.Username,
            u.Kind.ToString(),
            u.IsServiceAccount,
            u.IsActive,
            u.CreatedAt,
            u.RegisteredAt,
            invited.Contains(u.Id) && u.RegisteredAt is null && u.IsActive,
            [
                .. credentials[u.Id].OrderBy(c => c.Status).ThenBy(c => c.CreatedAt).ThenBy(c => c.Slot)
                    .Select(c => new ConsoleCredential(c.Uuid, c.Name, c.Kind.ToString(), c.Slot.ToString(), c.Status.ToString(), c.CreatedAt, c.UsedAt)),
            ]));
    }

    /// <summary>The audit trail of an organisation, or of one user of it.</summary>
    public Task<List<ConsoleEvent>> ListEventsAsync(string organisationId, string? userId, CancellationToken ct)
    {
        var events = db.AuditEvents.AsNoTracking().Where(e => e.OrganisationId == organisationId);
        if (userId is not null)
        {
            // Of a user: what was done to it or to a credential of it, and what it did itself.
            events = events.Where(e => e.SubjectId == userId || e.Actor == userId
                || db.Credentials.Any(c => c.OrganisationId == organisationId && c.UserId == userId && c.Uuid == e.SubjectId));
        }

        return events.OrderByDescending(e => e.At).ThenByDescending(e => e.Id).Take(MostItems)
            .Select(e => new ConsoleEvent(e.Id, e.At, e.Action, e.Actor, e.SubjectId, e.RemoteAddress, e.Note)).ToListAsync(ct);
    }
}
