using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Persons of an organisation who call, and what their calls can change.</summary>
public static class TestCallers
{
    /// <summary>A registered person who is signed in, with the permissions that are named; they are stored whatever the kind.</summary>
    public static async Task<SigningCaller> SignedInAsync(this TestOrganisation organisation, UserKind kind, string username, params string[] permissions)
    {
        var user = await Registered.NewAsync(organisation, CredentialKind.Key, username: username, kind: kind);
        await organisation.Service.InDatabaseAsync(async db =>
        {
            var row = await db.Users.SingleAsync(u => u.OrganisationId == organisation.Id && u.Id == user.UserId);
            row.Permissions = [.. permissions];
            return await db.SaveChangesAsync();
        });
        return await user.SignedInAsync();
    }

    /// <summary>Everything of an organisation that a call could change: what a refused one must leave as it was.</summary>
    public static Task<string> SnapshotAsync(this TestOrganisation organisation) => organisation.Service.InDatabaseAsync(async db =>
    {
        // That it was refused is told by the trail, some time later.
        string[] told = [AuditActions.CallRefused, AuditActions.CredentialFailed, AuditActions.RecoveryFailed, AuditActions.RegistrationFailed, AuditActions.SignInFailed];
        var id = organisation.Id;
        var users = await db.Users.AsNoTracking().Where(u => u.OrganisationId == id).OrderBy(u => u.Id)
            .Select(u => new { u.Id, u.Username, u.UsernameFolded, u.ExternalId, u.IsActive, u.RegisteredAt, u.ArchivedAt, u.Permissions }).ToListAsync();
        var credentials = await db.Credentials.AsNoTracking().Where(c => c.OrganisationId == id).OrderBy(c => c.Uuid).Select(c => new { c.Uuid, c.Status, c.Name, c.ArchivedAt }).ToListAsync();
        var tokens = await db.AccessTokens.AsNoTracking().Where(t => t.OrganisationId == id).OrderBy(t => t.Id).Select(t => new { t.Id, t.ExpiresAt, t.RevokedAt }).ToListAsync();
        var codes = await db.Codes.AsNoTracking().Where(c => c.OrganisationId == id).OrderBy(c => c.UserId).ThenBy(c => c.Purpose).Select(c => new { c.UserId, c.CodeHash, c.ConsumedAt }).ToListAsync();
        var sessions = await db.Ceremonies.AsNoTracking().Where(c => c.OrganisationId == id && c.Purpose == CeremonyPurpose.Registration).OrderBy(c => c.Id).Select(c => new { c.Id, c.ConsumedAt }).ToListAsync();
        var sets = await db.PermissionSets.AsNoTracking().Where(s => s.OrganisationId == id).OrderBy(s => s.Id).Select(s => new { s.Id, s.Name, s.Operations, s.IsArchived, s.Version }).ToListAsync();
        var assignments = await db.PermissionSetAssignments.AsNoTracking().Where(a => a.OrganisationId == id).OrderBy(a => a.Id).Select(a => new { a.Id, a.PermissionSetId, a.UserId }).ToListAsync();
        var webhooks = await db.Webhooks.AsNoTracking().Where(w => w.OrganisationId == id).OrderBy(w => w.Id).Select(w => new { w.Id, w.Url, w.Events, w.Description, w.IsEnabled, w.Version }).ToListAsync();
        var audit = await db.AuditEvents.AsNoTracking().Where(e => e.OrganisationId == id && !told.Contains(e.Action)).OrderBy(e => e.Id).Select(e => e.Id).ToListAsync();
        return System.Text.Json.JsonSerializer.Serialize(new { users, credentials, tokens, codes, sessions, sets, assignments, webhooks, audit });
    });
}
