using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// The service's own role on PostgreSQL, made by <c>roles.sql</c> and <c>grants.sql</c>: over every table, every privilege, and everything that
/// it must not do. That the service can do its work with it is shown by the other tests, which CI runs as this role once.
/// </summary>
public sealed class LeastPrivilegeTests(LeastPrivilegeTests.TwoRoles fixture) : ServiceTests(fixture), IClassFixture<LeastPrivilegeTests.TwoRoles>
{
    private const string History = "\"__EFMigrationsHistory\"";

    private static readonly string[] Privileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

    /// <summary>What changes a table, whichever it is.</summary>
    public static TheoryData<string> ChangesOfTables =>
    [
        "TRUNCATE @table CASCADE",
        "DROP TABLE @table",
        "ALTER TABLE @table ADD COLUMN more integer",
        "ALTER TABLE @table DISABLE TRIGGER ALL",
        "ALTER TABLE @table OWNER TO CURRENT_USER",
        "CREATE INDEX more ON @table ((1))",
        "CREATE TRIGGER more BEFORE UPDATE ON @table FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE more AS ON DELETE TO @table DO INSTEAD NOTHING",
    ];

    public static TheoryData<string> Others =>
    [
        "UPDATE audit_events SET actor = 'nobody'",
        "UPDATE audit_events SET note = NULL WHERE id = 'none'",
        "DELETE FROM audit_events",
        "DELETE FROM audit_events WHERE id = 'none'",
        "SELECT id FROM audit_events FOR UPDATE",
        "BEGIN; LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE",
        $"INSERT INTO {History} VALUES ('29990101000000_None', '10.0.0')",
        $"DELETE FROM {History}",
        "DELETE FROM organisations",
        "DELETE FROM codes",
        "CREATE TABLE more (id integer)",
        "CREATE TEMPORARY TABLE more (id integer)",
        "CREATE VIEW more AS SELECT 1",
        "CREATE SEQUENCE more",
        "CREATE FUNCTION more() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA more",
        "CREATE EXTENSION hstore",
        "CREATE ROLE more",
        "CREATE DATABASE more",
        "ALTER DATABASE @database SET search_path = more",
        "SET ROLE @owner",
        "COPY users TO PROGRAM 'cat'",
        "SELECT pg_read_file('postgresql.conf')",
    ];

    [Fact]
    public async Task Of_every_table_the_role_has_just_what_is_granted()
    {
        var tables = await TablesAsync();
        Assert.Equal(tables.Order(StringComparer.Ordinal), DatabaseGrants.All.Select(g => g.Table).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

        foreach (var table in tables)
        {
            var has = await Service.InDatabaseAsync(db => db.Database.SqlQuery<string>(
                $"SELECT p AS \"Value\" FROM unnest({Privileges}) AS p WHERE has_table_privilege({table}, p) OR (p IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege({table}, p))").ToListAsync());

            Assert.Equal((table, string.Join(' ', DatabaseGrants.All.Where(g => g.Table == table).Select(g => g.Privilege).Order(StringComparer.Ordinal))), (table, string.Join(' ', has.Order(StringComparer.Ordinal))));
        }

        Assert.Equal(["SELECT", "INSERT"], DatabaseGrants.All.Where(g => g.Table == "audit_events").Select(g => g.Privilege));
        Assert.Equal(["SELECT"], DatabaseGrants.All.Where(g => g.Table == History).Select(g => g.Privilege));
    }

    [Fact]
    public void Whatever_is_deleted_in_time_may_be_but_the_audit_trail()
    {
        foreach (var table in ExpiredRows.Kinds.Select(k => k.Table).Where(t => t != "audit_events").Concat(UserRows.All.Select(r => r.Table)))
        {
            // The rows are locked first.
            Assert.Superset(new HashSet<string> { "SELECT", "UPDATE", "DELETE" }, DatabaseGrants.All.Where(g => g.Table == table).Select(g => g.Privilege).ToHashSet(StringComparer.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(ChangesOfTables))]
    public async Task No_table_can_be_changed(string statement)
    {
        foreach (var table in await TablesAsync()) await AssertForbiddenAsync(statement.Replace("@table", table, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task Nothing_else_can_be_done_that_is_not_granted(string statement)
    {
        var owner = new NpgsqlConnectionStringBuilder(Service.Database.Owner.ConnectionString);

        await AssertForbiddenAsync(statement.Replace("@database", owner.Database, StringComparison.Ordinal).Replace("@owner", owner.Username, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_user_registers_signs_in_and_is_deactivated_and_each_is_in_the_audit_trail()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        await user.LoginAsync();
        await ServiceProgram.RowAsync(Service.Database, "user", "deactivate", "--org", user.Organisation.Id, "--user", user.UserId);

        var actions = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == user.Organisation.Id).Select(e => e.Action).ToListAsync());
        Assert.Superset(new HashSet<string> { AuditActions.UserRegistered, AuditActions.SignedIn, AuditActions.UserDeactivated }, actions.ToHashSet());
        Assert.DoesNotContain(Service.Log.Lines, line => line.Contains(PostgresErrorCodes.InsufficientPrivilege, StringComparison.Ordinal));
    }

    /// <summary>PostgreSQL passes over the tables of another role, and tells its own log.</summary>
    [Fact]
    public async Task Statistics_are_left_to_the_server_and_nothing_fails()
    {
        var before = Service.Log.Lines.Count;

        await using (var statistics = new TableStatistics(Service.Services.GetRequiredService<IServiceScopeFactory>(), Service.Services.GetRequiredService<ILogger<TableStatistics>>())) statistics.Grew(100);

        Assert.Empty(Service.Log.Lines.Skip(before));
    }

    [Fact]
    public async Task What_is_not_granted_is_named_at_start_until_it_is_granted_again()
    {
        await using var database = await TestDatabase.PostgreSqlWithTwoRolesAsync();
        await (await Service.StartAsync(database)).DisposeAsync();
        var role = database.ServiceRole!;

        await OwnerDoesAsync(database, $"REVOKE INSERT ON codes FROM {role}");
        Assert.Equal("The service does not start: its role lacks INSERT on codes; as the role that owns the tables run 'migrate --grant-to', or grants.sql.", (await StartAsync(database)).Faults.Trim());
        await OwnerDoesAsync(database, $"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}");
        Assert.Equal(
            $"The service does not start: its role lacks {string.Join(", ", DatabaseGrants.All.Take(5).Select(g => $"{g.Privilege} on {g.Table}"))} and {DatabaseGrants.All.Count - 5} more; as the role that owns the tables run 'migrate --grant-to', or grants.sql.",
            (await StartAsync(database)).Faults.Trim());

        // More than it needs is taken back, of every table.
        await OwnerDoesAsync(database, $"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}");
        Assert.Equal(0, (await ServiceProgram.OperateAsync(database, "migrate", "--force")).ExitCode);
        await using var service = await Service.StartAsync(database);
        foreach (var table in await TablesAsync())
        {
            Assert.Equal(
                (table, string.Join(' ', Privileges.Where(p => DatabaseGrants.All.Contains((table, p))))),
                (table, string.Join(' ', await service.InDatabaseAsync(db => db.Database.SqlQuery<string>($"SELECT p AS \"Value\" FROM unnest({Privileges}) AS p WHERE has_table_privilege({table}, p)").ToListAsync()))));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_role_that_may_not_change_the_schema_is_told_so_at_once(bool isUpToDate)
    {
        await using var database = await TestDatabase.PostgreSqlWithTwoRolesAsync();
        if (isUpToDate) await ServiceProgram.OperateAsync(database, "migrate");
        var settings = Service.Settings(database).Where(s => s.Key != "Database:Migrate").Select(s => (s.Key, s.Value)).ToList();

        var start = await ServiceProgram.StartAsync(settings);
        var command = await ServiceProgram.RunAsync(["migrate"], settings);

        Assert.Equal((1, "The service does not start: its role may not change the schema of the database; set Database:Migrate to false, and run 'migrate' as the role that owns the tables."), (start.ExitCode, start.Faults.Trim()));
        Assert.Equal((1, "The role of Database:ConnectionString may not do this. 'migrate' wants the role that owns the tables, and gives another what it needs with --grant-to."), (command.ExitCode, command.Faults.Trim()));
    }

    [Fact]
    public async Task Whoever_wants_audit_events_deleted_needs_a_role_that_may()
    {
        var run = await StartAsync(Service.Database, ("Housekeeping:KeepAuditEvents", "730.00:00:00"));

        Assert.Equal((1, "The service does not start: Housekeeping:KeepAuditEvents is set, and its role may not delete from audit_events; leave the setting out, and delete them as the role that owns the tables."), (run.ExitCode, run.Faults.Trim()));
    }

    [Fact]
    public async Task What_a_role_may_do_beyond_the_service_is_taken_from_it_by_force_alone_and_the_audit_trail_tells()
    {
        await using var database = await TestDatabase.PostgreSqlWithTwoRolesAsync();
        var role = database.ServiceRole!;
        Assert.Equal(0, (await MigrateAsync()).ExitCode);
        await OwnerDoesAsync(database, $"GRANT DELETE, TRUNCATE ON codes TO \"{role}\"");
        await OwnerDoesAsync(database, $"REVOKE INSERT ON users FROM \"{role}\"");
        var before = await NotesAsync();

        var refused = await MigrateAsync();
        Assert.Equal((1, $"Nothing was done: this would take from '{role}' what it may do beyond what the service needs: DELETE on codes, TRUNCATE on codes. --force takes it away; a role of its own for the service is made by roles.sql."), (refused.ExitCode, refused.Faults.Trim()));
        Assert.Equal(before, await NotesAsync());

        var forced = await MigrateAsync("--force");
        Assert.Equal(0, forced.ExitCode);
        foreach (var told in new[] { $"Taken from {role}: DELETE on codes.", $"Taken from {role}: TRUNCATE on codes.", $"Given to {role}: INSERT on users." }) Assert.Contains(told, forced.Faults, StringComparison.Ordinal);
        Assert.Equal([.. before, $"1 rights given to {role}, 2 taken from it"], await NotesAsync());

        // Done again it changes nothing, and tells nothing.
        Assert.Equal((0, ""), (await MigrateAsync() is var again ? again.ExitCode : 1, again.Faults));
        Assert.Equal(before.Count + 1, (await NotesAsync()).Count);

        Task<ServiceProgram.Run> MigrateAsync(params string[] more) =>
            ServiceProgram.RunAsync(["migrate", "--grant-to", role, .. more], Service.Settings(database.Owner).Select(s => (s.Key, s.Value)));

        async Task<List<string?>> NotesAsync()
        {
            await using var db = Service.Open(database.Owner);
            return await db.AuditEvents.Where(e => e.Action == AuditActions.DatabaseMigrated).OrderBy(e => e.At).ThenBy(e => e.Id).Select(e => e.Note).ToListAsync();
        }
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("")]
    [InlineData("@owner")]
    public async Task Nothing_is_granted_to_a_role_that_is_not_there_or_owns_the_tables(string role)
    {
        var named = role.Replace("@owner", new NpgsqlConnectionStringBuilder(Service.Database.Owner.ConnectionString).Username, StringComparison.Ordinal);

        var run = await ServiceProgram.OperateAsync(Service.Database.Owner, "migrate", "--grant-to", named);

        Assert.Equal((1, $"The database has no role '{named}' beside the one that migrates; roles.sql makes both."), (run.ExitCode, run.Faults.Trim()));
    }

    private static List<string> Tables(RegistrationDbContext db) => [.. db.Model.GetEntityTypes().Select(t => t.GetTableName()!), History];

    private static Task<ServiceProgram.Run> StartAsync(TestDatabase database, params IEnumerable<(string Key, string Value)> more) =>
        ServiceProgram.StartAsync(Service.Settings(database).Select(s => (s.Key, s.Value)).Concat(more));

    private static async Task OwnerDoesAsync(TestDatabase database, string statement)
    {
        await using var db = Service.Open(database.Owner);
        await db.Database.ExecuteSqlRawAsync(statement);
    }

    private Task<List<string>> TablesAsync() => Service.InDatabaseAsync(db => Task.FromResult(Tables(db)));

    private async Task AssertForbiddenAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(Service.Database.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);

        Assert.Equal((statement, PostgresErrorCodes.InsufficientPrivilege), (statement, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState));
    }

    public sealed class TwoRoles() : ServiceFixture(TestDatabase.PostgreSqlWithTwoRolesAsync, TestDatabase.PostgreSqlWithTwoRolesAsync);
}
