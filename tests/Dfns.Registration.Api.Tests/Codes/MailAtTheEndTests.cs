using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.Codes;

/// <summary>What becomes of mails when the service ends.</summary>
public abstract class MailAtTheEndTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : MailAtTheEndTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : MailAtTheEndTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // The clock stands still: whatever waited for it would keep the service from ending.
    [Fact]
    public async Task What_waits_to_be_tried_again_is_tried_at_once()
    {
        var service = await Service.StartAnotherAsync();
        var jane = await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co");
        service.Inbox.Refusal = () => new IOException("down");
        service.Clock.Advance(TimeSpan.FromHours(1));
        await service.SendAsync(HttpMethod.Put, "/auth/registration/code", Service.Json(new JsonObject { ["username"] = jane.Username, ["orgId"] = jane.Organisation.Id }), bearer: null);
        var first = await service.Inbox.NextRefusedAsync();

        await service.DisposeAsync();

        Assert.Equal([first.Code, first.Code], [(await service.Inbox.NextRefusedAsync()).Code, (await service.Inbox.NextRefusedAsync()).Code]);
        Assert.True(service.Inbox.IsEmpty);
        Assert.DoesNotContain(service.Log.Lines, line => line.Contains("mails are lost", StringComparison.Ordinal));
    }
}
