using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// Format <c>fido-u2f</c> (WebAuthn L3 §8.6): the signature of a U2F registration, made with a batch key on P-256.
/// </summary>
internal static class FidoU2fAttestation
{
    /// <summary>The identifier of this format.</summary>
    public const string Format = "fido-u2f";

    /// <summary>Follows the verification procedure of §8.6.</summary>
    /// <returns>
    /// Attestation type Certified, or <see cref="RefusalReason.AttestationStatementInvalid"/>,
    /// <see cref="RefusalReason.CertificateKeyNotAccepted"/>, <see cref="RefusalReason.CredentialKeyNotAccepted"/>,
    /// <see cref="RefusalReason.AttestationSignatureInvalid"/>, or what <see cref="AttestationCertificate"/> refuses.
    /// </returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject)
    {
        // Step 1: the statement is a map of x5c and sig.
        if (subject.Object.Statement is not CborMap statement || !statement.HasExactly("x5c", "sig")) return Invalid("members are x5c, sig");
        if (statement["sig"] is not ReadOnlyMemory<byte> signature) return Invalid("sig");

        // Step 2: exactly one certificate, with a key on P-256.
        if (statement["x5c"] is not IReadOnlyList<object> { Count: 1 } x5c) return Invalid("x5c");
        if (AttestationCertificate.ReadChain(x5c).Refused(out var why, out var chain)) return why;
        var leaf = chain.Leaf;
        if (!CoseAlgorithm.Es256.Fits(leaf.Key)) return new Refusal(RefusalReason.CertificateKeyNotAccepted, "not on P-256");

        // Steps 3 and 4: the claimed credential; its key as U2F writes one. What the signing procedure demands, ES256, brings the
        // 32-byte coordinates with it.
        if (subject.CredentialKey.Algorithm != CoseAlgorithm.Es256)
            return new Refusal(RefusalReason.CredentialKeyNotAccepted, subject.CredentialKey.Algorithm.Name);
        var members = subject.Credential.PublicKeyMembers;
        if (members[CoseKey.X] is not ReadOnlyMemory<byte> x || members[CoseKey.Y] is not ReadOnlyMemory<byte> y)
            return RefusalReason.CredentialKeyNotAccepted;

        // Step 5: what a U2F token signs (FIDO U2F Raw Message Formats §4.3).
        byte[] verificationData =
        [
            0x00,
            .. subject.Object.AuthenticatorData.RpIdHash.Span,
            .. subject.ClientDataHash.Span,
            .. subject.Credential.CredentialId.Span,
            0x04,
            .. x.Span,
            .. y.Span,
        ];
        // Step 6: ECDSA with SHA-256, by the key of the certificate.
        if (!leaf.Key.Verifies(verificationData, signature.Span, CoseAlgorithm.Es256.Scheme)) return RefusalReason.AttestationSignatureInvalid;

        // Not in §8.6: a certificate that names a model vouches for no other. U2F itself knows no models: authenticator data made from a
        // U2F answer has zeros there, also when the batch certificate serves FIDO2 as well and names the model.
        if (subject.Credential.Aaguid != Guid.Empty && leaf.Aaguid is { } aaguid && aaguid != subject.Credential.Aaguid)
            return new Refusal(RefusalReason.CertificateAaguidMismatch, $"{aaguid}");
        // Steps 7 and 8: Basic or AttCA is for the one to say who knows the root.
        return new AttestationFinding(subject.Object.Format, AttestationType.Certified, chain.Certificates);
    }

    private static Refusal Invalid(string detail) => new(RefusalReason.AttestationStatementInvalid, detail);
}
