using System.Buffers.Text;
using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.RawKey;
using Dfns.Registration.Verification.WebAuthn;
using static Dfns.Registration.Verification.Tests.Ceremony;
using static Dfns.Registration.Verification.Tests.Vectors.DfnsDocumentation;

namespace Dfns.Registration.Verification.Tests.Vectors;

/// <summary>The published examples that concern registration: what decodes decodes, and what is broken in them is refused.</summary>
public sealed class DfnsDocumentationTests
{
    [Theory]
    [InlineData("challenge-hex32")]
    [InlineData("challenge-hex64")]
    [InlineData("challenge-ch-79hht")]
    [InlineData("challenge-ch-39e46")]
    [InlineData("challenge-ch-6cltc")]
    [InlineData("challenge-raw-wire")]
    public void Accepts_a_challenge_verbatim_and_encoded(string id)
    {
        var issued = Input(id, "challenge");
        Assert.All(Expect(id).GetProperty("acceptedClientDataChallenges").EnumerateArray(), accepted =>
        {
            Accepted(Make(draft => draft.ClientData.Set("challenge", accepted.GetString())), Expected with { Challenge = issued });
            Accepted(MakeKey(draft => draft.ClientData.Set("challenge", accepted.GetString())), Expected with { Challenge = issued });
        });
    }

    [Theory]
    [InlineData("clientdata-fido2-create")]
    [InlineData("clientdata-key-create-2024")]
    [InlineData("clientdata-key-create-2025")]
    [InlineData("clientdata-legacy-key-create")]
    [InlineData("clientdata-legacy-webauthn-create")]
    [InlineData("clientdata-padded")]
    public void Decodes_client_data(string id)
    {
        var bytes = Accepted(Base64UrlText.Decode(Input(id, "clientData"), CredentialPart.ClientData));
        Assert.Equal(Expect(id).GetProperty("sha256Hex").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes.Span)));

        var json = Accepted(StrictJson.Read(bytes.Span, CredentialPart.ClientData));
        Assert.Equal(Expect(id).GetProperty("type").GetString(), json["type"].Text);
        Assert.Equal(Expect(id).GetProperty("challenge").GetString(), json["challenge"].Text);
    }

    [Theory]
    [InlineData("credid-padded")]
    [InlineData("credid-token-3bvbq")]
    [InlineData("credid-token-4jbtg")]
    public void Decodes_credential_ids(string id) => Accepted(Base64UrlText.DecodeChosenId(Input(id, "credId")));

    [Theory]
    [InlineData("pem-p256-trailing-newline")]
    [InlineData("pem-rsa2048")]
    public void Reads_public_keys(string id)
    {
        var key = Accepted(PublicKeyPem.Read(Input(id, "pem")));
        if (!Expect(id).TryGetProperty("spkiSha256Hex", out var hash)) return;
        Assert.Equal(hash.GetString(), Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo())));
    }

    [Theory]
    [InlineData("fingerprint-2024")]
    [InlineData("fingerprint-2025")]
    public void Builds_the_fingerprint_that_is_printed(string id)
    {
        var clientData = Accepted(Base64UrlText.Decode(Input(id, "clientData"), CredentialPart.ClientData));
        var fingerprint = KeyRegistration.Fingerprint(clientData.Span, Input(id, "publicKeyPem"));

        Assert.Equal(Expect(id).GetProperty("fingerprint").GetString(), System.Text.Encoding.UTF8.GetString(fingerprint));
    }

    [Theory]
    [InlineData("attestation-key-1-INVALID-signature")]
    [InlineData("attestation-key-2-INVALID-signature")]
    public void Refuses_the_signatures_that_are_printed_for_keys(string id) => Refused(
        RefusalReason.KeySignatureInvalid,
        new MadeCredential(
            CredentialKind.Key,
            Input("credid-padded", "credId"),
            Input("clientdata-key-create-2024", "clientData"),
            Input(id, "attestationData")),
        Expected with { Challenge = Input("challenge-ch-79hht", "challenge") });

    [Fact]
    public void Accepts_the_attestation_object_without_attestation()
    {
        var attestationData = Input("attestationobject-none", "attestationData");
        var verified = Accepted(
            Make() with { CredId = Expect("attestationobject-none").GetProperty("credId").GetString()!, AttestationData = attestationData },
            Expected with { RelyingPartyId = "localhost" });

        Assert.True(verified.WebAuthn is { BackedUp: true, BackupEligible: true, AttestationType: AttestationType.None });
    }

    [Fact]
    public void Reads_the_attestation_object_of_a_security_key_with_its_extensions()
    {
        var bytes = Accepted(Base64UrlText.Decode(Input("attestationobject-packed", "attestationData"), CredentialPart.AttestationData));
        var attestation = Accepted(AttestationObject.Read(bytes));
        var expected = Expect("attestationobject-packed");

        Assert.Equal("packed", attestation.Format);
        Assert.Equal((AuthenticatorFlags)expected.GetProperty("flags").GetByte(), attestation.AuthenticatorData.Flags);
        Assert.Equal(expected.GetProperty("aaguid").GetGuid(), attestation.AuthenticatorData.AttestedCredential!.Aaguid);
        Assert.Equal(
            expected.GetProperty("credId").GetString(), Base64Url.EncodeToString(attestation.AuthenticatorData.AttestedCredential.CredentialId.Span));
    }

    [Fact]
    public void Refuses_the_printed_public_key_off_its_curve() =>
        Refused(RefusalReason.PublicKeyNotOnCurve, PublicKeyPem.Read(Input("reject-publickey-off-curve", "pem")));

    [Theory]
    [InlineData("reject-fido2-attestation-is-authenticatordata", CredentialKind.Fido2, RefusalReason.CborNotMap)]
    [InlineData("reject-ppk-attestation-is-clientdata", CredentialKind.PasswordProtectedKey, RefusalReason.KeyAttestationMemberInvalid)]
    [InlineData("reject-recoverykey-attestation-is-random", CredentialKind.RecoveryKey, RefusalReason.JsonNotUtf8)]
    public void Refuses_attestation_data_that_is_something_else(string id, CredentialKind kind, RefusalReason reason)
    {
        var valid = kind == CredentialKind.Fido2 ? Make() : MakeKey() with { Kind = kind };
        Refused(reason, valid with { AttestationData = Input(id, "attestationData") });
    }
}
