using System.Globalization;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Throttling;

/// <summary>
/// The limits of one process, over every endpoint and what is none: none can be got round by another spelling, and whoever brings a good token
/// is not counted by the address. Each address that a service is told of by its proxy is new.
/// </summary>
public sealed class RateLimitTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    // The answer itself, and not where it may point to.
    private static readonly HttpMessageInvoker Invoker = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    // Of what is no endpoint with a limit of its own, ten times as many as of one that is.
    private const int Permits = 2;
    private const int Wide = 10 * Permits;

    [Fact]
    public async Task Every_endpoint_is_limited_and_each_in_one_way()
    {
        await using var service = await StrictAsync();
        var endpoints = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        var widely = new List<string>();

        foreach (var (endpoint, n) in endpoints.Select((e, n) => (e, n)))
        {
            var isByAddress = endpoint.Metadata.GetMetadata<EnableRateLimitingAttribute>() is not null;
            var isByToken = endpoint.Metadata.GetMetadata<BearerMetadata>() is not null;
            Assert.False(isByAddress && isByToken, endpoint.RoutePattern.RawText);
            if (!isByAddress && !isByToken) widely.Add(endpoint.RoutePattern.RawText!);
            var method = new HttpMethod(endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods[0]);
            var path = endpoint.RoutePattern.RawText!.Replace("{userId}", "us-none", StringComparison.Ordinal).Replace("{credentialUuid}", "cr-none", StringComparison.Ordinal);

            var most = await MostAsync(service, $"198.51.100.{n}", method, path);

            Assert.Equal((path, isByAddress || isByToken ? Permits : Wide), (path, most));
        }

        // Answered from memory; and what a load balancer asks.
        Assert.Equal(["/.well-known/jwks.json", "/.well-known/passkey-endpoints", "/.well-known/webauthn", "/health/live", "/health/ready", "/swagger/v1/swagger.json"], widely.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("GET", "/swagger/v1/swagger.yaml")]
    [InlineData("GET", "/SWAGGER/v1/Swagger.JSON")]
    [InlineData("GET", "/swagger/v1/swagger.json/")]
    [InlineData("GET", "/swagger/v1/swagger.json?a=1")]
    [InlineData("GET", "/swagger//v1/swagger.json")]
    [InlineData("GET", "/swagger/v1/%73wagger.json")]
    [InlineData("GET", "/swagger/V1/swagger.json")]
    [InlineData("GET", "/swagger/v2/swagger.json")]
    [InlineData("GET", "/swagger/index.html")]
    [InlineData("GET", "/swagger")]
    [InlineData("HEAD", "/swagger/v1/swagger.json")]
    [InlineData("POST", "/swagger/v1/swagger.json")]
    [InlineData("PROPFIND", "/swagger/v1/swagger.json")]
    [InlineData("OPTIONS", "/swagger/v1/swagger.json")]
    [InlineData("GET", "/openapi.json")]
    [InlineData("GET", "/")]
    [InlineData("GET", "/nothing/here")]
    [InlineData("DELETE", "/auth/login/init")]
    [InlineData("GET", "/auth/registration")]
    [InlineData("GET", "/HEALTH/live")]
    [InlineData("GET", "/health/live/")]
    [InlineData("POST", "/health/ready")]
    public async Task However_it_is_spelt_it_is_limited(string method, string path)
    {
        await using var service = await StrictAsync();

        Assert.Equal(Wide, await MostAsync(service, "198.51.100.1", new HttpMethod(method), path));
    }

    // Spelt each time in another way, as somebody would who knew that the limit went by the path.
    [Fact]
    public async Task All_spellings_together_are_limited_as_one()
    {
        await using var service = await StrictAsync();
        var statuses = new List<int>();

        for (var n = 0; n <= Wide; n++) statuses.Add(await StatusAsync(service, "198.51.100.1", HttpMethod.Get, $"/swagger/v1/swagger.json?{n}"));
        statuses.Add(await StatusAsync(service, "198.51.100.1", HttpMethod.Get, "/nothing/here"));

        Assert.Equal([200, 429, 429], statuses[(Wide - 1)..]);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task A_flood_of_anything_else_does_not_keep_a_probe_of_the_same_address_out(string probe)
    {
        await using var service = await StrictAsync();
        await MostAsync(service, "198.51.100.1", HttpMethod.Get, "/nothing/here");
        await MostAsync(service, "198.51.100.1", HttpMethod.Post, "/auth/login/init");
        await MostAsync(service, "198.51.100.1", HttpMethod.Get, "/auth/credentials");

        Assert.Equal(200, await StatusAsync(service, "198.51.100.1", HttpMethod.Get, probe));
    }

    // A browser asks before it sends; whoever is none can ask as often.
    [Theory]
    [InlineData("/auth/login/init")]
    [InlineData("/auth/credentials")]
    [InlineData("/nowhere")]
    public async Task Preflights_are_limited_wherever_they_are_for(string path)
    {
        await using var service = await StrictAsync();
        var answered = 0;
        for (var n = 0; n < 2 * Wide; n++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Options, new Uri(service.Http.BaseAddress!, path));
            foreach (var (name, value) in new[] { ("X-Forwarded-For", "198.51.100.1"), ("Origin", "https://app.example.co"), ("Access-Control-Request-Method", "POST") }) request.Headers.Add(name, value);
            using var response = await Invoker.SendAsync(request, CancellationToken.None);
            if ((int)response.StatusCode != 429) answered++;
        }

        Assert.Equal(Wide, answered);
    }

    [Fact]
    public async Task Networks_of_one_48_have_their_own_limits_and_one_together()
    {
        await using var service = await StrictAsync();
        var allowed = 0;
        for (var n = 0; n < 2 * Wide; n++)
        {
            // Another address of the same /64 is the same caller.
            foreach (var host in new[] { "::1", "::2", "::3" })
            {
                if (await StatusAsync(service, $"2001:db8:1:{n:x}{host}", HttpMethod.Post, "/auth/login/init") != 429) allowed++;
                if (n == 0 && host == "::3") Assert.Equal(Permits, allowed);
            }
        }

        // What is refused by the narrower limit counts against the wider one.
        Assert.InRange(allowed, Permits + 1, Wide);
        Assert.Equal(Permits, await MostAsync(service, "2001:db8:2:1::1", HttpMethod.Post, "/auth/login/init"));
    }

    [Fact]
    public async Task Refused_bearers_of_one_48_have_a_limit_together()
    {
        await using var service = await StrictAsync();
        var looked = 0;
        for (var n = 0; n < 2 * Wide; n++) looked += await MostAsync(service, $"2001:db8:1:{n:x}::1", HttpMethod.Get, "/auth/credentials");

        Assert.Equal(Wide, looked);
    }

    [Fact]
    public async Task Whoever_brings_good_tokens_is_not_counted_by_the_address()
    {
        await using var service = await StrictAsync();
        var organisation = await service.NewOrganisationAsync();
        var backend = await organisation.NewServiceAccountAsync(Permission.ReadUsers);

        for (var n = 0; n < 3 * Wide; n++) Assert.Equal(200, (int)(await service.SendAsync(HttpMethod.Get, "/auth/users", content: null, backend.Token)).Status);
    }

    // Each begun from its own address, all completed from one, as by a back end.
    [Fact]
    public async Task A_back_end_completes_as_many_registrations_as_it_has_tokens()
    {
        await using var service = await StrictAsync();
        var organisation = await service.NewOrganisationAsync();
        var challenges = new List<Challenge>();
        for (var n = 0; n < 3 * Permits; n++)
        {
            var invited = await service.InviteAsync(organisation, $"jane-{n}@example.co");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/auth/registration/init") { Content = Service.Json(invited.InitBody) };
            request.Headers.Add("X-Forwarded-For", $"198.51.100.{n}");
            using var response = await service.Http.SendAsync(request);
            var answer = await Answer.ReadAsync(response);
            challenges.Add(new Challenge(organisation, invited.UserId, answer.Require("challenge"), answer.Require("temporaryAuthenticationToken"), answer.Body));
        }

        foreach (var challenge in challenges) Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    // Behind one address are a back end and whoever else is in the building.
    [Fact]
    public async Task Wrong_tokens_keep_no_good_token_of_the_same_address_out()
    {
        await using var service = await StrictAsync();
        var organisation = await service.NewOrganisationAsync();
        var backend = await organisation.NewServiceAccountAsync(Permission.ReadUsers);
        var challenge = await (await service.InviteAsync(organisation, "jane@example.co")).InitAsync();
        Assert.Equal(Permits, await MostAsync(service, "127.0.0.1", HttpMethod.Get, "/auth/credentials", Forged(backend.Token)));

        Assert.Equal(429, await StatusAsync(service, "127.0.0.1", HttpMethod.Post, "/auth/registration", Forged(challenge.Token)));
        Assert.Equal(200, (int)(await service.SendAsync(HttpMethod.Get, "/auth/users", content: null, backend.Token)).Status);
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    // Each costs a look-up, and is nothing any more; or the same answer again and again.
    [Fact]
    public async Task A_token_that_has_done_its_work_is_limited_by_itself()
    {
        await using var service = await Service.StartAsync(Service.Database, ("RateLimits:CallsPerMinute", "3"), ("Network:TrustedProxies:0", "127.0.0.0/8"));
        var organisation = await service.NewOrganisationAsync();
        var challenge = await (await service.InviteAsync(organisation, "jane@example.co")).InitAsync();
        var body = challenge.GoodBody();
        var user = await Registered.NewAsync(organisation, recovery: true, username: "john@example.co");
        var session = await user.LoginAsync();
        var recovering = await Recovering.StartAsync(user);
        await recovering.CompleteAsync();

        var completions = new List<int>();
        for (var n = 0; n < 5; n++) completions.Add((int)(await challenge.CompleteAsync(body)).Status);

        Assert.Equal([200, 200, 200, 429, 429], completions);
        // The recovery was its first; it ended the session.
        Assert.Equal(2, await MostAsync(service, "198.51.100.1", HttpMethod.Post, "/auth/recover/user", recovering.Token));
        Assert.Equal(3, await MostAsync(service, "198.51.100.1", HttpMethod.Get, "/auth/credentials", session));
    }

    [Fact]
    public async Task A_token_is_limited_by_itself_from_wherever_it_is_used()
    {
        await using var service = await Service.StartAsync(Service.Database, ("RateLimits:CallsPerMinute", "3"), ("Network:TrustedProxies:0", "127.0.0.0/8"));
        var organisation = await service.NewOrganisationAsync();
        var (jane, john) = (await Registered.NewAsync(organisation), await Registered.NewAsync(organisation, username: "john@example.co"));
        var (one, other) = (await jane.LoginAsync(), await john.LoginAsync());

        var statuses = new List<int>();
        for (var n = 0; n < 5; n++) statuses.Add(await StatusAsync(service, $"198.51.100.{n}", HttpMethod.Get, "/auth/credentials", one));
        var answer = await service.SendAsync(HttpMethod.Post, "/auth/action/init", Service.Json(new JsonObject()), one);

        Assert.Equal([200, 200, 200, 429, 429], statuses);
        Assert.Equal("too_many_requests", answer.Code);
        Assert.InRange(int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal(200, await StatusAsync(service, "198.51.100.1", HttpMethod.Get, "/auth/credentials", other));
        // A new session is a new token.
        Assert.Equal(200, await StatusAsync(service, "198.51.100.1", HttpMethod.Get, "/auth/credentials", await jane.LoginAsync()));
    }

    private Task<Service> StrictAsync() => Service.StartAsync(
        Service.Database,
        ("RateLimits:PermitsPerMinute", Permits.ToString(CultureInfo.InvariantCulture)),
        ("Network:TrustedProxies:0", "127.0.0.0/8"));

    // How many are answered before one is refused for being too many.
    private static async Task<int> MostAsync(Service service, string address, HttpMethod method, string path, string? bearer = null)
    {
        for (var n = 0; n <= 2 * Wide; n++)
        {
            if (await StatusAsync(service, address, method, path, bearer) == 429) return n;
        }

        return int.MaxValue;
    }

    private static async Task<int> StatusAsync(Service service, string address, HttpMethod method, string path, string? bearer = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(service.Http.BaseAddress!, path));
        request.Headers.Add("X-Forwarded-For", address);
        if (bearer is not null) request.Headers.Authorization = new("Bearer", bearer);
        using var response = await Invoker.SendAsync(request, CancellationToken.None);
        return (int)response.StatusCode;
    }

    private static string Forged(string token) => token[..^9] + (token[^9] == 'A' ? 'B' : 'A') + token[^8..];
}
