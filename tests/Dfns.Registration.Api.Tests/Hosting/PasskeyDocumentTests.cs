using System.Net;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>What browsers and password managers are told at an RP ID: of that one alone, and nothing at any other host.</summary>
public abstract class PasskeyDocumentTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    private const string Related = "/.well-known/webauthn";
    private const string Endpoints = "/.well-known/passkey-endpoints";

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : PasskeyDocumentTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : PasskeyDocumentTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task The_related_origins_of_an_rp_id_are_told_at_its_host_and_no_other_of_its_origins()
    {
        var host = await OrganisationAsync(r => (r.Origins, r.RelatedOrigins) = (["https://intranet." + r.RelyingPartyId, "android:apk-key-hash:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"], ["https://www.example.de", "https://example.fr:8443"]));

        using var answer = await AskAsync(Related, host);

        Assert.Equal("""{"origins":["https://www.example.de","https://example.fr:8443"]}""", await answer.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.OK, "application/json", "public, max-age=300"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType, answer.Headers.CacheControl!.ToString()));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Related, host.ToUpperInvariant()));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Related, $"{host}:8443"));
    }

    [Theory]
    [InlineData("{0}.")]
    [InlineData("www.{0}")]
    [InlineData("evil-{0}")]
    [InlineData("{0}.evil.example")]
    [InlineData("example")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task Nothing_is_told_at_another_host(string like)
    {
        var host = await OrganisationAsync(r => (r.RelatedOrigins, r.PasskeyEnrollUrl) = (["https://www.example.de"], "https://example.de/enroll"));
        var other = string.Format(System.Globalization.CultureInfo.InvariantCulture, like, host);

        foreach (var path in new[] { Related, Endpoints })
        {
            using var answer = await AskAsync(path, other);
            Assert.Equal((HttpStatusCode.NotFound, "not_found"), (answer.StatusCode, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["error"]!["code"]));
            Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        }
    }

    [Fact]
    public async Task Where_nothing_is_related_there_is_no_document_and_passkeys_are_said_to_be_there()
    {
        var host = await OrganisationAsync(_ => { });

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(Related, host));
        using var answer = await AskAsync(Endpoints, host);
        Assert.Equal("{}", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Where_users_create_and_manage_passkeys_is_told_at_the_host_of_the_rp_id()
    {
        var both = await OrganisationAsync(r => (r.PasskeyEnrollUrl, r.PasskeyManageUrl) = ("https://example.co/enroll", "https://example.co/manage"));
        var one = await OrganisationAsync(r => r.PasskeyManageUrl = "https://example.co/manage");

        using var answer = await AskAsync(Endpoints, both);
        using var half = await AskAsync(Endpoints, one);

        Assert.Equal("""{"enroll":"https://example.co/enroll","manage":"https://example.co/manage"}""", await answer.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.OK, "application/json", "public, max-age=300"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType, answer.Headers.CacheControl!.ToString()));
        Assert.Equal("""{"manage":"https://example.co/manage"}""", await half.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task At_a_further_rp_id_passkeys_are_told_of_and_the_related_origins_of_the_primary_one_are_not()
    {
        var host = await OrganisationAsync(r => (r.FurtherIds, r.RelatedOrigins, r.PasskeyManageUrl) = ([$"further.{r.RelyingPartyId}"], ["https://example.de"], "https://example.co/manage"));

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(Related, $"further.{host}"));
        using var answer = await AskAsync(Endpoints, $"further.{host}");
        Assert.Equal("""{"manage":"https://example.co/manage"}""", await answer.Content.ReadAsStringAsync());
    }

    // A browser that asked for one organisation alone would refuse the other's pages.
    [Fact]
    public async Task Of_organisations_that_share_an_rp_id_all_related_origins_are_told_and_each_admits_its_own_alone()
    {
        var host = await OrganisationAsync(r => r.RelatedOrigins = ["https://example.de", "https://example.fr"]);
        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await Service.NewOrganisationAsync(r => Set(r, host, x => (x.RelatedOrigins, x.PasskeyEnrollUrl) = (["https://example.fr", "https://example.it"], "https://example.it/enroll")));
        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        await Service.NewOrganisationAsync(r => Set(r, host, x => x.PasskeyManageUrl = "https://example.fr/manage"));
        Service.Clock.Advance(TimeSpan.FromSeconds(16));

        using var answer = await AskAsync(Related, host);
        using var endpoints = await AskAsync(Endpoints, host);
        var challenge = await (await Service.InviteAsync(second, "jane@example.co")).InitAsync();
        var refused = await challenge.CompleteAsync((challenge with { Organisation = second with { Origin = "https://example.de" } }).GoodBody());

        Assert.Equal("""{"origins":["https://example.de","https://example.fr","https://example.it"]}""", await answer.Content.ReadAsStringAsync());
        Assert.Equal("""{"enroll":"https://example.it/enroll"}""", await endpoints.Content.ReadAsStringAsync());
        Assert.Equal("origin_not_allowed", refused.Code);
    }

    [Fact]
    public async Task What_the_operator_changes_is_told_after_a_quarter_of_a_minute()
    {
        var host = await OrganisationAsync(r => r.RelatedOrigins = ["https://www.example.de"]);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Related, host));

        await Service.InDatabaseAsync(async db =>
        {
            (await db.RelyingParties.SingleAsync(r => r.RelyingPartyId == host)).RelatedOrigins = null;
            return await db.SaveChangesAsync();
        });
        Service.Clock.Advance(TimeSpan.FromSeconds(16));

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(Related, host));
    }

    [Theory]
    [InlineData(Related)]
    [InlineData(Endpoints)]
    public async Task They_are_there_to_be_read_and_for_nothing_else(string path)
    {
        var host = await OrganisationAsync(r => r.RelatedOrigins = ["https://www.example.de"]);

        foreach (var (method, status) in new[] { (HttpMethod.Head, HttpStatusCode.OK), (HttpMethod.Post, HttpStatusCode.MethodNotAllowed), (HttpMethod.Put, HttpStatusCode.MethodNotAllowed), (HttpMethod.Delete, HttpStatusCode.MethodNotAllowed) })
        {
            using var answer = await AskAsync(path, host, method);
            Assert.Equal((method, status), (method, answer.StatusCode));
        }
    }

    // Each has an RP id of its own, since the tests share a database.
    private async Task<string> OrganisationAsync(Action<RelyingParty> change)
    {
        var host = $"{Service.Services.GetRequiredService<Api.Secrets.Entropy>().Id("or")}.example";
        await Service.NewOrganisationAsync(r => Set(r, host, change));
        Service.Clock.Advance(TimeSpan.FromSeconds(16));
        return host;
    }

    private static void Set(RelyingParty relyingParty, string host, Action<RelyingParty> change)
    {
        (relyingParty.RelyingPartyId, relyingParty.Origins) = (host, [$"https://{host}"]);
        change(relyingParty);
    }

    private async Task<HttpStatusCode> StatusAsync(string path, string host)
    {
        using var answer = await AskAsync(path, host);
        return answer.StatusCode;
    }

    private async Task<HttpResponseMessage> AskAsync(string path, string host, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path) { Headers = { Host = host } };
        return await Service.Http.SendAsync(request);
    }
}
