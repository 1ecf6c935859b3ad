using System.Text.Json.Nodes;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A recovery that was started: what it takes to complete it.</summary>
public sealed record Recovering(Registered User, string Text, string Token, JsonNode Body)
{
    private Service Service => User.Organisation.Service;

    /// <summary>Starts a recovery with a code that is mailed for it.</summary>
    public static async Task<Recovering> StartAsync(Registered user)
    {
        var answer = await TryStartAsync(user, await CodeAsync(user));
        Assert.True(answer.Status == System.Net.HttpStatusCode.OK, answer.Text);
        return Of(user, answer);
    }

    public static Recovering Of(Registered user, Answer answer)
    {
        KnownSecrets.Add(answer.Require("temporaryAuthenticationToken"));
        return new Recovering(user, answer.Require("challenge"), answer.Require("temporaryAuthenticationToken"), answer.Body);
    }

    public static Task<Answer> TryStartAsync(Registered user, string code, string? credentialId = null) => user.Organisation.Service.PostAsync(
        "/auth/recover/user/init",
        new JsonObject { ["username"] = user.Username, ["verificationCode"] = code, ["orgId"] = user.Organisation.Id, ["credentialId"] = credentialId ?? user.Recovery!.CredId });

    /// <summary>A code for a recovery, as it arrives by mail.</summary>
    public static async Task<string> CodeAsync(Registered user)
    {
        var answer = await user.Organisation.Service.PostAsync("/auth/recover/user/code", new JsonObject { ["username"] = user.Username, ["orgId"] = user.Organisation.Id });
        Assert.Equal("""{"message":"success"}""", answer.Text);
        return (await user.Organisation.Service.Inbox.NextAsync()).Code;
    }

    /// <summary>A new credential over the challenge of the recovery.</summary>
    public HeldCredential Make(CredentialKind kind) => HeldCredential.Create(kind, Text, User.Organisation, User.UserId);

    /// <summary>The new credentials that the request carries.</summary>
    public static JsonObject NewCredentials(HeldCredential first, HeldCredential? second = null, HeldCredential? recovery = null)
    {
        var credentials = new JsonObject { ["firstFactorCredential"] = first.Registration.DeepClone() };
        if (second is not null) credentials["secondFactorCredential"] = second.Registration.DeepClone();
        if (recovery is not null) credentials["recoveryCredential"] = recovery.Registration.DeepClone();
        return credentials;
    }

    /// <summary>The body of a recovery, signed by the user's recovery key or by another key.</summary>
    public JsonObject BodyOf(JsonObject newCredentials, HeldCredential? by = null, Action<KeyAssertionDraft>? change = null)
    {
        by ??= User.Recovery!;
        var made = by.SigningKey!.GetRecovery(newCredentials.ToJsonString(), by.CredId, change);
        KnownSecrets.Add(made.Signature);
        return new JsonObject { ["recovery"] = made.ToJson(CredentialKind.RecoveryKey), ["newCredentials"] = newCredentials.DeepClone() };
    }

    /// <summary>A passkey and a new recovery key, signed.</summary>
    public JsonObject GoodBody() => BodyOf(NewCredentials(Make(CredentialKind.Fido2), recovery: Make(CredentialKind.RecoveryKey)));

    public Task<Answer> CompleteAsync(JsonNode body, string? token = null) => Service.PostAsync("/auth/recover/user", body, token ?? Token);

    /// <summary>Recovers.</summary>
    /// <returns>The user as it is from then on.</returns>
    public async Task<Registered> CompleteAsync(CredentialKind first = CredentialKind.Fido2, CredentialKind? second = null, bool recovery = true)
    {
        var recovered = User with { First = Make(first), Second = second is { } kind ? Make(kind) : null, Recovery = recovery ? Make(CredentialKind.RecoveryKey) : null };
        var answer = await CompleteAsync(BodyOf(NewCredentials(recovered.First, recovered.Second, recovered.Recovery)));
        Assert.True(answer.Status == System.Net.HttpStatusCode.OK, answer.Text);
        return recovered;
    }
}
