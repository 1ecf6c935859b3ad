using System.Text.Json.Nodes;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Programs that call with a key that the service was told of, over HTTP.</summary>
internal static class Pats
{
    /// <summary>A personal access token of somebody, made over HTTP.</summary>
    /// <param name="person">An employee with Auth:Pats:Create.</param>
    /// <param name="permissionId">A permission that is assigned to it; null for none.</param>
    public static async Task<SigningCaller> NewPatAsync(this SigningCaller person, string? permissionId = null)
    {
        var key = SoftwareKey.P256();
        var body = ServiceAccounts.Body("Nightly", key);
        if (permissionId is not null) body["permissionId"] = permissionId;
        var created = await person.PostAsync("/auth/pats", body);
        Assert.True((int)created.Status == 200, created.Text);
        return person.Service.ProgramOf(created.Body, key);
    }

    /// <summary>Whoever calls with a token that was told, and signs with its key.</summary>
    /// <param name="service">The service.</param>
    /// <param name="token">As the answer has it.</param>
    /// <param name="key">Its key.</param>
    /// <param name="credId">By which name the key signs; null for that of the answer.</param>
    public static SigningCaller ProgramOf(this Service service, JsonNode token, SoftwareKey key, string? credId = null)
    {
        var told = (string)token["credId"]!;
        KnownSecrets.Add((string)token["accessToken"]!);
        return new SigningCaller(service, (string)token["accessToken"]!, challenge => new()
        {
            ["challengeIdentifier"] = challenge.Require("challengeIdentifier"),
            ["firstFactor"] = (key.Get(challenge.Require("challenge"), told) with { CredId = credId ?? told }).ToJson(CredentialKind.Key),
        });
    }

    /// <summary>Which token it calls with.</summary>
    public static string TokenId(this SigningCaller caller) => new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(caller.Token).GetPayloadValue<string>("sid");
}
