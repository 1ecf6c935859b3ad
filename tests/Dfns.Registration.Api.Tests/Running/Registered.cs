using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>A credential whose private key a test holds.</summary>
public sealed record HeldCredential(CredentialKind Kind, string CredId, JsonObject Registration, Func<string, MadeAssertion> Get)
{
    /// <summary>A new credential over a challenge; it can sign from then on.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="challenge">The issued challenge.</param>
    /// <param name="organisation">Whose relying party it is for.</param>
    /// <param name="userId">The user handle of a passkey.</param>
    public static HeldCredential Create(CredentialKind kind, string challenge, TestOrganisation organisation, string userId)
    {
        if (kind == CredentialKind.Fido2)
        {
            var authenticator = new SoftwareAuthenticator();
            var made = authenticator.Create(challenge, organisation.RelyingPartyId, organisation.Origin);
            return new HeldCredential(kind, made.CredId, made.ToJson(), c => authenticator.Get(c, organisation.RelyingPartyId, organisation.Origin, made.CredId, userId))
            {
                Authenticator = authenticator,
            };
        }

        var key = SoftwareKey.P256();
        var credential = key.Create(challenge, kind);
        var json = credential.ToJson();
        if (kind is CredentialKind.PasswordProtectedKey or CredentialKind.RecoveryKey) json["encryptedPrivateKey"] = $"encrypted-private-key-of-{credential.CredId}";
        KnownSecrets.Add((string?)json["encryptedPrivateKey"]);
        return new HeldCredential(kind, credential.CredId, json, c => key.Get(c, credential.CredId)) { SigningKey = key };
    }

    /// <summary>The device of a passkey.</summary>
    public SoftwareAuthenticator? Authenticator { get; private init; }

    /// <summary>The key pair of a raw key.</summary>
    public SoftwareKey? SigningKey { get; private init; }

    /// <summary>The assertion over a challenge as a request takes it.</summary>
    public JsonObject Sign(string challenge, CredentialKind? kind = null)
    {
        var made = Get(challenge);
        KnownSecrets.Add(made.Signature);
        return made.ToJson(kind ?? Kind);
    }
}

/// <summary>A registered user, and the private keys of the credentials.</summary>
public sealed record Registered(TestOrganisation Organisation, string UserId, string Username, HeldCredential First, HeldCredential? Second, HeldCredential? Recovery)
{
    private Service Service => Organisation.Service;

    /// <summary>Registers a fresh user of an organisation over HTTP.</summary>
    public static async Task<Registered> NewAsync(
        TestOrganisation organisation,
        CredentialKind first = CredentialKind.Fido2,
        CredentialKind? second = null,
        bool recovery = false,
        string username = "jane@example.co",
        UserKind kind = UserKind.EndUser)
    {
        var challenge = await (await organisation.Service.InviteAsync(organisation, username, kind)).InitAsync();
        return await CompleteAsync(challenge, username, first, second, recovery);
    }

    /// <summary>Completes a registration that was started in any way.</summary>
    public static async Task<Registered> CompleteAsync(
        Challenge challenge, string username, CredentialKind first = CredentialKind.Fido2, CredentialKind? second = null, bool recovery = false)
    {
        var user = new Registered(
            challenge.Organisation,
            challenge.UserId,
            username,
            Make(first),
            second is { } kind ? Make(kind) : null,
            recovery ? Make(CredentialKind.RecoveryKey) : null);
        var body = new JsonObject { ["firstFactorCredential"] = user.First.Registration };
        if (user.Second is not null) body["secondFactorCredential"] = user.Second.Registration;
        if (user.Recovery is not null) body["recoveryCredential"] = user.Recovery.Registration;

        var answer = await challenge.CompleteAsync(body);
        Assert.True(answer.Status == System.Net.HttpStatusCode.OK, answer.Text);
        return user;

        HeldCredential Make(CredentialKind k) => HeldCredential.Create(k, challenge.Text, challenge.Organisation, challenge.UserId);
    }

    public Task<Answer> TryInitLoginAsync() =>
        Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = Username, ["orgId"] = Organisation.Id });

    /// <summary>A challenge to sign in, answered by the first factor and, where there is one, the second.</summary>
    public async Task<JsonObject> LoginBodyAsync()
    {
        var challenge = await TryInitLoginAsync();
        Assert.Equal(200, (int)challenge.Status);
        return AnswerTo(challenge);
    }

    /// <summary>The body that answers a login challenge.</summary>
    public JsonObject AnswerTo(Answer challenge)
    {
        var text = challenge.Require("challenge");
        var body = new JsonObject { ["challengeIdentifier"] = challenge.Require("challengeIdentifier"), ["firstFactor"] = First.Sign(text) };
        if (Second is not null) body["secondFactor"] = Second.Sign(text);
        return body;
    }

    /// <summary>Signs in.</summary>
    /// <returns>The bearer token.</returns>
    public async Task<string> LoginAsync()
    {
        var answer = await Service.PostAsync("/auth/login", await LoginBodyAsync());
        Assert.True(answer.Status == System.Net.HttpStatusCode.OK, answer.Text);
        KnownSecrets.Add(answer.Require("token"));
        return answer.Require("token");
    }

    /// <summary>The actions of a session of this user.</summary>
    public async Task<SigningCaller> SignedInAsync() => new(Service, await LoginAsync(), AnswerTo);
}

/// <summary>A caller with a bearer token and a key: signs each call as the official SDK does.</summary>
public sealed record SigningCaller(Service Service, string Token, Func<Answer, JsonObject> AnswerTo)
{
    /// <summary>Who it is, as the token tells.</summary>
    public string UserId => (string)JsonNode.Parse(new JsonWebToken(Token).GetPayloadValue<object>("https://custom/app_metadata").ToString()!)!["userId"]!;

    /// <summary>Asks for the challenge of a call.</summary>
    public Task<Answer> InitActionAsync(HttpMethod method, string path, string payload) => Service.PostAsync(
        "/auth/action/init",
        new JsonObject { ["userActionPayload"] = payload, ["userActionHttpMethod"] = method.Method, ["userActionHttpPath"] = path, ["userActionServerKind"] = "Api" },
        Token);

    /// <summary>Signs a call.</summary>
    /// <returns>What goes into the header, once.</returns>
    public async Task<string> SignAsync(HttpMethod method, string path, string payload)
    {
        var challenge = await InitActionAsync(method, path, payload);
        Assert.True(challenge.Status == System.Net.HttpStatusCode.OK, challenge.Text);
        var answer = await Service.PostAsync("/auth/action", AnswerTo(challenge), Token);
        Assert.True(answer.Status == System.Net.HttpStatusCode.OK, answer.Text);
        KnownSecrets.Add(answer.Require("userAction"));
        return answer.Require("userAction");
    }

    /// <summary>Signs and makes a call.</summary>
    public async Task<Answer> CallAsync(HttpMethod method, string path, JsonNode? body = null) =>
        await SendAsync(method, path, body, await SignAsync(method, path, body?.ToJsonString() ?? ""));

    public Task<Answer> PostAsync(string path, JsonNode? body = null) => CallAsync(HttpMethod.Post, path, body);

    public Task<Answer> PutAsync(string path, JsonNode? body = null) => CallAsync(HttpMethod.Put, path, body);

    public Task<Answer> DeleteAsync(string path, JsonNode? body = null) => CallAsync(HttpMethod.Delete, path, body);

    /// <summary>Makes a call with a user action that is signed already.</summary>
    public Task<Answer> SendAsync(HttpMethod method, string path, JsonNode? body, string? userAction) =>
        Service.SendAsync(method, path, body is null ? null : Service.Json(body), Token, userAction);

    /// <summary>Makes a call that changes nothing.</summary>
    public Task<Answer> GetAsync(string path) => Service.SendAsync(HttpMethod.Get, path, content: null, Token);
}
