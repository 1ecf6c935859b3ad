using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Saves what several requests have changed as one: one exchange, one transaction, one commit, one flush of the disk. Whatever cannot be
/// saved fails alone; each request's changes are stored whole or not at all.
/// </summary>
internal sealed class GroupCommit(IServiceScopeFactory scopes, SqliteWriter writer, TableStatistics statistics, TimeProvider clock) : IAsyncDisposable
{
    private readonly Rounds<IReadOnlyList<ChangedRow>, int> rounds = new("commit", requests => SaveAsync(requests, scopes, writer), rows => rows.Select(r => r.Key), clock);

    /// <summary>Saves the changed rows of one request. Throws as <c>SaveChanges</c> does.</summary>
    /// <param name="rows">Added, changed or removed.</param>
    /// <param name="ct">Ends the waiting; once the round is under way the outcome is awaited.</param>
    public async Task SaveAsync(IReadOnlyList<ChangedRow> rows, CancellationToken ct)
    {
        if (rows.Count == 0) return;
        await rounds.RideAsync(rows, ct);
        statistics.Grew(rows.Count);
    }

    public ValueTask DisposeAsync() => rounds.DisposeAsync();

    private static async Task<IReadOnlyList<int>> SaveAsync(IReadOnlyList<IReadOnlyList<ChangedRow>> requests, IServiceScopeFactory scopes, SqliteWriter writer)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        try
        {
            if (await TrySaveAsync(db, writer, requests.SelectMany(rows => rows))) return new int[requests.Count];
        }
        catch (DbException e) when (requests.Count == 1 && !StorageFailure.Is(e))
        {
            // Nothing was saved. What is wrong with it, EF Core tells.
        }

        // What is saved is told row by row; nothing is to be looked for.
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        foreach (var row in requests.SelectMany(rows => rows)) row.TrackIn(db);
        using var turn = await writer.TurnAsync();
        await db.SaveChangesAsync();
        return new int[requests.Count];
    }

    private static async Task<bool> TrySaveAsync(RegistrationDbContext db, SqliteWriter writer, IEnumerable<ChangedRow> rows)
    {
        if (db.Database.IsNpgsql()) return await RowSave.TryAsync(db, rows);
        using var transaction = await writer.BeginAsync(isDurable: true);
        if (!RowSave.Try(transaction.Statements, rows)) return false;
        transaction.Commit();
        return true;
    }
}
