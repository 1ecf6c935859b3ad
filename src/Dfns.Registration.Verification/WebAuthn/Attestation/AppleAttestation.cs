using System.Formats.Asn1;
using System.Security.Cryptography;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// Format <c>apple</c> (WebAuthn L3 §8.8): Apple's anonymisation authority certifies the credential key, and a nonce in the certificate
/// ties it to the ceremony. There is no signature but the certificate's own.
/// </summary>
internal static class AppleAttestation
{
    private const string NonceOid = "1.2.840.113635.100.8.2";

    /// <summary>Follows the verification procedure of §8.8.</summary>
    /// <returns>
    /// Attestation type Certified, or <see cref="RefusalReason.AttestationStatementInvalid"/>,
    /// <see cref="RefusalReason.AttestationAlgorithmMismatch"/>, <see cref="RefusalReason.AppleNonceMalformed"/>,
    /// <see cref="RefusalReason.AppleNonceMismatch"/>, <see cref="RefusalReason.CertificateKeyMismatch"/>, or what
    /// <see cref="AttestationCertificate"/> refuses.
    /// </returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject)
    {
        // Step 1: the statement is a map of x5c. Some devices add alg, the credential key's own; nothing is signed by it.
        if (subject.Object.Statement is not CborMap statement || !(statement.HasExactly("x5c") || statement.HasExactly("alg", "x5c")))
            return Invalid("members are x5c, and perhaps alg");
        if (statement["alg"] is { } alg)
        {
            if (alg is not long number) return Invalid("alg");
            if (number != subject.CredentialKey.Algorithm.Number) return new Refusal(RefusalReason.AttestationAlgorithmMismatch, $"{number}");
        }

        if (AttestationCertificate.ReadChain(statement["x5c"]!).Refused(out var why, out var chain)) return why;
        var leaf = chain.Leaf;

        // Steps 2 and 3: the nonce is a hash of authenticator data and client data hash.
        var nonce = SHA256.HashData(subject.SignedBytes);
        // Step 4: the certificate was made for it.
        if (ReadNonce(leaf.Extension(NonceOid)) is not { } certified) return RefusalReason.AppleNonceMalformed;
        if (!CryptographicOperations.FixedTimeEquals(certified, nonce)) return RefusalReason.AppleNonceMismatch;
        // Step 5: and for the credential key.
        if (!leaf.Certifies(subject.CredentialKey.Key)) return RefusalReason.CertificateKeyMismatch;

        // Not in §8.8: a certificate that names a model vouches for no other.
        if (leaf.Aaguid is { } aaguid && aaguid != subject.Credential.Aaguid)
            return new Refusal(RefusalReason.CertificateAaguidMismatch, $"{aaguid}");

        // Step 6: Anonymization CA, if the root is known to be Apple's.
        return new AttestationFinding(subject.Object.Format, AttestationType.Certified, chain.Certificates);
    }

    // A sequence of one octet string, explicitly tagged 1; null for anything else.
    private static byte[]? ReadNonce(AttestationCertificateExtension? extension)
    {
        if (extension is null) return null;
        try
        {
            var outer = new AsnReader(extension.Value, AsnEncodingRules.DER);
            var sequence = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var field = sequence.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 1));
            sequence.ThrowIfNotEmpty();
            var nonce = field.ReadOctetString();
            field.ThrowIfNotEmpty();
            return nonce;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static Refusal Invalid(string detail) => new(RefusalReason.AttestationStatementInvalid, detail);
}
