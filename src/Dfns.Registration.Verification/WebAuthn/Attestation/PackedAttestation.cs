using System.Formats.Asn1;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>Format <c>packed</c> (WebAuthn L3 §8.2): signed by the credential key itself, or by a key with certificates.</summary>
internal static class PackedAttestation
{
    // id-fido-gen-ce-fw-version, id-fido-gen-ce-sernum.
    private const string FirmwareVersionOid = "1.3.6.1.4.1.45724.1.1.5";
    private const string SerialNumberOid = "1.3.6.1.4.1.45724.1.1.2";

    /// <summary>Follows the verification procedure of §8.2.</summary>
    /// <returns>
    /// Attestation type Self or Certified, or <see cref="RefusalReason.AttestationStatementInvalid"/>,
    /// <see cref="RefusalReason.AttestationAlgorithmNotSupported"/>, <see cref="RefusalReason.AttestationAlgorithmMismatch"/>,
    /// <see cref="RefusalReason.AttestationSignatureInvalid"/>, or one of the reasons that begin with Certificate.
    /// </returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject)
    {
        // Step 1: the statement is a map of alg and sig, with x5c or without it, and of nothing else.
        if (subject.Object.Statement is not CborMap statement) return Invalid("not a map");
        if (statement["alg"] is not long number) return Invalid("alg");
        if (statement["sig"] is not ReadOnlyMemory<byte> signature) return Invalid("sig");
        var certificates = statement["x5c"];
        if (statement.Count != (certificates is null ? 2 : 3)) return Invalid("a member the format does not have");
        if (CoseAlgorithm.Find(number) is not { } algorithm)
            return new Refusal(RefusalReason.AttestationAlgorithmNotSupported, $"{number}");

        return certificates is null
            ? VerifySelf(subject, algorithm, signature)
            : VerifyCertified(subject, algorithm, signature, certificates);
    }

    private static Outcome<AttestationFinding> VerifySelf(
        AttestationSubject subject, CoseAlgorithm algorithm, ReadOnlyMemory<byte> signature)
    {
        // Step 3: the same algorithm as the credential key's, and signed with that key.
        var credentialKey = subject.CredentialKey;
        if (algorithm != credentialKey.Algorithm) return new Refusal(RefusalReason.AttestationAlgorithmMismatch, algorithm.Name);
        if (!credentialKey.Key.Verifies(subject.SignedBytes, signature.Span, algorithm.Scheme))
            return RefusalReason.AttestationSignatureInvalid;

        return new AttestationFinding(subject.Object.Format, AttestationType.Self, []);
    }

    private static Outcome<AttestationFinding> VerifyCertified(
        AttestationSubject subject, CoseAlgorithm algorithm, ReadOnlyMemory<byte> signature, object x5c)
    {
        if (AttestationCertificate.ReadChain(x5c).Refused(out var why, out var chain)) return why;
        var leaf = chain.Leaf;

        // Step 2: signed with the key of the leaf certificate, by the algorithm that the statement names.
        if (!algorithm.Fits(leaf.Key)) return new Refusal(RefusalReason.AttestationAlgorithmMismatch, algorithm.Name);
        if (!leaf.Key.Verifies(subject.SignedBytes, signature.Span, algorithm.Scheme)) return RefusalReason.AttestationSignatureInvalid;

        // Step 2: the leaf meets the certificate requirements of §8.2.1, and names the attested model if it names one.
        if (RefuseByRequirements(leaf) is { } unmet) return unmet;
        if (leaf.Aaguid is { } aaguid && aaguid != subject.Credential.Aaguid)
            return new Refusal(RefusalReason.CertificateAaguidMismatch, $"{aaguid}");

        // Step 2: Basic or AttCA is for the one to say who knows the root; trust is a separate decision.
        return new AttestationFinding(subject.Object.Format, AttestationType.Certified, chain.Certificates);
    }

    private static RefusalReason? RefuseByRequirements(AttestationCertificate leaf)
    {
        // §8.2.1: version 3.
        if (leaf.Version != 3) return RefusalReason.CertificateVersionNotAccepted;
        // §8.2.1: C, a country of two letters; O and CN, any text; OU, this literal.
        if (leaf.Subject is not { Country: [_, _], Organisation: not "", CommonName: not "" } subject
            || subject.OrganisationalUnit != "Authenticator Attestation")
            return RefusalReason.CertificateSubjectNotAccepted;
        // §8.2.1: basic constraints with CA false.
        if (leaf.IsAuthority is not false) return RefusalReason.CertificateIsAuthority;
        // §8.2.1: the AAGUID extension, where there is one, is not critical.
        if (leaf.Extension(AttestationCertificate.AaguidOid) is { IsCritical: true }) return RefusalReason.CertificateAaguidCritical;
        // §8.2.1: nor is the firmware version, which is a number and not negative; §8.2.2: nor is the serial number of enterprise keys.
        if (leaf.Extension(FirmwareVersionOid) is { } firmware && (firmware.IsCritical || !IsNaturalNumber(firmware.Value.Span)))
            return RefusalReason.CertificateExtensionNotAccepted;
        return leaf.Extension(SerialNumberOid) is { IsCritical: true } ? RefusalReason.CertificateExtensionNotAccepted : null;
    }

    private static bool IsNaturalNumber(ReadOnlySpan<byte> der)
    {
        try
        {
            var number = AsnDecoder.ReadInteger(der, AsnEncodingRules.DER, out var consumed);
            return consumed == der.Length && number.Sign >= 0;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static Refusal Invalid(string detail) => new(RefusalReason.AttestationStatementInvalid, detail);
}
