using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Load;

/// <summary>A thousand registrations through the official SDK against one service in Production, and the exact rows they leave.</summary>
public abstract class VolumeTests(Func<Task<TestDatabase>> makeDatabase)
{
    private const int Users = 1000;
    private const int Callers = 8;

    public sealed class OnSqlite() : VolumeTests(TestDatabase.SqliteAsync);

    public sealed class OnPostgreSql() : VolumeTests(TestDatabase.PostgreSqlAsync);

    [Fact]
    public async Task A_thousand_registrations_leave_a_thousand_users_with_two_credentials_each()
    {
        await using var database = await makeDatabase();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var seed = Seed.In(database);
        var invitations = await seed.InviteAsync(
            await seed.OrganisationAsync("example.co", "https://app.example.co"), [.. Enumerable.Range(0, Users).Select(number => $"user-{number}@example.co")]);
        var tables = Tables.Of(database);
        var before = await tables.CountsAsync();

        var outcomes = (await NodeScript.RunAsync(
            "register.mjs",
            new { baseUrl = service.Address, callers = Callers, invitations, slots = new { first = new { name = "Key" }, recovery = new { name = "Recovery" } } })).AsArray();

        Assert.Empty(outcomes.Where(outcome => outcome!["answer"] is null).Select(outcome => outcome!.ToJsonString()));
        Assert.Equal(invitations.Select(i => i.Username), outcomes.Select(outcome => (string?)outcome!["answer"]!["user"]!["username"]));
        Assert.Equal(Users, outcomes.Select(outcome => (string?)outcome!["answer"]!["credential"]!["uuid"]).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(
            new Dictionary<string, long>(before, StringComparer.Ordinal)
            {
                ["ceremonies"] = Users,
                ["ceremonies spent"] = Users,
                ["codes spent"] = Users,
                // A registered user has a row for login codes and one for recovery codes, whether or not one is ever asked for.
                ["codes"] = before["codes"] + (2 * Users),
                ["users registered"] = Users,
                ["credentials"] = 2 * Users,
                ["audit_events"] = Users,
            },
            await tables.CountsAsync());
        Assert.Equal(
            Users,
            (await tables.RowsAsync(
                """
                SELECT user_id FROM credentials GROUP BY user_id
                HAVING count(*) = 2 AND min(kind) = 'Key' AND max(kind) = 'RecoveryKey' AND min(slot) = 'FirstFactor' AND max(slot) = 'Recovery'
                """)).Count);
        await service.StopAsync();
    }
}
