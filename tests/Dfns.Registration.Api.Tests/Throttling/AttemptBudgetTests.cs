using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Throttling;

/// <summary>The budgets in the database: of an address, and of an address for one user. Each test comes from addresses of its own.</summary>
public abstract class AttemptBudgetTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    private const string Wrong = "0000-0000-0000-0000";

    private static int lastAddress;

    private readonly string here = NewAddress();

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : AttemptBudgetTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : AttemptBudgetTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Wrong_codes_from_an_address_for_a_user_are_counted_over_all_instances_and_restarts_until_the_window_ends()
    {
        await using var one = await StrictAsync(attempts: 4);
        await using var two = await StrictAsync(attempts: 4);
        var invited = await InvitedAsync();

        var answers = new List<Answer>();
        foreach (var service in new[] { one, two, one, two, one, two }) answers.Add(await InitAsync(service, here, invited, Wrong));
        await using var restarted = await StrictAsync(attempts: 4);
        answers.Add(await InitAsync(restarted, here, invited));

        Assert.Equal([403, 403, 403, 403, 429, 429, 429], answers.Select(a => (int)a.Status));
        Assert.All(answers[4..], a => Assert.Equal(("too_many_attempts", "900"), (a.Code, a.Headers["Retry-After"])));
        restarted.Clock.Advance(AttemptBudgets.UserWindow - TimeSpan.FromSeconds(1));
        Assert.Equal("1", (await InitAsync(restarted, here, invited)).Headers["Retry-After"]);
        restarted.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (int)(await InitAsync(restarted, here, invited)).Status);
    }

    [Fact]
    public async Task Refused_attempts_do_not_reach_the_code()
    {
        await using var service = await StrictAsync(attempts: 4);
        var invited = await InvitedAsync();

        for (var guess = 0; guess < 20; guess++) await InitAsync(service, here, invited, Wrong);

        Assert.Equal(4, await FailuresAsync(invited));
    }

    [Fact]
    public async Task Requests_of_an_address_are_counted_over_all_instances_and_calls_and_no_success_gives_one_back()
    {
        await using var one = await StrictAsync(starts: 5);
        await using var two = await StrictAsync(starts: 5);
        var invited = await InvitedAsync();

        var answers = new List<Answer>
        {
            await InitAsync(one, here, invited),
            await InitAsync(two, here, invited),
            await InitAsync(one, here, invited, Wrong),
            await ResendAsync(two, here, invited),
            await SendAsync(one, here, HttpMethod.Post, "/auth/registration/social", new JsonObject { ["idToken"] = "a.b.c", ["socialLoginProviderKind"] = "Oidc", ["orgId"] = invited.Organisation.Id }),
            await InitAsync(two, here, invited),
            await ResendAsync(one, here, invited),
            await SendAsync(two, here, HttpMethod.Post, "/auth/registration/social", new JsonObject { ["idToken"] = "a.b.c", ["socialLoginProviderKind"] = "Oidc", ["orgId"] = invited.Organisation.Id }),
        };

        Assert.Equal([200, 200, 403, 200, 400, 429, 429, 429], answers.Select(a => (int)a.Status));
        Assert.All(answers[5..], a => Assert.Equal(("too_many_requests", "3600"), (a.Code, a.Headers["Retry-After"])));
        two.Clock.Advance(AttemptBudgets.AddressWindow);
        Assert.Equal(200, (int)(await ResendAsync(two, here, invited)).Status);
    }

    [Fact]
    public async Task A_flood_from_an_address_with_nothing_left_writes_no_rows()
    {
        await using var service = await StrictAsync(starts: 1);
        var invited = await InvitedAsync();
        await InitAsync(service, here, invited, Wrong);
        var before = await Service.InDatabaseAsync(db => db.AttemptBudgets.CountAsync());

        for (var user = 0; user < 10; user++) Assert.Equal("too_many_requests", (await InitAsync(service, here, invited with { Username = $"user-{user}@example.co" })).Code);

        Assert.Equal(before, await Service.InDatabaseAsync(db => db.AttemptBudgets.CountAsync()));
    }

    [Fact]
    public async Task Malformed_requests_cost_the_database_nothing()
    {
        var before = await Service.InDatabaseAsync(db => db.AttemptBudgets.CountAsync());

        Assert.Equal("member_required", (await SendAsync(Service, here, HttpMethod.Post, "/auth/registration/init", new JsonObject())).Code);

        Assert.Equal(before, await Service.InDatabaseAsync(db => db.AttemptBudgets.CountAsync()));
    }

    [Fact]
    public async Task Of_64_wrong_codes_at_once_as_many_are_looked_at_as_the_budget_has()
    {
        await using var one = await StrictAsync(attempts: 10);
        await using var two = await StrictAsync(attempts: 10);
        var invited = await InvitedAsync();
        using var toOne = one.From(here);
        using var toTwo = two.From(here);

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(n => SendAsync(n % 2 == 0 ? toOne : toTwo, HttpMethod.Post, "/auth/registration/init", Body(invited, Wrong))));

        Assert.Equal((10, 54), (answers.Count(a => a.Code == "invalid_code"), answers.Count(a => a.Code == "too_many_attempts")));
        Assert.Equal(10, await FailuresAsync(invited));
    }

    [Fact]
    public async Task Of_64_requests_at_once_as_many_are_answered_as_the_address_has()
    {
        await using var one = await StrictAsync(starts: 10);
        await using var two = await StrictAsync(starts: 10);
        var invited = await InvitedAsync();
        using var toOne = one.From(here);
        using var toTwo = two.From(here);

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(n => SendAsync(
            n % 2 == 0 ? toOne : toTwo, HttpMethod.Post, "/auth/registration/init", Body(invited with { Username = $"user-{n}@example.co" }, Wrong))));

        Assert.Equal((10, 54), (answers.Count(a => a.Code == "invalid_code"), answers.Count(a => a.Code == "too_many_requests")));
    }

    [Fact]
    public async Task The_right_code_is_no_guess()
    {
        await using var service = await StrictAsync(attempts: 2);
        var invited = await InvitedAsync();

        for (var time = 0; time < 6; time++) Assert.Equal(200, (int)(await InitAsync(service, here, invited)).Status);

        // Nor is it once it has expired: what is in the way then is not the budget.
        service.Clock.Advance(TimeSpan.FromHours(4));
        for (var time = 0; time < 6; time++) Assert.Equal("registration_code_expired", (await InitAsync(service, here, invited)).Code);
    }

    [Fact]
    public async Task Known_and_unknown_users_answer_alike_to_the_last_attempt_and_beyond()
    {
        await using var service = await StrictAsync(attempts: 3);
        var invited = await InvitedAsync();
        var unknown = invited with { Username = "nobody@example.co" };
        var nowhere = invited with { Organisation = invited.Organisation with { Id = "or-nosuc-horga-nisation0000000" } };

        for (var time = 0; time < 6; time++)
        {
            var guesses = new List<Answer>();
            var requests = new List<Answer>();
            foreach (var user in new[] { invited, unknown, nowhere })
            {
                guesses.Add(await InitAsync(service, here, user, Wrong));
                requests.Add(await ResendAsync(service, here, user));
            }

            Assert.All(guesses, a => Assert.Equal(time < 3 ? 403 : 429, (int)a.Status));
            Assert.All(requests, a => Assert.Equal(time < 3 ? 200 : 429, (int)a.Status));
            Assert.Single(guesses.Select(a => a.Text + a.Headers.GetValueOrDefault("Retry-After")).Distinct());
            Assert.Single(requests.Select(a => a.Text + a.Headers.GetValueOrDefault("Retry-After")).Distinct());
        }
    }

    [Fact]
    public async Task A_name_is_one_user_however_it_is_written()
    {
        await using var service = await StrictAsync(attempts: 2);
        var invited = await InvitedAsync();

        Assert.Equal("invalid_code", (await InitAsync(service, here, invited, Wrong)).Code);
        Assert.Equal("invalid_code", (await InitAsync(service, here, invited with { Username = "JANE@example.co" }, Wrong)).Code);
        Assert.Equal("too_many_attempts", (await InitAsync(service, here, invited with { Username = " Jane@Example.co " }, Wrong)).Code);
    }

    [Fact]
    public async Task Wrong_codes_elsewhere_lock_nobody_out()
    {
        await using var service = await StrictAsync(attempts: 2);
        var invited = await InvitedAsync();
        // Enough addresses for every guess that the code stands.
        for (var guess = 0; guess <= 100; guess++) Assert.Equal("invalid_code", (await InitAsync(service, NewAddress(), invited, Wrong)).Code);

        // Locked for whoever has guessed wrong himself, even with the right code; not for its owner.
        var guesser = NewAddress();
        Assert.Equal("invalid_code", (await InitAsync(service, guesser, invited, Wrong)).Code);
        Assert.Equal("invalid_code", (await InitAsync(service, guesser, invited)).Code);
        Assert.Equal(200, (int)(await InitAsync(service, here, invited)).Status);
        Assert.Equal(200, (int)(await InitAsync(service, here, invited)).Status);
        service.Clock.Advance(AttemptBudgets.UserWindow);
        Assert.Equal(200, (int)(await InitAsync(service, guesser, invited)).Status);
    }

    [Fact]
    public async Task Wrong_codes_leave_the_budget_for_a_new_code_untouched()
    {
        await using var service = await StrictAsync(attempts: 1);
        var invited = await InvitedAsync();
        await InitAsync(service, here, invited, Wrong);

        Assert.Equal("too_many_attempts", (await InitAsync(service, here, invited)).Code);
        Assert.Equal(200, (int)(await ResendAsync(service, here, invited)).Status);
    }

    [Fact]
    public async Task Forwarded_headers_of_a_client_widen_no_budget()
    {
        await using var service = await StrictAsync(attempts: 2);
        var invited = await InvitedAsync();
        using var client = service.From(here);

        var statuses = new List<int>();
        for (var request = 0; request < 4; request++) statuses.Add((int)(await SendAsync(client, HttpMethod.Post, "/auth/registration/init", Body(invited, Wrong), $"198.51.100.{request}")).Status);

        Assert.Equal([403, 403, 429, 429], statuses);
    }

    [Fact]
    public async Task A_trusted_proxy_names_the_address_and_what_stands_before_it_counts_for_nothing()
    {
        await using var service = await Service.StartAsync(Service.Database, ("RateLimits:AttemptsPerUser", "2"), ("Network:TrustedProxies:0", "127.0.0.0/8"));
        var invited = await InvitedAsync();
        using var client = service.From(here);

        var statuses = new List<int>();
        foreach (var forwarded in new[] { "203.0.113.1", "203.0.113.2", "198.51.100.1, 203.0.113.1", "198.51.100.2, 203.0.113.1", "198.51.100.3, 203.0.113.2", "198.51.100.4, 203.0.113.2" })
        {
            statuses.Add((int)(await SendAsync(client, HttpMethod.Post, "/auth/registration/init", Body(invited, Wrong), forwarded)).Status);
        }

        Assert.Equal([403, 403, 403, 429, 403, 429], statuses);
    }

    [Fact]
    public async Task Budgets_are_deleted_once_their_window_is_over_and_not_before()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        await invited.TryInitAsync(Wrong);
        var housekeeping = service.Services.GetRequiredService<Housekeeping>();

        Assert.Equal(2, await LeftAfterAsync(AttemptBudgets.UserWindow - TimeSpan.FromSeconds(1)));
        Assert.Equal(1, await LeftAfterAsync(TimeSpan.FromSeconds(1)));
        Assert.Equal(0, await LeftAfterAsync(AttemptBudgets.AddressWindow));

        async Task<int> LeftAfterAsync(TimeSpan time)
        {
            service.Clock.Advance(time);
            await housekeeping.CleanAsync(CancellationToken.None);
            return await service.InDatabaseAsync(db => db.AttemptBudgets.CountAsync());
        }
    }

    private static string NewAddress() => new IPAddress(BitConverter.GetBytes(IPAddress.HostToNetworkOrder(0x7F100000 + Interlocked.Increment(ref lastAddress)))).ToString();

    private static JsonObject Body(Invited invited, string? code)
    {
        var body = invited.InitBody;
        if (code is not null) body["registrationCode"] = code;
        return body;
    }

    private static Task<Answer> InitAsync(Service service, string address, Invited invited, string? code = null) =>
        SendAsync(service, address, HttpMethod.Post, "/auth/registration/init", Body(invited, code));

    private static Task<Answer> ResendAsync(Service service, string address, Invited invited) =>
        SendAsync(service, address, HttpMethod.Put, "/auth/registration/code", new JsonObject { ["username"] = invited.Username, ["orgId"] = invited.Organisation.Id });

    private static async Task<Answer> SendAsync(Service service, string address, HttpMethod method, string path, JsonNode body)
    {
        using var client = service.From(address);
        return await SendAsync(client, method, path, body);
    }

    private static async Task<Answer> SendAsync(HttpClient client, HttpMethod method, string path, JsonNode body, string? forwardedFor = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = Service.Json(body) };
        if (forwardedFor is not null) request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var response = await client.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    // Another instance on the fixture's database, with budgets small enough to use up.
    private Task<Service> StrictAsync(int attempts = 1000, int starts = 1_000_000) => Service.StartAsync(
        Service.Database,
        ("RateLimits:AttemptsPerUser", attempts.ToString(CultureInfo.InvariantCulture)),
        ("RateLimits:StartsPerHour", starts.ToString(CultureInfo.InvariantCulture)));

    private async Task<Invited> InvitedAsync() => await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");

    private Task<long> FailuresAsync(Invited invited) =>
        Service.InDatabaseAsync(db => db.Codes.Where(c => c.UserId == invited.UserId && c.Purpose == Api.Storage.CodePurpose.Registration).Select(c => c.FailedAttempts).SingleAsync());
}

/// <summary>What counts as one address.</summary>
public sealed class RemoteNetworkTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    public void Is_an_IPv4_address_or_the_64_bits_of_an_IPv6_subscriber(string one, string other, bool same) => Assert.Equal(same, Of(one) == Of(other));

    // What the audit trail has of it is the same text that limits count.
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:0:1:2::3", "2001:db8:0:1:2::3", "2001:db8:0:1::/64")]
    [InlineData(null, null, "unknown")]
    public void Is_written_one_way(string? peer, string? address, string network)
    {
        var request = new DefaultHttpContext { Connection = { RemoteIpAddress = peer is null ? null : IPAddress.Parse(peer) } }.Request;
        Assert.Equal((address, network), (request.RemoteAddress(), request.RemoteNetwork()));
    }

    private static string Of(string address) => new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(address) } }.Request.RemoteNetwork();
}
