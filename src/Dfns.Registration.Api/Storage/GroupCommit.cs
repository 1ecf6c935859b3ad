using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Saves what several requests have tracked as one: one <c>SaveChanges</c>, one transaction, one commit, one flush of the disk. Whatever
/// cannot be saved fails alone; each request's changes are stored whole or not at all.
/// </summary>
internal sealed class GroupCommit(IServiceScopeFactory scopes, SqliteWriter writer, TimeProvider clock) : IAsyncDisposable
{
    private readonly Rounds<Rows, int> rounds = new("commit", rows => SaveAsync(rows, scopes, writer), rows => rows.Keys, clock);

    /// <summary>Saves everything that a context tracks as added, changed or removed. Throws as <c>SaveChanges</c> does.</summary>
    /// <param name="source">The context of one request; afterwards it tracks the rows as saved.</param>
    /// <param name="ct">Ends the waiting; once the round is under way the outcome is awaited.</param>
    public async Task SaveAsync(RegistrationDbContext source, CancellationToken ct)
    {
        var rows = new Rows(source);
        if (rows.Changed.Count == 0) return;
        await rounds.RideAsync(rows, ct);
        source.ChangeTracker.AcceptAllChanges();
    }

    public ValueTask DisposeAsync() => rounds.DisposeAsync();

    private static async Task<IReadOnlyList<int>> SaveAsync(IReadOnlyList<Rows> together, IServiceScopeFactory scopes, SqliteWriter writer)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        // What is saved is told row by row below; nothing is to be looked for.
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        foreach (var rows in together) rows.TrackIn(db);
        using var turn = await writer.TurnAsync();
        await db.SaveChangesAsync();
        return new int[together.Count];
    }

    /// <summary>The changed rows of one request, as its own context knows them.</summary>
    private sealed class Rows
    {
        public Rows(RegistrationDbContext source)
        {
            Changed = [.. source.ChangeTracker.Entries().Where(e => e.State is EntityState.Added or EntityState.Modified or EntityState.Deleted)];
            Keys = [.. Changed.Select(KeyOf)];
        }

        public List<EntityEntry> Changed { get; }

        public List<object> Keys { get; }

        public void TrackIn(RegistrationDbContext db)
        {
            foreach (var row in Changed)
            {
                // The one row, whatever it refers to.
                var copy = db.Entry(row.Entity);
                copy.State = row.State == EntityState.Modified ? EntityState.Unchanged : row.State;
                foreach (var changed in row.Properties.Where(p => p.IsModified))
                {
                    var property = copy.Property(changed.Metadata);
                    // The value that a concurrency token is compared with.
                    property.OriginalValue = changed.OriginalValue;
                    property.IsModified = true;
                }
            }
        }

        private static object KeyOf(EntityEntry row) =>
            (row.Metadata, string.Join('\0', row.Metadata.FindPrimaryKey()!.Properties.Select(p => row.Property(p).CurrentValue)));
    }
}
