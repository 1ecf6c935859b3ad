using System.Data;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// PostgreSQL plans a statement once a connection, not once a request, unless an operator says otherwise, or a pooler hands each transaction to
/// another session.
/// </summary>
[Trait("Database", "PostgreSql")]
public sealed class PreparedStatementTests(ServiceFixture.PostgreSqlItself fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.PostgreSqlItself>
{
    [Fact]
    public async Task Statements_are_prepared()
    {
        Assert.Equal((50, 2, true), await SettingsAsync(Service));

        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        for (var i = 0; i < 8; i++) await invited.TryInitAsync();
        var prepared = await Service.InDatabaseAsync(async db =>
        {
            await db.Database.OpenConnectionAsync();
            return await db.Database.SqlQuery<string>($"SELECT statement AS \"Value\" FROM pg_prepared_statements").ToListAsync();
        });
        Assert.Contains(prepared, statement => statement.Contains("UPDATE codes AS c SET failed_attempts", StringComparison.Ordinal));
    }

    // The first five times PostgreSQL plans a statement for its values, and from then on only where it takes that for cheaper, each time.
    [Fact]
    public async Task A_statement_is_not_planned_each_time()
    {
        await using var service = await Service.StartAsync(Service.Database, ("Database:ConnectionString", Service.Database.ConnectionString + ";Maximum Pool Size=1"));
        var organisation = await service.NewOrganisationAsync();
        for (var n = 0; n < 24; n++)
        {
            var user = await Registered.NewAsync(organisation, recovery: true, username: $"user-{n}@example.co");
            var caller = await user.SignedInAsync();
            await caller.SignAsync(HttpMethod.Post, "/auth/credentials", "{}");
            await caller.GetAsync("/auth/credentials");
        }

        var planned = await service.InDatabaseAsync(async db =>
        {
            await db.Database.OpenConnectionAsync();
            return await db.Database.SqlQuery<Planned>($"SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements WHERE generic_plans + custom_plans >= 10").ToListAsync();
        });
        Assert.True(planned.Count > 10, $"{planned.Count} statements");
        Assert.All(planned, p => Assert.True(p.CustomPlans <= 5, $"{p.CustomPlans} + {p.GenericPlans} {p.Statement}"));
    }

    /// <summary>The one that the tests are run behind, or one that brings no prepared statements along.</summary>
    [Fact]
    public async Task Behind_a_pooler_of_transactions_none_is_prepared_and_nobody_notices()
    {
        await using var database = await TestDatabase.PostgreSqlAsync(PgBouncer.Kind == PoolerKind.None ? PoolerKind.Transaction : PgBouncer.Kind);
        await using var service = await Service.StartAsync(database);

        Assert.Equal((0, 2, true), await SettingsAsync(service));
        Assert.Contains(service.Log.Lines, line => line.Contains("A pooler stands between", StringComparison.Ordinal));
        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => RegisterAndSignAsync(service)));
        Assert.Empty(await PreparedAsync(service));
    }

    /// <summary>What another client, or an earlier version, has left prepared in every session that a pooler may hand on.</summary>
    [Fact]
    public async Task Behind_a_pooler_statements_that_others_left_are_in_nobodys_way()
    {
        await using var database = await TestDatabase.PostgreSqlAsync(PoolerKind.Transaction);
        await using (var other = new NpgsqlConnection(database.ConnectionString))
        {
            await other.OpenAsync();
            await using var left = new NpgsqlCommand("SELECT 1", other);
            await left.PrepareAsync();
        }

        await using var service = await Service.StartAsync(database);

        await RegisterAndSignAsync(service);
    }

    /// <summary>
    /// As one does whose caller goes away between its being parsed and its being described. What the value makes impossible is found in that place too: PostgreSQL reckons with it as
    /// it plans. The driver then takes the statement for one without rows (<see cref="StorageFailure.IsOutOfStep"/>).
    /// </summary>
    [Fact]
    public async Task A_statement_that_fails_while_it_is_prepared_is_good_the_next_time()
    {
        await using var service = await Service.StartAsync(Service.Database, ("Database:ConnectionString", Service.Database.ConnectionString + ";Maximum Pool Size=1"));
        Task<int> TenthsAsync(int n) => service.InDatabaseAsync(db => db.Database.SqlQuery<int>($"SELECT 10 / {n} AS \"Value\"").SingleAsync());

        Assert.Equal(10, await TenthsAsync(1));
        Assert.Equal(PostgresErrorCodes.DivisionByZero, (await Assert.ThrowsAsync<PostgresException>(() => TenthsAsync(0))).SqlState);

        Assert.Equal(5, await TenthsAsync(2));
    }

    /// <summary>Whatever is asked on such a connection outside of what is tried again.</summary>
    [Fact]
    public async Task What_is_asked_meanwhile_is_told_to_come_again()
    {
        await using var connection = new NpgsqlConnection(Service.Database.ConnectionString + ";Max Auto Prepare=5;Auto Prepare Min Usages=2;Pooling=false");
        await connection.OpenAsync();
        async Task<object?> TenthsAsync(int n)
        {
            await using var command = new NpgsqlCommand("SELECT 10 / $1", connection) { Parameters = { new() { Value = n } } };
            return await command.ExecuteScalarAsync();
        }

        Assert.Equal(10, await TenthsAsync(1));
        await Assert.ThrowsAsync<PostgresException>(() => TenthsAsync(0));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => TenthsAsync(2));

        Assert.True(StorageFailure.Is(failure) && StorageFailure.IsOutOfStep(failure), failure.ToString());
        Assert.Equal("it answered what was not expected on this connection, which has been closed", StorageFailure.Words(failure));
        Assert.Equal(ConnectionState.Closed, connection.State);
    }

    [Fact]
    public async Task An_operators_own_setting_stands()
    {
        await using var service = await Service.StartAsync(Service.Database, ("Database:ConnectionString", Service.Database.ConnectionString + ";Max Auto Prepare=0;Auto Prepare Min Usages=7;No Reset On Close=false"));

        Assert.Equal((0, 7, false), await SettingsAsync(service));
    }

    private static async Task RegisterAndSignAsync(Service service)
    {
        var user = await Registered.NewAsync(await service.NewOrganisationAsync(), recovery: true);
        var caller = await user.SignedInAsync();
        await caller.SignAsync(HttpMethod.Post, "/auth/credentials", "{}");
        Assert.Equal(200, (int)(await caller.GetAsync("/auth/credentials")).Status);
    }

    private static Task<List<string>> PreparedAsync(Service service) =>
        service.InDatabaseAsync(db => db.Database.SqlQuery<string>($"SELECT statement AS \"Value\" FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'").ToListAsync());

    private sealed record Planned(string Statement, long GenericPlans, long CustomPlans);

    private static Task<(int Most, int Usages, bool WithoutReset)> SettingsAsync(Service service) => service.InDatabaseAsync(db =>
    {
        var settings = new NpgsqlConnectionStringBuilder(db.Database.GetConnectionString());
        return Task.FromResult((settings.MaxAutoPrepare, settings.AutoPrepareMinUsages, settings.NoResetOnClose));
    });
}
