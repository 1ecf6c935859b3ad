using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Service accounts in the database, as the command line makes them.</summary>
internal static class ServiceAccounts
{
    /// <summary>What creates one over HTTP.</summary>
    public static JsonObject Body(string name, SoftwareKey? key = null) => new() { ["name"] = name, ["publicKey"] = (key ?? SoftwareKey.P256()).Pem };

    /// <summary>A new service account that signs with a key of its own.</summary>
    public static async Task<SigningCaller> NewServiceAccountAsync(this TestOrganisation organisation, params string[] permissions)
    {
        await using var scope = organisation.Service.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var db = services.GetRequiredService<RegistrationDbContext>();
        var key = SoftwareKey.P256();
        var account = services.GetRequiredService<ServiceAccountStore>().Add(
            await db.RelyingParties.SingleAsync(r => r.OrganisationId == organisation.Id),
            $"service-{services.GetRequiredService<Entropy>().Id("us")}",
            key.Pem,
            key.SubjectPublicKeyInfo,
            permissions,
            organisation.Service.Clock.GetUtcNow().AddYears(1));
        await db.SaveChangesAsync();
        var bearer = await services.GetRequiredService<TokenService>().IssueAsync(account.Token, account.User, CancellationToken.None);
        KnownSecrets.Add(bearer);
        return new SigningCaller(organisation.Service, bearer, challenge => new()
        {
            ["challengeIdentifier"] = challenge.Require("challengeIdentifier"),
            ["firstFactor"] = key.Get(challenge.Require("challenge"), account.Credential.CredentialIdText).ToJson(CredentialKind.Key),
        });
    }
}
