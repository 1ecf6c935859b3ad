using System.Text.Json.Nodes;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A challenge for a new credential of a user.</summary>
public sealed record Adding(Registered User, Answer Challenge)
{
    public static Task<Answer> TryInitAsync(SigningCaller caller, string? kind) =>
        caller.Service.PostAsync("/auth/credentials/init", new JsonObject { ["kind"] = kind }, caller.Token);

    public static async Task<Adding> InitAsync(Registered user, SigningCaller caller, CredentialKind kind) => Of(user, await TryInitAsync(caller, kind.ToString()));

    public static Adding Of(Registered user, Answer challenge)
    {
        Assert.True(challenge.Status == System.Net.HttpStatusCode.OK, challenge.Text);
        KnownSecrets.Add(challenge.Require("challengeIdentifier"));
        return new Adding(user, challenge);
    }

    public HeldCredential Make(CredentialKind kind) => HeldCredential.Create(kind, Challenge.Require("challenge"), User.Organisation, User.UserId);

    /// <summary>The body that answers the challenge with a credential.</summary>
    public JsonObject BodyOf(HeldCredential credential, string name = "Another one")
    {
        var body = credential.Registration.DeepClone().AsObject();
        body["credentialName"] = name;
        body["challengeIdentifier"] = Challenge.Require("challengeIdentifier");
        return body;
    }
}
