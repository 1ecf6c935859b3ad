using System.Globalization;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Recovery;

/// <summary>A recovery at once with anything else: whatever the order, afterwards the user has the new credentials and nothing else.</summary>
public abstract class RecoveryRaceTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    private const int Rounds = 5;
    private const int Racers = 12;

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : RecoveryRaceTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : RecoveryRaceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Of_one_body_sent_many_times_at_once_all_get_the_one_answer()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var body = recovering.GoodBody();

        var answers = await Task.WhenAll(Enumerable.Range(0, Racers).Select(_ => recovering.CompleteAsync(body.DeepClone())));

        Assert.All(answers, a => Assert.Equal((200, answers[0].Text), ((int)a.Status, a.Text)));
        await AssertOnlyAsync(recovering.User, body);
    }

    [Fact]
    public async Task Of_many_bodies_for_one_recovery_one_wins()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var bodies = Enumerable.Range(0, Racers).Select(_ => recovering.GoodBody()).ToList();

        var answers = await Task.WhenAll(bodies.Select(b => recovering.CompleteAsync(b)));

        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal("session_already_completed", a.Code));
        await AssertOnlyAsync(recovering.User, bodies[Winner(answers)]);
    }

    [Fact]
    public async Task Of_many_recoveries_of_one_user_one_wins_over_two_instances_too()
    {
        await using var other = await Service.StartAnotherAsync();
        var user = await UserAsync();
        var code = await Recovering.CodeAsync(user);
        var started = new List<Recovering>();
        for (var i = 0; i < 5; i++) started.Add(Recovering.Of(user, await Recovering.TryStartAsync(user, code)));
        var bodies = started.Select(r => r.GoodBody()).ToList();

        var answers = await Task.WhenAll(started.Select((r, i) => (i % 2 == 0 ? Service : other).PostAsync("/auth/recover/user", bodies[i], r.Token)));

        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.True(a.Code is "not_authorized" or "not_a_recovery_credential", a.Text));
        await AssertOnlyAsync(user, bodies[Winner(answers)]);
    }

    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    public async Task No_session_of_an_old_credential_outlives_a_recovery(CredentialKind kind)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var recovering = await Recovering.StartAsync(await UserAsync(kind));
            var logins = new List<JsonObject>();
            for (var i = 0; i < Racers; i++) logins.Add(await recovering.User.LoginBodyAsync());
            var body = recovering.GoodBody();

            var signingIn = logins.Select(l => Service.PostAsync("/auth/login", l)).ToList();
            var recovered = await recovering.CompleteAsync(body);
            var sessions = await Task.WhenAll(signingIn);

            Assert.True((int)recovered.Status == 200, recovered.Text);
            foreach (var session in sessions)
            {
                if ((int)session.Status != 200) Assert.True(session.Code is "no_usable_credential" or "challenge_not_valid", session.Text);
                else Assert.Equal("not_authorized", (await Service.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, session.Require("token"))).Code);
            }

            await AssertOnlyAsync(recovering.User, body);
        }
    }

    [Fact]
    public async Task No_credential_that_is_added_meanwhile_outlives_a_recovery()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var recovering = await Recovering.StartAsync(await UserAsync());
            var caller = await recovering.User.SignedInAsync();
            var calls = new List<(JsonObject Body, string Action)>();
            for (var i = 0; i < 4; i++)
            {
                var adding = await Adding.InitAsync(recovering.User, caller, CredentialKind.Key);
                var added = adding.BodyOf(adding.Make(CredentialKind.Key));
                calls.Add((added, await caller.SignAsync(HttpMethod.Post, "/auth/credentials", added.ToJsonString())));
            }

            var body = recovering.GoodBody();
            var adds = calls.Select(c => caller.SendAsync(HttpMethod.Post, "/auth/credentials", c.Body, c.Action)).ToList();
            var recovered = await recovering.CompleteAsync(body);
            var added2 = await Task.WhenAll(adds);

            Assert.True((int)recovered.Status == 200, recovered.Text);
            Assert.All(
                added2.Where(a => (int)a.Status != 200),
                a => Assert.True(a.Code is "not_authorized" or "changed_meanwhile" or "user_action_already_used" or "challenge_not_valid", a.Text));
            await AssertOnlyAsync(recovering.User, body);
        }
    }

    [Fact]
    public async Task No_credential_that_a_code_adds_meanwhile_outlives_a_recovery()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var recovering = await Recovering.StartAsync(await UserAsync());
            var caller = await recovering.User.SignedInAsync();
            var made = await caller.CallAsync(
                HttpMethod.Post, "/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(50).ToString("O", CultureInfo.InvariantCulture) });
            var adding = Adding.Of(recovering.User, await Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = made.Require("code"), ["credentialKind"] = "Key" }));
            var body = recovering.GoodBody();

            var verifying = Service.PostAsync("/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.Key)));
            var recovered = await recovering.CompleteAsync(body);
            var added = await verifying;

            Assert.True((int)recovered.Status == 200, recovered.Text);
            Assert.True((int)added.Status == 200 || added.Code is "challenge_not_valid" or "changed_meanwhile", added.Text);
            await AssertOnlyAsync(recovering.User, body);
        }
    }

    [Fact]
    public async Task No_action_that_an_old_credential_signed_outlives_a_recovery()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var recovering = await Recovering.StartAsync(await UserAsync());
            var caller = await recovering.User.SignedInAsync();
            var uuid = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.UserId == recovering.User.UserId && c.Slot == CredentialSlot.FirstFactor).Select(c => c.Uuid).SingleAsync());
            var path = $"/auth/credentials/{uuid}";
            var rename = new JsonObject { ["credentialName"] = "Renamed" };
            var signed = await caller.SignAsync(HttpMethod.Put, path, rename.ToJsonString());
            var answers = new List<JsonObject>();
            for (var i = 0; i < 4; i++) answers.Add(caller.AnswerTo(await caller.InitActionAsync(HttpMethod.Put, path, rename.ToJsonString())));
            var body = recovering.GoodBody();

            var signing = answers.Select(a => Service.PostAsync("/auth/action", a, caller.Token)).ToList();
            var using1 = caller.SendAsync(HttpMethod.Put, path, rename, signed);
            var recovered = await recovering.CompleteAsync(body);
            var used = await using1;
            var actions = await Task.WhenAll(signing);

            Assert.True((int)recovered.Status == 200, recovered.Text);
            Assert.True((int)used.Status == 200 || used.Code is "not_authorized" or "changed_meanwhile" or "user_action_already_used" or "credential_not_found", used.Text);
            foreach (var action in actions.Where(a => (int)a.Status == 200))
            {
                Assert.Equal("not_authorized", (await caller.SendAsync(HttpMethod.Put, path, rename, action.Require("userAction"))).Code);
            }

            await AssertOnlyAsync(recovering.User, body);
            Assert.Equal(0, await Service.InDatabaseAsync(db => db.Ceremonies.CountAsync(c => c.UserId == recovering.User.UserId && (c.ConsumedAt == null || (c.Purpose == CeremonyPurpose.UserAction && c.SpentAt == null)))));
        }
    }

    private async Task<Registered> UserAsync(CredentialKind kind = CredentialKind.Fido2) => await Registered.NewAsync(await Service.NewOrganisationAsync(), kind, recovery: true);

    private static int Winner(Answer[] answers)
    {
        Assert.Single(answers, a => (int)a.Status == 200);
        return Array.FindIndex(answers, a => (int)a.Status == 200);
    }

    // The tables prove it: the credentials of this body are active, all others archived, and no session is left.
    private Task<bool> AssertOnlyAsync(Registered user, JsonObject body) => Service.InDatabaseAsync(async db =>
    {
        var active = await db.Credentials.Where(c => c.UserId == user.UserId && c.Status != CredentialStatus.Archived).Select(c => c.CredentialIdText).ToListAsync();
        Assert.Equal(
            body["newCredentials"]!.AsObject().Select(c => (string)c.Value!["credentialInfo"]!["credId"]!).Order(StringComparer.Ordinal),
            active.Order(StringComparer.Ordinal));
        Assert.Equal(0, await db.AccessTokens.CountAsync(t => t.UserId == user.UserId && t.RevokedAt == null));
        Assert.Equal(1, await db.AuditEvents.CountAsync(e => e.SubjectId == user.UserId && e.Action == "user.recovered"));
        Assert.Equal(1, await db.Ceremonies.CountAsync(c => c.UserId == user.UserId && c.Purpose == CeremonyPurpose.Recovery && c.ResultDigest != null));
        return true;
    });
}
