using System.Globalization;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Tokens;

/// <summary>
/// Two instances whose clocks are apart, by as much as a machine is that nothing sets: what one issues the other takes, either way, and where it does not the log says
/// that it is the clock. That it is off is told before, where the database has a clock of its own.
/// </summary>
public abstract class ClockDifferenceTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ClockDifferenceTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ClockDifferenceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>
    {
        public static TheoryData<int, string?> Differences => new()
        {
            { 0, null }, { 15, null }, { -15, null }, { 90, "90 s ahead of the database's" }, { -90, "90 s behind the database's" }, { 86_400, "86400 s ahead of the database's" },
        };

        [Theory]
        [MemberData(nameof(Differences))]
        public async Task A_clock_that_is_off_against_the_databases_is_told_once_and_told_when_it_is_right_again(int seconds, string? told)
        {
            await using var database = await Fixture.NewDatabaseAsync();
            await using var service = await Service.StartAsync(database);
            // Started by the clock of the tests, which is days off.
            Assert.Single(service.Log.Lines, line => line.Contains("The clock of this instance is", StringComparison.Ordinal));

            await SetAsync(service, TimeSpan.Zero);
            Assert.Null(await ClockAsync(service));
            var before = service.Log.Lines.Count;
            await SetAsync(service, TimeSpan.FromSeconds(seconds));
            var first = await ClockAsync(service);
            Assert.Equal(first is null, await ClockAsync(service) is null);

            // The database's runs on meanwhile.
            Assert.Equal(told?.Split(' ')[2..], first?.Split(' ')[2..]);
            if (told is not null) Assert.InRange(int.Parse(first!.Split(' ')[0], CultureInfo.InvariantCulture), Math.Abs(seconds) - 30, Math.Abs(seconds) + 30);
            Assert.Equal(told is null ? 0 : 1, service.Log.Lines.Skip(before).Count(line => line.Contains("The clock of this instance is", StringComparison.Ordinal) && line.Contains("\"@l\":\"Warning\"", StringComparison.Ordinal)));

            await SetAsync(service, TimeSpan.Zero);
            Assert.Null(await ClockAsync(service));
            Assert.Equal(told is null ? 0 : 1, service.Log.Lines.Skip(before).Count(line => line.Contains("agrees with the database's again", StringComparison.Ordinal)));
        }

        // By the database's clock, read just before.
        private static async Task SetAsync(Service service, TimeSpan ahead)
        {
            var there = await service.InDatabaseAsync(db => db.Database.SqlQuery<DateTimeOffset>($"SELECT clock_timestamp() AS \"Value\"").SingleAsync());
            service.Clock.Set(there + ahead - service.Clock.GetUtcNow());
        }

        private static async Task<string?> ClockAsync(Service service)
        {
            // So that it is asked anew; by the wall clock nothing has passed.
            service.Clock.Advance(TimeSpan.FromSeconds(2));
            service.Clock.Set(TimeSpan.FromSeconds(-2));
            var answer = await service.SendAsync(HttpMethod.Get, "/health/ready", content: null, bearer: null);
            Assert.Equal(200, (int)answer.Status);
            return (string?)answer.Body["clock"];
        }
    }

    /// <summary>Seconds by which the second instance is ahead.</summary>
    public static TheoryData<int> Apart => [90, -90];

    [Theory]
    [MemberData(nameof(Apart))]
    public async Task A_life_that_goes_from_one_to_the_other_at_each_step(int seconds)
    {
        await using var other = await Service.StartAnotherAsync();
        other.Clock.Set(TimeSpan.FromSeconds(seconds));
        var here = await Service.NewOrganisationAsync();
        var there = here with { Service = other };

        // Registered: begun here, completed there.
        var challenge = await (await Service.InviteAsync(here, "jane@example.co")).InitAsync();
        var user = await Registered.CompleteAsync(challenge with { Organisation = there }, "jane@example.co", recovery: true);
        // Signed in: begun there, completed here; and without a name, the other way.
        var session = await Service.PostAsync("/auth/login", await user.LoginBodyAsync());
        Assert.True(200 == (int)session.Status, session.Text);
        var unnamed = await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = here.Id });
        Assert.Equal(200, (int)(await other.PostAsync("/auth/login", user.AnswerTo(unnamed))).Status);
        // A call: its challenge asked for there, signed here, made there; a new credential asked for here.
        var (ofHere, ofThere) = (new SigningCaller(Service, session.Require("token"), user.AnswerTo), new SigningCaller(other, session.Require("token"), user.AnswerTo));
        KnownSecrets.Add(ofHere.Token);
        var adding = await Adding.InitAsync(user, ofHere, CredentialKind.Key);
        var body = adding.BodyOf(adding.Make(CredentialKind.Key));
        var call = await ofThere.InitActionAsync(HttpMethod.Post, "/auth/credentials", body.ToJsonString());
        var signed = await Service.PostAsync("/auth/action", user.AnswerTo(call), ofHere.Token);
        Assert.True(200 == (int)signed.Status, signed.Text);
        KnownSecrets.Add(signed.Require("userAction"));
        Assert.Equal(200, (int)(await ofThere.SendAsync(HttpMethod.Post, "/auth/credentials", body, signed.Require("userAction"))).Status);
        // Recovered: begun here, completed there; and signed in here.
        var recovering = await Recovering.StartAsync(user with { Organisation = here });
        var recovered = await (recovering with { User = user }).CompleteAsync();
        await (recovered with { Organisation = here }).LoginAsync();
        // Ended there, and nothing there was counts here.
        Assert.Equal(401, (int)(await ofHere.GetAsync("/auth/credentials")).Status);
    }

    [Fact]
    public async Task What_is_issued_further_in_the_future_than_is_granted_is_refused_and_the_log_names_the_clock()
    {
        await using var other = await Service.StartAnotherAsync();
        var granted = (int)TokenService.ClockDifference.TotalSeconds;
        var token = await (await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key)).LoginAsync();

        other.Clock.Set(TimeSpan.FromSeconds(-granted));
        Assert.Equal(200, (int)(await other.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, token)).Status);
        Assert.DoesNotContain(other.Log.Lines, line => line.Contains("it was issued", StringComparison.Ordinal));

        other.Clock.Set(TimeSpan.FromSeconds(-1));
        Assert.Equal((401, "not_authorized"), await other.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, token) is var refused ? ((int)refused.Status, refused.Code) : default);
        var told = JsonNode.Parse(Assert.Single(other.Log.Lines, line => line.Contains("by the clock of this instance it was issued", StringComparison.Ordinal)))!;
        Assert.Equal(("Access", granted + 1L, granted, "Warning"), ((string)told["Purpose"]!, (long)told["Seconds"]!, (int)told["Granted"]!, (string)told["@l"]!));

        // Nobody else has it told: a signature of another's is no word about our clocks.
        Assert.Equal(401, (int)(await other.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, token[..^9] + (token[^9] == 'A' ? 'B' : 'A') + token[^8..])).Status);
        Assert.Single(other.Log.Lines, line => line.Contains("by the clock of this instance it was issued", StringComparison.Ordinal));
    }
}
