using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>A commit whose answer is lost on the way: it is done, the service does not know, and must find out.</summary>
[Trait("Database", "PostgreSql")]
public sealed class LostAnswerTests
{
    // What every answer to a challenge is saved with: it commits by itself.
    private const string Save = "UPDATE ceremonies AS t SET";

    [Fact]
    public async Task OnPostgreSql_a_registration_whose_commit_goes_unheard_is_answered_like_any_other_and_stored_once()
    {
        await using var database = await Migrated.PostgreSqlAsync();
        await using var proxy = CuttingProxy.Of(database);
        await using var service = await proxy.StartBehindAsync(database, prepares: false);
        var challenge = await (await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
        var body = challenge.GoodBody();

        proxy.LoseNext(Save);
        var answer = await challenge.CompleteAsync(body);

        Assert.Equal(1, proxy.Cuts);
        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal(new Stored(OpenSessions: 0, Registered: true, CodeSpent: true, Credentials: 2, AuditEvents: 1), await challenge.StoredAsync());
        Assert.Equal(answer.Text, (await challenge.CompleteAsync(body)).Text);
    }

    [Fact]
    public async Task OnPostgreSql_a_sign_in_whose_commit_goes_unheard_is_answered_and_opens_one_session()
    {
        await using var database = await Migrated.PostgreSqlAsync();
        await using var proxy = CuttingProxy.Of(database);
        await using var service = await proxy.StartBehindAsync(database, prepares: false);
        var user = await Registered.NewAsync(await service.NewOrganisationAsync());
        var body = await user.LoginBodyAsync();

        proxy.LoseNext(Save);
        var answer = await service.PostAsync("/auth/login", body);

        Assert.Equal(1, proxy.Cuts);
        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal(1, await service.InDatabaseAsync(db => db.AccessTokens.CountAsync()));
    }

    [Fact]
    public async Task OnPostgreSql_a_signed_call_whose_commit_goes_unheard_is_answered_and_has_its_effect_once()
    {
        await using var database = await Migrated.PostgreSqlAsync();
        await using var proxy = CuttingProxy.Of(database);
        await using var service = await proxy.StartBehindAsync(database, prepares: false);
        var user = await Registered.NewAsync(await service.NewOrganisationAsync());
        var backend = await user.Organisation.NewServiceAccountAsync("Auth:Login:Delegated");
        var body = new JsonObject { ["username"] = user.Username };
        var action = await backend.SignAsync(HttpMethod.Post, "/auth/login/delegated", body.ToJsonString());

        proxy.LoseNext(Save);
        var answer = await backend.SendAsync(HttpMethod.Post, "/auth/login/delegated", body, action);

        Assert.Equal(1, proxy.Cuts);
        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal(1, await service.InDatabaseAsync(db => db.AccessTokens.CountAsync(t => t.Kind == AccessTokenKind.Token)));
        Assert.Equal("user_action_already_used", (await backend.SendAsync(HttpMethod.Post, "/auth/login/delegated", body, action)).Code);
    }

    // One statement that commits by itself; the driver sends it again, and finds the challenge there.
    [Fact]
    public async Task OnPostgreSql_a_challenge_whose_storing_goes_unheard_is_handed_out_and_can_be_answered()
    {
        await using var database = await Migrated.PostgreSqlAsync();
        await using var proxy = CuttingProxy.Of(database);
        await using var service = await proxy.StartBehindAsync(database, prepares: false);
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");

        proxy.LoseNext("INSERT INTO ceremonies");
        var challenge = await invited.InitAsync();

        Assert.Equal(1, proxy.Cuts);
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    // Many in one commit, and every one of them must find out by itself.
    [Fact]
    public async Task OnPostgreSql_registrations_whose_common_commit_goes_unheard_are_each_answered_and_stored_once()
    {
        await using var database = await Migrated.PostgreSqlAsync();
        await using var proxy = CuttingProxy.Of(database);
        await using var service = await proxy.StartBehindAsync(database, prepares: false);
        var organisation = await service.NewOrganisationAsync();
        var ready = new List<(Challenge Challenge, JsonObject Body)>();
        for (var i = 0; i < 24; i++)
        {
            var challenge = await (await service.InviteAsync(organisation, $"user-{i}@example.co")).InitAsync();
            ready.Add((challenge, challenge.GoodBody()));
        }

        // The first goes alone, and waits for its row; all who come meanwhile are the next.
        await using var db = Service.Open(database.Owner);
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM ceremonies WHERE organisation_id = {organisation.Id} AND user_id = {ready[0].Challenge.UserId} FOR UPDATE");
        var first = ready[0].Challenge.CompleteAsync(ready[0].Body);
        while (!await service.InDatabaseAsync(other => other.Database.SqlQuery<bool>(
            $"SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock') AS \"Value\"").SingleAsync()))
        {
            await Task.Yield();
        }

        proxy.LoseNext(Save);
        var others = ready[1..].ConvertAll(r => r.Challenge.CompleteAsync(r.Body));
        await transaction.RollbackAsync();
        var answers = await Task.WhenAll([first, .. others]);

        Assert.Equal(1, proxy.Cuts);
        Assert.All(answers, a => Assert.True((int)a.Status == 200, a.Text));
        foreach (var (challenge, _) in ready)
        {
            Assert.Equal(new Stored(OpenSessions: 0, Registered: true, CodeSpent: true, Credentials: 2, AuditEvents: 1), await challenge.StoredAsync());
        }
    }
}
