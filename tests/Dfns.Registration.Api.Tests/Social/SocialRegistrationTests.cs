using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Social;

/// <summary><c>POST /auth/registration/social</c>: who becomes which user.</summary>
public abstract class SocialRegistrationTests(ServiceFixture fixture) : SocialTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SocialRegistrationTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SocialRegistrationTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task A_new_identity_becomes_an_end_user_named_by_the_verified_address_who_then_registers()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);

        var challenge = await StartAsync(organisation, Draft(provider, email: "Jane@example.co"));

        Assert.Equal("Jane@example.co", (string?)challenge.Body["user"]!["name"]);
        Assert.Matches("^[A-Za-z0-9_-]{43}$", challenge.Text);
        var user = await UserAsync(organisation);
        Assert.Equal((challenge.UserId, "Jane@example.co", UserKind.EndUser, null), (user.Id, user.Username, user.Kind, user.RegisteredAt));
        var account = await Service.InDatabaseAsync(db => db.SocialAccounts.SingleAsync(a => a.OrganisationId == organisation.Id));
        Assert.Equal((provider.Issuer, "248289761001", user.Id), (account.Issuer, account.Subject, account.UserId));

        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);

        Assert.NotNull((await UserAsync(organisation)).RegisteredAt);
        Assert.Equal(
            ["user.created_by_social_login", "user.registered"],
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == user.Id).Select(e => e.Action).Order().ToListAsync()));
    }

    // The trail tells of an identity in full, however long it is.
    [Fact]
    public async Task Who_began_with_the_longest_subject_can_be_continued_by_a_back_end()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var subject = new string('s', 255);
        await StartAsync(organisation, Draft(provider, subject));

        var answer = await (await organisation.NewServiceAccountAsync(Permission.RegisterDelegated)).PostAsync("/auth/registration/delegated/restart", new JsonObject { ["email"] = "jane@example.co", ["kind"] = "EndUser" });

        Assert.True((int)answer.Status == 200, answer.Text);
        var told = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.Action == AuditActions.RegistrationTakenOver).Select(e => e.Note!).ToListAsync());
        Assert.Contains($"{subject} at {provider.Issuer}", string.Concat(told), StringComparison.Ordinal);
        Assert.All(told, note => Assert.InRange(note.Length, 1, Limits.NoteLength));
    }

    [Fact]
    public async Task The_same_token_starts_again_until_the_registration_completes()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var token = Draft(provider);

        var first = await StartAsync(organisation, token);
        var second = await StartAsync(organisation, token);

        Assert.Equal(first.UserId, second.UserId);
        Assert.NotEqual(first.Text, second.Text);
        Assert.Equal(new Rows(Users: 1, Accounts: 1, Sessions: 2, AuditEvents: 1), await RowsAsync(organisation));

        Assert.Equal(200, (int)(await second.CompleteAsync(second.GoodBody())).Status);
        var answer = await TryStartAsync(organisation, token);
        Assert.Equal((401, "User already exists."), ((int)answer.Status, answer.Message));
        Assert.Equal("user_already_exists", (await first.CompleteAsync(first.GoodBody())).Code);
    }

    [Fact]
    public async Task An_identity_stays_the_same_user_when_its_address_changes()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var before = await StartAsync(organisation, Draft(provider, email: "jane@example.co"));

        var after = await StartAsync(organisation, Draft(provider, email: "jane.doe@example.co"));

        Assert.Equal(before.UserId, after.UserId);
        Assert.Equal("jane@example.co", (string?)after.Body["user"]!["name"]);
    }

    [Fact]
    public async Task Another_identity_with_the_same_address_is_not_joined_to_the_user()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider, subject: "one", email: "jane@example.co"));

        await AssertRefusedAsync("user_already_exists", organisation, Draft(provider, subject: "two", email: "JANE@example.co"));
    }

    [Fact]
    public async Task The_same_subject_at_another_issuer_is_another_identity()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await AcceptAsync(organisation, $"{provider.Issuer}/tenant");
        var one = await StartAsync(organisation, Draft(provider, email: "jane@example.co"));

        var other = await StartAsync(organisation, Draft(provider, email: "john@example.co").With(d => d.Claims["iss"] = $"{provider.Issuer}/tenant"));

        Assert.NotEqual(one.UserId, other.UserId);
    }

    [Fact]
    public async Task Subjects_that_differ_in_case_are_two_people()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider, p => p.Username = SocialUsername.Subject);

        var lower = await StartAsync(organisation, Draft(provider, subject: "abc", email: null));
        var upper = await StartAsync(organisation, Draft(provider, subject: "ABC", email: null));

        Assert.NotEqual(lower.UserId, upper.UserId);
        Assert.All([lower, upper], c => Assert.Matches("^[0-9a-f]{32}@127.0.0.1$", (string?)c.Body["user"]!["name"]));
    }

    [Fact]
    public async Task An_invited_user_is_not_taken_over_by_an_identity_with_the_same_address()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var invited = await Service.InviteAsync(organisation, "jane@example.co");

        await AssertRefusedAsync("user_already_exists", organisation, Draft(provider, email: "jane@example.co"));

        Assert.Equal(200, (int)(await invited.TryInitAsync()).Status);
    }

    [Fact]
    public async Task Nobody_gets_a_code_for_a_user_who_came_from_a_provider()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await StartAsync(organisation, Draft(provider, email: "jane@example.co"));
        var invited = await Service.InviteAsync(organisation, "john@example.co");

        foreach (var username in new[] { "jane@example.co", "john@example.co" })
        {
            Assert.Equal(200, (int)(await Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = username, ["orgId"] = organisation.Id })).Status);
        }

        // The second is mailed in turn, so that the first would have been there by now.
        Assert.Equal("john@example.co", (await Service.Inbox.NextAsync()).To);
        Assert.True(Service.Inbox.IsEmpty);
        Assert.Equal("invalid_code", (await (invited with { Username = "jane@example.co" }).TryInitAsync()).Code);
    }

    [Fact]
    public async Task An_identity_whose_user_was_deleted_begins_anew()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var first = await StartAsync(organisation, Draft(provider));
        Assert.Equal(200, (int)(await first.CompleteAsync(first.GoodBody())).Status);
        var caller = await organisation.NewServiceAccountAsync([.. Permission.All]);
        Assert.Equal(200, (int)(await caller.DeleteAsync($"/auth/users/{first.UserId}")).Status);
        Assert.Equal("user_not_found", (await Service.PostAsync("/auth/login/social", Body(organisation, Draft(provider).Encode()))).Code);

        var again = await StartAsync(organisation, Draft(provider));

        Assert.NotEqual(first.UserId, again.UserId);
        Assert.Equal(200, (int)(await again.CompleteAsync(again.GoodBody())).Status);
    }

    [Fact]
    public async Task A_deactivated_user_does_not_start()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var challenge = await StartAsync(organisation, Draft(provider));
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == challenge.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));

        await AssertRefusedAsync("user_deactivated", organisation, Draft(provider));
    }

    [Fact]
    public async Task Many_at_once_for_a_new_identity_make_one_user_with_five_open_sessions()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await using var other = await Service.StartAnotherAsync();
        var body = Body(organisation, Draft(provider).Encode());

        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(n => (n % 2 == 0 ? Service : other).PostAsync("/auth/registration/social", body)));

        Assert.All(answers, a => Assert.Equal(200, (int)a.Status));
        Assert.Equal(new Rows(Users: 1, Accounts: 1, Sessions: 5, AuditEvents: 1), await RowsAsync(organisation));
    }

    [Fact]
    public async Task Of_two_identities_at_once_with_one_address_one_becomes_the_user()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => TryStartAsync(organisation, Draft(provider, subject: $"subject-{n}"))));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.Equal(15, answers.Count(a => a.Code == "user_already_exists"));
        Assert.Equal(new Rows(Users: 1, Accounts: 1, Sessions: 1, AuditEvents: 1), await RowsAsync(organisation));
    }

    [Theory]
    [InlineData("idToken", "member_required")]
    [InlineData("socialLoginProviderKind", "member_required")]
    [InlineData("orgId", "organisation_not_told")]
    public async Task Names_the_member_that_is_missing(string member, string code)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var body = Body(await OrganisationAsync(provider), Draft(provider).Encode());
        // Of the organisation the token would tell, if it were the only one.
        await OrganisationAsync(provider);
        body.Remove(member);

        var answer = await Service.PostAsync("/auth/registration/social", body);

        Assert.Equal((code, $"$.{member}"), (answer.Code, answer.Path));
    }

    [Theory]
    [InlineData("Saml")]
    [InlineData("oidc")]
    public async Task Knows_no_other_kind_of_provider(string kind)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var body = Body(await OrganisationAsync(provider), Draft(provider).Encode());
        body["socialLoginProviderKind"] = kind;

        var answer = await Service.PostAsync("/auth/registration/social", body);

        Assert.Equal(("member_invalid", "$.socialLoginProviderKind"), (answer.Code, answer.Path));
    }

    private Task<User> UserAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db => db.Users.SingleAsync(u => u.OrganisationId == organisation.Id));
}
