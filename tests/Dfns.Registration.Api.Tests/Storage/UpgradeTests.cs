using System.Data.Common;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// Versions that follow one another on one database, and run beside one another while they do: a schema of before with rows in it is brought up to date
/// and served, one that a later version has added to is served, and one that it has taken from is not.
/// </summary>
public abstract class UpgradeTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : UpgradeTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : UpgradeTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Expanding = "29990101000000_MoreOfEverything";
    private const string Contracting = "29990201000000_LessOfEverything_ServesFrom_MoreOfEverything";

    // Of what a registered user is made of, in the order of their references.
    private static readonly string[] Tables = ["organisations", "relying_parties", "users", "credentials"];

    /// <summary>Every migration but the newest, which every other test begins with.</summary>
    public static TheoryData<string> Earlier => [.. MigrationRuleTests.NamesOf<SqliteDbContext>().SkipLast(1)];

    [Theory]
    [MemberData(nameof(Earlier))]
    public async Task Whoever_registered_with_an_earlier_schema_signs_in_with_this_one(string migration)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key);
        await using var database = await Fixture.EmptyDatabaseAsync();
        await using (var db = Service.Open(database.Owner))
        {
            await db.GetService<IMigrator>().MigrateAsync(migration);
            foreach (var table in Tables) await CopyAsync(table, user.Organisation.Id, db);
        }

        await using var service = await Service.StartAsync(database);

        var there = user with { Organisation = user.Organisation with { Service = service } };
        var caller = await there.SignedInAsync();
        Assert.Equal(user.First.CredId, (string?)(await caller.GetAsync("/auth/credentials")).Body["items"]![0]!["credentialId"]);
    }

    /// <summary>As an instance of this version meets a schema of the next, which has just migrated: at its start, and while it runs.</summary>
    [Fact]
    public async Task What_a_later_version_has_added_to_is_served_and_told_once()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        await using var running = await Service.StartAsync(database);
        var began = await Registered.NewAsync(await running.NewOrganisationAsync(), CredentialKind.Key, recovery: true);

        await ExpandAsync(database);

        await using var started = await Service.StartAsync(database);
        foreach (var service in new[] { running, started })
        {
            Assert.Equal(200, await ReadyAsync(service));
            Assert.Equal(200, await ReadyAsync(service));
            await LiveAsync(await Registered.NewAsync(await service.NewOrganisationAsync(), CredentialKind.Key, recovery: true));
            Assert.Single(service.Log.Lines, line => line.Contains("A later version has brought the database up to date", StringComparison.Ordinal) && line.Contains(Expanding, StringComparison.Ordinal));
        }

        await LiveAsync(began);
        Assert.Equal(0, (await ServiceProgram.OperateAsync(database, "org", "list")).ExitCode);
        Assert.Equal(0, (await ServiceProgram.OperateAsync(database, "migrate")).ExitCode);
    }

    [Fact]
    public async Task What_a_later_version_has_taken_from_is_not_served_and_said_why()
    {
        const string why = $"a later version has brought its database up to date, and '{Contracting}' took away what this version uses. Start a version that knows 'MoreOfEverything', or a later one.";
        await using var database = await Fixture.EmptyDatabaseAsync();
        await using var running = await Service.StartAsync(database);
        Assert.Equal(200, await ReadyAsync(running));

        await using (var db = Service.Open(database.Owner))
        {
            await HasAppliedAsync(db, Expanding);
            await HasAppliedAsync(db, Contracting);
        }

        Assert.Equal(503, await ReadyAsync(running));
        Assert.Contains(running.Log.Lines, line => line.Contains("Not ready: ", StringComparison.Ordinal) && line.Contains(Contracting, StringComparison.Ordinal));
        foreach (var migrates in new[] { "true", "false" })
        {
            var settings = Service.Settings(database.Owner).Select(s => (s.Key, s.Value)).Where(s => s.Key != "Database:Migrate").Append(("Database:Migrate", migrates));
            var run = await ServiceProgram.StartAsync(settings);
            Assert.Equal((1, $"The service does not start: {why}"), (run.ExitCode, run.Faults.Trim()));
        }

        string[][] commands = [["org", "list"], ["keys", "rotate"], ["migrate"]];
        foreach (var command in commands)
        {
            var run = await ServiceProgram.RunAsync(command, Service.Settings(database.Owner).Select(s => (s.Key, s.Value)));
            Assert.Equal((1, $"Nothing was done: {why}"), (run.ExitCode, run.Faults.Trim()));
        }
    }

    [Fact]
    public async Task What_a_later_version_has_taken_that_this_one_does_without_is_served()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var newest = await service.InDatabaseAsync(db => Task.FromResult(SchemaFit.Name(db.Database.GetMigrations().Last())));

        await using (var db = Service.Open(database.Owner)) await HasAppliedAsync(db, $"29990301000000_LessOfThat_ServesFrom_{newest}");

        Assert.Equal(200, await ReadyAsync(service));
        await LiveAsync(await Registered.NewAsync(await service.NewOrganisationAsync(), CredentialKind.Key, recovery: true));
    }

    /// <summary>Signs in, makes a call that is signed, loses everything, recovers and signs in again.</summary>
    private static async Task LiveAsync(Registered user)
    {
        var caller = await user.SignedInAsync();
        var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
        Assert.Equal(200, (int)(await caller.PostAsync("/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)))).Status);
        var recovered = await (await Recovering.StartAsync(user)).CompleteAsync();
        await recovered.LoginAsync();
    }

    private static async Task<int> ReadyAsync(Service service)
    {
        service.Clock.Advance(TimeSpan.FromSeconds(2));
        return (int)(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status;
    }

    // As a migration of the next version would: a column that may be null in every table, one that has a default, a table, an index, and a line in the history.
    private static async Task ExpandAsync(TestDatabase database)
    {
        await using var db = Service.Open(database.Owner);
        foreach (var table in db.Model.GetEntityTypes().Select(t => t.GetTableName()!).Distinct(StringComparer.Ordinal))
        {
            await RunAsync(db, $"ALTER TABLE {table} ADD COLUMN later text");
            await RunAsync(db, $"ALTER TABLE {table} ADD COLUMN later_with_default integer NOT NULL DEFAULT 7");
            await RunAsync(db, $"CREATE INDEX ix_{table}_later ON {table} (later)");
        }

        await RunAsync(db, "CREATE TABLE laters (organisation_id varchar(64) NOT NULL REFERENCES organisations (id), id varchar(64) NOT NULL, PRIMARY KEY (organisation_id, id))");
        await HasAppliedAsync(db, Expanding);
    }

    private static Task HasAppliedAsync(RegistrationDbContext db, string migration) => RunAsync(db, $"INSERT INTO \"__EFMigrationsHistory\" (migration_id, product_version) VALUES ('{migration}', '11.0.0')");

    // What a test writes itself.
    private static async Task RunAsync(RegistrationDbContext db, string statement)
    {
        await db.Database.OpenConnectionAsync();
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = statement;
        await command.ExecuteNonQueryAsync();
    }

    // The columns that there are already, with what this version has written into them.
    private async Task CopyAsync(string table, string organisation, RegistrationDbContext to)
    {
        var (target, known) = (to.Database.GetDbConnection(), new HashSet<string>(StringComparer.Ordinal));
        await to.Database.OpenConnectionAsync();
        await using (var columns = await ReadAsync(target, $"SELECT * FROM {table} LIMIT 0"))
        {
            for (var n = 0; n < columns.FieldCount; n++) known.Add(columns.GetName(n));
        }

        await using DbConnection source = Service.Database.Provider == "Sqlite" ? new SqliteConnection(Service.Database.ConnectionString) : new NpgsqlConnection(Service.Database.ConnectionString);
        await source.OpenAsync();
        await using var rows = await ReadAsync(source, $"SELECT * FROM {table} WHERE {(table == "organisations" ? "id" : "organisation_id")} = '{organisation}'");
        Assert.True(await rows.ReadAsync(), table);
        await using var insert = target.CreateCommand();
        var shared = Enumerable.Range(0, rows.FieldCount).Where(n => known.Contains(rows.GetName(n))).ToList();
        insert.CommandText = $"INSERT INTO {table} ({string.Join(", ", shared.Select(rows.GetName))}) VALUES ({string.Join(", ", shared.Select(n => $"@p{n}"))})";
        foreach (var n in shared)
        {
            var parameter = insert.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ($"@p{n}", rows.GetValue(n));
            insert.Parameters.Add(parameter);
        }

        Assert.Equal(1, await insert.ExecuteNonQueryAsync());

        static async Task<DbDataReader> ReadAsync(DbConnection connection, string query)
        {
            var command = connection.CreateCommand();
            command.CommandText = query;
            return await command.ExecuteReaderAsync();
        }
    }
}
