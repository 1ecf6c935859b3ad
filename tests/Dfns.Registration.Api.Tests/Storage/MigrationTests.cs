using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>The migrations of both databases, and the indexes that are the rule.</summary>
public abstract class MigrationTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : MigrationTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : MigrationTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task The_model_has_no_change_that_the_migrations_lack() =>
        Assert.False(await Service.InDatabaseAsync(db => Task.FromResult(db.Database.HasPendingModelChanges())));

    [Fact]
    public async Task Six_instances_that_start_at_once_on_an_empty_database_all_become_ready()
    {
        await using var database = await Fixture.NewDatabaseAsync();

        var services = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Service.StartAsync(database))));

        foreach (var service in services)
        {
            Assert.Equal(200, (int)(await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null)).Status);
        }

        Assert.Equal(RegistrationCode.Decoys, await services[0].InDatabaseAsync(db => db.RegistrationCodes.CountAsync()));
        foreach (var service in services) await service.DisposeAsync();
    }

    [Theory]
    [InlineData(typeof(User))]
    [InlineData(typeof(Credential))]
    [InlineData(typeof(Ceremony))]
    [InlineData(typeof(RegistrationCode))]
    [InlineData(typeof(RelyingParty))]
    [InlineData(typeof(AuditEvent))]
    public async Task The_organisation_leads_every_key_and_index(Type entity)
    {
        var leads = await Service.InDatabaseAsync(db =>
        {
            var type = db.Model.FindEntityType(entity)!;
            return Task.FromResult(type.GetKeys().Select(k => k.Properties[0].Name).Concat(type.GetIndexes().Select(i => i.Properties[0].Name)).ToList());
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
