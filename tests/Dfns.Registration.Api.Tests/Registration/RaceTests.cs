using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>Many at once: whatever the order, the outcome is one registration, and everyone else gets the same 200 or a typed 4xx.</summary>
public abstract class RaceTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    private const int Racers = 64;

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : RaceTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : RaceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Of_one_body_sent_64_times_at_once_all_get_the_one_answer()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody().ToJsonString();

        var answers = await Task.WhenAll(Enumerable.Range(0, Racers).Select(_ => challenge.CompleteAsync(JsonNode.Parse(body)!)));

        Assert.All(answers, a => Assert.Equal(200, (int)a.Status));
        Assert.Single(answers.Select(a => a.Text).Distinct());
        Assert.Equal(new Stored(OpenSessions: 0, Registered: true, CodeSpent: true, Credentials: 2, AuditEvents: 1), await challenge.StoredAsync());
    }

    [Fact]
    public async Task Of_64_bodies_for_one_session_one_wins_and_the_others_conflict()
    {
        var challenge = await ChallengeAsync();
        var bodies = Enumerable.Range(0, Racers).Select(_ => challenge.GoodBody()).ToList();

        var answers = await Task.WhenAll(bodies.Select(b => challenge.CompleteAsync(b)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.Equal(Racers - 1, answers.Count(a => a.Code == "session_already_completed"));
        Assert.Equal(2, (await challenge.StoredAsync()).Credentials);
    }

    [Fact]
    public async Task Of_five_sessions_of_one_user_one_wins()
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        var challenges = new List<Challenge>();
        for (var session = 0; session < 5; session++) challenges.Add(await invited.InitAsync());
        var requests = Enumerable.Range(0, Racers).Select(n => challenges[n % challenges.Count]).Select(c => (Challenge: c, Body: c.GoodBody())).ToList();

        var answers = await Task.WhenAll(requests.Select(r => r.Challenge.CompleteAsync(r.Body)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.True(a.Code is "session_already_completed" or "user_already_exists", a.Text));
        Assert.Equal(new Stored(OpenSessions: 0, Registered: true, CodeSpent: true, Credentials: 2, AuditEvents: 1), await challenges[0].StoredAsync());
    }

    [Fact]
    public async Task Of_64_users_with_one_credential_id_one_registers()
    {
        var organisation = await Service.NewOrganisationAsync();
        var challenges = new List<Challenge>();
        for (var user = 0; user < Racers; user++) challenges.Add(await (await Service.InviteAsync(organisation, $"user-{user}@example.co")).InitAsync());
        var bodies = challenges.Select(c =>
        {
            var body = new JsonObject { ["firstFactorCredential"] = c.Key() };
            body["firstFactorCredential"]!["credentialInfo"]!["credId"] = "dGhlIHNhbWUgaWQ";
            return body;
        }).ToList();

        var answers = await Task.WhenAll(challenges.Zip(bodies).Select(p => p.First.CompleteAsync(p.Second)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.Equal(Racers - 1, answers.Count(a => (int)a.Status == 409 && a.Code == "credential_already_registered"));
        var rows = await Service.InDatabaseAsync(async db => (
            Credentials: await db.Credentials.CountAsync(c => c.OrganisationId == organisation.Id),
            Registered: await db.Users.CountAsync(u => u.OrganisationId == organisation.Id && u.RegisteredAt != null),
            Open: await db.Ceremonies.CountAsync(c => c.OrganisationId == organisation.Id && c.ConsumedAt == null)));
        Assert.Equal((1, 1, Racers - 1), rows);
    }

    [Fact]
    public async Task A_credential_id_may_be_used_once_in_each_organisation()
    {
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var challenge = await ChallengeAsync();
            var body = new JsonObject { ["firstFactorCredential"] = challenge.Key() };
            body["firstFactorCredential"]!["credentialInfo"]!["credId"] = "dGhlIHNhbWUgaWQ";
            Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);
        }
    }

    [Fact]
    public async Task Of_64_invitations_of_one_username_one_stands()
    {
        var organisation = await Service.NewOrganisationAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, Racers).Select(async n =>
        {
            try
            {
                await Service.InviteAsync(organisation, n % 2 == 0 ? "jane@example.co" : " JANE@example.co");
                return "invited";
            }
            catch (DbUpdateException e)
            {
                return Api.Storage.UniqueViolation.Of(e)?.Code ?? e.ToString();
            }
        }));

        Assert.Single(outcomes, o => o == "invited");
        Assert.Equal(Racers - 1, outcomes.Count(o => o == "user_already_exists"));
    }

    [Fact]
    public async Task Of_completions_over_two_instances_of_the_service_one_registers()
    {
        await using var other = await Service.StartAnotherAsync();
        var challenge = await ChallengeAsync();
        var bodies = Enumerable.Range(0, Racers).Select(_ => challenge.GoodBody()).ToList();

        var answers = await Task.WhenAll(bodies.Select((b, n) => (n % 2 == 0 ? Service : other).PostAsync("/auth/registration", b, challenge.Token)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.Equal(Racers - 1, answers.Count(a => a.Code == "session_already_completed"));
        Assert.Equal(2, (await challenge.StoredAsync()).Credentials);
    }

    [Fact]
    public async Task Opening_sessions_while_one_completes_never_leaves_two_registrations_or_a_failure()
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        var challenge = await invited.InitAsync();
        var body = challenge.GoodBody();

        var opening = Enumerable.Range(0, Racers).Select(_ => invited.TryInitAsync()).ToList();
        var completing = await challenge.CompleteAsync(body);
        var opened = await Task.WhenAll(opening);

        // The session is completed, unless five newer ones have already pushed it out.
        Assert.True((int)completing.Status == 200 || completing.Code == "not_authorized", completing.Text);
        Assert.All(opened, a => Assert.True((int)a.Status == 200 || a.Code == "user_already_exists", a.Text));
        Assert.Equal((int)completing.Status == 200 ? 2 : 0, (await challenge.StoredAsync()).Credentials);
    }

    private async Task<Challenge> ChallengeAsync() => await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
}
