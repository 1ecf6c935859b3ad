using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Activating, deactivating, updating and deleting users.</summary>
public abstract class ChangeUserTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ChangeUserTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ChangeUserTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Deactivating_ends_the_sessions_and_activating_does_not_revive_them()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation);
        var session = await user.SignedInAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);

        var deactivated = await caller.PutAsync($"/auth/users/{user.UserId}/deactivate");
        Assert.Equal((200, false), ((int)deactivated.Status, (bool)deactivated.Body["isActive"]!));
        Assert.Equal("not_authorized", (await session.InitActionAsync(HttpMethod.Post, "/auth/users", "")).Code);
        Assert.Equal((400, "User account has been deactivated."), await OutcomeAsync(Service.PostAsync("/auth/login", await user.LoginBodyAsync())));

        var activated = await caller.PutAsync($"/auth/users/{user.UserId}/activate");
        Assert.Equal((200, true), ((int)activated.Status, (bool)activated.Body["isActive"]!));
        Assert.Equal("not_authorized", (await session.InitActionAsync(HttpMethod.Post, "/auth/users", "")).Code);
        await user.LoginAsync();
        Assert.Equal(
            [$"{AuditActions.UserActivated} {caller.UserId}", $"{AuditActions.UserDeactivated} {caller.UserId}"],
            await AuditAsync(organisation, user.UserId, caller.UserId));
    }

    [Fact]
    public async Task A_session_that_was_opened_while_its_user_was_being_deactivated_does_not_come_to_life_again()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation);
        var session = await user.SignedInAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        await caller.PutAsync($"/auth/users/{user.UserId}/deactivate");
        // As a sign-in leaves it that commits just after the deactivation.
        await Service.InDatabaseAsync(db => db.AccessTokens.Where(t => t.UserId == user.UserId).ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, (DateTimeOffset?)null)));

        await caller.PutAsync($"/auth/users/{user.UserId}/activate");

        Assert.Equal("not_authorized", (await session.InitActionAsync(HttpMethod.Post, "/auth/users", "")).Code);
    }

    [Theory]
    [InlineData("activate", true)]
    [InlineData("deactivate", false)]
    public async Task What_is_so_already_is_no_change(string verb, bool active)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        await caller.PutAsync($"/auth/users/{user.UserId}/{verb}");
        var before = await organisation.SnapshotAsync();

        var again = await caller.PutAsync($"/auth/users/{user.UserId}/{verb}");

        Assert.Equal((200, active), ((int)again.Status, (bool)again.Body["isActive"]!));
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public async Task A_deactivated_user_does_not_complete_a_registration_and_begins_it_with_another_code_once_activated()
    {
        var organisation = await Service.NewOrganisationAsync();
        var invited = await Service.InviteAsync(organisation, "jane@example.co");
        var challenge = await invited.InitAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);

        await caller.PutAsync($"/auth/users/{challenge.UserId}/deactivate");
        Assert.Equal((400, "User account has been deactivated."), await OutcomeAsync(challenge.CompleteAsync(challenge.GoodBody())));

        await caller.PutAsync($"/auth/users/{challenge.UserId}/activate");
        Assert.Equal("not_authorized", (await challenge.CompleteAsync(challenge.GoodBody())).Code);
        await Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = invited.Username, ["orgId"] = organisation.Id });
        var again = await (invited with { Code = (await Service.Inbox.NextAsync()).Code }).InitAsync();
        Assert.Equal(200, (int)(await again.CompleteAsync(again.GoodBody())).Status);
    }

    [Fact]
    public async Task A_deleted_user_leaves_nothing_that_works_and_a_record_of_everything()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, second: Verification.CredentialKind.Key, recovery: true);
        var session = await user.SignedInAsync();
        var login = await user.LoginBodyAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        Service.Clock.Advance(TimeSpan.FromSeconds(1));

        var deleted = await caller.DeleteAsync($"/auth/users/{user.UserId}");

        Assert.Equal((200, user.UserId, false), ((int)deleted.Status, deleted.Require("userId"), (bool)deleted.Body["isActive"]!));
        Assert.Equal("not_authorized", (await session.InitActionAsync(HttpMethod.Post, "/auth/users", "")).Code);
        Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/login", login)).Code);
        var rows = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == organisation.Id && c.UserId == user.UserId).ToListAsync());
        Assert.Equal(3, rows.Count);
        Assert.All(rows, c => Assert.Equal((CredentialStatus.Archived, Service.Clock.GetUtcNow()), (c.Status, c.ArchivedAt)));
        Assert.Equal([$"{AuditActions.UserDeleted} {caller.UserId}"], await AuditAsync(organisation, user.UserId, caller.UserId));
        Assert.Empty((await caller.GetAsync("/auth/users")).Body["items"]!.AsArray());
    }

    [Fact]
    public async Task The_name_and_the_external_id_of_a_deleted_user_are_free_again()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var body = new JsonObject { ["email"] = "jane@example.co", ["kind"] = "EndUser", ["externalId"] = "crm-1" };
        var first = (string)(await caller.PostAsync("/auth/registration/delegated", body)).Body["user"]!["id"]!;
        await caller.DeleteAsync($"/auth/users/{first}");

        var again = await caller.PostAsync("/auth/registration/delegated", body);

        Assert.Equal(200, (int)again.Status);
        Assert.NotEqual(first, (string)again.Body["user"]!["id"]!);
    }

    [Fact]
    public async Task A_deleted_user_completes_no_registration_and_gets_no_code()
    {
        var organisation = await Service.NewOrganisationAsync();
        var invited = await Service.InviteAsync(organisation, "jane@example.co");
        var challenge = await invited.InitAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);

        await caller.DeleteAsync($"/auth/users/{invited.UserId}");

        Assert.Equal("user_deactivated", (await challenge.CompleteAsync(challenge.GoodBody())).Code);
        Assert.Equal("invalid_code", (await invited.TryInitAsync()).Code);
        Assert.Equal("user_not_found", (await caller.PostAsync("/auth/registration/delegated/restart", new JsonObject { ["email"] = "jane@example.co", ["kind"] = "EndUser" })).Code);
    }

    [Fact]
    public async Task A_key_of_a_deleted_user_can_be_registered_again()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, Verification.CredentialKind.Key);
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        await caller.DeleteAsync($"/auth/users/{user.UserId}");
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();

        var answer = await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = user.First.SigningKey!.Create(challenge.Text, Verification.CredentialKind.Key).ToJson() });

        Assert.Equal(200, (int)answer.Status);
    }

    [Theory]
    [InlineData("deactivate")]
    [InlineData("delete")]
    public async Task Nobody_ends_the_account_that_they_call_with(string verb)
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.SignedInAsync(UserKind.CustomerEmployee, "admin@example.co", Permission.DeactivateUsers, Permission.DeleteUsers, Permission.ReadUsers);

        var answer = verb == "delete" ? await admin.DeleteAsync($"/auth/users/{admin.UserId}") : await admin.PutAsync($"/auth/users/{admin.UserId}/{verb}");

        Assert.Equal((400, "own_account"), ((int)answer.Status, answer.Code));
        Assert.True((bool)(await admin.GetAsync($"/auth/users/{admin.UserId}")).Body["isActive"]!);
    }

    [Fact]
    public async Task An_update_takes_what_the_sdk_sends()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.NewServiceAccountAsync(Permission.UpdateUsers);

        var answer = await caller.PutAsync($"/auth/users/{user.UserId}", new JsonObject { ["isSSORequired"] = false });

        Assert.Equal((200, user.UserId, false), ((int)answer.Status, answer.Require("userId"), (bool)answer.Body["isSSORequired"]!));
    }

    [Theory]
    [InlineData("{}", "member_required")]
    [InlineData("""{"isSSORequired":true}""", "member_invalid")]
    [InlineData("""{"isSSORequired":"false"}""", "member_invalid")]
    public async Task An_update_that_asks_for_something_else_is_refused(string body, string code)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.NewServiceAccountAsync(Permission.UpdateUsers);

        var answer = await caller.PutAsync($"/auth/users/{user.UserId}", JsonNode.Parse(body)!);

        Assert.Equal((400, code, "$.isSSORequired"), ((int)answer.Status, answer.Code, answer.Path));
    }

    [Fact]
    public async Task Of_deletions_and_activations_at_once_no_deleted_user_comes_out_active()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        await caller.PutAsync($"/auth/users/{user.UserId}/deactivate");
        var calls = new List<(HttpMethod Method, string Path, string Action)>();
        for (var n = 0; n < 16; n++)
        {
            var (method, path) = n % 2 == 0 ? (HttpMethod.Delete, $"/auth/users/{user.UserId}") : (HttpMethod.Put, $"/auth/users/{user.UserId}/activate");
            calls.Add((method, path, await caller.SignAsync(method, path, "")));
        }

        var answers = await Task.WhenAll(calls.Select(c => caller.SendAsync(c.Method, c.Path, null, c.Action)));

        Assert.All(answers, a => Assert.True((int)a.Status == 200 || a.Code is "user_unknown" or "changed_meanwhile", a.Text));
        var row = await Service.InDatabaseAsync(db => db.Users.SingleAsync(u => u.OrganisationId == organisation.Id && u.Id == user.UserId));
        Assert.True(row.ArchivedAt is null || (!row.IsActive && row.UsernameFolded is null));
        Assert.True(answers.Where((_, n) => n % 2 == 0).Count(a => (int)a.Status == 200) <= 1);
    }

    [Fact]
    public async Task Of_a_registration_and_a_deletion_at_once_no_deleted_user_has_an_active_credential()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        for (var round = 0; round < 8; round++)
        {
            var challenge = await (await Service.InviteAsync(organisation, $"user-{round}@example.co")).InitAsync();
            var body = challenge.GoodBody();
            var path = $"/auth/users/{challenge.UserId}";
            var action = await caller.SignAsync(HttpMethod.Delete, path, "");

            var answers = await Task.WhenAll(challenge.CompleteAsync(body), caller.SendAsync(HttpMethod.Delete, path, null, action));

            Assert.True((int)answers[0].Status == 200 || answers[0].Code == "user_deactivated", answers[0].Text);
            Assert.True((int)answers[1].Status == 200 || answers[1].Code == "changed_meanwhile", answers[1].Text);
            var active = await Service.InDatabaseAsync(db => db.Credentials.CountAsync(c => c.OrganisationId == organisation.Id && c.UserId == challenge.UserId && c.Status == CredentialStatus.Active));
            Assert.Equal((int)answers[1].Status == 200 ? 0 : 2, active);
        }
    }

    private Task<List<string>> AuditAsync(TestOrganisation organisation, string subject, string actor) => Service.InDatabaseAsync(db => db.AuditEvents
        .Where(e => e.OrganisationId == organisation.Id && e.SubjectId == subject && e.Actor == actor).OrderBy(e => e.Action).Select(e => e.Action + " " + e.Actor).ToListAsync());

    private static async Task<(int Status, string? Message)> OutcomeAsync(Task<Answer> call)
    {
        var answer = await call;
        return ((int)answer.Status, answer.Message);
    }
}
