using System.Buffers.Binary;
using System.Security.Cryptography;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>Format <c>tpm</c> (WebAuthn L3 §8.3): a TPM 2.0 certifies that the credential key is one of its objects.</summary>
internal static class TpmAttestation
{
    /// <summary>Follows the verification procedure of §8.3.</summary>
    /// <returns>
    /// Attestation type Certified, or <see cref="RefusalReason.AttestationStatementInvalid"/>,
    /// <see cref="RefusalReason.TpmVersionNotAccepted"/>, <see cref="RefusalReason.AttestationAlgorithmNotSupported"/>,
    /// <see cref="RefusalReason.AttestationAlgorithmMismatch"/>, <see cref="RefusalReason.AttestationSignatureInvalid"/>, one of the
    /// reasons that begin with Tpm, or one of those that begin with Certificate.
    /// </returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject)
    {
        // The statement is a map of ver, alg, x5c, sig, certInfo and pubArea.
        if (subject.Object.Statement is not CborMap statement || !statement.HasExactly("ver", "alg", "x5c", "sig", "certInfo", "pubArea"))
            return Invalid("members are ver, alg, x5c, sig, certInfo, pubArea");
        if (statement["ver"] is not string version) return Invalid("ver");
        if (version != "2.0") return new Refusal(RefusalReason.TpmVersionNotAccepted, version);
        if (statement["alg"] is not long number) return Invalid("alg");
        if (statement["sig"] is not ReadOnlyMemory<byte> signature) return Invalid("sig");
        if (statement["certInfo"] is not ReadOnlyMemory<byte> certInfo) return Invalid("certInfo");
        if (statement["pubArea"] is not ReadOnlyMemory<byte> pubArea) return Invalid("pubArea");
        var allowSha1 = subject.Expected.AllowRs1InTpm;
        if (CoseAlgorithm.FindForTpm(number, allowSha1) is not { } algorithm)
            return new Refusal(RefusalReason.AttestationAlgorithmNotSupported, $"{number}");

        // The key that pubArea describes is the credential key.
        if (TpmPublicArea.Read(pubArea).Refused(out var why, out var publicArea)) return why;
        if (!publicArea.Describes(subject.CredentialKey.Algorithm, subject.Credential.PublicKeyMembers))
            return RefusalReason.TpmPublicKeyMismatch;

        // x5c is there; its first certificate meets the requirements of §8.3.1, and names the attested model if it names one.
        if (AttestationCertificate.ReadChain(statement["x5c"]!).Refused(out why, out var chain)) return why;
        var leaf = chain.Leaf;
        if (TpmCertificate.RefuseByRequirements(leaf) is { } unmet) return unmet;
        if (leaf.Aaguid is { } aaguid && aaguid != subject.Credential.Aaguid)
            return new Refusal(RefusalReason.CertificateAaguidMismatch, $"{aaguid}");

        // The signature is over certInfo, by the key of that certificate and the algorithm that the statement names.
        if (!algorithm.Fits(leaf.Key)) return new Refusal(RefusalReason.AttestationAlgorithmMismatch, algorithm.Name);
        if (!leaf.Key.Verifies(certInfo.Span, signature.Span, algorithm.Scheme)) return RefusalReason.AttestationSignatureInvalid;

        // certInfo was made by a TPM, in certifying an object (magic and type); over this ceremony (extraData, in the hash of alg); and
        // the object is the key that pubArea describes (attested).
        if (TpmCertifyInfo.Read(certInfo).Refused(out why, out var certified)) return why;
        var extraData = CryptographicOperations.HashData(algorithm.Scheme.Hash, subject.SignedBytes);
        if (!CryptographicOperations.FixedTimeEquals(certified.ExtraData.Span, extraData)) return RefusalReason.TpmExtraDataMismatch;
        if (TpmAlgorithm.Hash(publicArea.NameAlgorithm) is not { } nameHash || (nameHash == HashAlgorithmName.SHA1 && !allowSha1))
            return new Refusal(RefusalReason.TpmAlgorithmNotSupported, $"nameAlg 0x{publicArea.NameAlgorithm:X4}");
        if (!certified.Name.Span.SequenceEqual(NameOf(pubArea, publicArea.NameAlgorithm, nameHash))) return RefusalReason.TpmNameMismatch;

        // Attestation type AttCA, if the root is known.
        return new AttestationFinding(subject.Object.Format, AttestationType.Certified, chain.Certificates);
    }

    // TPM 2.0 Part 1 §16: the algorithm's number, and the hash of the public area by it.
    private static byte[] NameOf(ReadOnlyMemory<byte> pubArea, ushort nameAlgorithm, HashAlgorithmName hash)
    {
        var number = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(number, nameAlgorithm);
        return [.. number, .. CryptographicOperations.HashData(hash, pubArea.Span)];
    }

    private static Refusal Invalid(string detail) => new(RefusalReason.AttestationStatementInvalid, detail);
}
