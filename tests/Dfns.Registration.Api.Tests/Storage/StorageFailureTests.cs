using System.Data.Common;
using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>What a database can say, and whether it is its state (503, again later) or our fault (500).</summary>
public sealed class StorageFailureTests
{
    // What says something about a statement of ours or the data in it: never the state of a server.
    private static readonly string[] ClassesOfOurs = ["00", "01", "02", "03", "09", "0B", "0F", "0L", "0P", "0Z", "20", "21", "22", "23", "24", "25", "27", "2B", "2D", "2F", "34", "38", "39", "3B", "3F", "42", "44", "54", "72", "HV", "P0"];

    private static readonly string[] StatesAmongThem =
        [PostgresErrorCodes.ReadOnlySqlTransaction, "25P03", "25P04", PostgresErrorCodes.InsufficientPrivilege, PostgresErrorCodes.DuplicatePreparedStatement];

    /// <summary>Every code that the driver knows by name.</summary>
    public static TheoryData<string> Codes =>
        [.. typeof(PostgresErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => f.GetRawConstantValue()).OfType<string>().Where(code => code.Length == 5).Concat(["25P03", "25P04"]).Distinct()];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Each_state_of_a_server_is_one_and_no_fault_of_ours_is(string code)
    {
        var isState = StatesAmongThem.Contains(code) || !ClassesOfOurs.Contains(code[..2]);

        Assert.Equal(isState, StorageFailure.Is(new InvalidOperationException("wrapped", new PostgresException("said", "ERROR", "ERROR", code))));
    }

    /// <summary>What SQLite says of its file, or of the machine; and what of a statement of ours.</summary>
    public static TheoryData<int, bool> SqliteCodes =>
    [
        (1, false), (3, true), (5, true), (6, true), (7, true), (8, true), (9, false), (10, true), (11, true), (13, true), (14, true), (15, true), (17, true), (18, false), (19, false), (20, false), (21, false), (25, false), (26, true),
    ];

    [Theory]
    [MemberData(nameof(SqliteCodes))]
    public void Each_state_of_a_file_is_one_and_no_fault_of_ours_is(int code, bool isState) =>
        Assert.Equal(isState, StorageFailure.Is(new InvalidOperationException("wrapped", new SqliteException("said", code))));

    /// <summary>What the driver itself says, and in which words it is told.</summary>
    public static TheoryData<string, string> OfConnections => new()
    {
        { "Exception while connecting", "it did not answer in time" },
        { "The connection pool has been exhausted, either raise 'Max Pool Size' (currently 100) or 'Timeout' (currently 15 seconds) in your connection string.", "all connections of the pool are in use (Maximum Pool Size)" },
    };

    [Theory]
    [MemberData(nameof(OfConnections))]
    public async Task What_has_been_waited_for_is_not_waited_for_again(string said, string words)
    {
        var (times, options) = (0, new DbContextOptionsBuilder<PostgreSqlDbContext>().UseNpgsql("Host=nowhere.invalid", npgsql => npgsql.ExecutionStrategy(d => new PostgreSqlRetries(d))).Options);
        await using var db = new PostgreSqlDbContext(options);

        var failure = await Assert.ThrowsAsync<NpgsqlException>(() => db.Database.CreateExecutionStrategy().ExecuteAsync<int>(() =>
        {
            times++;
            throw new NpgsqlException(said, new TimeoutException());
        }));

        Assert.Equal((1, true, words), (times, StorageFailure.Is(failure), StorageFailure.Words(failure)));
    }

    [Theory]
    [InlineData("No password has been provided but the backend requires one (in SASL/SCRAM-SHA-256)")]
    [InlineData("SSL connection requested. No SSL enabled connection from this host is configured.")]
    public void What_client_and_server_cannot_agree_on_is_told_as_it_is(string said)
    {
        var failure = new NpgsqlException(said);

        Assert.True(StorageFailure.Is(failure) && StorageFailure.IsFinal(failure));
        Assert.Equal(said, StorageFailure.Words(failure));
    }

    [Fact]
    public void A_server_that_says_nothing_is_given_up_in_seconds_unless_the_connection_string_says_otherwise()
    {
        static NpgsqlConnectionStringBuilder Settled(string connectionString) => new(new PostgreSqlSessions(
            Options.Create(new DatabaseOptions { Provider = DatabaseProvider.PostgreSql, ConnectionString = connectionString }), NullLogger<PostgreSqlSessions>.Instance).ConnectionString());

        var (left, said) = (Settled("Host=db;Max Auto Prepare=0"), Settled("Host=db;Max Auto Prepare=0;Timeout=30;Command Timeout=60;Tcp Keepalive=false"));

        Assert.Equal((5, 10, true), (left.Timeout, left.CommandTimeout, left.TcpKeepAlive));
        Assert.Equal((30, 60, false), (said.Timeout, said.CommandTimeout, said.TcpKeepAlive));
        Assert.Equal(10, new SqliteConnectionStringBuilder(new DatabaseOptions { ConnectionString = "Data Source=a.db" }.SqliteConnectionString()).DefaultTimeout);
        Assert.Equal(60, new SqliteConnectionStringBuilder(new DatabaseOptions { ConnectionString = "Data Source=a.db;Default Timeout=60" }.SqliteConnectionString()).DefaultTimeout);
    }

    /// <summary>What failovers, overloads, poolers and operators make a server say.</summary>
    public static TheoryData<string> States =>
    [
        "08000", "08001", "08003", "08004", "08006", "08007", "0A000", "25006", "25P03", "26000", "28000", "28P01", "3D000", "40001", "40003", "40P01", "42501", "42P05", "53000", "53100", "53200", "53300", "53400", "55000",
        "55006", "55P03", "57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05", "58000", "58030", "58P01", "F0000", "XX000", "XX001", "XX002",
    ];

    [Fact]
    public async Task Every_state_of_a_server_is_answered_with_503_and_told_in_the_log_whether_a_call_reads_or_writes()
    {
        await using var database = await Migrated.PostgreSqlAsync();
        await using var service = await Service.StartAsync(database);
        var organisation = await service.NewOrganisationAsync();
        await using (var db = Service.Open(database.Owner))
        {
            // A view tells what its function says, as soon as a row is read; a trigger, as soon as one is written.
            await db.Database.ExecuteSqlRawAsync(
                """
                CREATE FUNCTION says() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN true; END $$;
                CREATE FUNCTION says_of_a_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM says(); RETURN NEW; END $$;
                ALTER TABLE relying_parties RENAME TO kept_relying_parties;
                CREATE VIEW relying_parties AS SELECT * FROM kept_relying_parties WHERE says();
                GRANT SELECT ON relying_parties TO PUBLIC;
                """);
        }

        foreach (var (route, makes, undoes) in new[]
        {
            ("reads", "SELECT 1", "SELECT 1"),
            ("writes", "ALTER VIEW relying_parties RENAME TO of_before; ALTER TABLE kept_relying_parties RENAME TO relying_parties; CREATE TRIGGER says BEFORE INSERT ON ceremonies FOR EACH ROW EXECUTE FUNCTION says_of_a_row()", "DROP TRIGGER says ON ceremonies"),
        })
        {
            await RunAsync(database.Owner.ConnectionString, makes);
            foreach (var state in States.Select(row => row.Data))
            {
                await RunAsync(database.Owner.ConnectionString, $"CREATE OR REPLACE FUNCTION says() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN RAISE EXCEPTION 'said' USING ERRCODE = '{state}'; END $$");
                var before = service.Log.Lines.Count;

                var answer = await service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id });

                Assert.Equal((route, state, 503, "storage_unavailable", "1"), (route, state, (int)answer.Status, answer.Code, answer.Headers["Retry-After"]));
                var lines = service.Log.Lines.Skip(before).ToList();
                Assert.Contains(lines, line => line.Contains($"\"{state}\"", StringComparison.Ordinal));
                Assert.DoesNotContain(lines, line => line.Contains("   at ", StringComparison.Ordinal));
            }

            await RunAsync(database.Owner.ConnectionString, undoes);
        }

        Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id })).Status);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_asked_once_and_answered_with_503()
    {
        await using var database = await Migrated.PostgreSqlAsync(PoolerKind.None);
        await using var proxy = CuttingProxy.Of(database);
        await using var service = await Service.StartAsync(database, ("Database:ConnectionString", proxy.Through(database, prepares: false) + ";Timeout=1;Command Timeout=1"));
        var organisation = await service.NewOrganisationAsync();
        var body = new JsonObject { ["orgId"] = organisation.Id };
        Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("/auth/login/init", body.DeepClone())).Status);

        proxy.IsSilent = true;
        var answer = await service.PostAsync("/auth/login/init", body.DeepClone());

        Assert.Equal((503, "storage_unavailable", "1"), ((int)answer.Status, answer.Code, answer.Headers["Retry-After"]));
        Assert.Equal(1, proxy.Unanswered);
        proxy.IsSilent = false;
        Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("/auth/login/init", body.DeepClone())).Status);
    }

    [Fact]
    public async Task While_all_connections_are_in_use_a_call_is_answered_with_503()
    {
        await using var database = await Migrated.PostgreSqlAsync(PoolerKind.None);
        // More than a service takes beside its requests: its senders wait for one too, and may have the first that comes back.
        const int connections = 4;
        await using var service = await Service.StartAsync(database, ("Database:ConnectionString", database.ConnectionString + $";Maximum Pool Size={connections};Timeout=3"));
        var organisation = await service.NewOrganisationAsync();
        var body = new JsonObject { ["orgId"] = organisation.Id };

        var answer = await AnswerWithoutAsync(connections);

        Assert.Equal((503, "storage_unavailable", "1"), ((int)answer.Status, answer.Code, answer.Headers["Retry-After"]));
        Assert.Contains(service.Log.Lines, line => line.Contains("Maximum Pool Size", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("/auth/login/init", body.DeepClone())).Status);

        Task<Answer> AnswerWithoutAsync(int taken) => taken == 0 ? service.PostAsync("/auth/login/init", body.DeepClone()) : service.InDatabaseAsync(async db =>
        {
            await db.Database.OpenConnectionAsync();
            return await AnswerWithoutAsync(taken - 1);
        });
    }

    [Fact]
    public async Task A_file_that_another_process_writes_to_for_long_is_answered_with_503_and_the_service_is_ready()
    {
        await using var database = await Migrated.SqliteAsync();
        await using var service = await Service.StartAsync(database, ("Database:ConnectionString", database.ConnectionString + ";Default Timeout=1"));
        var organisation = await service.NewOrganisationAsync();
        await using var other = new SqliteConnection(database.ConnectionString + ";Pooling=False");
        await other.OpenAsync();
        await RunAsync(other, "BEGIN IMMEDIATE");

        var answer = await service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id });

        Assert.Equal((503, "storage_unavailable", "1"), ((int)answer.Status, answer.Code, answer.Headers["Retry-After"]));
        Assert.Contains(service.Log.Lines, line => line.Contains("SQLite Error 5", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status);
        await RunAsync(other, "ROLLBACK");
        Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id })).Status);
    }

    [Fact]
    public async Task A_full_disk_is_answered_with_503_and_the_service_is_not_ready_until_there_is_room()
    {
        using var disk = SmallDisk.Make(sizeBytes: 4 * 1024 * 1024);
        await using var database = await TestDatabase.SqliteAsync();
        await using var service = await Service.StartAsync(database, ("Database:ConnectionString", $"Data Source={Path.Combine(disk.Folder, "registration.db")}"));
        var organisation = await service.NewOrganisationAsync();
        var body = new JsonObject { ["orgId"] = organisation.Id };
        Assert.Equal((200, 200), ((int)(await service.PostAsync("/auth/login/init", body.DeepClone())).Status, await ReadyAsync()));

        disk.Fill();
        var answer = await UntilFullAsync();
        var ready = await ReadyAsync();
        disk.Empty();

        Assert.Equal(("storage_unavailable", "1"), (answer.Code, answer.Headers["Retry-After"]));
        Assert.Equal(503, ready);
        Assert.DoesNotContain(service.Log.Lines, line => line.Contains("   at ", StringComparison.Ordinal));
        Assert.Equal((200, 200), (await ReadyAsync(), (int)(await service.PostAsync("/auth/login/init", body.DeepClone())).Status));

        // There is room left in the file itself and in its log.
        async Task<Answer> UntilFullAsync()
        {
            while (true)
            {
                if (await service.PostAsync("/auth/login/init", body.DeepClone()) is { Status: not HttpStatusCode.OK } refused) return refused;
            }
        }

        async Task<int> ReadyAsync()
        {
            service.Clock.Advance(TimeSpan.FromSeconds(2));
            return (int)(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status;
        }
    }

    [Fact]
    public async Task A_server_that_only_reads_is_answered_with_503_and_is_not_ready_until_it_writes_again()
    {
        await using var database = await Migrated.PostgreSqlAsync();
        await using var service = await Service.StartAsync(database);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        Assert.Equal(HttpStatusCode.OK, await ReadyAsync());

        await SayAsync("ON");
        var answers = new[] { await invited.TryInitAsync(), await service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = invited.Username, ["orgId"] = invited.Organisation.Id }) };
        var ready = await ReadyAsync();
        await SayAsync("OFF");

        Assert.All(answers, answer => Assert.Equal((503, "storage_unavailable", "1"), ((int)answer.Status, answer.Code, answer.Headers["Retry-After"])));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready);
        Assert.Contains(service.Log.Lines, line => line.Contains("25006", StringComparison.Ordinal));
        Assert.DoesNotContain(service.Log.Lines, line => line.Contains("   at ", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await invited.TryInitAsync()).Status);
        Assert.Equal(HttpStatusCode.OK, await ReadyAsync());

        async Task<HttpStatusCode> ReadyAsync()
        {
            service.Clock.Advance(TimeSpan.FromSeconds(2));
            return (await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status;
        }

        // As an operator does it; sessions that are open learn of it when they begin anew.
        async Task SayAsync(string readOnly)
        {
            await RunAsync(
                database.Owner.ConnectionString,
                $"SET default_transaction_read_only = off; ALTER DATABASE \"{new NpgsqlConnectionStringBuilder(database.ConnectionString).Database}\" SET default_transaction_read_only = {readOnly}");
            // Each role may end its own.
            await RunAsync(database.ConnectionString, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()");
        }

    }

    private static async Task RunAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await RunAsync(connection, sql);
    }

    private static async Task RunAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
