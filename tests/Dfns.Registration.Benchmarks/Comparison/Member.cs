using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>An invited user, who registers, signs in and signs actions.</summary>
internal sealed class Member(Invitation invitation, Device device)
{
    private string userId = "";

    /// <summary>The bearer token of the last sign-in; null before one.</summary>
    public string? Session { get; private set; }

    public Task RegisterAsync(Connection connection) => RegisterAsync(connection, device.RegisterPasskey);

    /// <summary>Registers with a passkey that a maker certifies, model by model.</summary>
    public Task RegisterCertifiedAsync(Connection connection) => RegisterAsync(connection, device.RegisterCertifiedPasskey);

    public async Task SignInAsync(Connection connection)
    {
        var opened = await connection.PostAsync("/auth/login/init", bearer: null, $$"""{"username":"{{invitation.Username}}","orgId":"{{invitation.OrgId}}"}""");
        var answer = device.Answer(opened.GetProperty("challengeIdentifier").GetString()!, opened.GetProperty("challenge").GetString()!, userId);
        Session = (await connection.PostAsync("/auth/login", bearer: null, answer)).GetProperty("token").GetString();
    }

    public async Task SignActionAsync(Connection connection)
    {
        const string Call = """{"userActionHttpMethod":"PUT","userActionHttpPath":"/auth/credentials/cr-1","userActionPayload":"{\"name\":\"My other phone\"}","userActionServerKind":"Api"}""";
        var opened = await connection.PostAsync("/auth/action/init", Session, Call);
        var answer = device.Answer(opened.GetProperty("challengeIdentifier").GetString()!, opened.GetProperty("challenge").GetString()!, userId);
        await connection.PostAsync("/auth/action", Session, answer);
    }

    private async Task RegisterAsync(Connection connection, Func<string, string> makePasskey)
    {
        var opened = await connection.PostAsync(
            "/auth/registration/init",
            bearer: null,
            $$"""{"username":"{{invitation.Username}}","registrationCode":"{{invitation.Code}}","orgId":"{{invitation.OrgId}}"}""");
        var challenge = opened.GetProperty("challenge").GetString()!;
        await connection.PostAsync(
            "/auth/registration",
            opened.GetProperty("temporaryAuthenticationToken").GetString(),
            $$"""{"firstFactorCredential":{{makePasskey(challenge)}},"recoveryCredential":{{device.RegisterRecoveryKey(challenge)}}}""");
        userId = opened.GetProperty("user").GetProperty("id").GetString()!;
    }
}

/// <summary>
/// The passkey and the recovery key of a user. Whatever does not depend on a challenge is made beforehand: a caller hashes, signs and joins
/// texts, no more.
/// </summary>
internal sealed class Device
{
    public const string RpId = "example.co";
    public const string Origin = "https://app.example.co";

    private static readonly byte[] AssertedData = [.. SHA256.HashData(Encoding.UTF8.GetBytes(RpId)), AssertionDraft.UsualFlags, 0, 0, 0, 0];
    private static readonly string AssertedDataText = Base64Url.EncodeToString(AssertedData);
    private static readonly string EncryptedPrivateKey = Convert.ToBase64String(new byte[138]);

    private readonly SoftwareAuthenticator passkey = new();
    private readonly SoftwareKey recoveryKey = SoftwareKey.P256();
    private readonly string recoveryId = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
    private readonly string recoveryPem;
    private readonly string attestation;
    private string passkeyId;

    public Device()
    {
        recoveryPem = recoveryKey.Pem.Replace("\n", "\\n", StringComparison.Ordinal);
        // Without an attestation nothing is signed, and the challenge is in the client data alone.
        var made = passkey.Create(challenge: "", RpId, Origin);
        (passkeyId, attestation) = (made.CredId, made.AttestationData);
    }

    public string RegisterPasskey(string challenge) => Registration("Fido2", passkeyId, ClientData("webauthn.create", challenge), attestation);

    public string RegisterCertifiedPasskey(string challenge)
    {
        var made = new SoftwareAuthenticator { CredentialKey = passkey.CredentialKey, Attestation = BatchCertified.Shared }
            .Create(challenge, RpId, Origin, draft => draft.EncodeChallengeText(challenge));
        passkeyId = made.CredId;
        return Registration("Fido2", made.CredId, made.ClientData, made.AttestationData);
    }

    public string RegisterRecoveryKey(string challenge)
    {
        var clientData = Encoding.ASCII.GetBytes($$"""{"type":"key.create","challenge":"{{challenge}}"}""");
        var fingerprint = $$"""{"clientDataHash":"{{Convert.ToHexStringLower(SHA256.HashData(clientData))}}","publicKey":"{{recoveryPem}}"}""";
        var signature = recoveryKey.Sign(Encoding.ASCII.GetBytes(fingerprint), HashAlgorithmName.SHA256);
        var proof = Encoding.ASCII.GetBytes($$"""{"publicKey":"{{recoveryPem}}","signature":"{{Convert.ToHexStringLower(signature)}}"}""");
        return Registration(nameof(CredentialKind.RecoveryKey), recoveryId, Base64Url.EncodeToString(clientData), Base64Url.EncodeToString(proof), $",\"encryptedPrivateKey\":\"{EncryptedPrivateKey}\"");
    }

    /// <summary>Signs a challenge to sign in, or to sign an action, with the passkey.</summary>
    /// <returns>The body that completes it.</returns>
    public string Answer(string identifier, string challenge, string userId)
    {
        var clientData = ClientData("webauthn.get", challenge);
        var signature = passkey.CredentialKey.Sign([.. AssertedData, .. SHA256.HashData(Base64Url.DecodeFromChars(clientData))], HashAlgorithmName.SHA256);
        return $$$$"""
            {"challengeIdentifier":"{{{{identifier}}}}","firstFactor":{"kind":"Fido2","credentialAssertion":{"credId":"{{{{passkeyId}}}}","clientData":"{{{{clientData}}}}","authenticatorData":"{{{{AssertedDataText}}}}","signature":"{{{{Base64Url.EncodeToString(signature)}}}}","userHandle":"{{{{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(userId))}}}}"}}}
            """;
    }

    // The challenge as the official browser SDK passes it on: the text's bytes, which the browser encodes once more.
    private static string ClientData(string type, string challenge) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(
        $$"""{"type":"{{type}}","challenge":"{{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(challenge))}}","origin":"{{Origin}}","crossOrigin":false}"""));

    private static string Registration(string kind, string id, string clientData, string attestation, string more = "") =>
        $$$"""{"credentialKind":"{{{kind}}}","credentialInfo":{"credId":"{{{id}}}","clientData":"{{{clientData}}}","attestationData":"{{{attestation}}}"}{{{more}}}}""";

    /// <summary>Packed attestation by one key and one certificate for all authenticators of a model, as makers do it.</summary>
    private sealed class BatchCertified : AttestationMaker
    {
        private readonly SoftwareKey key = SoftwareKey.P256();
        private readonly byte[] certificates;

        private BatchCertified()
        {
            var leaf = CertificateDraft.ForAttestation(key, new SoftwareAuthenticator().Aaguid);
            certificates = Cbor.Array([.. TestAuthority.Trusted.Certify(leaf).Select(der => Cbor.Bytes(der))]);
        }

        public static BatchCertified Shared { get; } = new();

        public override string Format => "packed";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes) => new CborMapDraft()
            .Set("alg", Cbor.Number(-7))
            .Set("sig", Cbor.Bytes(key.Sign(signedBytes, algorithm: -7)))
            .Set("x5c", certificates);
    }
}
