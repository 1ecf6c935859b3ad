using Dfns.Registration.Api.Errors;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>Saves what a request has added and changed: everything that is tracked, or nothing of it; in one commit with what others save at the same time.</summary>
internal sealed class Changes(RegistrationDbContext db, GroupCommit commits)
{
    /// <summary>Saves; that somebody else was first is thrown, for whoever told the caller to save.</summary>
    public Task SaveAsync(CancellationToken ct) => commits.SaveAsync(db, ct);

    /// <summary>Saves where somebody else may have been first.</summary>
    /// <returns>Null; or that somebody was. Then nothing was saved, and nothing is tracked any more.</returns>
    public async Task<LostRace?> TrySaveAsync(CancellationToken ct)
    {
        try
        {
            await commits.SaveAsync(db, ct);
            return null;
        }
        catch (DbUpdateException e) when (UniqueViolation.IsLostRace(e))
        {
            Forget();
            return new LostRace(UniqueViolation.Of(e));
        }
    }

    /// <summary>Leaves everything that is tracked as it was stored.</summary>
    public void Forget() => db.ChangeTracker.Clear();
}

/// <summary>Somebody else was first.</summary>
/// <param name="Taken">The error for the value that they took; null where they changed a row, or added one whose key is no value of the caller's.</param>
internal sealed record LostRace(ApiError? Taken);
