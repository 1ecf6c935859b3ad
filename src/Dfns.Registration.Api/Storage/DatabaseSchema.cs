using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Dfns.Registration.Api.Storage;

/// <summary>The schema of the database: how far it is, and bringing it up to date.</summary>
internal sealed class DatabaseSchema(RegistrationDbContext db)
{
    // Any number, as long as all instances use it: who holds it migrates, the others wait.
    private const long MigrationLock = 0x44464E53_52454749;

    /// <summary>Which database it is, as EF Core names its provider.</summary>
    public string? Provider => db.Database.ProviderName;

    /// <summary>Whether there are migrations that were not applied.</summary>
    public async Task<bool> IsBehindAsync(CancellationToken ct) => (await PendingAsync(ct)).Count > 0;

    /// <summary>Whether it takes changes: a replica does not, nor does a server that an operator has made read-only.</summary>
    public async Task<bool> IsWritableAsync(CancellationToken ct) => !db.Database.IsNpgsql()
        || await db.Database.SqlQuery<bool>($"""SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS "Value" """).SingleAsync(ct);

    /// <summary>The migrations that were not applied, in their order.</summary>
    public async Task<IReadOnlyList<string>> PendingAsync(CancellationToken ct)
    {
        // A server without such a database would count as one where nothing has been applied.
        if (db.Database.IsNpgsql()) await db.Database.OpenConnectionAsync(ct);
        try
        {
            return [.. await db.Database.GetPendingMigrationsAsync(ct)];
        }
        finally
        {
            if (db.Database.IsNpgsql()) await db.Database.CloseConnectionAsync();
        }
    }

    /// <summary>The last migration that was applied.</summary>
    public async Task<string> NewestAsync(CancellationToken ct) => (await db.Database.GetAppliedMigrationsAsync(ct)).Last();

    /// <summary>Applies the migrations, one instance at a time.</summary>
    /// <param name="then">What else has to be there once, however many instances start; runs before the next one's turn.</param>
    /// <param name="ct">Ends the waiting.</param>
    public Task MigrateAsync(Func<CancellationToken, Task> then, CancellationToken ct) => InTurnAsync(
        async stop =>
        {
            // Kept in the file. A commit then writes one file, once, and nobody who reads waits for it.
            if (db.Database.IsSqlite()) await db.Database.ExecuteSqlAsync($"PRAGMA journal_mode = WAL", stop);
            await db.Database.MigrateAsync(stop);
            await then(stop);
        },
        ct);

    /// <summary>Does what has to be done once, however many instances start: one at a time.</summary>
    public async Task InTurnAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        var locks = db.Database.IsNpgsql();
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            if (locks) await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", ct);
            await work(ct);
        }
        finally
        {
            if (locks) await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", CancellationToken.None);
            await db.Database.CloseConnectionAsync();
        }
    }
}

/// <summary>The health of the database.</summary>
internal static class DatabaseHealth
{
    /// <summary>Adds the check that the database answers, is migrated and takes changes.</summary>
    /// <param name="checks">The checks of the service.</param>
    /// <param name="tag">What the check is told by.</param>
    public static void AddDatabase(this IHealthChecksBuilder checks, string tag) => checks.AddDbContextCheck<RegistrationDbContext>(
        "database", HealthStatus.Unhealthy, [tag], async (db, ct) => !await new DatabaseSchema(db).IsBehindAsync(ct) && await new DatabaseSchema(db).IsWritableAsync(ct));
}
