using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>What a page does for a single sign-on, and what the operator has set for it.</summary>
internal static class SingleSignOn
{
    public const string RedirectUri = "https://app.example.co/callback";

    /// <summary>Lets people of an organisation sign in by a client of a provider that it accepts already; done again it changes nothing.</summary>
    public static Task<int> SendToAsync(this TestOrganisation organisation, string issuer, string clientId = OpenIdProvider.ClientId, string? secret = null) => organisation.Service.InDatabaseAsync(async db =>
    {
        if (await db.SsoClients.AnyAsync(c => c.OrganisationId == organisation.Id && c.Issuer == issuer && c.ClientId == clientId)) return 0;
        var services = organisation.Service.Services;
        db.SsoClients.Add(new SsoClient
        {
            OrganisationId = organisation.Id,
            Issuer = issuer,
            ClientId = clientId,
            RedirectUris = [RedirectUri, "http://localhost:3000/callback"],
            SealedSecret = secret is null
                ? null
                : services.GetRequiredService<MasterKey>().Seal(Encoding.ASCII.GetBytes(secret), SsoClient.SealedUnder(organisation.Id, issuer, clientId), services.GetRequiredService<Entropy>()),
            CreatedAt = organisation.Service.Clock.GetUtcNow(),
        });
        return await db.SaveChangesAsync();
    });

    /// <summary>Body of <c>POST /auth/login/sso/init</c>.</summary>
    public static JsonObject InitBody(this TestOrganisation organisation, string clientId = OpenIdProvider.ClientId, string redirectUri = RedirectUri) =>
        new() { ["orgId"] = organisation.Id, ["clientId"] = clientId, ["redirectUri"] = redirectUri };

    /// <summary>Where a person is sent to sign in.</summary>
    public static async Task<string> InitSsoAsync(this TestOrganisation organisation)
    {
        var answer = await organisation.Service.PostAsync("/auth/login/sso/init", organisation.InitBody());
        Assert.True((int)answer.Status == 200, answer.Text);
        return answer.Require("ssoRedirectUrl");
    }

    /// <summary>Body of <c>POST /auth/login/sso</c>.</summary>
    public static JsonObject Body((string Code, string State) answered, string? iss = null) => new() { ["code"] = answered.Code, ["state"] = answered.State, ["iss"] = iss };
}
