using System.Text.Json.Nodes;
using Dfns.Registration.Api.OpenApi;
using Dfns.Registration.TestKit;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>An organisation of one test.</summary>
public sealed record TestOrganisation(Service Service, string Id, string RelyingPartyId, string Origin);

/// <summary>A user who exists and is not registered, with the code in hand.</summary>
public sealed record Invited(TestOrganisation Organisation, string UserId, string Username, string Code)
{
    private Service Service => Organisation.Service;

    public JsonObject InitBody => new() { ["username"] = Username, ["registrationCode"] = Code, ["orgId"] = Organisation.Id };

    public Task<Answer> TryInitAsync(string? code = null)
    {
        var body = InitBody;
        if (code is not null) body["registrationCode"] = code;
        return Service.PostAsync("/auth/registration/init", body);
    }

    public async Task<Challenge> InitAsync()
    {
        var answer = await TryInitAsync();
        Assert.Equal(200, (int)answer.Status);
        var challenge = new Challenge(Organisation, UserId, answer.Require("challenge"), answer.Require("temporaryAuthenticationToken"), answer.Body);
        KnownSecrets.Add(challenge.Token);
        return challenge;
    }
}

/// <summary>An open session: what it takes to complete it.</summary>
public sealed record Challenge(TestOrganisation Organisation, string UserId, string Text, string Token, JsonNode Body)
{
    /// <summary>What was answered to whoever began.</summary>
    public static Challenge Of(TestOrganisation organisation, Answer answer)
    {
        Assert.True((int)answer.Status == 200, answer.Text);
        var challenge = new Challenge(organisation, (string)answer.Body["user"]!["id"]!, answer.Require("challenge"), answer.Require("temporaryAuthenticationToken"), answer.Body);
        KnownSecrets.Add(challenge.Token);
        return challenge;
    }

    private ExampleCredentials Make => new(Text, Organisation.RelyingPartyId, Organisation.Origin);

    public JsonObject Fido2() => Known(Make.Fido2());

    /// <summary>A passkey whose attestation its own key signed (packed, self).</summary>
    public JsonObject SelfAttestedFido2() =>
        Known(new SoftwareAuthenticator { Attestation = AttestationMaker.PackedSelf }.Create(Text, Organisation.RelyingPartyId, Organisation.Origin).ToJson());

    public JsonObject Key() => Known(Make.Key());

    public JsonObject PasswordProtectedKey() => Known(Make.PasswordProtectedKey());

    public JsonObject RecoveryKey() => Known(Make.RecoveryKey());

    /// <summary>A passkey and a recovery key.</summary>
    public JsonObject GoodBody() => new() { ["firstFactorCredential"] = Fido2(), ["recoveryCredential"] = RecoveryKey() };

    public Task<Answer> CompleteAsync(JsonNode body, string? token = null) => Organisation.Service.PostAsync("/auth/registration", body, token ?? Token);

    /// <summary>What is stored for this user and this session: everything that a refused registration must leave as it was.</summary>
    public Task<Stored> StoredAsync() => Organisation.Service.InDatabaseAsync(async db =>
    {
        var open = await db.Ceremonies.CountAsync(c => c.OrganisationId == Organisation.Id && c.UserId == UserId && c.ConsumedAt == null);
        var registered = await db.Users.AnyAsync(u => u.OrganisationId == Organisation.Id && u.Id == UserId && u.RegisteredAt != null);
        var codeSpent = await db.Codes.AnyAsync(c => c.OrganisationId == Organisation.Id && c.UserId == UserId && c.ConsumedAt != null);
        var credentials = await db.Credentials.CountAsync(c => c.OrganisationId == Organisation.Id && c.UserId == UserId);
        var audits = await db.AuditEvents.CountAsync(e => e.OrganisationId == Organisation.Id && e.SubjectId == UserId);
        return new Stored(open, registered, codeSpent, credentials, audits);
    });

    private static JsonObject Known(JsonObject credential)
    {
        KnownSecrets.Add((string?)credential["encryptedPrivateKey"]);
        KnownSecrets.Add((string?)credential["credentialInfo"]?["attestationData"]);
        KnownSecrets.Add((string?)credential["credentialInfo"]?["clientData"]);
        return credential;
    }
}

/// <summary>The rows of one user.</summary>
public sealed record Stored(int OpenSessions, bool Registered, bool CodeSpent, int Credentials, int AuditEvents)
{
    /// <summary>What init leaves behind, and a refused completion with it.</summary>
    public static readonly Stored Nothing = new(OpenSessions: 1, Registered: false, CodeSpent: false, Credentials: 0, AuditEvents: 0);
}
