using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>A commit whose answer is lost on the way: it is done, the service does not know, and must find out.</summary>
public sealed class LostAnswerTests
{
    [Fact]
    public async Task OnPostgreSql_a_registration_whose_commit_goes_unheard_is_answered_like_any_other_and_stored_once()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();
        await using var proxy = ProxyOf(database);
        await using var service = await StartBehindAsync(proxy, database);
        var challenge = await (await service.InviteAsync(await service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
        var body = challenge.GoodBody();

        proxy.LoseNextCommit();
        var answer = await challenge.CompleteAsync(body);

        Assert.Equal(1, proxy.Cuts);
        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal(new Stored(OpenSessions: 0, Registered: true, CodeSpent: true, Credentials: 2, AuditEvents: 1), await challenge.StoredAsync());
        Assert.Equal(answer.Text, (await challenge.CompleteAsync(body)).Text);
    }

    [Fact]
    public async Task OnPostgreSql_a_sign_in_whose_commit_goes_unheard_is_answered_and_opens_one_session()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();
        await using var proxy = ProxyOf(database);
        await using var service = await StartBehindAsync(proxy, database);
        var user = await Registered.NewAsync(await service.NewOrganisationAsync());
        var body = await user.LoginBodyAsync();

        proxy.LoseNextCommit();
        var answer = await service.PostAsync("/auth/login", body);

        Assert.Equal(1, proxy.Cuts);
        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal(1, await service.InDatabaseAsync(db => db.AccessTokens.CountAsync()));
    }

    [Fact]
    public async Task OnPostgreSql_a_signed_call_whose_commit_goes_unheard_is_answered_and_has_its_effect_once()
    {
        await using var database = await TestDatabase.PostgreSqlAsync();
        await using var proxy = ProxyOf(database);
        await using var service = await StartBehindAsync(proxy, database);
        var user = await Registered.NewAsync(await service.NewOrganisationAsync());
        var backend = await user.Organisation.NewServiceAccountAsync("Auth:Login:Delegated");
        var body = new JsonObject { ["username"] = user.Username };
        var action = await backend.SignAsync(HttpMethod.Post, "/auth/login/delegated", body.ToJsonString());

        proxy.LoseNextCommit();
        var answer = await backend.SendAsync(HttpMethod.Post, "/auth/login/delegated", body, action);

        Assert.Equal(1, proxy.Cuts);
        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal(1, await service.InDatabaseAsync(db => db.AccessTokens.CountAsync(t => t.Kind == AccessTokenKind.Token)));
        Assert.Equal("user_action_already_used", (await backend.SendAsync(HttpMethod.Post, "/auth/login/delegated", body, action)).Code);
    }

    private static CuttingProxy ProxyOf(TestDatabase database)
    {
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        return new CuttingProxy(direct.Host!, direct.Port);
    }

    private static Task<Service> StartBehindAsync(CuttingProxy proxy, TestDatabase database)
    {
        var through = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable };
        return Service.StartAsync(database, ("Database:ConnectionString", through.ConnectionString));
    }
}
