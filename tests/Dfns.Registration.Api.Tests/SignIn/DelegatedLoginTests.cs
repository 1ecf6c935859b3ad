using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.SignIn;

/// <summary>A service account signs an end user in.</summary>
public abstract class DelegatedLoginTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : DelegatedLoginTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : DelegatedLoginTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Path = "/auth/login/delegated";

    private static JsonObject Jane => new() { ["username"] = "jane@example.co" };

    [Fact]
    public async Task Answers_with_a_session_of_the_end_user()
    {
        var organisation = await Service.NewOrganisationAsync();
        var jane = await Registered.NewAsync(organisation, CredentialKind.Key);
        var backend = await organisation.NewServiceAccountAsync("Auth:Login:Delegated");

        var answer = await backend.CallAsync(HttpMethod.Post, Path, Jane);

        Assert.Equal(200, (int)answer.Status);
        var session = new SigningCaller(Service, answer.Require("token"), jane.AnswerTo);
        await session.SignAsync(HttpMethod.Post, "/auth/users", "{}");
        var told = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.Action == "user.signed_in").SingleAsync());
        Assert.Equal((backend.UserId, jane.UserId, "delegated"), (told.Actor, told.SubjectId, told.Note));
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("not registered")]
    [InlineData("an employee")]
    [InlineData("of another organisation")]
    public async Task There_is_no_session_of(string whom)
    {
        var organisation = await Service.NewOrganisationAsync();
        if (whom == "not registered") await Service.InviteAsync(organisation, "jane@example.co");
        if (whom == "an employee") await Registered.NewAsync(organisation, kind: UserKind.CustomerEmployee);
        if (whom == "of another organisation") await Registered.NewAsync(await Service.NewOrganisationAsync());
        var backend = await organisation.NewServiceAccountAsync("Auth:Login:Delegated");

        var answer = await backend.CallAsync(HttpMethod.Post, Path, Jane);

        Assert.Equal((401, "User not found", "$.username"), ((int)answer.Status, answer.Message, answer.Path));
        Assert.Equal(0, await SessionsAsync(organisation));
    }

    [Fact]
    public async Task There_is_no_session_of_a_deactivated_user()
    {
        var organisation = await Service.NewOrganisationAsync();
        var jane = await Registered.NewAsync(organisation);
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == jane.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));
        var backend = await organisation.NewServiceAccountAsync("Auth:Login:Delegated");

        Assert.Equal("user_deactivated", (await backend.CallAsync(HttpMethod.Post, Path, Jane)).Code);
        Assert.Equal(0, await SessionsAsync(organisation));
    }

    [Fact]
    public async Task A_service_account_needs_the_permission()
    {
        var organisation = await Service.NewOrganisationAsync();
        await Registered.NewAsync(organisation);
        var backend = await organisation.NewServiceAccountAsync("Auth:Register:Delegated");

        var answer = await backend.CallAsync(HttpMethod.Post, Path, Jane);

        Assert.Equal(403, (int)answer.Status);
        Assert.Matches("^CustomerEmployee us-[a-z0-9-]+ is not authorized to perform operation \\(Auth:Login:Delegated\\)$", answer.Message);
        Assert.Equal(0, await SessionsAsync(organisation));
    }

    [Fact]
    public async Task A_user_cannot_vouch_for_another()
    {
        var organisation = await Service.NewOrganisationAsync();
        var jane = await Registered.NewAsync(organisation);
        var caller = await jane.SignedInAsync();

        Assert.Equal("service_account_required", (await caller.CallAsync(HttpMethod.Post, Path, Jane)).Code);
        Assert.Equal(1, await SessionsAsync(organisation));
    }

    private Task<int> SessionsAsync(TestOrganisation organisation) =>
        Service.InDatabaseAsync(db => db.AccessTokens.CountAsync(t => t.OrganisationId == organisation.Id && t.Kind == AccessTokenKind.Token));
}
