using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>What the console is made of, over HTTP: there in Development only, and for nobody but its own page and programs of the machine.</summary>
public sealed class ConsoleEndpointTests(DevelopmentService service) : IClassFixture<DevelopmentService>
{
    private const string Organisations = "/console/organisations";
    private const string Users = $"{Organisations}/{DemonstrationStore.OrganisationId}/users";

    public static TheoryData<string, string> Reads => new()
    {
        { "GET", Organisations },
        { "GET", Users },
        { "GET", $"{Organisations}/{DemonstrationStore.OrganisationId}/audit" },
    };

    [Theory]
    [MemberData(nameof(Reads))]
    [InlineData("POST", Users)]
    public async Task Answers_its_own_page_and_programs(string method, string path)
    {
        using var program = await SendAsync(method, path);
        using var page = await SendAsync(method, path, ("Host", new Uri(service.Origin).Authority), ("Origin", service.Origin), ("Sec-Fetch-Site", "same-origin"));
        using var addressBar = await SendAsync(method, path, ("Sec-Fetch-Site", "none"));

        foreach (var answer in new[] { program, page, addressBar })
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        }
    }

    [Theory]
    [InlineData("attacker.example")]
    [InlineData("localhost.attacker.example")]
    [InlineData("attacker.localhost")]
    [InlineData("192.168.1.20")]
    [InlineData("127.0.0.1.attacker.example")]
    [InlineData("[::2]")]
    public async Task Refuses_a_host_name_that_only_leads_here(string host)
    {
        foreach (var (method, path) in new[] { ("GET", Organisations), ("GET", Users), ("POST", Users) })
        {
            using var answer = await SendAsync(method, path, ("Host", $"{host}:{service.Process.Address.Port}"));
            await AssertForeignAsync(answer);
        }
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task Answers_at_every_name_of_this_machine(string host)
    {
        using var answer = await SendAsync("GET", Organisations, ("Host", $"{host}:{service.Process.Address.Port}"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("https://attacker.example")]
    [InlineData("http://localhost:3000")]
    [InlineData("http://localhost")]
    [InlineData("null")]
    public async Task Refuses_a_page_of_another_origin(string origin)
    {
        foreach (var (method, path) in new[] { ("GET", Organisations), ("GET", Users), ("POST", Users) })
        {
            using var answer = await SendAsync(method, path, ("Origin", origin));
            await AssertForeignAsync(answer);
        }
    }

    [Fact]
    public async Task Refuses_even_an_origin_that_an_organisation_lists_and_answers_no_preflight_of_it()
    {
        const string origin = "http://localhost:3000";
        // The service reads the list anew every quarter of a minute; one that has just started reads it with the first request of a page.
        await using var database = await TestDatabase.SqliteAsync();
        await using var fresh = await ServiceProcess.StartDevelopmentAsync(database.Provider, database.ConnectionString);
        await Seed.In(database).OrganisationAsync("localhost", origin);
        using var preflight = await SendAsync(fresh, "OPTIONS", Users, ("Origin", origin), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type"));
        using var elsewhere = await SendAsync(fresh, "OPTIONS", "/auth/login/init", ("Origin", origin), ("Access-Control-Request-Method", "POST"));

        await AssertForeignAsync(preflight);
        Assert.True(elsewhere.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    public async Task Refuses_what_a_page_of_another_origin_fetches_without_saying_so(string site)
    {
        using var answer = await SendAsync("GET", Organisations, ("Sec-Fetch-Site", site));

        await AssertForeignAsync(answer);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Refuses_what_a_form_of_any_page_can_send(string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Users, UriKind.Relative))
        {
            Content = new StringContent(Body(), Encoding.UTF8, contentType),
        };
        using var answer = await service.Process.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
    }

    [Theory]
    [InlineData("""{"username":"","kind":"EndUser"}""", "member_required", "$.username")]
    [InlineData("""{"username":"jane\u200b@example.co","kind":"EndUser"}""", "member_invalid", "$.username")]
    [InlineData("""{"username":"jane@example.co","kind":"0"}""", "member_invalid", "$.kind")]
    [InlineData("""{"username":"jane@example.co"}""", "member_invalid", "$.kind")]
    public async Task Invites_nobody_by_half(string body, string code, string path)
    {
        var before = await service.Tables.CountAsync("users");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await service.Process.Http.PostAsync(new Uri(Users, UriKind.Relative), content);

        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((code, path), ((string?)error["code"], (string?)error["path"]));
        Assert.Equal(before, await service.Tables.CountAsync("users"));
    }

    [Fact]
    public async Task Invites_nobody_into_an_organisation_that_is_not_there()
    {
        using var content = new StringContent(Body(), Encoding.UTF8, "application/json");
        using var answer = await service.Process.Http.PostAsync(new Uri($"{Organisations}/or-30tnh-itmjs-s235s5ontr3r23h2/users", UriKind.Relative), content);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("organisation_unknown", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invites_nobody_again_who_is_not_waiting()
    {
        using var nobody = await SendAsync("POST", $"{Users}/us-nobod-nobod-nobodynobodynobo/invitation");

        Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
        Assert.Equal("user_not_found", (string?)JsonNode.Parse(await nobody.Content.ReadAsStringAsync())!["error"]!["code"]);
    }

    [Fact]
    public async Task Stands_in_no_document()
    {
        var document = await service.Process.Http.GetStringAsync(new Uri("/swagger/v1/swagger.json", UriKind.Relative));

        Assert.DoesNotContain("/console", document, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_not_there_in_production()
    {
        await using var database = await TestDatabase.SqliteAsync();
        await using var production = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        foreach (var (method, path) in new[] { ("GET", "/console.html"), ("GET", Organisations), ("GET", Users), ("POST", Users) })
        {
            using var answer = await SendAsync(production, method, path);

            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    private static string Body() => $$"""{"username":"user-{{RandomNumberGenerator.GetHexString(16)}}@example.co","kind":"EndUser"}""";

    private Task<HttpResponseMessage> SendAsync(string method, string path, params (string Name, string Value)[] headers) => SendAsync(service.Process, method, path, headers);

    private static async Task<HttpResponseMessage> SendAsync(ServiceProcess process, string method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), new Uri(path, UriKind.Relative));
        if (method == "POST") request.Content = new StringContent(Body(), Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await process.Http.SendAsync(request);
    }

    private static async Task AssertForeignAsync(HttpResponseMessage answer)
    {
        var body = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("console_foreign", (string?)JsonNode.Parse(body)!["error"]!["code"]);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.DoesNotContain(DemonstrationStore.OrganisationId, body, StringComparison.Ordinal);
    }
}
