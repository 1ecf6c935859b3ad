using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Saves what several requests have changed as one: one exchange, one transaction, one commit, one flush of the disk. Whatever cannot be
/// saved fails alone; each request's changes are stored whole or not at all.
/// </summary>
internal sealed class GroupCommit(IServiceScopeFactory scopes, SqliteWriter writer, TableStatistics statistics, TimeProvider clock) : IAsyncDisposable
{
    private readonly Rounds<Request, int> rounds = new("commit", requests => SaveAsync(requests, scopes, writer, clock.GetUtcNow()), request => request.Rows.Select(r => r.Key), request => request.Organisation, clock);

    /// <summary>Saves the changed rows of one request. Throws as <c>SaveChanges</c> does.</summary>
    /// <param name="rows">Added, changed or removed.</param>
    /// <param name="kept">Of which users there are to be no more rows of a kind than may be, with the new ones.</param>
    /// <param name="ct">Ends the waiting; once the round is under way the outcome is awaited.</param>
    public async Task SaveAsync(IReadOnlyList<ChangedRow> rows, IReadOnlyList<KeptRows> kept, CancellationToken ct)
    {
        if (rows.Count == 0) return;
        await rounds.RideAsync(new Request(rows, kept), ct);
        statistics.Grew(rows.Count);
    }

    public ValueTask DisposeAsync() => rounds.DisposeAsync();

    private static async Task<IReadOnlyList<int>> SaveAsync(IReadOnlyList<Request> requests, IServiceScopeFactory scopes, SqliteWriter writer, DateTimeOffset now)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        List<KeptRows> kept = [.. requests.SelectMany(r => r.Kept).Distinct()];
        try
        {
            if (await TrySaveAsync(db, writer, requests.SelectMany(r => r.Rows), kept, now)) return new int[requests.Count];
        }
        catch (DbException e) when (requests.Count == 1 && !StorageFailure.Is(e))
        {
            // Nothing was saved. What is wrong with it, EF Core tells.
        }

        // What is saved is told row by row; nothing is to be looked for.
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        foreach (var row in requests.SelectMany(r => r.Rows)) row.TrackIn(db);
        using var turn = await writer.TurnAsync();
        if (kept.Count == 0) await db.SaveChangesAsync();
        else
        {
            await db.SaveOnceAsync(
                () => db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
                {
                    await using var transaction = await db.Database.BeginTransactionAsync();
                    await UserRows.LockAsync(db, kept);
                    await db.SaveChangesAsync(acceptAllChangesOnSuccess: false);
                    await UserRows.KeepAsync(db, kept, now, CancellationToken.None);
                    await transaction.CommitAsync();
                }),
                CancellationToken.None);
        }

        return new int[requests.Count];
    }

    private static async Task<bool> TrySaveAsync(RegistrationDbContext db, SqliteWriter writer, IEnumerable<ChangedRow> rows, List<KeptRows> kept, DateTimeOffset now)
    {
        if (db.Database.IsNpgsql()) return await RowSave.TryAsync(db, rows, kept, now);
        using var transaction = await writer.BeginAsync(isDurable: true);
        if (!RowSave.Try(transaction.Statements, rows)) return false;
        UserRows.Keep(transaction.Statements, kept, now);
        transaction.Commit();
        return true;
    }

    /// <summary>What one request saves.</summary>
    private sealed record Request(IReadOnlyList<ChangedRow> Rows, IReadOnlyList<KeptRows> Kept)
    {
        /// <summary>What leads the first row's key: the organisation, wherever rows are one's.</summary>
        public string Organisation { get; } = Rows[0].Type.LeadOf(Rows[0].Row);
    }
}
