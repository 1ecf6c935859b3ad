using Dfns.Registration.Api.Errors;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Saves what a request has added and changed: everything, or nothing of it; in one commit with what others save at the same time. What EF
/// Core tracks is saved too; a row that is named here costs a tenth of that.
/// </summary>
internal sealed class Changes(RegistrationDbContext db, GroupCommit commits)
{
    /// <summary>How often a request that lost is tried: each time somebody else's was saved, and a user may send as many at once.</summary>
    public const int Attempts = 32;

    private readonly List<ChangedRow> rows = [];
    private readonly List<KeptRows> kept = [];

    /// <summary>Adds a row.</summary>
    public void Add(object row) => rows.Add(ChangedRow.Added(TypeOf(row), row));

    /// <summary>Names a row, as it was read and is not tracked, that may be changed from here on. A list or an array is not to be altered, but replaced.</summary>
    /// <param name="row">The row.</param>
    /// <param name="written">A property that is written even if it stays the same, since the write is what finds somebody else's change; null for none.</param>
    public void Watch(object row, string? written = null) => rows.Add(ChangedRow.Watched(TypeOf(row), row, written));

    /// <summary>Lets what is too much of a user's rows of a kind go, with the next save.</summary>
    public void Keep(UserRows kind, string organisationId, string userId) => kept.Add(new KeptRows(kind, organisationId, userId));

    /// <summary>Saves; that somebody else was first is thrown, for whoever told the caller to save.</summary>
    public async Task SaveAsync(CancellationToken ct)
    {
        var tracked = db.ChangeTracker.Entries().Where(e => e.State is EntityState.Added or EntityState.Modified or EntityState.Deleted).Select(ChangedRow.Of).ToList();
        await commits.SaveAsync([.. tracked, .. rows.Where(r => r.Compared().State != EntityState.Unchanged)], [.. kept], ct);
        rows.Clear();
        kept.Clear();
        if (tracked.Count > 0) db.ChangeTracker.AcceptAllChanges();
    }

    /// <summary>Saves where somebody else may have been first.</summary>
    /// <returns>Null; or that somebody was. Then nothing was saved, and nothing is tracked any more.</returns>
    public async Task<LostRace?> TrySaveAsync(CancellationToken ct)
    {
        try
        {
            await SaveAsync(ct);
            return null;
        }
        catch (DbUpdateException e) when (UniqueViolation.IsLostRace(e))
        {
            Forget();
            return new LostRace(UniqueViolation.Of(e));
        }
    }

    /// <summary>Leaves everything as it was stored.</summary>
    public void Forget()
    {
        rows.Clear();
        kept.Clear();
        db.ChangeTracker.Clear();
    }

    private RowType TypeOf(object row) => RowType.Of(db.Model.FindEntityType(row.GetType())!);
}

/// <summary>Somebody else was first.</summary>
/// <param name="Taken">The error for the value that they took; null where they changed a row, or added one whose key is no value of the caller's.</param>
internal sealed record LostRace(ApiError? Taken);
