using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Social;

/// <summary>What the tests of single sign-on begin with: a provider, an organisation with a client there, and somebody who has registered with that provider.</summary>
public abstract class SsoTests(ServiceFixture fixture) : SocialTests(fixture)
{
    /// <summary>An organisation that sends people to a provider.</summary>
    internal async Task<TestOrganisation> SsoOrganisationAsync(OpenIdProvider provider, string? secret = null)
    {
        var organisation = await OrganisationAsync(provider);
        await organisation.SendToAsync(provider.Issuer, secret: secret);
        return organisation;
    }

    /// <summary>Has somebody register with an ID token of the provider.</summary>
    internal async Task<Registered> JaneAsync(TestOrganisation organisation, OpenIdProvider provider) => await Registered.CompleteAsync(await StartAsync(organisation, Draft(provider)), "jane@example.co");

    internal Task<Answer> TryInitAsync(TestOrganisation organisation, string clientId = OpenIdProvider.ClientId, string redirectUri = SingleSignOn.RedirectUri) =>
        Service.PostAsync("/auth/login/sso/init", organisation.InitBody(clientId, redirectUri));

    internal Task<Answer> LoginAsync((string Code, string State) answered, string? iss = null) => Service.PostAsync("/auth/login/sso", SingleSignOn.Body(answered, iss));

    internal Task<int> SessionsAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db => db.AccessTokens.CountAsync(t => t.OrganisationId == organisation.Id));

    /// <summary>Asserts that an answer opens no session.</summary>
    internal async Task AssertRefusedAsync(string code, int status, TestOrganisation organisation, (string Code, string State) answered, string? iss = null)
    {
        var answer = await LoginAsync(answered, iss);

        Assert.Equal((code, status), (answer.Code, (int)answer.Status));
        Assert.Equal(0, await SessionsAsync(organisation));
    }
}
