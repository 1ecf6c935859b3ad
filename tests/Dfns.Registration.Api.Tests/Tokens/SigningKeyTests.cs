using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Dfns.Registration.Api.Tests.Tokens;

/// <summary>How one signing key follows another, without a token that somebody cannot verify.</summary>
public abstract class SigningKeyTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SigningKeyTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SigningKeyTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task A_successor_is_published_before_it_signs_and_its_predecessor_verifies_on()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var first = Assert.Single(await PublishedAsync(service));

        service.Clock.Advance(TimeSpan.FromDays(90) - SigningKeys.Lead);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        var before = await invited.InitAsync();
        Assert.Equal(2, (await PublishedAsync(service)).Count);
        Assert.Equal(first, new JsonWebToken(before.Token).Kid);

        service.Clock.Advance(SigningKeys.Lead);
        var after = await invited.InitAsync();
        Assert.NotEqual(first, new JsonWebToken(after.Token).Kid);
        Assert.Equal(200, (int)(await before.CompleteAsync(before.GoodBody())).Status);

        service.Clock.Advance(SigningKeys.Overlap);
        Assert.DoesNotContain(first, await PublishedAsync(service));
    }

    [Fact]
    public async Task An_instance_knows_the_key_of_another_before_it_meets_a_token_signed_with_it()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var one = await Service.StartAsync(database);
        await using var other = await one.StartAnotherAsync();
        foreach (var service in new[] { one, other }) service.Clock.Advance(TimeSpan.FromDays(90) - SigningKeys.Lead);
        await PublishedAsync(one);

        foreach (var service in new[] { one, other }) service.Clock.Advance(SigningKeys.Lead);
        var challenge = await (await one.InviteAsync(await one.NewOrganisationAsync(), "jane@example.co")).InitAsync();

        Assert.Equal(200, (int)(await other.PostAsync("/auth/registration", challenge.GoodBody(), challenge.Token)).Status);
    }

    [Fact]
    public async Task No_successor_is_sealed_with_another_master_key()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var other = new MasterKey(new byte[MasterKey.SizeBytes]);
        var keys = new SigningKeys(
            service.Services.GetRequiredService<IServiceScopeFactory>(),
            other,
            service.Services.GetRequiredService<Entropy>(),
            new FakeTimeProvider(service.Clock.GetUtcNow() + TimeSpan.FromDays(90)),
            service.Services.GetRequiredService<IOptions<TokenOptions>>(),
            service.Services.GetRequiredService<Microsoft.Extensions.Logging.ILogger<SigningKeys>>());

        await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(() => keys.GetAsync(CancellationToken.None).AsTask());

        Assert.Equal(1, await service.InDatabaseAsync(db => db.SigningKeys.CountAsync()));
    }

    [Fact]
    public void A_key_sealed_under_another_name_does_not_open()
    {
        var masterKey = Service.Services.GetRequiredService<MasterKey>();
        var entropy = Service.Services.GetRequiredService<Entropy>();
        var box = masterKey.Seal("secret"u8, "one", entropy);

        Assert.Equal("secret"u8.ToArray(), masterKey.Open(box, "one"));
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => masterKey.Open(box, "two"));
        box[^1] ^= 1;
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => masterKey.Open(box, "one"));
    }

    [Theory]
    [InlineData("us")]
    [InlineData("cr")]
    public void Ids_have_the_form_of_the_wire_and_do_not_repeat(string prefix)
    {
        var entropy = Service.Services.GetRequiredService<Entropy>();

        var ids = Enumerable.Range(0, 10_000).Select(_ => entropy.Id(prefix)).ToList();

        Assert.Distinct(ids);
        Assert.All(ids, id => Assert.Matches($"^{prefix}-[a-z0-9]{{5}}-[a-z0-9]{{5}}-[a-z0-9]{{14,16}}$", id));
    }

    private static async Task<List<string>> PublishedAsync(Service service)
    {
        var jwks = await service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json", content: null, bearer: null);
        return [.. jwks.Body["keys"]!.AsArray().Select(k => (string)k!["kid"]!)];
    }
}
