using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Inviting an employee over HTTP.</summary>
public abstract class CreateUserTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : CreateUserTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : CreateUserTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task The_answer_has_every_member_of_the_contract_and_the_mailed_code_registers()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.CreateUsers);

        var answer = await caller.PostAsync("/auth/users", Body("externalId", "hr-1"));

        var userId = answer.Require("userId");
        Assert.Equal(
            $$"""{"username":"john@example.co","name":"john@example.co","userId":"{{userId}}","kind":"CustomerEmployee","credentialUuid":"","orgId":"{{organisation.Id}}","isActive":true,"isServiceAccount":false,"isRegistered":false,"invitationEndsAt":"2026-11-30T12:00:00.000Z","isSSORequired":false,"permissionAssignments":[],"permissions":[],"externalId":"hr-1"}""",
            answer.Text);
        var mail = await Service.Inbox.NextAsync();
        Assert.Equal(("john@example.co", organisation.Id), (mail.To, mail.OrganisationId));
        var challenge = await new Invited(organisation, userId, mail.To, mail.Code).InitAsync();
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
        Assert.Equal(
            [$"{AuditActions.UserInvited} {caller.UserId}", $"{AuditActions.UserRegistered} {userId}"],
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.SubjectId == userId && e.Actor != AuditActors.Service)
                .OrderBy(e => e.Action).Select(e => e.Action + " " + e.Actor).ToListAsync()));
    }

    [Fact]
    public async Task An_employee_with_the_permission_invites_too()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.SignedInAsync(UserKind.CustomerEmployee, "admin@example.co", Permission.CreateUsers);

        Assert.Equal(200, (int)(await admin.PostAsync("/auth/users", Body())).Status);
        await Service.Inbox.NextAsync();
    }

    [Theory]
    [InlineData("email", null, "member_required")]
    [InlineData("email", "", "member_required")]
    [InlineData("email", "john", "member_invalid")]
    [InlineData("email", "john@", "member_invalid")]
    [InlineData("email", "@example.co", "member_invalid")]
    [InlineData("email", "John <john@example.co>", "member_invalid")]
    [InlineData("email", "john@example.co, jane@example.co", "member_invalid")]
    [InlineData("email", " john@example.co", "member_invalid")]
    [InlineData("email", "john\u200b@example.co", "member_invalid")]
    [InlineData("email", 1, "member_invalid")]
    [InlineData("kind", null, "member_required")]
    [InlineData("kind", "EndUser", "member_invalid")]
    [InlineData("kind", "DfnsStaff", "member_invalid")]
    [InlineData("kind", "customeremployee", "member_invalid")]
    [InlineData("externalId", " ", "member_required")]
    [InlineData("publicKey", "-----BEGIN PUBLIC KEY-----", "member_invalid")]
    [InlineData("isSSORequired", true, "member_invalid")]
    [InlineData("isSSORequired", "false", "member_invalid")]
    public async Task A_member_that_is_wrong_is_named_and_nothing_is_stored_or_mailed(string member, object? value, string code)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.CreateUsers);
        var before = await organisation.SnapshotAsync();

        var answer = await caller.PostAsync("/auth/users", Body(member, value));

        Assert.Equal((400, code, $"$.{member}"), ((int)answer.Status, answer.Code, answer.Path));
        Assert.Equal(before, await organisation.SnapshotAsync());
        Assert.True(Service.Inbox.IsEmpty);
    }

    [Theory]
    [InlineData("email", 321)]
    [InlineData("externalId", 321)]
    public async Task A_member_that_is_too_long_is_named(string member, int length)
    {
        var caller = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync(Permission.CreateUsers);

        var answer = await caller.PostAsync("/auth/users", Body(member, new string('a', length - "@example.co".Length) + "@example.co"));

        Assert.Equal(("member_too_long", $"$.{member}"), (answer.Code, answer.Path));
    }

    [Theory]
    [InlineData("jane@example.co")]
    [InlineData("JANE@example.co")]
    public async Task A_name_that_is_taken_is_refused_in_the_documented_words(string email)
    {
        var organisation = await Service.NewOrganisationAsync();
        await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.NewServiceAccountAsync(Permission.CreateUsers);

        var answer = await caller.PostAsync("/auth/users", Body("email", email));

        Assert.Equal((401, "User already exists."), ((int)answer.Status, answer.Message));
        Assert.True(Service.Inbox.IsEmpty);
    }

    [Fact]
    public async Task The_same_name_is_free_in_another_organisation()
    {
        await Service.InviteAsync(await Service.NewOrganisationAsync(), "john@example.co");
        var caller = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync(Permission.CreateUsers);

        Assert.Equal(200, (int)(await caller.PostAsync("/auth/users", Body())).Status);
        await Service.Inbox.NextAsync();
    }

    [Fact]
    public async Task An_external_id_that_is_taken_is_refused()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.CreateUsers);
        await caller.PostAsync("/auth/users", Body("externalId", "hr-1"));
        await Service.Inbox.NextAsync();
        var body = Body("externalId", "hr-1");
        body["email"] = "jane@example.co";

        var answer = await caller.PostAsync("/auth/users", body);

        Assert.Equal((409, "external_id_taken"), ((int)answer.Status, answer.Code));
    }

    [Fact]
    public async Task Of_16_invitations_of_one_name_at_once_one_user_comes_into_being()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.CreateUsers);
        var actions = new List<string>();
        for (var n = 0; n < 16; n++) actions.Add(await caller.SignAsync(HttpMethod.Post, "/auth/users", Body().ToJsonString()));

        var answers = await Task.WhenAll(actions.Select(action => caller.SendAsync(HttpMethod.Post, "/auth/users", Body(), action)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal((401, "User already exists."), ((int)a.Status, a.Message)));
        Assert.Equal(1, await Service.InDatabaseAsync(db => db.Users.CountAsync(u => u.OrganisationId == organisation.Id && u.Username == "john@example.co")));
        await Service.Inbox.NextAsync();
    }

    [Fact]
    public async Task Of_16_uses_of_one_user_action_at_once_one_counts()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.CreateUsers);
        var action = await caller.SignAsync(HttpMethod.Post, "/auth/users", Body().ToJsonString());

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => caller.SendAsync(HttpMethod.Post, "/auth/users", Body(), action)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal((400, "user action has already been used"), ((int)a.Status, a.Message)));
        await Service.Inbox.NextAsync();
    }

    private static JsonObject Body(string? member = null, object? value = null)
    {
        var body = new JsonObject { ["email"] = "john@example.co", ["kind"] = "CustomerEmployee" };
        if (member is not null) body[member] = value is null ? null : JsonValue.Create(value);
        return body;
    }
}
