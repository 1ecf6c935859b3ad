using System.Globalization;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Recovery;

/// <summary>The life of an account whose device is lost, told step by step with the tables before and after.</summary>
public abstract class LostDeviceTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : LostDeviceTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : LostDeviceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task A_user_who_lost_the_device_recovers_and_the_old_passkey_is_refused_everywhere()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true);
        Say("POST /auth/registration                a passkey and a recovery key", 200);
        var session = await user.SignedInAsync();
        Say("POST /auth/login                       with the passkey", 200);
        var signed = await session.SignAsync(HttpMethod.Post, "/auth/credentials/code", "{}");
        Say("POST /auth/action                      with the passkey", 200);
        var oldLogin = await user.LoginBodyAsync();
        var oldAction = session.AnswerTo(await session.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", "{}"));
        await TellAsync(user, "Before");

        Service.Clock.Advance(TimeSpan.FromMinutes(1));
        var recovering = await Recovering.StartAsync(user);
        Say("POST /auth/recover/user/code, …/init   the device is lost; a code by mail", 200);
        var recoveryBody = recovering.GoodBody();
        var recovered = await recovering.CompleteAsync();
        Say("POST /auth/recover/user                a new passkey and a new recovery key, signed for by the old recovery key", 200);

        await RefusedAsync("POST /auth/login                       the old passkey, a challenge from before", Service.PostAsync("/auth/login", oldLogin), "challenge_not_valid");
        await RefusedAsync("POST /auth/login                       the old passkey, a new challenge", Service.PostAsync("/auth/login", user.AnswerTo(await user.TryInitLoginAsync())), "no_usable_credential");
        await RefusedAsync("GET  /auth/credentials                 the old session", session.GetAsync("/auth/credentials"), "not_authorized");
        await RefusedAsync("POST /auth/action                      the old session, the old passkey", Service.PostAsync("/auth/action", oldAction, session.Token), "not_authorized");
        await RefusedAsync("POST /auth/credentials/code            an action that the old passkey signed", session.SendAsync(HttpMethod.Post, "/auth/credentials/code", new JsonObject(), signed), "not_authorized");
        var fresh = await recovered.SignedInAsync();
        Say("POST /auth/login                       with the new passkey", 200);
        var challenge = await fresh.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", "{}");
        await RefusedAsync("POST /auth/action                      the new session, the old passkey", Service.PostAsync("/auth/action", user.AnswerTo(challenge), fresh.Token), "no_usable_credential");
        await RefusedAsync("POST /auth/credentials/code            the new session, an action that the old passkey signed", fresh.SendAsync(HttpMethod.Post, "/auth/credentials/code", new JsonObject(), signed), "user_action_already_used");
        await RefusedAsync("POST /auth/recover/user                the old recovery key again", recovering.CompleteAsync(recoveryBody), "session_already_completed");
        Assert.Equal(200, (int)(await fresh.GetAsync("/auth/credentials")).Status);
        Say("GET  /auth/credentials                 the new session", 200);
        await TellAsync(user, "After");

        var rows = await Service.InDatabaseAsync(db => db.Credentials.AsNoTracking().Where(c => c.UserId == user.UserId).ToListAsync());
        Assert.Equal(
            new[] { $"Active {recovered.First.CredId}", $"Active {recovered.Recovery!.CredId}", $"Archived {user.First.CredId}", $"Archived {user.Recovery!.CredId}" }.Order(StringComparer.Ordinal),
            rows.Select(c => $"{c.Status} {c.CredentialIdText}").Order(StringComparer.Ordinal));
        var tokens = await Service.InDatabaseAsync(db => db.AccessTokens.AsNoTracking().Where(t => t.UserId == user.UserId).ToListAsync());
        Assert.Equal([false, true], tokens.OrderBy(t => t.CreatedAt).Select(t => t.RevokedAt is null));
    }

    private static async Task RefusedAsync(string what, Task<Answer> asked, string code)
    {
        var answer = await asked;
        Assert.Equal(code, answer.Code);
        Say(what, (int)answer.Status, answer.Message);
    }

    private static void Say(string what, int status, string? message = null) =>
        TestContext.Current.TestOutputHelper!.WriteLine($"{what,-108} {status} {message}");

    private Task<bool> TellAsync(Registered user, string when) => Service.InDatabaseAsync(async db =>
    {
        var lines = new List<string> { "", $"{when}:" };
        foreach (var c in await db.Credentials.AsNoTracking().Where(c => c.UserId == user.UserId).OrderBy(c => c.CreatedAt).ThenBy(c => c.Slot).ToListAsync())
        {
            lines.Add($"  credentials    {c.Slot,-12} {c.Kind,-12} {c.Status,-9} created {Time(c.CreatedAt)} used {Time(c.UsedAt)} archived {Time(c.ArchivedAt)} {c.Uuid}");
        }

        foreach (var t in await db.AccessTokens.AsNoTracking().Where(t => t.UserId == user.UserId).OrderBy(t => t.CreatedAt).ToListAsync())
        {
            lines.Add($"  access_tokens  {t.Kind,-12} created {Time(t.CreatedAt)} revoked {Time(t.RevokedAt)} opened with {t.CredentialUuid}");
        }

        foreach (var c in await db.Ceremonies.AsNoTracking().Where(c => c.UserId == user.UserId).OrderBy(c => c.CreatedAt).ThenBy(c => c.Purpose).ToListAsync())
        {
            lines.Add($"  ceremonies     {c.Purpose,-12} created {Time(c.CreatedAt)} consumed {Time(c.ConsumedAt)} spent {Time(c.SpentAt)}");
        }

        foreach (var c in await db.Codes.AsNoTracking().Where(c => c.UserId == user.UserId).OrderBy(c => c.Purpose).ToListAsync())
        {
            lines.Add($"  codes          {c.Purpose,-12} sent {Time(c.SentAt)} consumed {Time(c.ConsumedAt)}");
        }

        lines.ForEach(TestContext.Current.TestOutputHelper!.WriteLine);
        TestContext.Current.TestOutputHelper!.WriteLine("");
        return true;
    });

    private static string Time(DateTimeOffset? instant) => instant?.ToString("HH:mm:ss", CultureInfo.InvariantCulture) ?? "-       ";
}
