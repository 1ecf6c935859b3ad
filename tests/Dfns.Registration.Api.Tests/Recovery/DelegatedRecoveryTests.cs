using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Recovery;

/// <summary><c>POST /auth/recover/user/delegated</c>.</summary>
public abstract class DelegatedRecoveryTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : DelegatedRecoveryTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : DelegatedRecoveryTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Path = "/auth/recover/user/delegated";
    private const string Permission = "Auth:Recover:Delegated";

    [Fact]
    public async Task A_service_account_starts_a_recovery_without_a_mail_and_the_user_completes_it()
    {
        var user = await UserAsync();
        var account = await user.Organisation.NewServiceAccountAsync(Permission);

        var answer = await account.CallAsync(HttpMethod.Post, Path, Body(user));

        Assert.True((int)answer.Status == 200, answer.Text);
        Assert.Equal(user.Recovery!.CredId, (string?)answer.Body["allowedRecoveryCredentials"]!.AsArray().Single()!["id"]);
        await (await Recovering.Of(user, answer).CompleteAsync()).LoginAsync();
        Assert.True(Service.Inbox.IsEmpty);
        Assert.Equal(1, await Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.SubjectId == user.UserId && e.Action == "user.recovery_started")));
    }

    [Fact]
    public async Task An_id_that_is_no_recovery_key_of_the_user_gets_an_empty_list()
    {
        var user = await UserAsync();
        var account = await user.Organisation.NewServiceAccountAsync(Permission);

        var answer = await account.CallAsync(HttpMethod.Post, Path, new JsonObject { ["username"] = user.Username, ["credentialId"] = user.First.CredId });

        Assert.Empty(answer.Body["allowedRecoveryCredentials"]!.AsArray());
    }

    [Fact]
    public async Task Without_the_permission_or_a_signed_action_or_as_a_person_nothing_is_started()
    {
        var user = await UserAsync();
        var account = await user.Organisation.NewServiceAccountAsync("Auth:Login:Delegated");
        var allowed = await user.Organisation.NewServiceAccountAsync(Permission);

        var without = await account.CallAsync(HttpMethod.Post, Path, Body(user));
        Assert.Equal((403, "permission_missing"), ((int)without.Status, without.Code));
        Assert.EndsWith($"is not authorized to perform operation ({Permission})", without.Message, StringComparison.Ordinal);
        Assert.Equal("user_action_missing", (await allowed.SendAsync(HttpMethod.Post, Path, Body(user), userAction: null)).Code);
        Assert.Equal("service_account_required", (await (await user.SignedInAsync()).CallAsync(HttpMethod.Post, Path, Body(user))).Code);
        Assert.Equal(0, await Service.InDatabaseAsync(db => db.Ceremonies.CountAsync(c => c.UserId == user.UserId && c.Purpose == CeremonyPurpose.Recovery)));
    }

    [Fact]
    public async Task Whoever_is_no_registered_end_user_of_the_organisation_is_not_found()
    {
        var user = await UserAsync();
        var account = await user.Organisation.NewServiceAccountAsync(Permission);
        var stranger = await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true, username: "elsewhere@example.co");
        var invited = await Service.InviteAsync(user.Organisation, "john@example.co");

        var employee = await Registered.NewAsync(user.Organisation, recovery: true, username: "ann@example.co", kind: UserKind.CustomerEmployee);

        foreach (var name in new[] { "nobody@example.co", stranger.Username, invited.Username, employee.Username })
        {
            var answer = await account.CallAsync(HttpMethod.Post, Path, new JsonObject { ["username"] = name, ["credentialId"] = user.Recovery!.CredId });
            Assert.Equal((401, "User not found", "$.username"), ((int)answer.Status, answer.Message, answer.Path));
        }
    }

    [Fact]
    public async Task A_deactivated_user_does_not_recover()
    {
        var user = await UserAsync();
        var account = await user.Organisation.NewServiceAccountAsync(Permission);
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == user.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));

        Assert.Equal("user_deactivated", (await account.CallAsync(HttpMethod.Post, Path, Body(user))).Code);
    }

    private async Task<Registered> UserAsync() => await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key, recovery: true);

    private static JsonObject Body(Registered user) => new() { ["username"] = user.Username, ["credentialId"] = user.Recovery!.CredId };
}
