using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using MailKit.Net.Smtp;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Codes;

/// <summary>Mail servers as they are: one that puts off whom it does not know is asked again, for as long as that is of use.</summary>
public abstract class PutOffMailTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : PutOffMailTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : PutOffMailTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private static readonly Func<Exception> Greylisted = () => new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, (SmtpStatusCode)451, "4.7.1 <jane@example.co>: Greylisted, try again later");
    private static readonly Func<Exception> Unknown = () => new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, (SmtpStatusCode)550, "5.1.1 <jane@example.co>: No such mailbox");

    [Fact]
    public async Task A_code_is_mailed_once_the_server_takes_it_however_long_it_does_not()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        service.Inbox.Refusal = Greylisted;
        var invited = await AskAsync(service);
        var first = await service.Inbox.NextRefusedAsync();

        // 2, 4, 8, … seconds, and five minutes from then on; of each half or more.
        var attempts = 1;
        for (; service.Clock.GetUtcNow() < Service.Noon + TimeSpan.FromHours(3); attempts++)
        {
            var longest = attempts > 8 ? OutboxSender.LongestPause : TimeSpan.FromSeconds(1 << attempts);
            var pause = await NextAsync(service, attempts);
            Assert.InRange(pause, longest / 2, longest);
            // The same code under the same id.
            Assert.Equal(first, await service.Inbox.NextRefusedAsync());
        }

        await PutOffAsync(service, attempts);
        service.Inbox.Refusal = null;
        await NextAsync(service, attempts);

        Assert.Equal(first, await service.Inbox.NextAsync());
        Assert.Equal(200, (int)(await (invited with { Code = first.Code }).TryInitAsync()).Status);
        var told = await ToldAsync(service, "was not delivered", attempts);
        Assert.Equal(attempts, told.Count);
        Assert.All(told, line => Assert.Contains("SmtpCommandException 451 4.7.1 <…>: Greylisted, try again later", line, StringComparison.Ordinal));
        Assert.All(told, line => Assert.Contains(first.Id, line, StringComparison.Ordinal));
        Assert.DoesNotContain(told, line => line.Contains("jane", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_code_is_given_up_with_its_time()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        service.Inbox.Refusal = Greylisted;
        await AskAsync(service);
        await PutOffAsync(service, 1);

        // Another attempt would come too late.
        service.Clock.Advance(TimeSpan.FromHours(4) - TimeSpan.FromSeconds(1));

        await GivenUpAsync(service, attempt: 2);
    }

    [Fact]
    public async Task A_notice_is_tried_for_four_hours()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var user = await Registered.NewAsync(await service.NewOrganisationAsync(), recovery: true);
        service.Inbox.NoticeRefusal = Greylisted;
        await (await Recovering.StartAsync(user)).CompleteAsync();
        await PutOffAsync(service, 1);

        service.Clock.Advance(TimeSpan.FromHours(4) - TimeSpan.FromMinutes(1));
        await PutOffAsync(service, 2);
        service.Inbox.NoticeRefusal = null;
        service.Clock.Advance(OutboxSender.Poll);

        var notice = await service.Inbox.NextNoticeAsync();
        Assert.Equal((user.Username, Service.Noon), (notice.To, notice.RecoveredAt));
    }

    [Fact]
    public async Task What_a_server_says_for_good_is_not_asked_again()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        service.Inbox.Refusal = Unknown;
        await AskAsync(service);

        await GivenUpAsync(service, attempt: 1);

        Assert.Contains(service.Log.Lines, line => line.Contains("SmtpCommandException 550 5.1.1 <…>: No such mailbox", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("replaced")]
    [InlineData("used")]
    public async Task A_code_is_mailed_no_more_that_was(string what)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        service.Inbox.Refusal = Greylisted;
        var invited = await AskAsync(service);
        await PutOffAsync(service, 1);
        service.Inbox.Refusal = null;

        if (what == "replaced") await service.InDatabaseAsync(db => db.Codes.Where(c => c.OrganisationId == invited.Organisation.Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.CodeHash, new byte[32])));
        else await service.InDatabaseAsync(db => db.Codes.Where(c => c.OrganisationId == invited.Organisation.Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, Service.Noon)));
        service.Clock.Advance(OutboxSender.Poll);

        while (await service.InDatabaseAsync(db => db.Outbox.AnyAsync())) await Task.Yield();
        Assert.True(service.Inbox.IsEmpty);
        Assert.False(await service.InDatabaseAsync(db => db.AuditEvents.AnyAsync(e => e.Action == "registration_code.sent")));
    }

    private static async Task<Invited> AskAsync(Service service)
    {
        var invited = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        Assert.Equal(200, (int)(await service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = "jane@example.co", ["orgId"] = invited.Organisation.Id })).Status);
        return invited;
    }

    // Once it is put off.
    private static async Task<OutboxMessage> PutOffAsync(Service service, int attempts)
    {
        while (true)
        {
            if (await service.InDatabaseAsync(db => db.Outbox.AsNoTracking().SingleOrDefaultAsync(m => m.Lease == null && m.Attempts == attempts)) is { } row) return row;
            await Task.Yield();
        }
    }

    // Lets the time pass until the next attempt, and tells how long that was.
    private static async Task<TimeSpan> NextAsync(Service service, int attempts)
    {
        var pause = (await PutOffAsync(service, attempts)).DueAt - service.Clock.GetUtcNow();
        // Timers count milliseconds.
        service.Clock.Advance(TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)));
        return pause;
    }

    private static async Task GivenUpAsync(Service service, int attempt)
    {
        Assert.Equal(attempt, (int?)JsonNode.Parse((await ToldAsync(service, "is given up at attempt", 1))[0])!["Attempt"]);
        Assert.False(await service.InDatabaseAsync(db => db.Outbox.AnyAsync()));
        Assert.True(service.Inbox.IsEmpty);
    }

    // What is stored is told behind that.
    private static async Task<List<string>> ToldAsync(Service service, string words, int times)
    {
        while (true)
        {
            var told = service.Log.Lines.Where(line => line.Contains(words, StringComparison.Ordinal)).ToList();
            if (told.Count >= times) return told;
            await Task.Yield();
        }
    }
}
