using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>Registrations that a service account begins.</summary>
public abstract class DelegatedRegistrationTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : DelegatedRegistrationTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : DelegatedRegistrationTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Begin = "/auth/registration/delegated";
    private const string Restart = "/auth/registration/delegated/restart";

    [Fact]
    public async Task The_users_device_completes_what_a_back_end_began_and_no_mail_is_sent()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);

        var challenge = Challenge(organisation, await caller.PostAsync(Begin, Body("jane@example.co", ("externalId", "crm-1"))));
        var user = await Registered.CompleteAsync(challenge, "jane@example.co", recovery: true);

        await user.LoginAsync();
        var row = await Service.InDatabaseAsync(db => db.Users.SingleAsync(u => u.OrganisationId == organisation.Id && u.Id == user.UserId));
        Assert.Equal((UserKind.EndUser, "jane@example.co", "crm-1", false), (row.Kind, row.Username, row.ExternalId, row.IsServiceAccount));
        Assert.Equal(
            [$"{AuditActions.UserRegistered} {user.UserId}", $"{AuditActions.RegistrationDelegated} {caller.UserId}"],
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.SubjectId == user.UserId && e.Action != AuditActions.SignedIn)
                .OrderBy(e => e.Action).Select(e => e.Action + " " + e.Actor).ToListAsync()));
        Assert.True(Service.Inbox.IsEmpty);
    }

    [Fact]
    public async Task Nobody_has_a_code_sent_for_a_user_whom_a_back_end_vouches_for()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        await caller.PostAsync(Begin, Body("jane@example.co"));

        var resent = await Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = "jane@example.co", ["orgId"] = organisation.Id });

        Assert.Equal("""{"message":"success"}""", resent.Text);
        Assert.False(await Service.InDatabaseAsync(db => db.Codes.AnyAsync(c => c.OrganisationId == organisation.Id)));
        Assert.True(Service.Inbox.IsEmpty);
    }

    [Fact]
    public async Task The_challenge_has_the_shape_of_one_that_a_code_begins()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);

        var delegated = (await caller.PostAsync(Begin, Body("e1"))).Body;
        var byCode = (await Service.InviteAsync(organisation, "john@example.co")).InitAsync();

        foreach (var answer in new[] { delegated, (await byCode).Body })
        {
            answer["user"] = answer["challenge"] = answer["temporaryAuthenticationToken"] = null;
        }

        Assert.Equal((await byCode).Body.ToJsonString(), delegated.ToJsonString());
    }

    [Fact]
    public async Task The_recovery_policy_of_the_organisation_holds()
    {
        var organisation = await Service.NewOrganisationAsync(r => r.RecoveryRequiredForEndUsers = true);
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        var challenge = Challenge(organisation, await caller.PostAsync(Begin, Body("jane@example.co")));

        Assert.Equal("recovery_credential_required", (await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = challenge.Fido2() })).Code);
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    [Theory]
    [InlineData("jane@example.co")]
    [InlineData(" JANE@example.co ")]
    public async Task A_name_that_is_taken_is_refused_in_the_words_that_clients_compare(string email)
    {
        var organisation = await Service.NewOrganisationAsync();
        await Service.InviteAsync(organisation, "jane@example.co");
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        var before = await organisation.SnapshotAsync();

        var answer = await caller.PostAsync(Begin, Body(email));

        Assert.Equal((401, "User already exists."), ((int)answer.Status, answer.Message));
        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public async Task Of_a_name_and_an_external_id_that_are_both_taken_the_name_is_told()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated, Permission.CreateUsers);
        await caller.PostAsync(Begin, Body("jane@example.co", ("externalId", "crm-1")));

        var again = await caller.PostAsync(Begin, Body("JANE@example.co", ("externalId", "crm-1")));
        var invited = await caller.PostAsync("/auth/users", new JsonObject { ["email"] = "jane@example.co", ["kind"] = "CustomerEmployee", ["externalId"] = "crm-1" });

        Assert.All([again, invited], a => Assert.Equal((401, "User already exists."), ((int)a.Status, a.Message)));
    }

    [Fact]
    public async Task An_external_id_that_is_taken_is_refused()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        await caller.PostAsync(Begin, Body("jane@example.co", ("externalId", "crm-1")));

        var answer = await caller.PostAsync(Begin, Body("john@example.co", ("externalId", "crm-1")));

        Assert.Equal((409, "external_id_taken"), ((int)answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("email", null, "member_required")]
    [InlineData("email", " ", "member_required")]
    [InlineData("email", "jane\u200b@example.co", "member_invalid")]
    [InlineData("email", 1, "member_invalid")]
    [InlineData("kind", null, "member_required")]
    [InlineData("kind", "CustomerEmployee", "member_invalid")]
    [InlineData("kind", "enduser", "member_invalid")]
    [InlineData("externalId", " ", "member_required")]
    public async Task A_member_that_is_wrong_is_named_and_nothing_is_stored(string member, object? value, string code)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        var before = await organisation.SnapshotAsync();

        foreach (var path in new[] { Begin, Restart })
        {
            var answer = await caller.PostAsync(path, Body("jane@example.co", (member, value)));
            Assert.Equal((400, code, $"$.{member}"), ((int)answer.Status, answer.Code, answer.Path));
        }

        Assert.Equal(before, await organisation.SnapshotAsync());
    }

    [Fact]
    public async Task A_user_who_did_not_complete_starts_again_and_completes_once()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        var first = Challenge(organisation, await caller.PostAsync(Begin, Body("jane@example.co")));

        var second = Challenge(organisation, await caller.PostAsync(Restart, Body("JANE@example.co")));

        Assert.Equal(first.UserId, second.UserId);
        Assert.NotEqual(first.Text, second.Text);
        Assert.Equal(200, (int)(await second.CompleteAsync(second.GoodBody())).Status);
        Assert.Equal("user_already_exists", (await first.CompleteAsync(first.GoodBody())).Code);
        var again = await caller.PostAsync(Restart, Body("jane@example.co"));
        Assert.Equal((401, "User already exists."), ((int)again.Status, again.Message));
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("an employee")]
    [InlineData("a user of another organisation")]
    [InlineData("the service account itself")]
    public async Task Starting_again_is_for_end_users_of_the_organisation(string who)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        if (who == "an employee") await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee);
        if (who == "a user of another organisation") await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        var name = who == "the service account itself"
            ? await Service.InDatabaseAsync(db => db.Users.Where(u => u.OrganisationId == organisation.Id && u.Id == caller.UserId).Select(u => u.Username).SingleAsync())
            : "jane@example.co";

        var answer = await caller.PostAsync(Restart, Body(name));

        Assert.Equal((401, "User not found"), ((int)answer.Status, answer.Message));
    }

    [Fact]
    public async Task A_deactivated_user_does_not_start_again()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated, Permission.DeactivateUsers);
        var user = await Service.InviteAsync(organisation, "jane@example.co");
        await caller.PutAsync($"/auth/users/{user.UserId}/deactivate");

        var answer = await caller.PostAsync(Restart, Body("jane@example.co"));

        Assert.Equal((400, "User account has been deactivated."), ((int)answer.Status, answer.Message));
    }

    [Fact]
    public async Task Of_seven_starts_the_last_stays_open()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        var challenges = new List<Challenge> { Challenge(organisation, await caller.PostAsync(Begin, Body("jane@example.co"))) };
        for (var n = 0; n < 6; n++)
        {
            Service.Clock.Advance(TimeSpan.FromSeconds(1));
            challenges.Add(Challenge(organisation, await caller.PostAsync(Restart, Body("jane@example.co"))));
        }

        foreach (var ended in challenges[..6]) Assert.Equal("not_authorized", (await ended.CompleteAsync(ended.GoodBody())).Code);
        Assert.Equal(200, (int)(await challenges[6].CompleteAsync(challenges[6].GoodBody())).Status);
    }

    [Fact]
    public async Task Of_32_starts_with_one_name_at_once_one_user_comes_into_being()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        var body = Body("jane@example.co");
        var actions = new List<string>();
        for (var n = 0; n < 32; n++) actions.Add(await caller.SignAsync(HttpMethod.Post, Begin, body.ToJsonString()));

        var answers = await Task.WhenAll(actions.Select(action => caller.SendAsync(HttpMethod.Post, Begin, body, action)));

        var challenge = Challenge(organisation, Assert.Single(answers, a => (int)a.Status == 200));
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal((401, "User already exists."), ((int)a.Status, a.Message)));
        Assert.Equal(1, await Service.InDatabaseAsync(db => db.Users.CountAsync(u => u.OrganisationId == organisation.Id && u.Kind == UserKind.EndUser)));
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    [Theory]
    [InlineData("15 minutes later, when the challenge is over", 15)]
    [InlineData("at once", 0)]
    public async Task Starts_again_with_whoever_did_not_complete(string when, int minutes)
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        var body = Body("jane@example.co");
        var earlier = Challenge(organisation, await caller.PostAsync(Begin, body));

        for (var again = 0; again < 3; again++)
        {
            Service.Clock.Advance(TimeSpan.FromMinutes(minutes));
            var restarted = await caller.PostAsync(Restart, body);
            Assert.True((int)restarted.Status == 200, $"{when}: {restarted.Text}");
            Assert.Equal("not_authorized", (await earlier.CompleteAsync(earlier.GoodBody())).Code);
            earlier = Challenge(organisation, restarted);
        }

        await Registered.CompleteAsync(earlier, "jane@example.co", recovery: true);
    }

    [Fact]
    public async Task Of_restarts_and_a_completion_at_once_the_user_registers_once()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated);
        var body = Body("jane@example.co");
        var challenge = Challenge(organisation, await caller.PostAsync(Begin, body));
        var actions = new List<string>();
        for (var n = 0; n < 8; n++) actions.Add(await caller.SignAsync(HttpMethod.Post, Restart, body.ToJsonString()));
        var completion = challenge.CompleteAsync(challenge.GoodBody());

        var restarts = await Task.WhenAll(actions.Select(action => caller.SendAsync(HttpMethod.Post, Restart, body, action)));

        // A session that was opened in between is closed by it, or answers that the user exists.
        Assert.True((int)(await completion).Status == 200 || (await completion).Code == "not_authorized", (await completion).Text);
        Assert.All(restarts, a => Assert.True((int)a.Status == 200 || a.Code is "user_already_exists" or "changed_meanwhile", a.Text));
        var done = (int)(await completion).Status == 200;
        foreach (var late in restarts.Where(a => (int)a.Status == 200).Select(a => Challenge(organisation, a)))
        {
            var answer = await late.CompleteAsync(late.GoodBody());
            Assert.True(answer.Code is "user_already_exists" or "not_authorized" || (!done && (int)answer.Status == 200), answer.Text);
            done |= (int)answer.Status == 200;
        }

        Assert.True(done);
        Assert.Equal(2, await Service.InDatabaseAsync(db => db.Credentials.CountAsync(c => c.OrganisationId == organisation.Id && c.UserId == challenge.UserId)));
    }

    private static Challenge Challenge(TestOrganisation organisation, Answer answer)
    {
        Assert.True((int)answer.Status == 200, answer.Text);
        var challenge = new Challenge(organisation, (string)answer.Body["user"]!["id"]!, answer.Require("challenge"), answer.Require("temporaryAuthenticationToken"), answer.Body);
        KnownSecrets.Add(challenge.Token);
        return challenge;
    }

    private static JsonObject Body(string email, params (string Member, object? Value)[] changes)
    {
        var body = new JsonObject { ["email"] = email, ["kind"] = "EndUser" };
        foreach (var (member, value) in changes) body[member] = value is null ? null : JsonValue.Create(value);
        return body;
    }
}
