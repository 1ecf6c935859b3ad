using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Finds sets of permissions, and makes them somebody's. Nothing here is saved: the caller does, together with its line in the audit trail.</summary>
internal sealed class AssignmentStore(RegistrationDbContext db, Audit audit, Entropy entropy, TimeProvider clock)
{
    /// <summary>Finds a set.</summary>
    /// <returns>The set, tracked; or null: unknown, or of another organisation.</returns>
    public Task<PermissionSet?> FindAsync(string organisationId, string id, CancellationToken ct) =>
        db.PermissionSets.SingleOrDefaultAsync(s => s.OrganisationId == organisationId && s.Id == id, ct);

    /// <summary>Finds a set that a caller may hand on: nobody hands on what they may not do themselves.</summary>
    /// <param name="caller">Who hands it on.</param>
    /// <param name="id">Of the set.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The set, tracked; or that there is none, that it is archived, or what the caller lacks.</returns>
    public async Task<Checked<PermissionSet>> FindToGrantAsync(Caller caller, string id, CancellationToken ct)
    {
        if (await FindAsync(caller.OrganisationId, id, ct) is not { } set) return ErrorCatalog.PermissionUnknown;
        if (set.IsArchived) return ErrorCatalog.PermissionArchived;
        return caller.LackingToGrant(set.Operations) is { } escalating ? escalating : set;
    }

    /// <summary>Assigns a set. The user's row is written with it: whoever is deleted meanwhile, or is assigned another, decides which comes first.</summary>
    /// <returns>The assignment; or <see cref="ErrorCatalog.PermissionAlreadyAssigned"/>, or <see cref="ErrorCatalog.LimitReached"/>.</returns>
    public async Task<Checked<PermissionSetAssignment>> AssignAsync(PermissionSet set, User user, CancellationToken ct)
    {
        var assigned = await db.PermissionSetAssignments.Where(a => a.OrganisationId == user.OrganisationId && a.UserId == user.Id).Select(a => a.PermissionSetId).ToListAsync(ct);
        if (assigned.Contains(set.Id, StringComparer.Ordinal)) return ErrorCatalog.PermissionAlreadyAssigned;
        if (assigned.Count >= UserRows.MostInUse) return ErrorCatalog.LimitReached;
        user.CredentialsVersion++;
        var assignment = new PermissionSetAssignment { OrganisationId = user.OrganisationId, Id = entropy.Id("as"), PermissionSetId = set.Id, UserId = user.Id, CreatedAt = clock.GetUtcNow() };
        db.PermissionSetAssignments.Add(assignment);
        return assignment;
    }

    /// <summary>Assigns to a program that is being made the set that was named for it, if one was; with the line in the audit trail.</summary>
    /// <param name="caller">Who makes it.</param>
    /// <param name="set">As <see cref="FindToGrantAsync"/> found it; null for none.</param>
    /// <param name="program">A service account, or that of a personal access token.</param>
    /// <param name="remoteAddress">The caller's.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>What it has; or what <see cref="AssignAsync"/> says.</returns>
    public async Task<Checked<List<AssignedSet>>> AssignFirstAsync(Caller caller, PermissionSet? set, User program, string? remoteAddress, CancellationToken ct)
    {
        if (set is null) return new List<AssignedSet>();
        if ((await AssignAsync(set, program, ct)).Failed(out var error, out var assignment)) return error;
        audit.Add(program.OrganisationId, AuditActions.PermissionAssigned, caller.User.Id, program.Id, remoteAddress, $"{set.Id} {set.Name}");
        return new List<AssignedSet> { new(assignment.Id, set.Id, set.Name, set.Operations) };
    }
}
