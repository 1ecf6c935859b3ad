using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.Ceremonies;

/// <summary>Where the page may be that runs a ceremony, besides those that an organisation names one by one.</summary>
public abstract class OriginTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : OriginTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : OriginTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Theory]
    [InlineData("https://www.example.de")]
    [InlineData("https://a.b.example.co")]
    [InlineData("https://xn--bcher-kva.example.co")]
    [InlineData("https://example.co")]
    [InlineData("android:apk-key-hash:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE")]
    public async Task Whoever_registers_there_signs_in_and_signs_calls_there(string origin)
    {
        var organisation = await EverywhereAsync() with { Origin = origin };
        var jane = await Registered.NewAsync(organisation);
        var session = await jane.SignedInAsync();

        Assert.Equal(200, (int)(await session.PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds() })).Status);
    }

    [Theory]
    [InlineData("https://example.de")]
    [InlineData("https://a.www.example.de")]
    [InlineData("https://evil-example.co")]
    [InlineData("https://a.example.co.evil.example")]
    [InlineData("https://a.example.co.")]
    [InlineData("https://a.example.co:443")]
    [InlineData("https://a.example.co:8443")]
    [InlineData("https://jane@a.example.co")]
    [InlineData("https://A.example.co")]
    [InlineData("https://bücher.example.co")]
    [InlineData("https://*.example.co")]
    [InlineData("http://a.example.co")]
    public async Task Nobody_registers_or_signs_in_anywhere_else(string origin)
    {
        var organisation = await EverywhereAsync();
        var challenge = await (await Service.InviteAsync(organisation, "john@example.co")).InitAsync();
        var jane = await Registered.NewAsync(organisation);
        var begun = await jane.TryInitLoginAsync();

        var registered = await challenge.CompleteAsync((challenge with { Organisation = organisation with { Origin = origin } }).GoodBody());
        var assertion = jane.First.Authenticator!.Get(begun.Require("challenge"), "example.co", origin, jane.First.CredId, jane.UserId);
        var signedIn = await Service.PostAsync("/auth/login", new JsonObject { ["challengeIdentifier"] = begun.Require("challengeIdentifier"), ["firstFactor"] = assertion.ToJson(jane.First.Kind) });

        Assert.Equal(("origin_not_allowed", "origin_not_allowed"), (registered.Code, signedIn.Code));
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    [Theory]
    [InlineData("https://www.app.example.co")]
    [InlineData("https://a.example.co")]
    [InlineData("https://example.co")]
    [InlineData("https://www.example.de")]
    public async Task Where_an_organisation_has_not_said_so_neither_the_hosts_below_nor_other_domains_are_admitted(string origin)
    {
        var organisation = await Service.NewOrganisationAsync();
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();

        var answer = await challenge.CompleteAsync((challenge with { Organisation = organisation with { Origin = origin } }).GoodBody());

        Assert.Equal("origin_not_allowed", answer.Code);
    }

    // First the page itself, since the test's organisation goes by it.
    private Task<TestOrganisation> EverywhereAsync() => Service.NewOrganisationAsync(r => (r.Origins, r.RelatedOrigins) =
        (["https://example.co", "https://*.example.co", "android:apk-key-hash:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"], ["https://www.example.de"]));
}
