using System.Text.Json.Nodes;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Social;

/// <summary><c>POST /auth/login/sso/init</c> and <c>POST /auth/login/sso</c>: a person is sent to the provider, and comes back with a code for a session.</summary>
public abstract class SsoLoginTests(ServiceFixture fixture) : SsoTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SsoLoginTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SsoLoginTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Who_comes_back_from_the_provider_has_a_session_in_which_the_own_passkey_signs()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        var jane = await JaneAsync(organisation, provider);

        var address = await organisation.InitSsoAsync();
        var answer = await LoginAsync(provider.SignIn(address, Draft(provider)), provider.Issuer);

        Assert.True((int)answer.Status == 200, answer.Text);
        await new SigningCaller(Service, answer.Require("token"), jane.AnswerTo).SignAsync(HttpMethod.Post, "/auth/users", "{}");
        Assert.Equal(provider.Issuer, await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.Action == "user.signed_in").Select(e => e.Note).SingleAsync()));
    }

    [Fact]
    public async Task The_address_is_the_providers_with_what_OpenID_Connect_and_PKCE_ask_for_and_the_database_has_no_secret_of_it()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        provider.Told["authorization_endpoint"] = $"{provider.Issuer}/auth?tenant=a";
        var organisation = await SsoOrganisationAsync(provider);

        var address = await organisation.InitSsoAsync();

        Assert.StartsWith($"{provider.Issuer}/auth?tenant=a&", address, StringComparison.Ordinal);
        var asked = QueryHelpers.ParseQuery(new Uri(address).Query);
        Assert.Equal(
            ["client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope", "state", "tenant"], asked.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((OpenIdProvider.ClientId, SingleSignOn.RedirectUri), (asked["client_id"].ToString(), asked["redirect_uri"].ToString()));
        Assert.Equal(("code", "openid email", "S256"), (asked["response_type"].ToString(), asked["scope"].ToString(), asked["code_challenge_method"].ToString()));
        Assert.Equal($".{organisation.Id}", asked["state"].ToString()[43..]);
        var row = await Service.InDatabaseAsync(db => db.Ceremonies.AsNoTracking().SingleAsync(c => c.OrganisationId == organisation.Id));
        Assert.Equal((asked["code_challenge"].ToString(), Service.Clock.GetUtcNow().AddMinutes(10)), (row.Challenge, row.ExpiresAt));
        var stored = System.Text.Json.JsonSerializer.Serialize(row);
        Assert.DoesNotContain(asked["state"].ToString()[..43], stored, StringComparison.Ordinal);
        Assert.DoesNotContain(asked["nonce"].ToString(), stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_address_has_a_state_a_nonce_and_a_challenge_of_its_own()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);

        var asked = new[] { await organisation.InitSsoAsync(), await organisation.InitSsoAsync() }.Select(a => QueryHelpers.ParseQuery(new Uri(a).Query)).ToList();

        Assert.All(["state", "nonce", "code_challenge"], name => Assert.Equal(2, asked.Select(a => a[name].ToString()).Distinct(StringComparer.Ordinal).Count()));
        Assert.Equal(6, asked.SelectMany(a => new[] { a["state"].ToString()[..43], a["nonce"].ToString(), a["code_challenge"].ToString() }).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData(null, "web.example.co:a%2Bb%3A+%2F", null)]
    [InlineData("""["client_secret_post","client_secret_basic"]""", "web.example.co:a%2Bb%3A+%2F", null)]
    [InlineData("""["private_key_jwt","client_secret_post"]""", null, "a+b: /")]
    [InlineData("\"client_secret_post\"", "web.example.co:a%2Bb%3A+%2F", null)]
    [InlineData("""[1,"client_secret_post"]""", null, "a+b: /")]
    public async Task A_client_with_a_secret_proves_itself_as_the_provider_says(string? methods, string? header, string? member)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        if (methods is not null) provider.Told["token_endpoint_auth_methods_supported"] = JsonNode.Parse(methods);
        var organisation = await SsoOrganisationAsync(provider, secret: "a+b: /");
        await JaneAsync(organisation, provider);

        Assert.Equal(200, (int)(await LoginAsync(provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)))).Status);

        var sent = Assert.Single(provider.TokenRequests);
        Assert.Equal((header, member), (sent.GetValueOrDefault("authorization"), sent.GetValueOrDefault("client_secret")));
        Assert.Equal(header is null ? OpenIdProvider.ClientId : null, sent.GetValueOrDefault("client_id"));
    }

    [Fact]
    public async Task A_secret_is_sent_in_no_way_that_the_provider_does_not_take()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        provider.Told["token_endpoint_auth_methods_supported"] = new JsonArray("private_key_jwt");
        var organisation = await SsoOrganisationAsync(provider, secret: "secret");

        await AssertRefusedAsync("sso_provider_unavailable", 503, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)));

        Assert.Empty(provider.TokenRequests);
    }

    [Theory]
    [InlineData("https://app.example.co/callback/")]
    [InlineData("https://app.example.co/Callback")]
    [InlineData("https://app.example.co/callback?next=/")]
    [InlineData("https://app.example.co:443/callback")]
    [InlineData("https://app.example.co/callback#")]
    [InlineData("https://evil.example/callback")]
    [InlineData("https://app.example.co.evil.example/callback")]
    [InlineData("http://localhost:3001/callback")]
    [InlineData("javascript:alert(1)")]
    public async Task Nobody_is_sent_back_where_the_operator_has_not_said_character_by_character(string redirectUri)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);

        var answer = await TryInitAsync(organisation, redirectUri: redirectUri);

        Assert.Equal((400, "sso_redirect_uri_not_allowed", "$.redirectUri"), ((int)answer.Status, answer.Code, answer.Path));
        Assert.Equal(0, await StatesAsync(organisation));
        Assert.Equal(0, provider.DiscoveryRequests);
    }

    [Fact]
    public async Task A_client_that_is_not_there_and_an_organisation_that_is_not_look_alike()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        var without = await OrganisationAsync(provider);

        var answers = new[]
        {
            await TryInitAsync(organisation, clientId: "another"),
            await TryInitAsync(without),
            await TryInitAsync(await Service.NewOrganisationAsync()),
            await Service.PostAsync("/auth/login/sso/init", new JsonObject { ["orgId"] = "or-nosuc-horga-nisation0000000", ["clientId"] = OpenIdProvider.ClientId, ["redirectUri"] = SingleSignOn.RedirectUri }),
        };

        Assert.Contains("sso_client_unknown", Assert.Single(answers.Select(a => a.Text).Distinct(StringComparer.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_id_that_two_providers_accept_tells_neither()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var other = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        var begun = provider.SignIn(await organisation.InitSsoAsync(), Draft(provider));
        await AcceptAsync(organisation, other.Issuer);

        var answer = await TryInitAsync(organisation);

        Assert.Equal((409, "sso_client_ambiguous", "$.clientId"), ((int)answer.Status, answer.Code, answer.Path));
        await AssertRefusedAsync("sso_client_ambiguous", 409, organisation, begun);
        Assert.Empty(provider.TokenRequests);
    }

    [Fact]
    public async Task A_state_is_answered_once_however_many_answer_it_at_once()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        var answered = provider.SignIn(await organisation.InitSsoAsync(), Draft(provider));

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => LoginAsync(answered)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal(("sso_state_not_valid", 401), (a.Code, (int)a.Status)));
        Assert.Equal(1, await SessionsAsync(organisation));
        Assert.Single(provider.TokenRequests);
    }

    [Fact]
    public async Task A_wrong_code_uses_the_state_up_so_that_nobody_tries_another()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        var answered = provider.SignIn(await organisation.InitSsoAsync(), Draft(provider));

        await AssertRefusedAsync("sso_code_refused", 401, organisation, answered with { Code = "made-up" });
        await AssertRefusedAsync("sso_state_not_valid", 401, organisation, answered);
    }

    [Fact]
    public async Task A_state_is_good_for_ten_minutes()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        var (late, last) = (await organisation.InitSsoAsync(), await organisation.InitSsoAsync());

        Service.Clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        Assert.Equal(200, (int)(await LoginAsync(provider.SignIn(last, Draft(provider)))).Status);
        Service.Clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal("sso_state_not_valid", (await LoginAsync(provider.SignIn(late, Draft(provider)))).Code);
    }

    [Fact]
    public async Task A_state_of_another_organisation_or_of_another_form_is_none()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var (organisation, other) = (await SsoOrganisationAsync(provider), await SsoOrganisationAsync(provider));
        await JaneAsync(organisation, provider);
        var (code, state) = provider.SignIn(await organisation.InitSsoAsync(), Draft(provider));

        foreach (var wrong in new[] { $"{state[..43]}.{other.Id}", state[..43], $"{state[..43]}.", $".{organisation.Id}", $"{state[1..43]}A.{organisation.Id}", $"{state} ", $"{state[..43]}:{organisation.Id}" })
        {
            await AssertRefusedAsync("sso_state_not_valid", 401, organisation, (code, wrong));
        }

        Assert.Equal(200, (int)(await LoginAsync((code, state))).Status);
    }

    [Fact]
    public async Task A_challenge_of_another_kind_answers_no_state()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        var (code, state) = provider.SignIn(await organisation.InitSsoAsync(), Draft(provider));
        await Service.InDatabaseAsync(db => db.Ceremonies.Where(c => c.OrganisationId == organisation.Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.Purpose, CeremonyPurpose.Login)));

        await AssertRefusedAsync("sso_state_not_valid", 401, organisation, (code, state));
    }

    // A code that somebody else got for the same client: the provider knows whose state it is, the nonce would tell too.
    [Fact]
    public async Task A_code_of_one_sign_in_does_not_complete_another()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        var (victims, attackers) = (provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)), provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)));

        await AssertRefusedAsync("sso_code_refused", 401, organisation, (victims.Code, attackers.State));
    }

    [Fact]
    public async Task A_code_of_another_client_is_refused_in_the_providers_words()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        var address = await organisation.InitSsoAsync();
        var (code, _) = provider.SignIn(address.Replace($"client_id={OpenIdProvider.ClientId}", "client_id=another", StringComparison.Ordinal), Draft(provider));

        var answer = await LoginAsync((code, State(address)));

        Assert.Equal((401, "sso_code_refused"), ((int)answer.Status, answer.Code));
        Assert.EndsWith("It said invalid_grant.", answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("another nonce")]
    [InlineData("")]
    public async Task An_ID_token_for_another_sign_in_is_refused(string nonce)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await JaneAsync(organisation, provider);

        await AssertRefusedAsync("id_token_nonce_mismatch", 401, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(provider).With(d => d.Claims["nonce"] = nonce)));
    }

    // Of the same organisation, and so one that a page may bring itself.
    [Fact]
    public async Task An_ID_token_for_another_client_of_the_organisation_is_refused()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider, p => p.ClientIds.Add("ios.example.co"));
        await organisation.SendToAsync(provider.Issuer);
        await JaneAsync(organisation, provider);
        Action<JsonObject>[] others =
        [
            c => c["aud"] = "ios.example.co",
            c => c["aud"] = "another",
            c => c["azp"] = "ios.example.co",
            c => (c["aud"], c["azp"]) = (new JsonArray(OpenIdProvider.ClientId, "ios.example.co"), "ios.example.co"),
        ];

        foreach (var other in others)
        {
            await AssertRefusedAsync("id_token_audience_not_allowed", 401, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(provider).With(d => other(d.Claims))));
        }
    }

    // RFC 9700 §4.4: whoever runs one provider hands out its codes to be redeemed at another.
    [Fact]
    public async Task A_provider_answers_for_no_other()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var other = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await AcceptAsync(organisation, other.Issuer, p => p.ClientIds = ["other-client"]);
        await JaneAsync(organisation, provider);

        await AssertRefusedAsync("sso_issuer_mismatch", 401, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)), other.Issuer);
        Assert.Empty(provider.TokenRequests);
        // Signed by the other one, as it has every right to, for its own client and for this one.
        foreach (var aud in new[] { "other-client", OpenIdProvider.ClientId })
        {
            await AssertRefusedAsync("id_token_issuer_unknown", 401, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(other).With(d => d.Claims["aud"] = aud)));
        }

        Assert.Empty(other.TokenRequests);
    }

    [Fact]
    public async Task Somebody_unknown_and_somebody_who_was_invited_are_nobody_here()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await Registered.NewAsync(organisation);

        await AssertRefusedAsync("user_not_found", 401, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)));
        await AssertRefusedAsync("user_not_found", 401, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(provider, email: "john@example.co")));
    }

    [Fact]
    public async Task An_ID_token_that_the_provider_hands_out_again_signs_in_no_second_time()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        var address = await organisation.InitSsoAsync();
        var draft = Draft(provider);
        var answered = provider.SignIn(address, draft);
        Assert.Equal(200, (int)(await LoginAsync(answered)).Status);

        // To a page that has got hold of it.
        Assert.Equal("id_token_already_used", (await Service.PostAsync("/auth/login/social", Body(organisation, draft.Encode()))).Code);
    }

    [Fact]
    public async Task What_the_operator_has_taken_away_meanwhile_signs_nobody_in()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        var (one, two) = (provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)), provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)));

        await Service.InDatabaseAsync(async db =>
        {
            (await db.SsoClients.SingleAsync(c => c.OrganisationId == organisation.Id)).RedirectUris = ["https://other.example.co/"];
            return await db.SaveChangesAsync();
        });
        await AssertRefusedAsync("sso_redirect_uri_not_allowed", 400, organisation, one);
        await Service.InDatabaseAsync(db => db.SsoClients.Where(c => c.OrganisationId == organisation.Id).ExecuteDeleteAsync());
        await AssertRefusedAsync("sso_client_unknown", 400, organisation, two);
        Assert.Empty(provider.TokenRequests);
    }

    [Theory]
    [InlineData("a page", 200, "<html></html>")]
    [InlineData("an error of its own", 500, "{}")]
    [InlineData("a redirect", 302, "{}")]
    [InlineData("too many requests", 429, """{"error":"invalid_grant"}""")]
    [InlineData("no ID token", 200, """{"access_token":"a"}""")]
    [InlineData("an ID token that is no text", 200, """{"id_token":1}""")]
    [InlineData("no object", 200, "[]")]
    [InlineData("nothing", 200, "")]
    public async Task A_provider_that_answers_otherwise_than_it_should_is_told_to_be_at_fault(string what, int status, string body)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await JaneAsync(organisation, provider);
        provider.Tokens = async context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = $"{provider.Issuer}/elsewhere";
            await context.Response.WriteAsync(body);
        };

        await AssertRefusedAsync("sso_provider_unavailable", 503, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)));

        Assert.True(provider.TokenRequests.Count == 1, what);
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_grant"}""", " It said invalid_grant.")]
    [InlineData(401, """{"error":"invalid_client"}""", " It said invalid_client.")]
    [InlineData(400, """{"error":"<script>"}""", "")]
    [InlineData(400, """{"error":7}""", "")]
    [InlineData(400, "<html></html>", "")]
    [InlineData(403, "", "")]
    public async Task A_refusal_of_the_provider_is_told_in_words_that_there_are(int status, string body, string told)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        provider.Tokens = async context =>
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsync(body);
        };

        var answer = await LoginAsync(provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)));

        Assert.Equal((401, "sso_code_refused"), ((int)answer.Status, answer.Code));
        Assert.EndsWith($"/init.{told}", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_not_read_to_its_end()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        provider.Tokens = context => context.Response.WriteAsync($$"""{"id_token":"a","padding":"{{new string('a', TokenEndpoint.MaxAnswerSizeBytes)}}"}""");

        await AssertRefusedAsync("sso_provider_unavailable", 503, organisation, provider.SignIn(await organisation.InitSsoAsync(), Draft(provider)));
    }

    [Fact]
    public async Task A_provider_that_hangs_is_given_up()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        var asked = new TaskCompletionSource();
        provider.Tokens = async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        var answered = provider.SignIn(await organisation.InitSsoAsync(), Draft(provider));

        var waiting = LoginAsync(answered);
        await asked.Task;
        Service.Clock.Advance(TokenEndpoint.Patience);

        Assert.Equal("sso_provider_unavailable", (await waiting).Code);
    }

    [Fact]
    public async Task A_provider_that_is_away_is_told_at_the_beginning()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await SsoOrganisationAsync(provider);
        await provider.GoDownAsync();

        var answer = await TryInitAsync(organisation);

        Assert.Equal((503, "sso_provider_unavailable", "30"), ((int)answer.Status, answer.Code, answer.Headers["Retry-After"]));
        Assert.Equal(0, await StatesAsync(organisation));
    }

    [Theory]
    [InlineData("authorization_endpoint", null)]
    [InlineData("authorization_endpoint", "javascript:alert(1)")]
    [InlineData("authorization_endpoint", "http://accounts.example.co/auth")]
    [InlineData("authorization_endpoint", "/auth")]
    [InlineData("authorization_endpoint", "https://accounts.example.co/auth#a")]
    [InlineData("token_endpoint", null)]
    [InlineData("token_endpoint", "http://accounts.example.co/token")]
    [InlineData("token_endpoint", "file:///etc/passwd")]
    public async Task A_provider_without_an_endpoint_that_may_be_used_sends_nobody_anywhere_and_its_ID_tokens_are_taken_all_the_same(string member, string? address)
    {
        await using var provider = await OpenIdProvider.StartAsync();
        provider.Told[member] = address;
        var organisation = await SsoOrganisationAsync(provider);

        var answer = await TryInitAsync(organisation);

        Assert.Equal((503, "sso_provider_unavailable"), ((int)answer.Status, answer.Code));
        Assert.Equal(0, await StatesAsync(organisation));
        await JaneAsync(organisation, provider);
    }

    // Anybody can begin one, and use one up.
    [Fact]
    public async Task States_are_no_more_than_an_address_may_start_in_an_hour_and_go_when_their_time_is_over()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, ("RateLimits:StartsPerHour", "4"));
        var organisation = (await service.NewOrganisationAsync()).Id;
        await service.InDatabaseAsync(db =>
        {
            db.SocialProviders.Add(new SocialProvider { OrganisationId = organisation, Issuer = provider.Issuer, ClientIds = [OpenIdProvider.ClientId], Algorithms = ["RS256"], CreatedAt = service.Clock.GetUtcNow() });
            db.SsoClients.Add(new SsoClient { OrganisationId = organisation, Issuer = provider.Issuer, ClientId = OpenIdProvider.ClientId, RedirectUris = [SingleSignOn.RedirectUri], CreatedAt = service.Clock.GetUtcNow() });
            return db.SaveChangesAsync();
        });

        var begun = new List<Answer>();
        for (var n = 0; n < 3; n++) begun.Add(await InitAsync());
        var used = await service.PostAsync("/auth/login/sso", new JsonObject { ["code"] = "made-up", ["state"] = State(begun[0].Require("ssoRedirectUrl")) });
        var more = new[] { await InitAsync(), await service.PostAsync("/auth/login/sso", new JsonObject { ["code"] = "made-up", ["state"] = State(begun[1].Require("ssoRedirectUrl")) }) };

        Assert.All(begun, a => Assert.Equal(200, (int)a.Status));
        Assert.Equal("sso_code_refused", used.Code);
        Assert.All(more, a => Assert.Equal("too_many_requests", a.Code));
        Assert.Equal(3, await StatesAsync());
        service.Clock.Advance(TimeSpan.FromMinutes(10));
        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);
        Assert.Equal(3, await StatesAsync());
        service.Clock.Advance(TimeSpan.FromSeconds(1));
        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);
        Assert.Equal(0, await StatesAsync());

        Task<Answer> InitAsync() => service.PostAsync("/auth/login/sso/init", new JsonObject { ["orgId"] = organisation, ["clientId"] = OpenIdProvider.ClientId, ["redirectUri"] = SingleSignOn.RedirectUri });

        Task<int> StatesAsync() => service.InDatabaseAsync(db => db.Ceremonies.CountAsync(c => c.Purpose == CeremonyPurpose.SsoLogin));
    }

    private static string State(string address) => QueryHelpers.ParseQuery(new Uri(address).Query)["state"].ToString();

    private Task<int> StatesAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db => db.Ceremonies.CountAsync(c => c.OrganisationId == organisation.Id && c.Purpose == CeremonyPurpose.SsoLogin));
}
