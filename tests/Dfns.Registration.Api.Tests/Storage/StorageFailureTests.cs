using System.Net;
using System.Reflection;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
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

    [Fact]
    public async Task A_server_that_only_reads_is_answered_with_503_and_is_not_ready_until_it_writes_again()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();
        await using var service = await Service.StartAsync(database);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        Assert.Equal(HttpStatusCode.OK, await ReadyAsync());

        await SayAsync("ON");
        var answers = new[] { await invited.TryInitAsync(), await service.PutAsync("/auth/registration/code", new System.Text.Json.Nodes.JsonObject { ["username"] = invited.Username, ["orgId"] = invited.Organisation.Id }) };
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

        static async Task RunAsync(string connectionString, string sql)
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
