using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Dfns.Registration.Api.Tests.SignIn;

/// <summary>Signing in with what was registered.</summary>
public abstract class LoginTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : LoginTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : LoginTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string NoCredential = "User does not have a credential that can be used for the application.";

    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    public async Task A_registered_credential_opens_a_session_with_the_claims_of_the_contract(CredentialKind kind)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), kind);

        var token = new JsonWebToken(await user.LoginAsync());

        var metadata = JsonNode.Parse(token.GetPayloadValue<object>("https://custom/app_metadata").ToString()!)!;
        Assert.Equal((user.Organisation.Id, user.Username), (token.Subject, token.GetPayloadValue<string>("https://custom/username")));
        Assert.Equal((user.UserId, user.Organisation.Id, "Token"), ((string)metadata["userId"]!, (string)metadata["orgId"]!, (string)metadata["tokenKind"]!));
        Assert.Equal(Service.Clock.GetUtcNow().AddHours(6).UtcDateTime, token.ValidTo, TimeSpan.FromSeconds(1));
        var row = await Service.InDatabaseAsync(db => db.AccessTokens.Include(t => t.Credential).SingleAsync(t => t.OrganisationId == user.Organisation.Id));
        Assert.Equal((AccessTokenKind.Token, user.First.CredId), (row.Kind, row.Credential!.CredentialIdText));
        Assert.Equal(Service.Clock.GetUtcNow(), row.Credential.UsedAt);
    }

    [Fact]
    public async Task A_password_protected_key_may_sign_under_the_name_of_a_key()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.PasswordProtectedKey);
        var challenge = await user.TryInitLoginAsync();
        var body = user.AnswerTo(challenge);
        body["firstFactor"] = user.First.Sign(challenge.Require("challenge"), CredentialKind.Key);

        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", body)).Status);
    }

    [Theory]
    [InlineData(CredentialKind.Key, CredentialKind.PasswordProtectedKey)]
    [InlineData(CredentialKind.Key, CredentialKind.Fido2)]
    [InlineData(CredentialKind.PasswordProtectedKey, CredentialKind.Fido2)]
    [InlineData(CredentialKind.Fido2, CredentialKind.Key)]
    public async Task A_credential_under_the_name_of_another_kind_is_refused(CredentialKind registered, CredentialKind sent)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), registered);
        var challenge = await user.TryInitLoginAsync();
        var body = user.AnswerTo(challenge);
        body["firstFactor"]!["kind"] = sent.ToString();
        body["firstFactor"]!["credentialAssertion"]!["authenticatorData"] ??= "AAAA";

        await AssertRefusedAsync(user, body, 401, NoCredential);
    }

    [Fact]
    public async Task A_recovery_key_is_refused_by_name_and_under_a_false_one()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true);
        var challenge = await user.TryInitLoginAsync();
        var body = user.AnswerTo(challenge);

        body["firstFactor"] = user.Recovery!.Sign(challenge.Require("challenge"));
        var named = await Service.PostAsync("/auth/login", body);
        Assert.Equal(("credential_kind_misplaced", "$.firstFactor.kind"), (named.Code, named.Path));

        body["firstFactor"] = user.Recovery.Sign(challenge.Require("challenge"), CredentialKind.Key);
        await AssertRefusedAsync(user, body, 401, NoCredential);
    }

    [Fact]
    public async Task A_passkey_names_its_user_where_no_username_was_given()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var challenge = await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = user.Organisation.Id });

        Assert.Empty(challenge.Body["allowCredentials"]!["webauthn"]!.AsArray());
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", user.AnswerTo(challenge))).Status);
    }

    [Fact]
    public async Task A_second_factor_need_not_name_the_user_whom_the_first_one_names()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), second: CredentialKind.Fido2);
        var challenge = await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = user.Organisation.Id });
        var body = user.AnswerTo(challenge);
        body["secondFactor"]!["credentialAssertion"]!.AsObject().Remove("userHandle");

        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", body)).Status);
    }

    [Fact]
    public async Task A_passkey_without_a_user_handle_names_nobody()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var challenge = await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = user.Organisation.Id });
        var body = user.AnswerTo(challenge);
        body["firstFactor"]!["credentialAssertion"]!["userHandle"] = "";

        var answer = await Service.PostAsync("/auth/login", body);

        Assert.Equal("user_handle_missing", answer.Code);
    }

    [Fact]
    public async Task The_challenge_lists_the_credentials_by_kind_with_the_ids_as_registered()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key, CredentialKind.Fido2, recovery: true);

        var challenge = (await user.TryInitLoginAsync()).Body;

        Assert.Equal(user.First.CredId, (string?)challenge["allowCredentials"]!["key"]!.AsArray()[0]!["id"]);
        Assert.Equal(user.Second!.CredId, (string?)challenge["allowCredentials"]!["webauthn"]!.AsArray().Single()!["id"]);
        Assert.Equal(
            ["Fido2 second False", "Key first True"],
            challenge["supportedCredentialKinds"]!.AsArray().Select(k => $"{k!["kind"]} {k["factor"]} {(bool)k["requiresSecondFactor"]!}").Order());
        Assert.Equal(("example.co", "required", ""), ((string)challenge["rp"]!["id"]!, (string)challenge["userVerification"]!, (string)challenge["externalAuthenticationUrl"]!));
    }

    [Fact]
    public async Task An_encrypted_private_key_is_not_handed_to_whoever_knows_a_username()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.PasswordProtectedKey);

        var challenge = await user.TryInitLoginAsync();

        Assert.Null(challenge.Body["allowCredentials"]!["passwordProtectedKey"]);
        Assert.DoesNotContain("encrypted-private-key", challenge.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_organisation_is_told()
    {
        var answer = await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "jane@example.co", ["orgId"] = "or-other-other-other000000000" });

        Assert.Equal(("organisation_unknown", "$.orgId"), (answer.Code, answer.Path));
    }

    [Fact]
    public async Task A_challenge_is_answered_once()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var body = await user.LoginBodyAsync();
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", body)).Status);

        var again = await Service.PostAsync("/auth/login", body);

        Assert.Equal((400, "Challenge token is not valid."), ((int)again.Status, again.Message));
        Assert.Equal(1, await SessionsAsync(user));
    }

    [Fact]
    public async Task Of_64_answers_at_once_one_opens_a_session()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var body = await user.LoginBodyAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Service.PostAsync("/auth/login", body)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal("challenge_not_valid", a.Code));
        Assert.Equal(1, await SessionsAsync(user));
    }

    [Fact]
    public async Task A_challenge_expires()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var body = await user.LoginBodyAsync();
        Service.Clock.Advance(TimeSpan.FromMinutes(5));

        await AssertRefusedAsync(user, body, 400, "Challenge token is not valid.");
    }

    [Theory]
    [InlineData("a user action")]
    [InlineData("a registration")]
    [InlineData("nothing")]
    public async Task A_challenge_for_something_else_is_refused(string purpose)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var body = await user.LoginBodyAsync();
        body["challengeIdentifier"] = purpose switch
        {
            "a user action" => (await (await user.SignedInAsync()).InitActionAsync(HttpMethod.Post, "/auth/users", "{}")).Require("challengeIdentifier"),
            "a registration" => (await (await Service.InviteAsync(user.Organisation, "john@example.co")).InitAsync()).Token,
            _ => "e30.e30.e30",
        };

        var answer = await Service.PostAsync("/auth/login", body);

        Assert.Equal(("challenge_not_valid", "$.challengeIdentifier"), (answer.Code, answer.Path));
    }

    [Fact]
    public async Task The_credential_of_another_user_is_refused()
    {
        var organisation = await Service.NewOrganisationAsync();
        var jane = await Registered.NewAsync(organisation);
        var john = await Registered.NewAsync(organisation, username: "john@example.co");
        var challenge = await jane.TryInitLoginAsync();

        await AssertRefusedAsync(jane, john.AnswerTo(challenge), 401, NoCredential);
    }

    [Fact]
    public async Task The_credential_of_another_organisation_is_refused()
    {
        var jane = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var other = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var challenge = await jane.TryInitLoginAsync();

        await AssertRefusedAsync(jane, other.AnswerTo(challenge), 401, NoCredential);
    }

    [Theory]
    [InlineData(CredentialStatus.Inactive)]
    [InlineData(CredentialStatus.Archived)]
    public async Task A_credential_that_is_not_active_is_refused_and_its_sessions_end(CredentialStatus status)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var challenge = await user.TryInitLoginAsync();
        var caller = await user.SignedInAsync();
        await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.Status, status)));

        var answer = await Service.PostAsync("/auth/login", user.AnswerTo(challenge));

        Assert.Equal((401, NoCredential), ((int)answer.Status, answer.Message));
        Assert.Equal("not_authorized", (await caller.InitActionAsync(HttpMethod.Post, "/auth/users", "")).Code);
    }

    [Fact]
    public async Task A_deactivated_user_does_not_sign_in_and_open_sessions_end()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var caller = await user.SignedInAsync();
        var body = await user.LoginBodyAsync();
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.OrganisationId == user.Organisation.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));

        var answer = await Service.PostAsync("/auth/login", body);

        Assert.Equal((400, "User account has been deactivated."), ((int)answer.Status, answer.Message));
        Assert.Equal("not_authorized", (await caller.InitActionAsync(HttpMethod.Post, "/auth/users", "")).Code);
    }

    [Fact]
    public async Task Whoever_has_a_second_factor_signs_in_with_both()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key, CredentialKind.Fido2);

        await user.LoginAsync();
    }

    [Fact]
    public async Task A_second_factor_cannot_be_left_out_stand_in_for_the_first_or_be_the_first_again()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key, CredentialKind.Fido2);
        var challenge = await user.TryInitLoginAsync();
        var text = challenge.Require("challenge");
        var body = user.AnswerTo(challenge);

        body.Remove("secondFactor");
        Assert.Equal("second_factor_required", (await Service.PostAsync("/auth/login", body)).Code);

        body["secondFactor"] = user.First.Sign(text);
        Assert.Equal(("no_usable_credential", "$.secondFactor"), await CodeAndPathAsync(body));

        body["firstFactor"] = user.Second!.Sign(text);
        body["secondFactor"] = user.First.Sign(text);
        Assert.Equal(("no_usable_credential", "$.firstFactor"), await CodeAndPathAsync(body));
        Assert.Equal(0, await SessionsAsync(user));
    }

    [Fact]
    public async Task A_forged_second_factor_leaves_the_first_unused()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Fido2, CredentialKind.Key);
        var challenge = await user.TryInitLoginAsync();
        var body = user.AnswerTo(challenge);
        body["secondFactor"]!["credentialAssertion"]!["signature"] = SoftwareKey.P256().Get(challenge.Require("challenge"), user.Second!.CredId).Signature;

        var answer = await Service.PostAsync("/auth/login", body);

        Assert.Equal(("assertion_signature_invalid", "$.secondFactor.credentialAssertion.signature"), (answer.Code, answer.Path));
        Assert.All(
            await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id).ToListAsync()),
            c => Assert.Null(c.UsedAt));
    }

    [Fact]
    public async Task A_counter_that_grows_is_kept_and_one_that_does_not_is_refused_and_noted()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        Assert.Equal(200, (int)(await LoginCountingAsync(user, 7)).Status);

        var answer = await LoginCountingAsync(user, 7);

        Assert.Equal("sign_count_regressed", answer.Code);
        Assert.Equal(7, await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id).Select(c => c.SignCount).SingleAsync()));
        Assert.Equal(1, await Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == user.Organisation.Id && e.Action == "credential.sign_count_regressed")));
        Assert.Equal(1, await SessionsAsync(user));
    }

    [Fact]
    public async Task A_second_factor_whose_counter_does_not_grow_leaves_the_first_unused()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Fido2, CredentialKind.Fido2);
        Assert.Equal(200, (int)(await LoginCountingAsync(user, 7)).Status);

        var answer = await LoginCountingAsync(user, 8, second: 7);

        Assert.Equal(("sign_count_regressed", "$.secondFactor.credentialAssertion.authenticatorData"), (answer.Code, answer.Path));
        Assert.Equal([7L, 7L], await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id).Select(c => c.SignCount!.Value).ToListAsync()));
        Assert.Equal(1, await Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == user.Organisation.Id && e.Action == "credential.sign_count_regressed")));
    }

    [Fact]
    public async Task A_counter_that_does_not_grow_is_accepted_by_policy_and_noted()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(r => r.AcceptSignCountRegression = true));
        await LoginCountingAsync(user, 7);

        Assert.Equal(200, (int)(await LoginCountingAsync(user, 6)).Status);

        Assert.Equal(7, await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id).Select(c => c.SignCount).SingleAsync()));
        Assert.Equal(1, await Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == user.Organisation.Id && e.Action == "credential.sign_count_regressed")));
    }

    [Fact]
    public async Task Of_two_assertions_with_one_count_at_once_one_is_accepted()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var bodies = new List<JsonObject>();
        for (var i = 0; i < 8; i++) bodies.Add(await CountingBodyAsync(user, 7));

        var answers = await Task.WhenAll(bodies.Select(b => Service.PostAsync("/auth/login", b)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal("sign_count_regressed", a.Code));
    }

    [Theory]
    [InlineData("Password", "credential_kind_unsupported")]
    [InlineData("Totp", "credential_kind_unsupported")]
    [InlineData("fido2", "credential_kind_unknown")]
    [InlineData("", "member_required")]
    public async Task A_kind_that_cannot_sign_is_refused(string kind, string code)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var body = await user.LoginBodyAsync();
        body["firstFactor"]!["kind"] = kind;

        Assert.Equal((code, "$.firstFactor.kind"), await CodeAndPathAsync(body));
    }

    [Theory]
    [InlineData("challengeIdentifier", "$.challengeIdentifier")]
    [InlineData("firstFactor", "$.firstFactor")]
    [InlineData("firstFactor.kind", "$.firstFactor.kind")]
    [InlineData("firstFactor.credentialAssertion", "$.firstFactor.credentialAssertion")]
    [InlineData("firstFactor.credentialAssertion.credId", "$.firstFactor.credentialAssertion.credId")]
    [InlineData("firstFactor.credentialAssertion.clientData", "$.firstFactor.credentialAssertion.clientData")]
    [InlineData("firstFactor.credentialAssertion.signature", "$.firstFactor.credentialAssertion.signature")]
    [InlineData("firstFactor.credentialAssertion.authenticatorData", "$.firstFactor.credentialAssertion.authenticatorData")]
    public async Task A_missing_member_is_named(string member, string path)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var body = await user.LoginBodyAsync();
        var steps = member.Split('.');
        steps[..^1].Aggregate((JsonNode)body, (node, step) => node[step]!).AsObject().Remove(steps[^1]);

        Assert.Equal(("member_required", path), await CodeAndPathAsync(body));
    }

    private async Task<(string? Code, string? Path)> CodeAndPathAsync(JsonObject body)
    {
        var answer = await Service.PostAsync("/auth/login", body);
        return (answer.Code, answer.Path);
    }

    private static async Task<JsonObject> CountingBodyAsync(Registered user, uint count, uint? second = null)
    {
        var challenge = await user.TryInitLoginAsync();
        var body = user.AnswerTo(challenge);
        body["firstFactor"] = Count(user.First, count);
        if (user.Second is not null) body["secondFactor"] = Count(user.Second, second ?? count);
        return body;

        JsonObject Count(HeldCredential passkey, uint value) => passkey.Authenticator!.Get(
            challenge.Require("challenge"), user.Organisation.RelyingPartyId, user.Organisation.Origin, passkey.CredId, user.UserId, draft => draft.SignCount = value)
            .ToJson(CredentialKind.Fido2);
    }

    private async Task<Answer> LoginCountingAsync(Registered user, uint count, uint? second = null) => await Service.PostAsync("/auth/login", await CountingBodyAsync(user, count, second));

    private async Task AssertRefusedAsync(Registered user, JsonObject body, int status, string message)
    {
        var answer = await Service.PostAsync("/auth/login", body);
        Assert.Equal((status, message), ((int)answer.Status, answer.Message));
        Assert.Equal(0, await SessionsAsync(user));
    }

    private Task<int> SessionsAsync(Registered user) => Service.InDatabaseAsync(db => db.AccessTokens.CountAsync(t => t.OrganisationId == user.Organisation.Id && t.UserId == user.UserId));
}
