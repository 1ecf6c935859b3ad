using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary><c>POST /auth/registration/init</c>.</summary>
public abstract class InitRegistrationTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : InitRegistrationTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : InitRegistrationTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Answers_a_challenge_with_every_member_clients_read()
    {
        var invited = await InvitedAsync();

        var body = (await invited.InitAsync()).Body;

        Assert.Equal(invited.UserId, (string?)body["user"]!["id"]);
        Assert.Equal(invited.Username, (string?)body["user"]!["name"]);
        Assert.Equal(invited.Username, (string?)body["user"]!["displayName"]);
        Assert.Equal("example.co", (string?)body["rp"]!["id"]);
        Assert.Equal("Example", (string?)body["rp"]!["name"]);
        Assert.Equal(["Fido2", "Key", "PasswordProtectedKey"], body["supportedCredentialKinds"]!["firstFactor"]!.AsArray().Select(k => (string?)k));
        Assert.Equal(["Fido2", "Key", "PasswordProtectedKey"], body["supportedCredentialKinds"]!["secondFactor"]!.AsArray().Select(k => (string?)k));
        Assert.Equal("required", (string?)body["authenticatorSelection"]!["residentKey"]);
        Assert.True((bool?)body["authenticatorSelection"]!["requireResidentKey"]);
        Assert.Equal("required", (string?)body["authenticatorSelection"]!["userVerification"]);
        Assert.Equal("none", (string?)body["attestation"]);
        Assert.Equal([-7, -8, -257], body["pubKeyCredParams"]!.AsArray().Select(p => (int)p!["alg"]!));
        Assert.All(body["pubKeyCredParams"]!.AsArray(), p => Assert.Equal("public-key", (string?)p!["type"]));
        Assert.Empty(body["excludeCredentials"]!.AsArray());
        Assert.Equal("", (string?)body["otpUrl"]);
    }

    [Fact]
    public async Task Issues_a_challenge_of_43_base64url_characters_that_decode_to_32_bytes()
    {
        var challenge = await (await InvitedAsync()).InitAsync();

        Assert.Matches("^[A-Za-z0-9_-]{43}$", challenge.Text);
        Assert.Equal(32, System.Buffers.Text.Base64Url.DecodeFromChars(challenge.Text).Length);
    }

    [Fact]
    public async Task Does_not_spend_the_code()
    {
        var invited = await InvitedAsync();

        var first = await invited.InitAsync();
        var second = await invited.InitAsync();

        Assert.NotEqual(first.Text, second.Text);
        Assert.Equal(new Stored(OpenSessions: 2, Registered: false, CodeSpent: false, Credentials: 0, AuditEvents: 0), await second.StoredAsync());
    }

    [Fact]
    public async Task Accepts_a_code_as_people_type_it()
    {
        var invited = await InvitedAsync();
        var typed = $" {invited.Code.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant().Replace('0', 'o').Replace('1', 'l')} ";

        Assert.Equal(200, (int)(await invited.TryInitAsync(typed)).Status);
    }

    [Theory]
    [InlineData("  JANE@example.co ")]
    [InlineData("jane@EXAMPLE.CO")]
    public async Task Finds_a_username_whatever_its_case_and_returns_it_as_given(string typed)
    {
        var organisation = await Service.NewOrganisationAsync();
        var invited = await Service.InviteAsync(organisation, "Jane@example.co");

        var challenge = await (invited with { Username = typed }).InitAsync();

        Assert.Equal("Jane@example.co", (string?)challenge.Body["user"]!["name"]);
    }

    [Fact]
    public async Task Answers_alike_for_a_wrong_code_an_unknown_user_an_unknown_organisation_and_a_registered_user_with_a_wrong_code()
    {
        var invited = await InvitedAsync();
        var registered = await InvitedAsync();
        var challenge = await registered.InitAsync();
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
        const string wrong = "0000-0000-0000-0000";

        var answers = new[]
        {
            await invited.TryInitAsync(wrong),
            await invited.TryInitAsync("not even of the form of a code"),
            await (invited with { Username = "nobody@example.co" }).TryInitAsync(),
            await (invited with { Organisation = invited.Organisation with { Id = "or-nosuc-horga-nisation0000000" } }).TryInitAsync(),
            await registered.TryInitAsync(wrong),
        };

        Assert.All(answers, a => Assert.Equal(403, (int)a.Status));
        Assert.All(answers, a => Assert.Equal("Invalid code", a.Message));
        Assert.Single(answers.Select(a => a.Text).Distinct());
    }

    [Fact]
    public async Task Refuses_the_code_of_one_user_for_another()
    {
        var organisation = await Service.NewOrganisationAsync();
        var jane = await Service.InviteAsync(organisation, "jane@example.co");
        var john = await Service.InviteAsync(organisation, "john@example.co");

        Assert.Equal("invalid_code", (await john.TryInitAsync(jane.Code)).Code);
    }

    [Fact]
    public async Task Refuses_a_code_of_another_organisation_with_the_same_username()
    {
        var here = await InvitedAsync();
        var there = await InvitedAsync();

        Assert.Equal("invalid_code", (await here.TryInitAsync(there.Code)).Code);
    }

    [Fact]
    public async Task Tells_the_holder_of_an_expired_code_that_it_expired()
    {
        var invited = await InvitedAsync();
        Service.Clock.Advance(TimeSpan.FromHours(4));

        var answer = await invited.TryInitAsync();

        Assert.Equal(400, (int)answer.Status);
        Assert.Equal("Registration code expired", answer.Message);
    }

    [Fact]
    public async Task Accepts_a_code_until_its_last_second()
    {
        var invited = await InvitedAsync();
        Service.Clock.Advance(TimeSpan.FromHours(4) - TimeSpan.FromSeconds(1));

        Assert.Equal(200, (int)(await invited.TryInitAsync()).Status);
    }

    [Fact]
    public async Task Tells_the_holder_of_a_spent_code_that_the_user_exists()
    {
        var invited = await InvitedAsync();
        var challenge = await invited.InitAsync();
        await challenge.CompleteAsync(challenge.GoodBody());

        var answer = await invited.TryInitAsync();

        Assert.Equal(401, (int)answer.Status);
        Assert.Equal("User already exists.", answer.Message);
    }

    [Fact]
    public async Task Tells_the_holder_of_a_code_that_the_user_is_deactivated()
    {
        var invited = await InvitedAsync();
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == invited.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));

        var answer = await invited.TryInitAsync();

        Assert.Equal(400, (int)answer.Status);
        Assert.Equal("User account has been deactivated.", answer.Message);
    }

    [Fact]
    public async Task Locks_a_code_after_a_hundred_wrong_guesses_until_a_new_one_is_sent()
    {
        var invited = await InvitedAsync();
        for (var guess = 0; guess < 100; guess++) await invited.TryInitAsync("0000-0000-0000-0000");

        Assert.Equal("invalid_code", (await invited.TryInitAsync()).Code);

        await Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = invited.Username, ["orgId"] = invited.Organisation.Id });
        var fresh = await Service.Inbox.NextAsync();
        Assert.Equal(200, (int)(await invited.TryInitAsync(fresh.Code)).Status);
    }

    [Fact]
    public async Task Does_not_count_right_codes_as_guesses()
    {
        var invited = await InvitedAsync();
        for (var time = 0; time < 12; time++) await invited.InitAsync();

        Assert.Equal(200, (int)(await invited.TryInitAsync()).Status);
    }

    [Fact]
    public async Task Evaluates_no_more_guesses_than_allowed_however_many_come_at_once()
    {
        var invited = await InvitedAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 128).Select(_ => invited.TryInitAsync("0000-0000-0000-0000")));

        Assert.All(answers, a => Assert.Equal("invalid_code", a.Code));
        Assert.Equal(128, await Service.InDatabaseAsync(db => db.Codes.Where(c => c.UserId == invited.UserId && c.Purpose == CodePurpose.Registration).Select(c => c.FailedAttempts).SingleAsync()));
        Assert.Equal("invalid_code", (await invited.TryInitAsync()).Code);
    }

    [Fact]
    public async Task Keeps_the_five_newest_of_a_users_open_sessions()
    {
        var invited = await InvitedAsync();
        var challenges = new List<Challenge>();
        for (var time = 0; time < 6; time++)
        {
            challenges.Add(await invited.InitAsync());
            Service.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(5, (await challenges[0].StoredAsync()).OpenSessions);
        Assert.Equal("not_authorized", (await challenges[0].CompleteAsync(challenges[0].GoodBody())).Code);
        Assert.Equal(200, (int)(await challenges[1].CompleteAsync(challenges[1].GoodBody())).Status);
    }

    [Fact]
    public async Task Keeps_five_open_sessions_when_many_are_opened_at_once()
    {
        var invited = await InvitedAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => invited.TryInitAsync()));

        // The row of the code queues them, so that each count is taken back before the next one is looked at.
        Assert.All(answers, a => Assert.Equal(200, (int)a.Status));
        Assert.Equal(5, await Service.InDatabaseAsync(db => db.Ceremonies.CountAsync(c => c.UserId == invited.UserId)));
    }

    [Theory]
    [InlineData("username")]
    [InlineData("registrationCode")]
    [InlineData("orgId")]
    public async Task Names_the_member_that_is_missing_or_empty(string member)
    {
        var invited = await InvitedAsync();
        foreach (var value in new JsonNode?[] { null, "", "   " })
        {
            var body = invited.InitBody;
            body[member] = value?.DeepClone();

            var answer = await Service.PostAsync("/auth/registration/init", body);

            Assert.Equal(("member_required", $"$.{member}"), (answer.Code, answer.Path));
        }
    }

    [Fact]
    public async Task Never_stores_a_readable_code()
    {
        var invited = await InvitedAsync();

        var stored = await Service.InDatabaseAsync(db => db.Codes.SingleAsync(c => c.UserId == invited.UserId && c.Purpose == CodePurpose.Registration));

        Assert.Equal(32, stored.CodeHash.Length);
        Assert.False(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(invited.Code)).SequenceEqual(stored.CodeHash));
    }

    private async Task<Invited> InvitedAsync() => await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
}
