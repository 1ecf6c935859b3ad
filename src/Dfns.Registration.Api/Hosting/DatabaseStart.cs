using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Hosting;

/// <summary>Brings the database up to date at start, or sees to it that it is.</summary>
internal static partial class DatabaseStart
{
    private const string NotAllowed = "its role may not change the schema of the database; set Database:Migrate to false, and run 'migrate' as the role that owns the tables.";

    private const string ReadsOnly = "the database takes no changes: it is a replica, or was made read-only (transaction_read_only). Name its primary in Database:ConnectionString.";

    /// <summary>Of grants that are missing; without any, every table would be told.</summary>
    private const int MostTold = 5;

    /// <summary>Waits for the database, migrates it unless told not to, and makes the first signing key; safe when several instances start at once.</summary>
    /// <returns>Why the service does not start on this database as it is, or with this role; null where it does.</returns>
    public static async Task<string?> PrepareDatabaseAsync(this WebApplication app)
    {
        var clock = app.Services.GetRequiredService<TimeProvider>();
        var options = app.Services.GetRequiredService<IOptions<DatabaseOptions>>().Value;
        var wait = new TurnWait(options.StartTimeout, (holder, waited) => Log.WaitingForTurn(app.Logger, holder, (int)waited.TotalSeconds, (int)options.StartTimeout.TotalSeconds), new Teller(app.Logger, clock).Tell);
        var started = clock.GetTimestamp();
        var watch = app.Services.GetRequiredService<DatabaseWatch>();
        if (options.Provider == DatabaseProvider.Sqlite && SqliteOpening.FileOf(options.ConnectionString!) is { } file && SqliteOpening.IsOpenToOthers(file)) Log.OpenToOthers(app.Logger, file);
        while (true)
        {
            try
            {
                if (await app.Services.InstanceFaultAsync(CancellationToken.None) is { } other) return other;
                if (await (options.Migrate ? app.Services.MigrateAsync(wait, CancellationToken.None) : app.Services.FindReadyAsync(wait, CancellationToken.None)) is { } fault) return fault;
                if (await app.Services.IsWritableAsync(watch, CancellationToken.None)) return await app.Services.RetentionFaultAsync(CancellationToken.None);
                if (clock.GetElapsedTime(started) >= options.StartTimeout) return ReadsOnly;
                // A replica may be about to become the primary.
                Log.Waiting(app.Logger, "it only reads");
            }
            catch (Exception e) when (options.Migrate && StorageFailure.IsForbidden(e))
            {
                return NotAllowed;
            }
            catch (Exception e) when (StorageFailure.Is(e) && !StorageFailure.IsFinal(e) && clock.GetElapsedTime(started) < options.StartTimeout)
            {
                Log.Waiting(app.Logger, StorageFailure.Words(e));
            }

            await Task.Delay(TimeSpan.FromSeconds(1), clock);
        }
    }

    /// <summary>Applies the migrations, one instance at a time, and sees to a signing key.</summary>
    /// <returns>Why it cannot; null where it is done.</returns>
    public static async Task<string?> MigrateAsync(this IServiceProvider services, TurnWait wait, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        var schema = scope.ServiceProvider.GetRequiredService<DatabaseSchema>();
        if (await NoteAsync(services, schema, ct) is { Fault: { } later }) return later;
        await schema.MigrateAsync(wait, ct);
        // Also where nothing is pending: the next version would not start.
        if (!await schema.MayChangeAsync(ct)) return NotAllowed;
        await CompleteAsync(scope.ServiceProvider, wait, ct);
        return null;
    }

    // What another role has migrated; what is missing of rows is added, as it may be by any.
    private static async Task<string?> FindReadyAsync(this IServiceProvider services, TurnWait wait, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        if (await scope.ServiceProvider.GetRequiredService<DatabaseGrants>().MissingAsync(ct) is { Count: > 0 } missing)
        {
            return $"its role lacks {string.Join(", ", missing.Take(MostTold))}{(missing.Count > MostTold ? $" and {missing.Count - MostTold} more" : "")}; as the role that owns the tables run 'migrate --grant-to', or grants.sql.";
        }

        var schema = scope.ServiceProvider.GetRequiredService<DatabaseSchema>();
        var fit = await NoteAsync(services, schema, ct);
        if (fit.Fault is not null) return fit.Fault;
        if (fit.Pending.Count > 0)
        {
            return $"the database lacks {string.Join(", ", fit.Pending)}, and Database:Migrate is false; as the role that owns the tables run 'migrate'.";
        }

        await CompleteAsync(scope.ServiceProvider, wait, ct);
        return null;
    }

    // One of SQLite serves one process: of two, the limits that each holds in memory would be twice as wide, and a second start in Development would take
    // the first one's pages from it.
    private static async Task<string?> InstanceFaultAsync(this IServiceProvider services, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<DatabaseSchema>().FileAsync(ct) is { } file && !services.GetRequiredService<SqliteInstance>().TryTake(file)
            ? $"another service runs on the database file {file}, and SQLite serves one at a time. End that one first, or name another file in Database:ConnectionString; several want PostgreSQL."
            : null;
    }

    private static async Task<SchemaFit> NoteAsync(IServiceProvider services, DatabaseSchema schema, CancellationToken ct)
    {
        var fit = await schema.FitAsync(ct);
        services.GetRequiredService<DatabaseWatch>().Note(fit);
        return fit;
    }

    private static async Task<bool> IsWritableAsync(this IServiceProvider services, DatabaseWatch watch, CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        return await watch.IsWritableAsync(scope.ServiceProvider.GetRequiredService<DatabaseSchema>(), ct);
    }

    private static async Task<string?> RetentionFaultAsync(this IServiceProvider services, CancellationToken ct)
    {
        if (services.GetRequiredService<IOptions<HousekeepingOptions>>().Value.KeepAuditEvents is null) return null;
        await using var scope = services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<DatabaseGrants>().MayDeleteAsync("audit_events", ct)
            ? null
            : "Housekeeping:KeepAuditEvents is set, and its role may not delete from audit_events; leave the setting out, and delete them as the role that owns the tables.";
    }

    // What has to be there once, however many instances start. Where it is, nobody waits for anybody.
    private static async Task CompleteAsync(IServiceProvider services, TurnWait wait, CancellationToken ct)
    {
        var (keys, stored, users) = (services.GetRequiredService<SigningKeys>(), services.GetRequiredService<SigningKeyStore>(), services.GetRequiredService<UserStore>());
        var schema = services.GetRequiredService<DatabaseSchema>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(DatabaseStart));
        // Where somebody has switched it off, or copied the rows into a file of another's making.
        if (await schema.LacksLogAheadAsync(ct)) await schema.KeepLogAheadAsync(wait, ct);
        if (await schema.LacksLogAheadAsync(ct)) Log.NoLogAhead(logger);
        if (await schema.HasStatisticsAsync(ct)) await schema.InTurnAsync(schema.DropStatisticsAsync, wait, ct);
        if (await keys.IsFirstMissingAsync(stored, ct) || await users.AreNamesOutdatedAsync(ct))
        {
            IReadOnlyList<LostName> lost = [];
            await schema.InTurnAsync(
                async stop =>
                {
                    if (await keys.IsFirstMissingAsync(stored, stop)) await keys.AddFirstAsync(stored, stop);
                    lost = await users.RefoldAsync(stop);
                },
                wait,
                ct);
            foreach (var name in lost) Log.NameLost(logger, name.UserId, name.OrganisationId, name.HolderId);
        }

        await keys.GetAsync(ct);
    }

    /// <summary>Tells of migrations: of each one that a database with rows may wait for, of a new database that it has its tables.</summary>
    private sealed class Teller(ILogger logger, TimeProvider clock)
    {
        /// <summary>How long nothing is told of a new database.</summary>
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

        private long? made;

        public void Tell(MigrationStep step)
        {
            if (step is { Number: 1, IsDone: false }) made = clock.GetTimestamp();
            if (made is not { } since) DatabaseStart.Tell(logger, step);
            else if (step.IsDone && step.Number == step.Count) Log.Made(logger, step.Count, step.Migration);
            else if (clock.GetElapsedTime(since) >= Patience) DatabaseStart.Tell(logger, step);
        }
    }

    private static void Tell(ILogger logger, MigrationStep step)
    {
        if (step.IsDone) Log.Migrated(logger, step.Migration, step.Number, step.Count);
        else if (step.HeldUp.Count > 0) Log.MigratingAndHoldingUp(logger, step.Migration, step.Number, step.Count, step.HeldUp);
        else Log.Migrating(logger, step.Migration, step.Number, step.Count);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The database is new, and has its tables: {Count} migrations, the last {Migration}")]
        public static partial void Made(ILogger logger, int count, string migration);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The database is not ready yet ({Fault}); trying again")]
        public static partial void Waiting(ILogger logger, string fault);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Others on this machine can read or write the database file {File}, which holds names and encrypted keys: chmod 600 it, and those beside it")]
        public static partial void OpenToOthers(ILogger logger, string file);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for {Holder}: {Waited} of at most {AtMost} s")]
        public static partial void WaitingForTurn(ILogger logger, string holder, int waited, int atMost);

        [LoggerMessage(Level = LogLevel.Information, Message = "Bringing the database up to date: {Migration}, {Number} of {Count}")]
        public static partial void Migrating(ILogger logger, string migration, int number, int count);

        [LoggerMessage(Level = LogLevel.Information, Message = "Bringing the database up to date: {Migration}, {Number} of {Count}; it builds indexes, and whoever writes to {Tables} waits until it is done")]
        public static partial void MigratingAndHoldingUp(ILogger logger, string migration, int number, int count, IReadOnlyList<string> tables);

        [LoggerMessage(Level = LogLevel.Information, Message = "The database is up to date with {Migration}, {Number} of {Count}")]
        public static partial void Migrated(ILogger logger, string migration, int number, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "SQLite keeps no write-ahead log for its file: where it is, there can be none (a network file system, or a virtual file system of its own). Whoever reads waits for whoever writes")]
        public static partial void NoLogAhead(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "User {UserId} of {OrganisationId} is found by name no longer: the name reads like that of {HolderId}. Delete one of the two; the other has the name, from the next start on")]
        public static partial void NameLost(ILogger logger, string userId, string organisationId, string holderId);
    }
}
