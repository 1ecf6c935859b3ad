using Dfns.Registration.Api.Errors;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// A commit whose answer is lost on the way is done, and nobody knows: the driver repeats it, and it meets its own rows. An id that was drawn
/// for a row is nobody else's: if it is there, it was this commit that came before.
/// </summary>
internal static class LostAnswer
{
    /// <summary>Saves, and takes for saved what is stored already by the same save.</summary>
    /// <param name="db">What it tracks as added is what is saved.</param>
    /// <param name="save">Saves it whole or not at all, also where it is begun anew.</param>
    /// <param name="ct">Ends the waiting.</param>
    public static async Task SaveOnceAsync(this RegistrationDbContext db, Func<Task> save, CancellationToken ct)
    {
        try
        {
            await save();
        }
        catch (DbUpdateException e) when (UniqueViolation.IsLostRace(e))
        {
            if (!await db.IsStoredAsync(ct)) throw;
        }
    }

    /// <summary>Adds to the tracked rows and saves them in one transaction, with what else is done in it.</summary>
    /// <param name="db">Nothing of it is tracked when the work begins.</param>
    /// <param name="work">Begun anew where the database says so. Nothing is stored where it returns an error.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    /// <returns>What the work returned whose rows are stored, or its error.</returns>
    public static Task<Checked<T>> OnceAsync<T>(this RegistrationDbContext db, Func<Task<Checked<T>>> work, CancellationToken ct)
        where T : notnull
    {
        Checked<T>? sent = null;
        return db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            if (sent is { } before && await db.IsStoredAsync(ct)) return before;
            db.ChangeTracker.Clear();
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            var result = await work();
            if (result.Failed(out _, out _)) return result;
            await db.SaveChangesAsync(acceptAllChangesOnSuccess: false, ct);
            sent = result;
            await transaction.CommitAsync(ct);
            db.ChangeTracker.AcceptAllChanges();
            return result;
        });
    }

    // Of all that is saved together one row tells.
    private static async Task<bool> IsStoredAsync(this RegistrationDbContext db, CancellationToken ct) =>
        db.ChangeTracker.Entries().FirstOrDefault(e => e.State == EntityState.Added && HasDrawnId(e.Entity)) is { } own && await own.GetDatabaseValuesAsync(ct) is not null;

    // That an ID token was used is named by the token.
    private static bool HasDrawnId(object row) =>
        row is AuditEvent or OutboxMessage or SignedAction or AccessToken or User or Credential or Organisation or SigningKey or Webhook or Ceremony { Purpose: not CeremonyPurpose.SocialLogin };
}
