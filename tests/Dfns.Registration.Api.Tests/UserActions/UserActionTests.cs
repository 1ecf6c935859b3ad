using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.UserActions;

/// <summary>Signing single calls: bound to user, method, path and body, and good for one use.</summary>
public abstract class UserActionTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : UserActionTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : UserActionTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Any endpoint that is signed would do.
    private const string Path = "/auth/login/delegated";
    private const string Body = """{"username":"jane@example.co"}""";
    private const string Missing = "user action signature is missing or invalid";

    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    public async Task Each_kind_signs_an_action(CredentialKind kind)
    {
        var caller = await (await Registered.NewAsync(await Service.NewOrganisationAsync(), kind)).SignedInAsync();

        var answer = await caller.SendAsync(HttpMethod.Post, Path, JsonNode.Parse(Body), await caller.SignAsync(HttpMethod.Post, Path, Body));

        // The signature holds; that a user is no service account is asked after it.
        Assert.Equal("service_account_required", answer.Code);
    }

    [Fact]
    public async Task Whoever_has_a_second_factor_signs_with_both()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key, CredentialKind.Fido2);
        var caller = await user.SignedInAsync();
        var challenge = await caller.InitActionAsync(HttpMethod.Post, Path, Body);
        var answer = user.AnswerTo(challenge);
        answer.Remove("secondFactor");

        Assert.Equal("second_factor_required", (await Service.PostAsync("/auth/action", answer, caller.Token)).Code);
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/action", user.AnswerTo(challenge), caller.Token)).Status);
    }

    [Fact]
    public async Task The_challenge_hands_the_encrypted_private_key_to_its_owner()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.PasswordProtectedKey);

        var challenge = await (await user.SignedInAsync()).InitActionAsync(HttpMethod.Post, Path, Body);

        var listed = challenge.Body["allowCredentials"]!["passwordProtectedKey"]!.AsArray().Single()!;
        Assert.Equal(((string)user.First.Registration["encryptedPrivateKey"]!, user.First.CredId), ((string)listed["encryptedPrivateKey"]!, (string)listed["id"]!));
    }

    [Fact]
    public async Task An_action_is_used_once()
    {
        var (backend, _) = await BackendAsync();
        var action = await backend.SignAsync(HttpMethod.Post, Path, Body);
        Assert.Equal(200, (int)(await SendAsync(backend, Body, action)).Status);

        var again = await SendAsync(backend, Body, action);

        Assert.Equal((400, "user action has already been used"), ((int)again.Status, again.Message));
        Assert.Equal(1, await SessionsAsync(backend));
    }

    [Fact]
    public async Task Of_64_uses_at_once_one_has_an_effect()
    {
        var (backend, _) = await BackendAsync();
        var action = await backend.SignAsync(HttpMethod.Post, Path, Body);

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => SendAsync(backend, Body, action)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal("user_action_already_used", a.Code));
        Assert.Equal(1, await SessionsAsync(backend));
    }

    [Fact]
    public async Task A_call_that_fails_leaves_its_action_unused()
    {
        var organisation = await Service.NewOrganisationAsync();
        var backend = await organisation.NewServiceAccountAsync("Auth:Login:Delegated");
        var action = await backend.SignAsync(HttpMethod.Post, Path, Body);
        Assert.Equal("user_not_found", (await SendAsync(backend, Body, action)).Code);

        await Registered.NewAsync(organisation);

        Assert.Equal(200, (int)(await SendAsync(backend, Body, action)).Status);
    }

    [Theory]
    [InlineData("""{ "username" : "jane@example.co" }""")]
    [InlineData("""{"username":"jane\u0040example.co"}""")]
    [InlineData("""{"username":"j\u0061ne@example.co"}""")]
    public async Task The_body_may_be_written_in_another_way_than_the_payload(string sent)
    {
        var (backend, _) = await BackendAsync();

        Assert.Equal(200, (int)(await SendAsync(backend, sent, await backend.SignAsync(HttpMethod.Post, Path, Body))).Status);
    }

    [Fact]
    public async Task Members_may_come_in_another_order_and_numbers_in_another_spelling()
    {
        var (backend, _) = await BackendAsync();
        const string payload = """{"username":"jane@example.co","more":[1,{"a":1.50,"b":null}]}""";
        const string sent = """{"more":[1.0,{"b":null,"a":15e-1}],"username":"jane@example.co"}""";

        Assert.Equal(200, (int)(await SendAsync(backend, sent, await backend.SignAsync(HttpMethod.Post, Path, payload))).Status);
    }

    [Theory]
    [InlineData("""{"username":"john@example.co"}""")]
    [InlineData("""{"username":"jane@example.co","more":1}""")]
    [InlineData("""{"username":"jane@example.co","externalId":null}""")]
    [InlineData("""{"username":["jane@example.co"]}""")]
    [InlineData("""{}""")]
    [InlineData("")]
    public async Task Another_body_than_the_one_signed_is_refused(string payload)
    {
        var (backend, _) = await BackendAsync();

        await AssertMissingAsync(backend, await backend.SignAsync(HttpMethod.Post, Path, payload));
    }

    [Theory]
    [InlineData("POST", "/auth/login")]
    [InlineData("POST", "/auth/login/delegated/")]
    [InlineData("POST", "/auth/login/Delegated")]
    [InlineData("PUT", "/auth/login/delegated")]
    [InlineData("DELETE", "/auth/login/delegated")]
    [InlineData("GET", "/auth/login/delegated")]
    public async Task An_action_for_another_method_or_path_is_refused(string method, string path)
    {
        var (backend, _) = await BackendAsync();

        await AssertMissingAsync(backend, await backend.SignAsync(HttpMethod.Parse(method), path, Body));
    }

    [Fact]
    public async Task An_action_of_another_caller_is_refused()
    {
        var (backend, organisation) = await BackendAsync();
        var other = await organisation.NewServiceAccountAsync("Auth:Login:Delegated");

        await AssertMissingAsync(backend, await other.SignAsync(HttpMethod.Post, Path, Body));
    }

    [Fact]
    public async Task An_action_of_another_organisation_is_refused()
    {
        var (backend, _) = await BackendAsync();
        var other = await (await Service.NewOrganisationAsync()).NewServiceAccountAsync("Auth:Login:Delegated");

        await AssertMissingAsync(backend, await other.SignAsync(HttpMethod.Post, Path, Body));
    }

    [Theory]
    [InlineData("no header")]
    [InlineData("an empty header")]
    [InlineData("a bearer token")]
    [InlineData("a challenge identifier")]
    [InlineData("no token at all")]
    public async Task What_is_no_signed_action_is_refused(string what)
    {
        var (backend, _) = await BackendAsync();
        var header = what switch
        {
            "no header" => null,
            "an empty header" => "",
            "a bearer token" => backend.Token,
            // Not signed yet.
            "a challenge identifier" => (await backend.InitActionAsync(HttpMethod.Post, Path, Body)).Require("challengeIdentifier"),
            _ => "e30.e30.e30",
        };

        await AssertMissingAsync(backend, header);
    }

    [Fact]
    public async Task An_action_expires_five_minutes_after_it_was_signed()
    {
        var (backend, _) = await BackendAsync();
        var action = await backend.SignAsync(HttpMethod.Post, Path, Body);
        Service.Clock.Advance(TimeSpan.FromMinutes(5));

        await AssertMissingAsync(backend, action);
    }

    [Fact]
    public async Task A_challenge_is_answered_once_by_its_own_caller_and_in_time()
    {
        var (backend, organisation) = await BackendAsync();
        var other = await organisation.NewServiceAccountAsync();
        var challenge = await backend.InitActionAsync(HttpMethod.Post, Path, Body);

        Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/action", backend.AnswerTo(challenge), other.Token)).Code);
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/action", backend.AnswerTo(challenge), backend.Token)).Status);
        Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/action", backend.AnswerTo(challenge), backend.Token)).Code);

        var late = await backend.InitActionAsync(HttpMethod.Post, Path, Body);
        Service.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/action", backend.AnswerTo(late), backend.Token)).Code);
    }

    [Fact]
    public async Task The_key_of_another_caller_does_not_sign()
    {
        var (backend, organisation) = await BackendAsync();
        var other = await organisation.NewServiceAccountAsync();
        var challenge = await backend.InitActionAsync(HttpMethod.Post, Path, Body);

        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/action", other.AnswerTo(challenge), backend.Token)).Code);
    }

    [Fact]
    public async Task A_signature_over_another_challenge_is_refused()
    {
        var (backend, _) = await BackendAsync();
        var (one, other) = (await backend.InitActionAsync(HttpMethod.Post, Path, Body), await backend.InitActionAsync(HttpMethod.Post, Path, Body));
        var answer = backend.AnswerTo(one);
        answer["challengeIdentifier"] = other.Require("challengeIdentifier");

        Assert.Equal("challenge_mismatch", (await Service.PostAsync("/auth/action", answer, backend.Token)).Code);
    }

    [Fact]
    public async Task A_recovery_key_signs_no_action()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true);
        var caller = await user.SignedInAsync();
        var challenge = await caller.InitActionAsync(HttpMethod.Post, Path, Body);
        var answer = user.AnswerTo(challenge);
        answer["firstFactor"] = user.Recovery!.Sign(challenge.Require("challenge"));

        Assert.Equal("credential_kind_misplaced", (await Service.PostAsync("/auth/action", answer, caller.Token)).Code);
    }

    [Theory]
    [InlineData("userActionPayload", null, "member_required")]
    [InlineData("userActionPayload", "{", "payload_not_json")]
    [InlineData("userActionPayload", """{"a":1,"a":1}""", "payload_not_json")]
    [InlineData("userActionPayload", "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", "payload_not_json")]
    [InlineData("userActionHttpMethod", null, "member_invalid")]
    [InlineData("userActionHttpMethod", "PATCH", "member_invalid")]
    [InlineData("userActionHttpPath", null, "member_required")]
    [InlineData("userActionServerKind", "Other", "member_invalid")]
    public async Task A_call_that_cannot_be_made_is_not_signed(string member, string? value, string code)
    {
        var (backend, _) = await BackendAsync();
        var body = new JsonObject { ["userActionPayload"] = Body, ["userActionHttpMethod"] = "POST", ["userActionHttpPath"] = Path, ["userActionServerKind"] = "Api" };
        body[member] = value;

        var answer = await Service.PostAsync("/auth/action/init", body, backend.Token);

        Assert.Equal((code, $"$.{member}"), (answer.Code, answer.Path));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("of a registration")]
    [InlineData("of a service account that is deactivated")]
    [InlineData("that was revoked")]
    [InlineData("that expired")]
    public async Task A_bearer_token_is_refused(string which)
    {
        var (backend, organisation) = await BackendAsync();
        var bearer = which switch
        {
            "none" => null,
            "of a registration" => (await (await Service.InviteAsync(organisation, "john@example.co")).InitAsync()).Token,
            _ => backend.Token,
        };
        if (which == "of a service account that is deactivated")
            await Service.InDatabaseAsync(db => db.Users.Where(u => u.OrganisationId == organisation.Id && u.IsServiceAccount).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));
        if (which == "that was revoked")
            await Service.InDatabaseAsync(db => db.AccessTokens.Where(t => t.OrganisationId == organisation.Id).ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, Service.Clock.GetUtcNow())));
        if (which == "that expired")
            await Service.InDatabaseAsync(db => db.AccessTokens.Where(t => t.OrganisationId == organisation.Id).ExecuteUpdateAsync(t => t.SetProperty(x => x.ExpiresAt, Service.Clock.GetUtcNow())));

        var answer = await (backend with { Token = bearer! }).InitActionAsync(HttpMethod.Post, Path, Body);

        Assert.Equal((401, "Not Authorized."), ((int)answer.Status, answer.Message));
    }

    [Fact]
    public async Task The_last_use_of_a_token_is_kept_to_the_minute()
    {
        var (backend, organisation) = await BackendAsync();
        await backend.InitActionAsync(HttpMethod.Post, Path, Body);
        var first = Service.Clock.GetUtcNow();
        Service.Clock.Advance(TimeSpan.FromSeconds(59));
        await backend.InitActionAsync(HttpMethod.Post, Path, Body);
        Assert.Equal(first, await UsedAtAsync(organisation));

        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        await backend.InitActionAsync(HttpMethod.Post, Path, Body);
        Assert.Equal(Service.Clock.GetUtcNow(), await UsedAtAsync(organisation));
    }

    private Task<DateTimeOffset?> UsedAtAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db =>
        db.AccessTokens.Where(t => t.OrganisationId == organisation.Id && t.Kind == AccessTokenKind.ServiceAccount).Select(t => t.UsedAt).SingleAsync());

    // A service account that may sign the one end user in.
    private async Task<(SigningCaller Backend, TestOrganisation Organisation)> BackendAsync()
    {
        var organisation = await Service.NewOrganisationAsync();
        await Registered.NewAsync(organisation);
        return (await organisation.NewServiceAccountAsync("Auth:Login:Delegated"), organisation);
    }

    private static Task<Answer> SendAsync(SigningCaller caller, string body, string? action) =>
        caller.Service.SendAsync(HttpMethod.Post, Path, new StringContent(body, Encoding.UTF8, "application/json"), caller.Token, action);

    private async Task AssertMissingAsync(SigningCaller caller, string? action)
    {
        var answer = await SendAsync(caller, Body, action);
        Assert.Equal((403, Missing), ((int)answer.Status, answer.Message));
        Assert.Equal(0, await SessionsAsync(caller));
    }

    private Task<int> SessionsAsync(SigningCaller caller)
    {
        var organisationId = new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(caller.Token).Subject;
        return Service.InDatabaseAsync(db => db.AccessTokens.CountAsync(t => t.OrganisationId == organisationId && t.Kind == AccessTokenKind.Token));
    }
}
