using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// The schema of the database: how far it is, and bringing it up to date. Whoever changes it holds a lock that ends with the transaction it
/// changes it in, and so with its process, however that ends: on PostgreSQL an advisory lock of the transaction, on SQLite the right to write.
/// Nobody who only looks holds one.
/// </summary>
internal sealed class DatabaseSchema(RegistrationDbContext db)
{
    // What SQLite answers where another holds the file.
    private const int Busy = 5;
    private const int Locked = 6;

    // Any number, as long as all instances use it, those of earlier versions too: who holds it migrates, the others wait.
    private const long MigrationLock = 0x44464E53_52454749;

    /// <summary>How long one attempt waits for its turn, by the clock of the database.</summary>
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(1);

    /// <summary>Which database it is, as EF Core names its provider.</summary>
    public string? Provider => db.Database.ProviderName;

    /// <summary>Whether it takes changes, and what time it is there: a replica takes none, nor does a server that an operator has made read-only.</summary>
    /// <returns>The time is null where it takes none, and of SQLite, whose clock is that of the service.</returns>
    /// <exception cref="SqliteException">The file takes none: it may only be read, or there is no room.</exception>
    public async Task<(bool IsWritable, DateTimeOffset? Now)> LookAsync(CancellationToken ct)
    {
        if (db.Database.IsNpgsql())
        {
            var now = await db.Database.SqlQuery<DateTimeOffset?>(
                $"""SELECT CASE WHEN NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' THEN clock_timestamp() END AS "Value" """).SingleAsync(ct);
            return (now is not null, now);
        }

        await db.Database.OpenConnectionAsync(ct);
        try
        {
            // A number that nobody uses, and that stays as it is: that there is room for it only its commit tells. Another who writes at this moment tells
            // as much.
            var version = await db.Database.SqlQuery<long>($"""SELECT user_version AS "Value" FROM pragma_user_version""").SingleAsync(ct);
            await HeldByNobodyAsync(() => RunAsync(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}"), ct));
            return (true, null);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    /// <summary>Whether its role may change the schema.</summary>
    public async Task<bool> MayChangeAsync(CancellationToken ct) => !db.Database.IsNpgsql()
        || await db.Database.SqlQuery<bool>($"""SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "Value" """).SingleAsync(ct);

    /// <summary>The file of SQLite, by the one path that leads to it without a link; null in memory, and of PostgreSQL.</summary>
    public async Task<string?> FileAsync(CancellationToken ct) => db.Database.IsSqlite()
        && await db.Database.SqlQuery<string>($"""SELECT file AS "Value" FROM pragma_database_list WHERE name = 'main'""").SingleAsync(ct) is { Length: > 0 } file ? file : null;

    /// <summary>Whether there are migrations that were not applied, or that a later version has applied.</summary>
    public Task<SchemaFit> FitAsync(CancellationToken ct) => db.Database.CreateExecutionStrategy().ExecuteAsync(
        async stop =>
        {
            // A server without such a database would count as one where nothing has been applied.
            if (db.Database.IsNpgsql()) await db.Database.OpenConnectionAsync(stop);
            try
            {
                return SchemaFit.Of([.. db.Database.GetMigrations()], [.. await db.Database.GetAppliedMigrationsAsync(stop)]);
            }
            finally
            {
                if (db.Database.IsNpgsql()) await db.Database.CloseConnectionAsync();
            }
        },
        ct);

    /// <summary>The last migration that was applied.</summary>
    public async Task<string> NewestAsync(CancellationToken ct) => (await db.Database.GetAppliedMigrationsAsync(ct)).Last();

    /// <summary>Applies the migrations that are pending, each whole or not at all, one instance at a time.</summary>
    /// <param name="wait">How long it waits for another, and whom it tells.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <exception cref="TurnNotGivenException">Another did not come to its end.</exception>
    public async Task MigrateAsync(TurnWait wait, CancellationToken ct)
    {
        // Each in a turn of its own, and looked for anew in each: another may have been there meanwhile.
        while ((await FitAsync(ct)).Pending.Count > 0)
        {
            await KeepLogAheadAsync(wait, ct);
            MigrationStep? step = null;
            await InTurnAsync(async stop => step = await ApplyNextAsync(wait, stop), wait, ct);
            if (step is not null) wait.Migrating(step with { IsDone = true });
        }
    }

    /// <summary>Whether its file is one of SQLite without a write-ahead log.</summary>
    public async Task<bool> LacksLogAheadAsync(CancellationToken ct) => await FileAsync(ct) is not null
        && await db.Database.SqlQuery<string>($"""SELECT journal_mode AS "Value" FROM pragma_journal_mode""").SingleAsync(ct) != "wal";

    /// <summary>Whether somebody has gathered statistics on SQLite.</summary>
    public async Task<bool> HasStatisticsAsync(CancellationToken ct) => db.Database.IsSqlite() && (await StatisticsAsync(ct)).Count > 0;

    /// <summary>
    /// Drops them. SQLite never renews them by itself, and those of a young database have it search whole tables later, where without any it takes
    /// the indexes that every statement has. On its own connection, in a transaction; others see it with their next statement.
    /// </summary>
    public async Task DropStatisticsAsync(CancellationToken ct)
    {
        foreach (var table in await StatisticsAsync(ct)) await RunAsync($"DROP TABLE {table}", ct);
    }

    // Of a fixed few names.
    private Task<List<string>> StatisticsAsync(CancellationToken ct) =>
        db.Database.SqlQuery<string>($"""SELECT name AS "Value" FROM sqlite_schema WHERE type = 'table' AND name GLOB 'sqlite_stat[0-9]'""").ToListAsync(ct);

    /// <summary>Does what has to be done once, however many instances start: one at a time, in one transaction.</summary>
    /// <param name="work">On this database's connection and no other, since a pool may hold just one; begun anew where others were in its way.</param>
    /// <param name="wait">How long it waits for another, and whom it tells.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <exception cref="TurnNotGivenException">Another did not come to its end.</exception>
    public Task InTurnAsync(Func<CancellationToken, Task> work, TurnWait wait, CancellationToken ct) => WaitAsync(
        () => db.Database.CreateExecutionStrategy().ExecuteAsync(
            async stop =>
            {
                db.ChangeTracker.Clear();
                await db.Database.OpenConnectionAsync(stop);
                var patience = db.Database.GetCommandTimeout();
                // What is many takes long; whoever runs this knows how long to wait. On SQLite the time is that for others who write.
                if (db.Database.IsNpgsql()) db.Database.SetCommandTimeout(0);
                try
                {
                    return db.Database.IsNpgsql() ? await TryOnPostgreSqlAsync(work, stop) : await TryOnSqliteAsync(work, stop);
                }
                finally
                {
                    db.Database.SetCommandTimeout(patience);
                    await db.Database.CloseConnectionAsync();
                }
            },
            ct),
        wait,
        ct);

    private async Task WaitAsync(Func<Task<bool>> attempt, TurnWait wait, CancellationToken ct)
    {
        for (var waited = TimeSpan.Zero; !await attempt(); waited += Attempt)
        {
            var holder = await HolderAsync(ct);
            if (waited >= wait.AtMost) throw new TurnNotGivenException(holder, wait.AtMost);
            wait.Waiting(holder, waited);
        }
    }

    private async Task<bool> TryOnPostgreSqlAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        try
        {
            // All end with the transaction: what a session holds outlives whoever asked for it where a pooler hands sessions on. The time for a lock counts
            // for tables too: whoever waits for one has everybody else wait behind. An index over many rows takes longer than a role may be given for a
            // statement of a request.
            await RunAsync(
                $"""
                SET LOCAL lock_timeout = {(int)Attempt.TotalMilliseconds};
                SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout');
                SELECT pg_advisory_xact_lock({MigrationLock})
                """,
                ct);
            await work(ct);
        }
        catch (Exception e) when (StorageFailure.SqlState(e) == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }

        await transaction.CommitAsync(ct);
        return true;
    }

    private async Task<bool> TryOnSqliteAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        // A table that others refer to is built anew under another name. Cannot be said within a transaction.
        await RunAsync("PRAGMA foreign_keys = OFF", ct);
        try
        {
            if (await HeldByNobodyAsync(() => db.Database.BeginTransactionAsync(ct)) is not { } begun) return false;
            await using var transaction = begun;
            await work(ct);
            await transaction.CommitAsync(ct);
            return true;
        }
        finally
        {
            await RunAsync("PRAGMA foreign_keys = ON", CancellationToken.None);
        }
    }

    /// <summary>
    /// Has SQLite write ahead to a log: a commit then writes one file, once, and nobody who reads waits for it. It is kept in the file, and cannot
    /// be said within a transaction.
    /// </summary>
    public async Task KeepLogAheadAsync(TurnWait wait, CancellationToken ct)
    {
        if (!db.Database.IsSqlite()) return;
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            await WaitAsync(async () => await HeldByNobodyAsync(() => RunAsync("PRAGMA journal_mode = WAL", ct)) is not null, wait, ct);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    /// <returns>What was answered; null where another held the file for as long as an attempt waits.</returns>
    private async Task<T?> HeldByNobodyAsync<T>(Func<Task<T>> run)
        where T : class
    {
        var file = (SqliteConnection)db.Database.GetDbConnection();
        var patience = file.DefaultTimeout;
        SetPatience((int)Attempt.TotalSeconds);
        try
        {
            return await run();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Busy or Locked)
        {
            return null;
        }
        finally
        {
            SetPatience(patience);
        }

        // Of the driver, and of SQLite itself.
        void SetPatience(int seconds)
        {
            file.DefaultTimeout = seconds;
            SQLitePCL.raw.sqlite3_busy_timeout(file.Handle, seconds * 1000);
        }
    }

    /// <returns>What was applied; null where another has done it.</returns>
    private async Task<MigrationStep?> ApplyNextAsync(TurnWait wait, CancellationToken ct)
    {
        var history = db.GetService<IHistoryRepository>();
        await RunAsync(history.GetCreateIfNotExistsScript(), ct);
        var applied = (await history.GetAppliedMigrationsAsync(ct)).Select(row => row.MigrationId).ToHashSet(StringComparer.Ordinal);
        var all = db.Database.GetMigrations().ToList();
        var next = all.FindIndex(migration => !applied.Contains(migration));
        if (next < 0) return null;
        var step = new MigrationStep(all[next], next + 1, all.Count, HeldUp(all[next]), IsDone: false);
        wait.Migrating(step);
        await RunAsync(db.GetService<IMigrator>().GenerateScript(next == 0 ? Migration.InitialDatabase : all[next - 1], all[next], MigrationsSqlGenerationOptions.NoTransactions), ct);
        return step;
    }

    // PostgreSQL lets nobody write to a table while an index is built on it within a transaction.
    private IReadOnlyList<string> HeldUp(string migration)
    {
        if (!db.Database.IsNpgsql()) return [];
        var assembly = db.GetService<IMigrationsAssembly>();
        var steps = assembly.CreateMigration(assembly.Migrations[migration], db.Database.ProviderName!).UpOperations;
        var made = steps.OfType<CreateTableOperation>().Select(table => table.Name);
        return [.. steps.OfType<CreateIndexOperation>().Select(index => index.Table).Except(made, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <returns>How many rows, which says nothing of a script.</returns>
    private async Task<object> RunAsync(string script, CancellationToken ct)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = script;
        if (db.Database.GetCommandTimeout() is { } seconds) command.CommandTimeout = seconds;
        return await command.ExecuteNonQueryAsync(ct);
    }

    // For whoever waits: of PostgreSQL the number of the session, by which it can be looked at and ended.
    private async Task<string> HolderAsync(CancellationToken ct)
    {
        if (!db.Database.IsNpgsql()) return "another process that writes to the file";
        var sessions = await db.Database.SqlQuery<int>(
            $"""
            SELECT pid AS "Value" FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = {MigrationLock} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """).ToListAsync(ct);
        return sessions is [var session, ..] ? $"another instance that changes the database, session {session} of PostgreSQL" : "others that use its tables";
    }
}

/// <summary>How long somebody waits for the turn to change the schema, and what they are told meanwhile.</summary>
/// <param name="AtMost">How long.</param>
/// <param name="Waiting">Told for whom it waits, and for how long it has.</param>
/// <param name="Migrating">Told which migration is begun, and once more when it is done.</param>
internal sealed record TurnWait(TimeSpan AtMost, Action<string, TimeSpan> Waiting, Action<MigrationStep> Migrating);

/// <summary>A migration on its way.</summary>
/// <param name="Migration">Its id.</param>
/// <param name="Number">Its place among all, from 1.</param>
/// <param name="Count">How many there are.</param>
/// <param name="HeldUp">The tables that nobody can write to until it is done, because an index is built on them.</param>
/// <param name="IsDone">Whether it is applied; else it is begun.</param>
internal sealed record MigrationStep(string Migration, int Number, int Count, IReadOnlyList<string> HeldUp, bool IsDone);

/// <summary>Another had the turn to change the schema, and did not come to its end.</summary>
/// <param name="holder">Who.</param>
/// <param name="waited">For how long.</param>
internal sealed class TurnNotGivenException(string holder, TimeSpan waited)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"it has waited {waited.TotalSeconds:0} s (Database:StartTimeout) for {holder}. Once that one has come to its end, or was ended, start again."));

/// <summary>The health of the database.</summary>
internal static partial class DatabaseHealth
{
    /// <summary>Adds the check that the database answers, is migrated and takes changes.</summary>
    /// <param name="checks">The checks of the service.</param>
    /// <param name="tag">What the check is told by.</param>
    public static void AddDatabase(this IHealthChecksBuilder checks, string tag) => checks.AddDbContextCheck<RegistrationDbContext>("database", HealthStatus.Unhealthy, [tag], IsWellAsync);

    private static async Task<bool> IsWellAsync(RegistrationDbContext db, CancellationToken ct)
    {
        var (schema, watch, logger) = (new DatabaseSchema(db), db.GetService<DatabaseWatch>(), db.GetService<ILoggerFactory>().CreateLogger(typeof(DatabaseHealth)));
        try
        {
            var fit = await schema.FitAsync(ct);
            watch.Note(fit);
            if (fit.Pending.Count > 0) Log.Behind(logger, string.Join(", ", fit.Pending));
            else if (fit.Fault is not null) Log.OfALaterVersion(logger, fit.Fault);
            else if (await watch.IsWritableAsync(schema, ct)) return true;
            else Log.OnlyReads(logger);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            Log.NotReady(logger, StorageFailure.SqlState(e), StorageFailure.Words(e));
        }

        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Not ready, by the database: {SqlState} {Words}")]
        public static partial void NotReady(ILogger logger, string? sqlState, string words);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Not ready: the database lacks {Migrations}")]
        public static partial void Behind(ILogger logger, string migrations);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Not ready: {Fault}")]
        public static partial void OfALaterVersion(ILogger logger, string fault);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Not ready: the database takes no changes")]
        public static partial void OnlyReads(ILogger logger);
    }
}
