using System.Text.Json;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Every row of an organisation as text: what a refused request must leave as it was.</summary>
public static class Snapshot
{
    /// <param name="organisation">Whose rows.</param>
    /// <param name="withGuesses">Whether the counts of guesses at codes are among them.</param>
    public static Task<string> OfAsync(TestOrganisation organisation, bool withGuesses = true) => organisation.Service.InDatabaseAsync(async db =>
    {
        var id = organisation.Id;
        var codes = await db.Codes.AsNoTracking().Where(c => c.OrganisationId == id).OrderBy(c => c.UserId).ThenBy(c => c.Purpose).ToListAsync();
        if (!withGuesses) codes.ForEach(c => c.FailedAttempts = 0);
        var tokens = await db.AccessTokens.AsNoTracking().Where(t => t.OrganisationId == id).OrderBy(t => t.Id).ToListAsync();
        // Seen by whoever reads a token, and no effect of what is asked for.
        tokens.ForEach(t => t.UsedAt = null);
        return string.Join('\n', new IEnumerable<object>[]
        {
            await db.Users.AsNoTracking().Where(u => u.OrganisationId == id).OrderBy(u => u.Id).ToListAsync(),
            await db.Credentials.AsNoTracking().Where(c => c.OrganisationId == id).OrderBy(c => c.Uuid).ToListAsync(),
            await db.PermissionSets.AsNoTracking().Where(s => s.OrganisationId == id).OrderBy(s => s.Id).ToListAsync(),
            await db.PermissionSetAssignments.AsNoTracking().Where(a => a.OrganisationId == id).OrderBy(a => a.Id).ToListAsync(),
            await db.Webhooks.AsNoTracking().Where(w => w.OrganisationId == id).OrderBy(w => w.Id).ToListAsync(),
            codes,
            await db.CredentialCodes.AsNoTracking().Where(c => c.OrganisationId == id).OrderBy(c => c.CreatedAt).ThenBy(c => c.UserId).ToListAsync(),
            tokens,
            await db.Ceremonies.AsNoTracking().Where(c => c.OrganisationId == id).OrderBy(c => c.Id).ToListAsync(),
            // That a code was mailed is noted beside any request; what is read or refused is counted, and added once the clock has gone on for long enough.
            await db.AuditEvents.AsNoTracking()
                .Where(e => e.OrganisationId == id && !e.Action.EndsWith("_code.sent") && !e.Action.EndsWith(".read") && !e.Action.EndsWith("_failed") && e.Action != AuditActions.CallRefused)
                .OrderBy(e => e.Id).ToListAsync(),
        }.SelectMany(rows => rows).Select(row => $"{row.GetType().Name} {JsonSerializer.Serialize(row)}"));
    });
}
