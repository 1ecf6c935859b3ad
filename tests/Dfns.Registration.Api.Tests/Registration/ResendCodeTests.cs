using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary><c>PUT /auth/registration/code</c>.</summary>
public abstract class ResendCodeTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ResendCodeTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ResendCodeTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Mails_a_new_code_that_ends_the_earlier_one()
    {
        var invited = await InvitedAsync();

        var answer = await ResendAsync(invited);

        var mail = await Service.Inbox.NextAsync();
        Assert.Equal("""{"message":"success"}""", answer.Text);
        Assert.Equal((invited.Username, invited.Organisation.Id, "Example"), (mail.To, mail.OrganisationId, mail.OrganisationName));
        Assert.Equal(Service.Clock.GetUtcNow() + TimeSpan.FromHours(4), mail.ExpiresAt);
        Assert.Matches("^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$", mail.Code);
        Assert.Equal(200, (int)(await invited.TryInitAsync(mail.Code)).Status);
        // Noted after the delivery, beside any request: asked for until it is, or the run is given up.
        while (await Service.InDatabaseAsync(db => db.Codes.AnyAsync(c => c.UserId == invited.UserId && c.EarlierCodeHash != null))) await Task.Yield();
        Assert.Equal("invalid_code", (await invited.TryInitAsync()).Code);
    }

    [Fact]
    public async Task Leaves_an_open_session_open()
    {
        var invited = await InvitedAsync();
        var challenge = await invited.InitAsync();

        await ResendAsync(invited);
        await Service.Inbox.NextAsync();

        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    [Fact]
    public async Task Sends_no_second_code_within_a_minute_and_leaves_the_first_one_good()
    {
        var invited = await InvitedAsync();
        await ResendAsync(invited);
        var mail = await Service.Inbox.NextAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ResendAsync(invited)));

        Assert.All(answers, a => Assert.Equal("""{"message":"success"}""", a.Text));
        Assert.Equal(200, (int)(await invited.TryInitAsync(mail.Code)).Status);
        Service.Clock.Advance(TimeSpan.FromMinutes(1));
        await ResendAsync(invited);
        Assert.NotEqual(mail.Code, (await Service.Inbox.NextAsync()).Code);
        Assert.True(Service.Inbox.IsEmpty);
    }

    // Whoever knows a name could flood its mailbox otherwise, and end each code while its owner types it.
    [Fact]
    public async Task After_three_unused_codes_sends_one_in_15_minutes_until_nobody_has_asked_for_a_day()
    {
        var invited = await InvitedAsync();
        var mails = new List<string>();
        for (var minute = 0; minute < 60; minute++)
        {
            await ResendAsync(invited);
            if (minute is 0 or 1 or 2 or 17 or 32 or 47) mails.Add((await Service.Inbox.NextAsync()).Code);
            // No more arrived, and the last one is good.
            Assert.True(Service.Inbox.IsEmpty);
            Assert.Equal(200, (int)(await invited.TryInitAsync(mails[^1])).Status);
            Service.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(6, mails.Distinct().Count());
        Service.Clock.Advance(TimeSpan.FromDays(1));
        for (var again = 0; again < 3; again++)
        {
            await ResendAsync(invited);
            await Service.Inbox.NextAsync();
            Service.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        await ResendAsync(invited);
        Assert.True(Service.Inbox.IsEmpty);
    }

    [Fact]
    public async Task Takes_no_lock_away_with_resends_that_send_nothing()
    {
        var invited = await InvitedAsync();
        await ResendAsync(invited);
        var mail = await Service.Inbox.NextAsync();
        for (var guess = 0; guess < 100; guess++) await invited.TryInitAsync("0000-0000-0000-0000");

        await ResendAsync(invited);

        Assert.Equal("invalid_code", (await invited.TryInitAsync(mail.Code)).Code);
    }

    [Fact]
    public async Task Revives_a_user_whose_code_expired()
    {
        var invited = await InvitedAsync();
        Service.Clock.Advance(TimeSpan.FromDays(6));

        await ResendAsync(invited);

        Assert.Equal(200, (int)(await invited.TryInitAsync((await Service.Inbox.NextAsync()).Code)).Status);
    }

    [Fact]
    public async Task Notes_in_the_audit_trail_that_a_code_was_sent()
    {
        var invited = await InvitedAsync();

        await ResendAsync(invited);
        await Service.Inbox.NextAsync();

        // The note is written after the delivery, beside any request: asked for until it is there, or the run is given up.
        while (!await Service.InDatabaseAsync(db => db.AuditEvents.AnyAsync(e => e.SubjectId == invited.UserId && e.Action == "registration_code.sent"))) await Task.Yield();
    }

    [Fact]
    public async Task Answers_alike_and_mails_nothing_for_unknown_registered_and_deactivated_users()
    {
        var registered = await InvitedAsync();
        var challenge = await registered.InitAsync();
        await challenge.CompleteAsync(challenge.GoodBody());
        var deactivated = await InvitedAsync();
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == deactivated.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));
        var unknown = registered with { Username = "nobody@example.co" };
        var elsewhere = registered with { Organisation = registered.Organisation with { Id = "or-nosuc-horga-nisation0000000" } };

        var answers = new List<Answer>();
        foreach (var user in new[] { registered, deactivated, unknown, elsewhere }) answers.Add(await ResendAsync(user));

        Assert.All(answers, a => Assert.Equal((200, """{"message":"success"}"""), ((int)a.Status, a.Text)));
        // Mails leave in order: what a real user is sent next is the first there is.
        var known = await InvitedAsync();
        await ResendAsync(known);
        Assert.Equal(known.Organisation.Id, (await Service.Inbox.NextAsync()).OrganisationId);
        Assert.True(Service.Inbox.IsEmpty);
    }

    [Fact]
    public async Task Does_the_same_writes_for_a_user_who_does_not_exist()
    {
        var decoysBefore = await DecoyAttemptsAsync();
        var unknown = (await InvitedAsync()) with { Username = "nobody@example.co" };

        await unknown.TryInitAsync();

        Assert.Equal(decoysBefore + 1, await DecoyAttemptsAsync());
    }

    private Task<long> DecoyAttemptsAsync() => Service.InDatabaseAsync(db => db.Codes.Where(c => c.OrganisationId == "").SumAsync(c => c.FailedAttempts));

    private Task<Answer> ResendAsync(Invited invited) =>
        Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = invited.Username, ["orgId"] = invited.Organisation.Id });

    private async Task<Invited> InvitedAsync() => await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
}
