using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>Reads the audit trail.</summary>
internal sealed class AuditStore(RegistrationDbContext db)
{
    /// <summary>The latest events of an organisation, the latest last.</summary>
    /// <param name="organisationId">Whose trail; empty for what concerns the service as a whole.</param>
    /// <param name="subjectId">Only what was done to this; null for everything.</param>
    /// <param name="actor">Only what this one did; null for everybody.</param>
    /// <param name="action">Only this, one of <see cref="AuditActions"/>; null for everything.</param>
    /// <param name="since">UTC; not what was earlier. Null for all there is.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<List<AuditEvent>> ListAsync(string organisationId, string? subjectId, string? actor, string? action, DateTimeOffset? since, int most, CancellationToken ct)
    {
        var events = db.AuditEvents.AsNoTracking().Where(e => e.OrganisationId == organisationId);
        if (subjectId is not null) events = events.Where(e => e.SubjectId == subjectId);
        if (actor is not null) events = events.Where(e => e.Actor == actor);
        if (action is not null) events = events.Where(e => e.Action == action);
        if (since is { } from) events = events.Where(e => e.At >= from);
        var latest = await events.OrderByDescending(e => e.At).ThenByDescending(e => e.Id).Take(most).ToListAsync(ct);
        latest.Reverse();
        return latest;
    }
}
