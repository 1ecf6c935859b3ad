using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary><c>Database:Migrate</c> = <c>false</c>: a start changes no schema. It finds one that is up to date, or says what is missing.</summary>
public abstract class MigrateSettingTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : MigrateSettingTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : MigrateSettingTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>How many of the newest migrations were not applied; all of them on an empty database.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(int.MaxValue)]
    public async Task A_start_names_what_is_pending_and_changes_nothing(int behind)
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        var all = await Service.InDatabaseAsync(db => Task.FromResult(db.Database.GetMigrations().ToList()));
        var applied = all.SkipLast(behind).ToList();
        if (applied.Count > 0)
        {
            await using var db = Service.Open(database.Owner);
            await db.GetService<IMigrator>().MigrateAsync(applied[^1]);
        }

        var run = await ServiceProgram.StartAsync(Service.Settings(database.Owner).Select(s => (s.Key, s.Value)).Append(("Database:Migrate", "false")));

        Assert.Equal(
            (1, $"The service does not start: the database lacks {string.Join(", ", all.Skip(applied.Count))}, and Database:Migrate is false; as the role that owns the tables run 'migrate'."),
            (run.ExitCode, run.Faults.Trim()));
        await using var after = Service.Open(database.Owner);
        Assert.Equal(applied, await after.Database.GetAppliedMigrationsAsync());
    }

    [Fact]
    public async Task What_another_has_migrated_is_served_with_a_key_that_signs()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        await using (var db = Service.Open(database.Owner)) await new DatabaseSchema(db).MigrateAsync(Service.Patience, CancellationToken.None);

        await using var service = await Service.StartAsync(database, ("Database:Migrate", "false"));

        var challenge = await (await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }
}
