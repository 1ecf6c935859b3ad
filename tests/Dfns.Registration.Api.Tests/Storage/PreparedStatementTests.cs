using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>PostgreSQL plans a statement once a connection, not once a request, unless an operator says otherwise.</summary>
[Trait("Database", "PostgreSql")]
public sealed class PreparedStatementTests(ServiceFixture.PostgreSql fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>
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
        await using var service = await Service.StartAsync(Service.Database, ("Database:ConnectionString", Service.Database.ConnectionString + ";Maximum Pool Size=2"));
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

    [Fact]
    public async Task An_operators_own_setting_stands()
    {
        await using var service = await Service.StartAsync(Service.Database, ("Database:ConnectionString", Service.Database.ConnectionString + ";Max Auto Prepare=0;Auto Prepare Min Usages=7;No Reset On Close=false"));

        Assert.Equal((0, 7, false), await SettingsAsync(service));
    }

    private sealed record Planned(string Statement, long GenericPlans, long CustomPlans);

    private static Task<(int Most, int Usages, bool WithoutReset)> SettingsAsync(Service service) => service.InDatabaseAsync(db =>
    {
        var settings = new NpgsqlConnectionStringBuilder(db.Database.GetConnectionString());
        return Task.FromResult((settings.MaxAutoPrepare, settings.AutoPrepareMinUsages, settings.NoResetOnClose));
    });
}
