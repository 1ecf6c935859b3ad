using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Ends;

/// <summary>Where exactly an end lies: to the second for ID tokens, to the code for what a code opened, to the session for what it signed.</summary>
public abstract class EndedTokenTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : EndedTokenTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : EndedTokenTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Everything ends at four tenths of a second. Of that second nobody can tell whether a token was issued before, if it tells seconds.
    [Theory]
    [InlineData(-60, "id_token_revoked")]
    [InlineData(-1, "id_token_revoked")]
    [InlineData(0, "id_token_revoked")]
    [InlineData(0.3, "id_token_revoked")]
    [InlineData(0.5, null)]
    [InlineData(1, null)]
    public async Task An_ID_token_signs_in_if_what_it_tells_of_its_issue_is_not_before_the_end(double seconds, string? refused)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var end = AtPartOfSecond();
        Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { ["allSessions"] = true }), person.Session!.Token)).Status);
        Service.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(refused, (await Service.PostAsync("/auth/login/social", person.IdTokenBody(end + seconds))).Code);
    }

    // What a lost security key has vouched for is vouched for no longer, whichever of two factors it was.
    [Theory]
    [InlineData("deactivate")]
    [InlineData("archive")]
    public async Task A_session_ends_with_the_second_of_the_factors_that_opened_it_too(string act)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Fido2, CredentialKind.Key);
        var (session, other) = (await user.SignedInAsync(), await user.SignedInAsync());
        var uuid = (await session.GetAsync("/auth/credentials")).Body["items"]!.AsArray()
            .Where(c => (string?)c!["credentialId"] == user.Second!.CredId).Select(c => (string)c!["credentialUuid"]!).Single();

        var answer = act == "archive" ? await session.DeleteAsync($"/auth/credentials/{uuid}") : await session.PutAsync("/auth/credentials/deactivate", new JsonObject { ["credentialUuid"] = uuid });

        Assert.True((int)answer.Status == 200, answer.Text);
        foreach (var ended in new[] { session, other }) Assert.Equal(401, (int)(await ended.GetAsync("/auth/credentials")).Status);
    }

    [Theory]
    [InlineData(0, "id_token_revoked")]
    [InlineData(1, null)]
    public async Task An_ID_token_begins_a_registration_if_what_it_tells_of_its_issue_is_not_before_the_end(double seconds, string? refused)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.FromProvider);
        var end = AtPartOfSecond();
        foreach (var act in new[] { "deactivate", "activate" }) Assert.Equal(200, (int)(await stage.Backend.PutAsync($"/auth/users/{person.UserId}/{act}")).Status);
        Service.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(refused, (await Service.PostAsync("/auth/registration/social", person.IdTokenBody(end + seconds))).Code);
    }

    // Else whoever holds one could begin anew under the identity of somebody who has just deleted the account for that.
    [Theory]
    [InlineData(Whose.FromProvider)]
    [InlineData(Whose.Registered)]
    public async Task An_ID_token_of_somebody_deleted_begins_another_user_if_it_was_issued_later(object whose)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync((Whose)whose);
        var end = AtPartOfSecond();
        Assert.Equal(200, (int)(await stage.Backend.DeleteAsync($"/auth/users/{person.UserId}")).Status);
        Service.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("id_token_revoked", (await Service.PostAsync("/auth/registration/social", person.IdTokenBody(end))).Code);
        Assert.Equal("user_not_found", (await Service.PostAsync("/auth/login/social", person.IdTokenBody(end))).Code);
        Assert.Equal("user_not_found", (await Service.PostAsync("/auth/login/social", person.IdTokenBody(end + 1))).Code);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Service.PostAsync("/auth/registration/social", person.IdTokenBody(end + 1))));

        var anew = Assert.Single(answers.Select(a => stage.Of(a).UserId).Distinct());
        Assert.NotEqual(person.UserId, anew);
        await Registered.CompleteAsync(stage.Of(answers[0]), person.Name);
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login/social", person.IdTokenBody(end + 2))).Status);
        Assert.Equal([anew], await Service.InDatabaseAsync(db => db.SocialAccounts.Where(a => a.OrganisationId == stage.Organisation.Id && a.Subject == person.Name).Select(a => a.UserId).ToListAsync()));
    }

    [Theory]
    [InlineData(59, null)]
    [InlineData(60, "challenge_not_valid")]
    public async Task A_challenge_that_a_code_for_another_device_opened_ends_with_the_time_of_the_code(int seconds, string? refused)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var adding = Adding.Of(person.User!, await person.InitWithCodeAsync(await person.CredentialCodeAsync()));
        Service.Clock.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(refused, (await Service.PostAsync("/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.Key)))).Code);
    }

    [Fact]
    public async Task What_one_session_asked_for_and_signed_is_nothing_in_another()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var (one, other) = (person.Session!, await person.User!.SignedInAsync());
        var body = person.CodeBody;
        var signed = await one.SignAsync(HttpMethod.Post, "/auth/credentials/code", body.ToJsonString());
        var challenge = await one.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", body.ToJsonString());
        var adding = await Adding.InitAsync(person.User, one, CredentialKind.Key);

        Assert.Equal("user_action_missing", (await other.SendAsync(HttpMethod.Post, "/auth/credentials/code", body, signed)).Code);
        Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/action", person.User.AnswerTo(challenge), other.Token)).Code);
        Assert.Equal("challenge_not_valid", (await other.PostAsync("/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)))).Code);
        Assert.Equal(200, (int)(await one.SendAsync(HttpMethod.Post, "/auth/credentials/code", body, signed)).Status);
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/action", person.User.AnswerTo(challenge), one.Token)).Status);
        Assert.Equal(200, (int)(await one.PostAsync("/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)))).Status);
    }

    // The recovery would come back to life with the key.
    [Fact]
    public async Task A_recovery_ends_with_the_recovery_key_that_it_was_started_with_and_not_with_another()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var adding = await Adding.InitAsync(person.User!, person.Session!, CredentialKind.RecoveryKey);
        var another = adding.Make(CredentialKind.RecoveryKey);
        Assert.Equal(200, (int)(await person.Session!.PostAsync("/auth/credentials", adding.BodyOf(another))).Status);
        var code = await person.MailedAsync("/auth/recover/user/code");
        var (ended, other) = (Recovering.Of(person.User!, await Recovering.TryStartAsync(person.User!, code, another.CredId)), Recovering.Of(person.User!, await Recovering.TryStartAsync(person.User!, code)));
        var uuid = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == stage.Organisation.Id && c.CredentialIdText == another.CredId).Select(c => c.Uuid).SingleAsync());
        foreach (var act in new[] { "deactivate", "activate" }) Assert.Equal(200, (int)(await person.Session.PutAsync($"/auth/credentials/{act}", new JsonObject { ["credentialUuid"] = uuid })).Status);

        Assert.Equal("not_authorized", (await ended.CompleteAsync(ended.BodyOf(Recovering.NewCredentials(ended.Make(CredentialKind.Key)), by: another))).Code);
        Assert.Equal(200, (int)(await other.CompleteAsync(other.GoodBody())).Status);
    }

    [Fact]
    public async Task Of_many_who_sign_out_everywhere_at_once_each_is_told_that_it_is_so()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var sessions = new List<string>();
        for (var i = 0; i < 8; i++) sessions.Add(await person.User!.LoginAsync());

        var answers = await Task.WhenAll(sessions.Select(s => Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { ["allSessions"] = true }), s)));

        Assert.All(answers, a => Assert.True((int)a.Status is 200 or 401, a.Text));
        Assert.Contains(answers, a => (int)a.Status == 200);
        foreach (var session in sessions) Assert.Equal("not_authorized", (await person.CallAsync(session)).Code);
    }

    // What asks for nothing takes nothing away.
    [Fact]
    public async Task Activating_whoever_is_active_ends_nothing()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);

        Assert.Equal(200, (int)(await stage.Backend.PutAsync($"/auth/users/{person.UserId}/activate")).Status);
        await using (var scope = Service.Services.CreateAsyncScope())
        {
            var users = scope.ServiceProvider.GetRequiredService<UserStore>();
            Assert.False(users.SetActive((await users.FindAsync(stage.Organisation.Id, person.UserId, isServiceAccount: false, CancellationToken.None))!.User, active: true));
        }

        Assert.Equal(200, (int)(await person.CallAsync(person.Session!.Token)).Status);
    }

    // To where a second has four tenths; told by its beginning.
    private long AtPartOfSecond()
    {
        Service.Clock.Advance(TimeSpan.FromMilliseconds(1400 - Service.Clock.GetUtcNow().Millisecond));
        return Service.Clock.GetUtcNow().ToUnixTimeSeconds();
    }
}
