using System.Data.Common;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>Who changes the schema has it to themselves, and nobody waits for somebody who is no more, nor in silence, nor for ever.</summary>
public abstract class MigrationTurnTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : MigrationTurnTests(fixture), IClassFixture<ServiceFixture.Sqlite>
    {
        protected override string Holder => "another process that writes to the file";

        protected override async Task<DbConnection> HoldAsync(TestDatabase database)
        {
            var other = new SqliteConnection(database.ConnectionString + ";Pooling=False");
            await other.OpenAsync();
            await RunAsync(other, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
            return other;
        }

        /// <summary>As versions before this one lock: by a row, which stays where its writer was killed.</summary>
        [Fact]
        public async Task The_row_that_a_killed_start_of_an_earlier_version_left_is_in_nobodys_way()
        {
            await using var database = await Fixture.EmptyDatabaseAsync();
            await using (var db = Service.Open(database))
            {
                await db.GetService<IMigrator>().MigrateAsync("Initial");
                await db.Database.ExecuteSqlAsync($"""INSERT INTO "__EFMigrationsLock" ("Id", "Timestamp") VALUES (1, '2026-11-23 12:00:00+00:00')""");
            }

            await using var service = await Service.StartAsync(database);

            Assert.Equal(200, (int)(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status);
        }
    }

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : MigrationTurnTests(fixture), IClassFixture<ServiceFixture.PostgreSql>
    {
        private int session;

        protected override string Holder => $"another instance that changes the database, session {session} of PostgreSQL";

        protected override async Task<DbConnection> HoldAsync(TestDatabase database)
        {
            var other = new NpgsqlConnection(database.ConnectionString);
            await other.OpenAsync();
            // The number that versions before this one hold for a session.
            await RunAsync(other, "BEGIN; SELECT pg_advisory_xact_lock(4919705762718369609)");
            await using var command = new NpgsqlCommand("SELECT pg_backend_pid()", other);
            session = (int)(await command.ExecuteScalarAsync())!;
            return other;
        }

        [Fact]
        public async Task Whoever_uses_a_table_is_not_waited_for_without_end_nor_are_others_behind_it()
        {
            await using var database = await Fixture.EmptyDatabaseAsync();
            await using (var db = Service.Open(database.Owner)) await db.GetService<IMigrator>().MigrateAsync("Initial");
            await using var other = new NpgsqlConnection(database.Owner.ConnectionString);
            await other.OpenAsync();
            await RunAsync(other, "BEGIN; LOCK TABLE users IN ACCESS SHARE MODE");

            var run = await StartAsync(database.Owner, "00:00:00");

            Assert.Equal((1, $"The service does not start: it has waited 0 s (Database:StartTimeout) for others that use its tables. {Again}"), (run.ExitCode, run.Faults.Trim()));
            await RunAsync(other, "COMMIT");
            Assert.Equal(0, (await MigrateAsync(database.Owner)).ExitCode);
        }

        /// <summary>What a statement of a request may take, by the connection string, by the database and by the server, is no measure for an index over many rows.</summary>
        [Fact]
        public async Task Who_changes_the_schema_is_cut_off_by_no_time_that_is_for_requests()
        {
            await using var database = await TestDatabase.PostgreSqlAsync(PoolerKind.None);
            var name = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database;
            await using (var db = Service.Open(database.Owner))
            {
#pragma warning disable EF1002 // The name of the test's own database.
                await db.Database.ExecuteSqlRawAsync($"ALTER DATABASE {name} SET statement_timeout = '7min'; ALTER DATABASE {name} SET idle_in_transaction_session_timeout = '7min'");
#pragma warning restore EF1002
                NpgsqlConnection.ClearPool((NpgsqlConnection)db.Database.GetDbConnection());
            }

            await using var owner = Service.Open(database.Owner);
            owner.Database.SetCommandTimeout(1);
            var (said, times) = (0, new List<string>());
            await new DatabaseSchema(owner).InTurnAsync(
                async ct =>
                {
                    said = owner.Database.GetCommandTimeout() ?? -1;
                    times = await TimesAsync(owner, ct);
                },
                Service.Patience,
                CancellationToken.None);

            Assert.Equal(0, said);
            Assert.Equal(["0", "0"], times);
            Assert.Equal(1, owner.Database.GetCommandTimeout());
            Assert.Equal(["7min", "7min"], await TimesAsync(owner, CancellationToken.None));

            static Task<List<string>> TimesAsync(RegistrationDbContext db, CancellationToken ct) => db.Database.SqlQuery<string>(
                $"""SELECT current_setting(name) AS "Value" FROM pg_settings WHERE name IN ('idle_in_transaction_session_timeout', 'statement_timeout') ORDER BY name""").ToListAsync(ct);
        }

        [Fact]
        public async Task A_start_does_with_one_connection()
        {
            await using var database = await Fixture.EmptyDatabaseAsync();
            var settings = Settings(database.Owner).Where(s => s.Key != "Database:ConnectionString").Append(("Database:ConnectionString", database.Owner.ConnectionString + ";Maximum Pool Size=1;Timeout=5"));

            Assert.Equal(0, (await ServiceProgram.RunAsync(["migrate"], settings)).ExitCode);
            await using var service = await Service.StartAsync(database, ("Database:ConnectionString", database.ConnectionString + ";Maximum Pool Size=1;Timeout=5"));

            Assert.Equal(200, (int)(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status);
        }
    }

    private const string Again = "Once that one has come to its end, or was ended, start again.";

    /// <summary>Who is waited for, as it is told.</summary>
    protected abstract string Holder { get; }

    /// <summary>A connection that has the turn until it is closed.</summary>
    protected abstract Task<DbConnection> HoldAsync(TestDatabase database);

    [Fact]
    public async Task Whoever_waits_is_told_for_whom_and_not_for_ever()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        await using var other = await HoldAsync(database.Owner);

        var start = await StartAsync(database.Owner, "00:00:00");
        var command = await MigrateAsync(database.Owner, ("Database:StartTimeout", "00:00:01"));

        Assert.Equal((1, $"The service does not start: it has waited 0 s (Database:StartTimeout) for {Holder}. {Again}"), (start.ExitCode, start.Faults.Trim()));
        Assert.Equal(1, command.ExitCode);
        Assert.Contains($"Waiting for {Holder}: 0 of at most 1 s.", command.Faults, StringComparison.Ordinal);
        Assert.Contains($"Nothing was done: it has waited 1 s (Database:StartTimeout) for {Holder}. {Again}", command.Faults, StringComparison.Ordinal);

        await other.CloseAsync();
        Assert.Equal(0, (await MigrateAsync(database.Owner)).ExitCode);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Where_nothing_is_pending_nobody_asks_for_the_turn(string migrates)
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        await (await Service.StartAsync(database)).DisposeAsync();
        await using var other = await HoldAsync(database.Owner);

        await using var service = await Service.StartAsync(database, ("Database:Migrate", database.ServiceRole is null ? migrates : "false"), ("Database:StartTimeout", "00:00:00"));

        Assert.Equal(200, (int)(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status);
    }

    [Fact]
    public async Task Each_migration_is_told_with_its_place_when_it_begins_and_when_it_is_done()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        var all = await Service.InDatabaseAsync(db => Task.FromResult(db.Database.GetMigrations().ToList()));

        var run = await MigrateAsync(database.Owner);

        Assert.Equal(0, run.ExitCode);
        var told = run.Faults.Trim().Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        Assert.Equal(2 * all.Count, told.Count);
        foreach (var (n, migration) in all.Index())
        {
            Assert.StartsWith($"Applying {migration}, {n + 1} of {all.Count}", told[2 * n], StringComparison.Ordinal);
            Assert.Equal($"Applied {migration}, {n + 1} of {all.Count}.", told[(2 * n) + 1]);
        }

        // Of tables that were there before, and where nobody writes meanwhile.
        Assert.Equal(
            database.Provider == "Sqlite" ? [] : ["access_tokens", "access_tokens, audit_events, ceremonies, credential_codes", "ceremonies", "signing_keys", "social_providers, users", "users", "users", "users"],
            told.Where(line => line.Contains("builds indexes", StringComparison.Ordinal)).Select(line => line.Split("writes to ")[1].Split(" waits")[0]).Order(StringComparer.Ordinal));
    }

    /// <summary>Killed in its first, in one in the middle, and in its last migration, counted from the end.</summary>
    [Theory]
    [InlineData("first")]
    [InlineData("middle")]
    [InlineData("last")]
    public async Task A_start_that_is_killed_while_it_migrates_leaves_nothing_that_the_next_waits_for(string which)
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        var all = await Service.InDatabaseAsync(db => Task.FromResult(db.Database.GetMigrations().ToList()));
        var last = which switch { "first" => all[0], "middle" => all[all.Count / 2], _ => all[^1] };
        using (var start = ServiceProgram.StartProcess(["migrate"], Settings(database.Owner)))
        {
            while (await start.StandardError.ReadLineAsync() is { } line && !line.Contains($"Applying {last},", StringComparison.Ordinal))
            {
            }

            start.Kill();
            await start.WaitForExitAsync();
        }

        var run = await MigrateAsync(database.Owner);

        Assert.True(run.ExitCode == 0, run.Everything);
        Assert.Contains(all[^1], run.Output, StringComparison.Ordinal);
        await using var after = Service.Open(database.Owner);
        Assert.Equal(all, await after.Database.GetAppliedMigrationsAsync());
        Assert.Equal(3 * OneTimeCode.Decoys, await after.Codes.CountAsync());
    }

    protected static async Task RunAsync(DbConnection connection, string script)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = script;
        await command.ExecuteNonQueryAsync();
    }

    private protected static Task<ServiceProgram.Run> StartAsync(TestDatabase database, string timeout) => ServiceProgram.StartAsync(Settings(database).Append(("Database:StartTimeout", timeout)));

    private protected static Task<ServiceProgram.Run> MigrateAsync(TestDatabase database, params IEnumerable<(string Key, string Value)> changes) => ServiceProgram.RunAsync(["migrate"], Settings(database).Concat(changes));

    protected static IEnumerable<(string Key, string Value)> Settings(TestDatabase database) => Service.Settings(database).Select(s => (s.Key, s.Value));
}
