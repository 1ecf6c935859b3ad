using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>The migrations of both databases, and the indexes that are the rule.</summary>
public abstract class MigrationTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : MigrationTests(fixture), IClassFixture<ServiceFixture.Sqlite>
    {
        // Of a young database they say that it is quicker to read a table whole, and nobody gathers them again once it has grown.
        [Fact]
        public async Task Statistics_that_somebody_has_gathered_are_dropped_at_start()
        {
            await using var database = await Fixture.EmptyDatabaseAsync();
            await (await Service.StartAsync(database)).DisposeAsync();
            await using (var db = Service.Open(database.Owner))
            {
                await db.Database.ExecuteSqlAsync($"ANALYZE");
                Assert.Equal(1, await StatisticsAsync(db));
            }

            await using var service = await Service.StartAsync(database);

            Assert.Equal(0, await service.InDatabaseAsync(StatisticsAsync));
        }

        // Names are in it, and encrypted private keys.
        [Fact]
        public async Task A_new_file_and_those_beside_it_are_their_owners_alone_and_one_that_others_can_read_is_told()
        {
            if (OperatingSystem.IsWindows()) return;
            const UnixFileMode owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using var database = await Fixture.EmptyDatabaseAsync();
            var file = new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(database.ConnectionString).DataSource;
            await using (var service = await Service.StartAsync(database))
            {
                foreach (var each in new[] { file, $"{file}-wal", $"{file}-shm" }) Assert.True(File.GetUnixFileMode(each) == owners, each);
                Assert.DoesNotContain(service.Log.Lines, line => line.Contains("Others on this machine", StringComparison.Ordinal));
            }

            File.SetUnixFileMode(file, owners | UnixFileMode.GroupRead);
            await using var again = await Service.StartAsync(database);
            Assert.Single(again.Log.Lines, line => line.Contains("Others on this machine can read or write the database file", StringComparison.Ordinal));
        }

        private static Task<int> StatisticsAsync(RegistrationDbContext db) =>
            db.Database.SqlQuery<int>($"SELECT count(*) AS \"Value\" FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'").SingleAsync();
    }

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : MigrationTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task The_model_has_no_change_that_the_migrations_lack() =>
        Assert.False(await Service.InDatabaseAsync(db => Task.FromResult(db.Database.HasPendingModelChanges())));

    [Fact]
    public async Task Six_instances_that_start_at_once_on_an_empty_database_all_become_ready()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();

        var services = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Service.StartAsync(database))));

        foreach (var service in services)
        {
            Assert.Equal(200, (int)(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status);
        }

        Assert.Equal(1, await services[0].InDatabaseAsync(db => db.SigningKeys.CountAsync()));
        Assert.Equal(3 * OneTimeCode.Decoys, await services[0].InDatabaseAsync(db => db.Codes.CountAsync()));
        foreach (var service in services) await service.DisposeAsync();
    }

    [Fact]
    public async Task A_database_of_the_first_version_is_brought_up_to_date_with_the_rows_in_it()
    {
        await using var database = await Fixture.EmptyDatabaseAsync();
        const string organisation = "or-first-first-first000000000000";
        await using (var db = Service.Open(database.Owner))
        {
            await db.GetService<IMigrator>().MigrateAsync("Initial");
            object then = db.Database.IsSqlite() ? Service.Noon.UtcTicks : Service.Noon;
            object list = db.Database.IsSqlite() ? "[\"https://app.example.co\"]" : new List<string> { "https://app.example.co" };
            object numbers = db.Database.IsSqlite() ? "[-7]" : new List<int> { -7 };
            await db.Database.ExecuteSqlAsync($"INSERT INTO organisations (id, name, created_at) VALUES ({organisation}, 'First', {then})");
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO relying_parties (organisation_id, relying_party_id, name, origins, attestation, user_verification, algorithms, allow_cross_origin, top_origins, recovery_required_for_end_users)
                VALUES ({organisation}, 'example.co', 'First', {list}, 'none', 'required', {numbers}, {false}, {list}, {false})
                """);
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO users (organisation_id, id, username, username_folded, kind, is_active, created_at, registered_at)
                VALUES ({organisation}, 'us-first', 'jane@example.co', 'JANE@EXAMPLE.CO', 'EndUser', {true}, {then}, {then})
                """);
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO registration_codes (organisation_id, user_id, code_hash, created_at, expires_at, failed_attempts, consumed_at)
                VALUES ({organisation}, 'us-first', {new byte[] { 1, 2, 3 }}, {then}, {then}, 7, {then})
                """);
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO ceremonies (organisation_id, id, purpose, user_id, challenge, created_at, expires_at)
                VALUES ({organisation}, 'ce-first', 'Registration', 'us-first', 'Y2hhbGxlbmdl', {then}, {then})
                """);
        }

        await using var service = await Service.StartAsync(database);

        var user = await service.InDatabaseAsync(db => db.Users.Include(u => u.Organisation!.RelyingParty).SingleAsync());
        Assert.Equal(("jane@example.co", false), (user.Username, user.IsServiceAccount));
        Assert.Empty(user.Permissions);
        Assert.Equal([-7], user.Organisation!.RelyingParty!.Algorithms);
        var codes = await service.InDatabaseAsync(db => db.Codes.Where(c => c.OrganisationId == organisation).ToListAsync());
        Assert.Equal([CodePurpose.Login, CodePurpose.Recovery, CodePurpose.Registration], codes.Select(c => c.Purpose).OrderBy(p => p.ToString(), StringComparer.Ordinal));
        var kept = codes.Single(c => c.Purpose == CodePurpose.Registration);
        Assert.Equal((7L, Service.Noon), (kept.FailedAttempts, kept.ConsumedAt!.Value));
        Assert.Equal([1, 2, 3], kept.CodeHash);
        Assert.Equal("us-first", await service.InDatabaseAsync(db => db.Ceremonies.Select(c => c.UserId).SingleAsync()));
    }

    [Theory]
    [InlineData(typeof(User))]
    [InlineData(typeof(Credential))]
    [InlineData(typeof(Ceremony))]
    [InlineData(typeof(OneTimeCode))]
    [InlineData(typeof(RelyingParty))]
    [InlineData(typeof(AuditEvent))]
    [InlineData(typeof(AccessToken))]
    [InlineData(typeof(SocialProvider))]
    [InlineData(typeof(SsoClient))]
    [InlineData(typeof(SocialAccount))]
    [InlineData(typeof(PermissionSet))]
    [InlineData(typeof(PermissionSetAssignment))]
    [InlineData(typeof(Webhook))]
    [InlineData(typeof(WebhookDelivery))]
    public async Task The_organisation_leads_every_key_and_index(Type entity)
    {
        var leads = await Service.InDatabaseAsync(db =>
        {
            var type = db.Model.FindEntityType(entity)!;
            // But that of an ID token that comes without an organisation: its issuer tells.
            var indexes = type.GetIndexes().Where(i => i.Properties[0].Name != nameof(SocialProvider.Issuer));
            return Task.FromResult(type.GetKeys().Select(k => k.Properties[0].Name).Concat(indexes.Select(i => i.Properties[0].Name)).ToList());
        });

        Assert.All(leads, name => Assert.Equal("OrganisationId", name));
    }

    [Fact]
    public async Task Signing_keys_are_stored_sealed()
    {
        var key = await Service.InDatabaseAsync(db => db.SigningKeys.FirstAsync());

        using var ecdsa = System.Security.Cryptography.ECDsa.Create();
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => ecdsa.ImportPkcs8PrivateKey(key.SealedPrivateKey, out _));
    }
}
