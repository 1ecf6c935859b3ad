using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Permissions;

/// <summary>Finds sets of permissions and whose they are, and changes them. Nothing here is saved: the caller does, together with its line in the audit trail.</summary>
internal sealed class PermissionStore(RegistrationDbContext db, Changes changes, Entropy entropy, TimeProvider clock)
{
    /// <summary>So many sets an organisation has, archived ones included; one more takes the place of one that is archived and nobody's.</summary>
    public const int MostSets = 1000;

    /// <summary>One page of the sets, in the order in which they were created.</summary>
    /// <param name="organisationId">Whose.</param>
    /// <param name="page">Which.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The sets, and where the next page begins; null after the last.</returns>
    public async Task<(IReadOnlyList<PermissionSet> Sets, PagePosition? Next)> ListAsync(string organisationId, PageQuery page, CancellationToken ct)
    {
        var sets = db.PermissionSets.AsNoTracking().Where(s => s.OrganisationId == organisationId);
        if (page.After is { } after) sets = sets.Where(s => s.CreatedAt > after.CreatedAt || (s.CreatedAt == after.CreatedAt && string.Compare(s.Id, after.Id) > 0));
        var found = await sets.OrderBy(s => s.CreatedAt).ThenBy(s => s.Id).Take(page.Limit + 1).ToListAsync(ct);
        return page.Of(found, s => new PagePosition(s.CreatedAt, s.Id));
    }

    /// <summary>Adds a set. Where there are as many as may be, the one that was archived first, and is assigned to nobody, makes room.</summary>
    /// <returns>The set, and the one that made room; or <see cref="ErrorCatalog.PermissionLimitReached"/>.</returns>
    public async Task<Checked<AddedSet>> AddAsync(string organisationId, string name, List<string> operations, CancellationToken ct)
    {
        PermissionSet? removed = null;
        if (await db.PermissionSets.CountAsync(s => s.OrganisationId == organisationId, ct) >= MostSets)
        {
            removed = await db.PermissionSets
                .Where(s => s.OrganisationId == organisationId && s.IsArchived && !db.PermissionSetAssignments.Any(a => a.OrganisationId == s.OrganisationId && a.PermissionSetId == s.Id))
                .OrderBy(s => s.UpdatedAt).ThenBy(s => s.Id).FirstOrDefaultAsync(ct);
            if (removed is null) return ErrorCatalog.PermissionLimitReached;
            db.PermissionSets.Remove(removed);
        }

        var now = clock.GetUtcNow();
        var set = new PermissionSet { OrganisationId = organisationId, Id = entropy.Id("pm"), Name = name, Operations = operations, CreatedAt = now, UpdatedAt = now };
        db.PermissionSets.Add(set);
        return new AddedSet(set, removed);
    }

    /// <summary>Notes that a set has changed.</summary>
    public void Touch(PermissionSet set)
    {
        set.UpdatedAt = clock.GetUtcNow();
        set.Version++;
    }

    /// <summary>Finds whom a set can be assigned to: a person or a service account that is not deleted.</summary>
    /// <returns>The user, tracked; or null.</returns>
    public Task<User?> FindIdentityAsync(string organisationId, string id, CancellationToken ct) =>
        db.Users.SingleOrDefaultAsync(u => u.OrganisationId == organisationId && u.Id == id && u.ArchivedAt == null, ct);

    /// <summary>Finds an assignment of a set.</summary>
    /// <returns>The assignment, tracked; or null.</returns>
    public Task<PermissionSetAssignment?> FindAssignmentAsync(PermissionSet set, string id, CancellationToken ct) =>
        db.PermissionSetAssignments.SingleOrDefaultAsync(a => a.OrganisationId == set.OrganisationId && a.Id == id && a.PermissionSetId == set.Id, ct);

    /// <summary>The sets that are assigned to somebody, archived ones among them, tracked.</summary>
    public Task<List<SetOfUser>> AssignedAsync(User user, CancellationToken ct) =>
        (from a in db.PermissionSetAssignments
         where a.OrganisationId == user.OrganisationId && a.UserId == user.Id
         join s in db.PermissionSets on new { a.OrganisationId, Id = a.PermissionSetId } equals new { s.OrganisationId, s.Id }
         orderby s.CreatedAt, s.Id
         select new SetOfUser(a, s)).ToListAsync(ct);

    /// <summary>Revokes an assignment.</summary>
    public void Revoke(PermissionSetAssignment assignment) => db.PermissionSetAssignments.Remove(assignment);

    /// <summary>Has end with what is saved next what a service account vouched for that may vouch for it no longer.</summary>
    /// <param name="account">Tracked; a person vouches for nothing.</param>
    /// <param name="lost">The operations that it held and holds no more, by any way.</param>
    public void EndVouched(User account, IEnumerable<string> lost)
    {
        var what = lost.Aggregate(Vouched.None, (all, operation) => all | Permission.VouchesFor(operation));
        if (!account.IsServiceAccount || what == Vouched.None) return;
        // Of two who each take one of the ways by which it holds something, the second sees the first.
        account.CredentialsVersion++;
        changes.EndVouched(account, what);
    }

    /// <summary>The same for whoever holds operations by a set that are about to be taken from it, and not otherwise too.</summary>
    /// <param name="set">The set; it is archived, updated, or no longer somebody's.</param>
    /// <param name="taken">The operations.</param>
    /// <param name="userId">From whom alone it is taken; null for all who have it.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task EndVouchedAsync(PermissionSet set, IEnumerable<string> taken, string? userId, CancellationToken ct)
    {
        var vouching = taken.Where(o => Permission.VouchesFor(o) != Vouched.None).ToList();
        if (vouching.Count == 0) return;
        var holders = await db.PermissionSetAssignments
            .Where(a => a.OrganisationId == set.OrganisationId && a.PermissionSetId == set.Id && (userId == null || a.UserId == userId) && a.User!.IsServiceAccount && a.User.ArchivedAt == null)
            .Select(a => new
            {
                Account = a.User!,
                // Each looked for by itself: joined, SQLite would go through the sets of all organisations.
                Others = db.PermissionSetAssignments.Where(o => o.OrganisationId == a.OrganisationId && o.UserId == a.UserId && o.PermissionSetId != set.Id)
                    .Select(o => db.PermissionSets.Where(s => s.OrganisationId == o.OrganisationId && s.Id == o.PermissionSetId && !s.IsArchived).Select(s => s.Operations).FirstOrDefault()).ToList(),
            })
            .ToListAsync(ct);
        foreach (var holder in holders) EndVouched(holder.Account, vouching.Except(holder.Account.Permissions).Except(holder.Others.SelectMany(o => o ?? [])));
    }

    /// <summary>One page of the assignments of a set, in the order in which they were made.</summary>
    /// <param name="set">Whose.</param>
    /// <param name="page">Which.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The assignments, and where the next page begins; null after the last.</returns>
    public async Task<(IReadOnlyList<PermissionSetAssignment> Assignments, PagePosition? Next)> ListAssignmentsAsync(PermissionSet set, PageQuery page, CancellationToken ct)
    {
        var assignments = db.PermissionSetAssignments.AsNoTracking().Where(a => a.OrganisationId == set.OrganisationId && a.PermissionSetId == set.Id);
        if (page.After is { } after) assignments = assignments.Where(a => a.CreatedAt > after.CreatedAt || (a.CreatedAt == after.CreatedAt && string.Compare(a.Id, after.Id) > 0));
        var found = await assignments.OrderBy(a => a.CreatedAt).ThenBy(a => a.Id).Take(page.Limit + 1).ToListAsync(ct);
        return page.Of(found, a => new PagePosition(a.CreatedAt, a.Id));
    }
}

/// <summary>A set that is not saved yet, and the one that makes room for it, where one does.</summary>
internal sealed record AddedSet(PermissionSet Set, PermissionSet? Removed);

/// <summary>A set, and what assigns it to somebody.</summary>
internal sealed record SetOfUser(PermissionSetAssignment Assignment, PermissionSet Set);
