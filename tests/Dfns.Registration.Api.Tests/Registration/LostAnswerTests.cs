using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>A commit whose answer is lost on the way: it is done, the service does not know, and must find out.</summary>
public sealed class LostAnswerTests
{
    [Fact]
    public async Task OnPostgreSql_a_registration_whose_commit_goes_unheard_is_answered_like_any_other_and_stored_once()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        await using var proxy = new CuttingProxy(direct.Host!, direct.Port);
        var through = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable };
        await using var service = await Service.StartAsync(database, ("Database:ConnectionString", through.ConnectionString));
        var challenge = await (await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
        var body = challenge.GoodBody();

        proxy.LoseNextCommit();
        var answer = await challenge.CompleteAsync(body);

        Assert.Equal(1, proxy.Cuts);
        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal(new Stored(OpenSessions: 0, Registered: true, CodeSpent: true, Credentials: 2, AuditEvents: 1), await challenge.StoredAsync());
        Assert.Equal(answer.Text, (await challenge.CompleteAsync(body)).Text);
    }
}
