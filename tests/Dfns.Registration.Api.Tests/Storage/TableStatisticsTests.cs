using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>PostgreSQL is told how its tables have grown while they are young, so that it plans for what is in them.</summary>
[Trait("Database", "PostgreSql")]
public sealed class TableStatisticsTests(ServiceFixture.PostgreSql fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>
{
    [Fact]
    public async Task After_a_hundred_rows_the_tables_that_are_mostly_new_are_looked_at()
    {
        await Service.AsOwnerAsync(async db =>
        {
            await db.Database.ExecuteSqlAsync($"ANALYZE audit_events, users");
            db.AuditEvents.AddRange(Enumerable.Range(0, 300).Select(n => new AuditEvent { OrganisationId = "or-statistics", Id = $"au-{n}", At = Service.Noon, Action = "test", Actor = "service", SubjectId = "nobody" }));
            await db.Database.OpenConnectionAsync();
            await db.SaveChangesAsync();
            // What is counted is told within a second otherwise.
            return await db.Database.ExecuteSqlAsync($"SELECT pg_stat_force_next_flush()");
        });
        Assert.True(await RowsAsync() < 300);

        await using (var statistics = New()) statistics.Grew(99);
        Assert.True(await RowsAsync() < 300);
        await using (var statistics = New())
        {
            statistics.Grew(60);
            statistics.Grew(40);
        }

        Assert.True(await RowsAsync() >= 300);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_no_fault_of_whoever_stores_rows()
    {
        await using var services = new ServiceCollection()
            .AddDbContext<RegistrationDbContext, PostgreSqlDbContext>(options => options.UseNpgsql("Host=127.0.0.1;Port=1;Username=nobody"))
            .BuildServiceProvider();
        var statistics = new TableStatistics(services.GetRequiredService<IServiceScopeFactory>(), NullLogger<TableStatistics>.Instance);

        statistics.Grew(100);

        await statistics.DisposeAsync();
    }

    // As the role that owns the tables: another may not.
    private TableStatistics New()
    {
        var services = new ServiceCollection().AddScoped(_ => Service.Open(Service.Database.Owner)).BuildServiceProvider();
        return new TableStatistics(services.GetRequiredService<IServiceScopeFactory>(), NullLogger<TableStatistics>.Instance);
    }

    private Task<float> RowsAsync() => Service.InDatabaseAsync(db => db.Database.SqlQuery<float>($"SELECT reltuples AS \"Value\" FROM pg_class WHERE relname = 'audit_events'").SingleAsync());
}
