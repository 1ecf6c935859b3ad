using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Social;

/// <summary><c>POST /auth/login/social</c>: an ID token for a session, once.</summary>
public abstract class SocialLoginTests(ServiceFixture fixture) : SocialTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SocialLoginTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SocialLoginTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task A_registered_identity_signs_in_whatever_its_address_is_now()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var user = await Registered.CompleteAsync(await StartAsync(organisation, Draft(provider)), "jane@example.co");

        var answer = await LoginAsync(organisation, Draft(provider, email: "jane.doe@example.co").Encode());

        Assert.Equal(200, (int)answer.Status);
        // The session is the user's: the passkey of the user signs its actions.
        await new SigningCaller(Service, answer.Require("token"), user.AnswerTo).SignAsync(HttpMethod.Post, "/auth/users", "{}");
        Assert.Equal(provider.Issuer, await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.Action == "user.signed_in").Select(e => e.Note).SingleAsync()));
    }

    [Fact]
    public async Task A_token_signs_in_once()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await Registered.CompleteAsync(await StartAsync(organisation, Draft(provider)), "jane@example.co");
        var token = Draft(provider).Encode();

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => LoginAsync(organisation, token)));

        Assert.Single(answers, a => (int)a.Status == 200);
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal("id_token_already_used", a.Code));
        Assert.Equal(1, await SessionsAsync(organisation));
    }

    [Fact]
    public async Task A_token_that_started_the_registration_signs_in_once_it_is_complete()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var draft = Draft(provider);
        var challenge = await StartAsync(organisation, draft);
        var token = draft.Encode();
        Assert.Equal((401, "User not found"), await StatusAndMessageAsync(organisation, token));

        await Registered.CompleteAsync(challenge, "jane@example.co");

        Assert.Equal(200, (int)(await LoginAsync(organisation, token)).Status);
    }

    [Fact]
    public async Task Nobody_signs_in_by_an_address()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await Registered.NewAsync(organisation);

        Assert.Equal((401, "User not found"), await StatusAndMessageAsync(organisation, Draft(provider).Encode()));
        Assert.Equal(0, await SessionsAsync(organisation));
    }

    [Fact]
    public async Task The_identity_of_another_organisation_does_not_sign_in()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var other = await OrganisationAsync(provider);
        await Registered.CompleteAsync(await StartAsync(other, Draft(provider)), "jane@example.co");
        var organisation = await OrganisationAsync(provider);

        Assert.Equal((401, "User not found"), await StatusAndMessageAsync(organisation, Draft(provider).Encode()));
    }

    [Fact]
    public async Task A_deactivated_user_does_not_sign_in_and_the_token_stays_unused()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await Registered.CompleteAsync(await StartAsync(organisation, Draft(provider)), "jane@example.co");
        var token = Draft(provider).Encode();
        await SetActiveAsync(organisation, active: false);
        Assert.Equal((400, "User account has been deactivated."), await StatusAndMessageAsync(organisation, token));

        await SetActiveAsync(organisation, active: true);

        Assert.Equal(200, (int)(await LoginAsync(organisation, token)).Status);
    }

    [Fact]
    public async Task What_makes_a_token_invalid_for_a_registration_makes_it_invalid_here()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await Registered.CompleteAsync(await StartAsync(organisation, Draft(provider)), "jane@example.co");

        Assert.Equal("id_token_malformed", (await LoginAsync(organisation, "e30.e30")).Code);
        Assert.Equal("id_token_nonce_mismatch", (await LoginAsync(organisation, Draft(provider).Encode(), nonce: "other")).Code);
        var old = Draft(provider).Encode();
        Service.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal("id_token_expired", (await LoginAsync(organisation, old)).Code);
        Assert.Equal(0, await SessionsAsync(organisation));
    }

    // A client id that two organisations list tells neither.
    [Fact]
    public async Task A_token_tells_the_organisation_where_one_alone_accepts_it()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var (body, issued) = (Body(organisation, Draft(provider).Encode()), 0);
        body.Remove("orgId");
        Assert.Equal((401, "User not found"), await LoginAsync());
        await Registered.CompleteAsync(await StartAsync(organisation, Draft(provider)), "jane@example.co");

        Assert.Equal(200, (await LoginAsync()).Status);

        var other = await Service.NewOrganisationAsync();
        await AcceptAsync(other, provider.Issuer, p => p.ClientIds = ["another-client"]);
        body["idToken"] = Another();
        Assert.Equal(200, (await LoginAsync()).Status);

        await AcceptAsync(await Service.NewOrganisationAsync(), provider.Issuer);
        body["idToken"] = Another();
        var ambiguous = await Service.PostAsync("/auth/login/social", body.DeepClone());
        Assert.Equal((400, "organisation_not_told", "$.orgId"), ((int)ambiguous.Status, ambiguous.Code, ambiguous.Path));
        body["orgId"] = organisation.Id;
        Assert.Equal(200, (await LoginAsync()).Status);

        // At one instant all tokens are the same, and each signs in once.
        string Another()
        {
            var draft = Draft(provider);
            draft.Claims["jti"] = $"{++issued}";
            return draft.Encode();
        }

        async Task<(int Status, string? Message)> LoginAsync()
        {
            var answer = await Service.PostAsync("/auth/login/social", body.DeepClone());
            return ((int)answer.Status, answer.Message);
        }
    }

    [Fact]
    public async Task None_that_accepts_a_token_and_several_that_do_are_one_answer()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await AcceptAsync(await Service.NewOrganisationAsync(), provider.Issuer);
        await using var unknown = await OpenIdProvider.StartAsync();
        var anothers = Draft(provider);
        anothers.Claims["aud"] = "another-client";
        var nobodys = Draft(provider);
        nobodys.Claims.Remove("aud");

        var answers = new List<string>();
        foreach (var path in new[] { "/auth/login/social", "/auth/registration/social" })
        {
            foreach (var draft in new[] { Draft(provider), Draft(unknown), anothers, nobodys })
            {
                var body = Body(organisation, draft.Encode());
                body["orgId"] = "";
                answers.Add((await Service.PostAsync(path, body)).Text);
            }
        }

        Assert.Contains("organisation_not_told", Assert.Single(answers.Distinct(StringComparer.Ordinal)), StringComparison.Ordinal);
    }

    // Whoever makes a token up learns by no answer whether one organisation alone accepts such.
    [Fact]
    public async Task What_the_provider_has_not_signed_does_not_tell_whether_one_organisation_accepts_it()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await using var unknown = await OpenIdProvider.StartAsync();
        Action<IdTokenDraft>[] changes =
        [
            _ => { },
            d => d.Claims["exp"] = 1,
            d => d.Claims["nonce"] = 1,
            d => d.Claims.Remove("sub"),
            d => d.Claims["email_verified"] = false,
            d => d.Claims["azp"] = "another-client",
            d => d.Header["alg"] = "HS256",
            d => d.Header["alg"] = "none",
            d => d.Header["kid"] = "none",
            d => d.Header.Remove("kid"),
        ];

        var answers = new List<string>();
        foreach (var path in new[] { "/auth/login/social", "/auth/registration/social" })
        {
            foreach (var (change, of) in changes.SelectMany(change => new[] { (change, provider), (change, unknown) }))
            {
                var draft = Draft(of).With(change);
                var sign = draft.Sign;
                draft.Sign = bytes => [.. sign(bytes).Reverse()];
                var body = Body(organisation, draft.Encode());
                body.Remove("orgId");
                answers.Add((await Service.PostAsync(path, body)).Text);
            }
        }

        Assert.Contains("organisation_not_told", Assert.Single(answers.Distinct(StringComparer.Ordinal)), StringComparison.Ordinal);
        // One that is signed is told what is wrong with it.
        var signed = Body(organisation, Draft(provider).With(d => d.Claims["exp"] = 1).Encode());
        signed.Remove("orgId");
        Assert.Equal("id_token_expired", (await Service.PostAsync("/auth/login/social", signed)).Code);
    }

    [Fact]
    public async Task A_registration_is_of_the_organisation_that_the_token_tells()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var body = Body(organisation, Draft(provider).Encode());
        body.Remove("orgId");
        body["tenantId"] = "";

        var answer = await Service.PostAsync("/auth/registration/social", body);

        Assert.Equal(200, (int)answer.Status);
        Assert.Equal(new Rows(1, 1, 1, 1), await RowsAsync(organisation));
        body["tenantId"] = $"acct{organisation.Id[2..]}";
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/registration/social", body)).Status);
    }

    private Task<Answer> LoginAsync(TestOrganisation organisation, string idToken, string? nonce = null) =>
        Service.PostAsync("/auth/login/social", Body(organisation, idToken, nonce));

    private async Task<(int Status, string? Message)> StatusAndMessageAsync(TestOrganisation organisation, string idToken)
    {
        var answer = await LoginAsync(organisation, idToken);
        return ((int)answer.Status, answer.Message);
    }

    private Task<int> SessionsAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db => db.AccessTokens.CountAsync(t => t.OrganisationId == organisation.Id));

    private Task<int> SetActiveAsync(TestOrganisation organisation, bool active) => Service.InDatabaseAsync(db =>
        db.Users.Where(u => u.OrganisationId == organisation.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, active)));
}
