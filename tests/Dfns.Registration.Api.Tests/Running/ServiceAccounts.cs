using System.Buffers.Text;
using System.Text;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Service accounts in the database, as the command line makes them.</summary>
internal static class ServiceAccounts
{
    /// <summary>A new service account that signs with a key of its own.</summary>
    public static async Task<SigningCaller> NewServiceAccountAsync(this TestOrganisation organisation, params string[] permissions)
    {
        await using var scope = organisation.Service.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        var entropy = scope.ServiceProvider.GetRequiredService<Entropy>();
        var now = organisation.Service.Clock.GetUtcNow();
        var key = SoftwareKey.P256();
        var credId = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(entropy.Id("ci")));
        var user = new User
        {
            OrganisationId = organisation.Id,
            Id = entropy.Id("us"),
            Username = $"service-{entropy.Id("us")}",
            UsernameFolded = entropy.Id("us"),
            Kind = UserKind.CustomerEmployee,
            IsServiceAccount = true,
            Permissions = [.. permissions],
            CreatedAt = now,
            RegisteredAt = now,
        };
        var token = new AccessToken
        {
            OrganisationId = organisation.Id,
            Id = entropy.Id("to"),
            UserId = user.Id,
            Kind = AccessTokenKind.ServiceAccount,
            CreatedAt = now,
            ExpiresAt = now.AddYears(1),
        };
        db.AddRange(user, token, new Credential
        {
            OrganisationId = organisation.Id,
            Uuid = entropy.Id("cr"),
            UserId = user.Id,
            Kind = CredentialKind.Key,
            Slot = CredentialSlot.FirstFactor,
            Name = "Key",
            CredentialId = Base64Url.DecodeFromChars(credId),
            CredentialIdText = credId,
            PublicKey = key.SubjectPublicKeyInfo,
            PublicKeyPem = key.Pem,
            RelyingPartyId = organisation.RelyingPartyId,
            CreatedAt = now,
        });
        await db.SaveChangesAsync();
        var bearer = await scope.ServiceProvider.GetRequiredService<TokenService>().IssueAsync(token, user, CancellationToken.None);
        KnownSecrets.Add(bearer);
        return new SigningCaller(organisation.Service, bearer, challenge => new()
        {
            ["challengeIdentifier"] = challenge.Require("challengeIdentifier"),
            ["firstFactor"] = key.Get(challenge.Require("challenge"), credId).ToJson(CredentialKind.Key),
        });
    }
}
