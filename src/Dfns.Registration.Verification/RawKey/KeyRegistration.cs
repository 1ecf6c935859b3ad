using System.Security.Cryptography;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.RawKey;

/// <summary>
/// Registering a raw key. Key, PasswordProtectedKey and RecoveryKey prove possession alike: the new private key signs a fingerprint of
/// the client data and of its own public key. What differs between them is where the private key is kept, which is not proven here.
/// </summary>
internal static class KeyRegistration
{
    /// <summary>Verifies the proof of possession.</summary>
    /// <param name="credential">A credential of one of the three kinds.</param>
    /// <param name="expected">Of this the challenge counts alone: raw-key clients have no origin to vouch for.</param>
    /// <returns>The key and its id, or the first rule that is broken.</returns>
    public static Outcome<VerifiedCredential> Verify(RegistrationCredential credential, RegistrationExpectation expected)
    {
        // The id is the client's own choice; it is opaque, and bounded as WebAuthn bounds its ids.
        if (CredentialIds.Read(credential.CredId, credential.Kind).Refused(out var why, out var credId)) return why;

        // Client data names this ceremony and the issued challenge.
        if (KeyClientData.Read(credential.ClientData, "key.create").Refused(out why, out var clientData)) return why;
        if (!new IssuedChallenge(expected.Challenge).IsPresentedLooselyBy(clientData.Challenge)) return RefusalReason.ChallengeMismatch;

        // The attestation brings the public key and the signature.
        if (ReadAttestation(credential.AttestationData).Refused(out why, out var attestation)) return why;
        if (PublicKeyPem.Read(attestation.PublicKeyPem).Refused(out why, out var key)) return why;

        if (KeyHash.For(key, attestation.Algorithm) is not { } hash)
            return new Refusal(RefusalReason.HashAlgorithmNotSupported, attestation.Algorithm);

        // The signature covers client data and key as they arrived.
        var fingerprint = Fingerprint(clientData.Bytes.Span, attestation.PublicKeyPem);
        if (!key.Verifies(fingerprint, attestation.Signature.Span, new SignatureScheme(hash, RSASignaturePadding.Pkcs1)))
            return RefusalReason.KeySignatureInvalid;

        return new VerifiedCredential
        {
            Kind = credential.Kind,
            CredentialId = credId,
            SubjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo(),
            PublicKeyPem = attestation.PublicKeyPem,
            HashAlgorithm = key is Ed25519PublicKey ? null : hash.Name,
        };
    }

    /// <summary>
    /// The bytes that are signed: compact JSON with these two members in this order, the PEM text escaped as JSON.stringify escapes it.
    /// A PEM text that was read holds base64, dashes, letters of its label and line breaks, so only line breaks need escaping.
    /// </summary>
    internal static byte[] Fingerprint(ReadOnlySpan<byte> clientDataJson, string publicKeyPem)
    {
        var clientDataHash = Convert.ToHexStringLower(SHA256.HashData(clientDataJson));
        var escapedPem = publicKeyPem.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return System.Text.Encoding.UTF8.GetBytes($$"""{"clientDataHash":"{{clientDataHash}}","publicKey":"{{escapedPem}}"}""");
    }

    private static Outcome<KeyAttestation> ReadAttestation(string attestationData)
    {
        const CredentialPart Part = CredentialPart.AttestationData;
        if (Base64UrlText.Decode(attestationData, Part).Refused(out var why, out var bytes)) return why;
        if (StrictJson.Read(bytes.Span, Part).Refused(out why, out var json)) return why;

        if (json["publicKey"].Text is not { } publicKeyPem) return Invalid("publicKey");
        if (json["signature"].Text is not { } hex) return Invalid("signature");
        if (json["algorithm"] is { Absent: false, Text: null }) return Invalid("algorithm");
        if (!TryReadHex(hex, out var signature)) return RefusalReason.SignatureNotHex;

        return new KeyAttestation(publicKeyPem, signature, json["algorithm"].Text);
    }

    private static bool TryReadHex(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 2];
        return text.Length > 0 && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    private static Refusal Invalid(string member) => new(RefusalReason.KeyAttestationMemberInvalid, member);

    /// <summary>The key attestation, decoded.</summary>
    /// <param name="PublicKeyPem">The PEM text as received.</param>
    /// <param name="Signature">The signature: DER for ECDSA, 64 bytes for Ed25519, PKCS #1 v1.5 for RSA.</param>
    /// <param name="Algorithm">The hash as the client names it; null when it names none.</param>
    private sealed record KeyAttestation(string PublicKeyPem, ReadOnlyMemory<byte> Signature, string? Algorithm);
}
