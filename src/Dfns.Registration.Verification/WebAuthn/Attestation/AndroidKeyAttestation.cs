using System.Security.Cryptography;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// Format <c>android-key</c> (WebAuthn L3 §8.4): the credential key has a certificate of its own, in which Android says how it is kept.
/// </summary>
internal static class AndroidKeyAttestation
{
    // KM_ORIGIN_GENERATED and KM_PURPOSE_SIGN of the Keymaster constants.
    private const int Generated = 0;
    private const int Sign = 2;

    /// <summary>Follows the verification procedure of §8.4.</summary>
    /// <returns>
    /// Attestation type Certified, or <see cref="RefusalReason.AttestationStatementInvalid"/>,
    /// <see cref="RefusalReason.AttestationAlgorithmNotSupported"/>, <see cref="RefusalReason.AttestationAlgorithmMismatch"/>,
    /// <see cref="RefusalReason.AttestationSignatureInvalid"/>, <see cref="RefusalReason.CertificateKeyMismatch"/>, one of the reasons
    /// that begin with Android, or what <see cref="AttestationCertificate"/> refuses.
    /// </returns>
    public static Outcome<AttestationFinding> Verify(AttestationSubject subject)
    {
        // The statement is a map of alg, sig and x5c.
        if (subject.Object.Statement is not CborMap statement || !statement.HasExactly("alg", "sig", "x5c"))
            return Invalid("members are alg, sig, x5c");
        if (statement["alg"] is not long number) return Invalid("alg");
        if (statement["sig"] is not ReadOnlyMemory<byte> signature) return Invalid("sig");
        if (CoseAlgorithm.Find(number) is not { } algorithm)
            return new Refusal(RefusalReason.AttestationAlgorithmNotSupported, $"{number}");
        if (AttestationCertificate.ReadChain(statement["x5c"]!).Refused(out var why, out var chain)) return why;
        var leaf = chain.Leaf;

        // Signed with the key of the leaf, by the algorithm that the statement names.
        if (!algorithm.Fits(leaf.Key)) return new Refusal(RefusalReason.AttestationAlgorithmMismatch, algorithm.Name);
        if (!leaf.Key.Verifies(subject.SignedBytes, signature.Span, algorithm.Scheme)) return RefusalReason.AttestationSignatureInvalid;
        // The key of the leaf is the credential key.
        if (!leaf.Certifies(subject.CredentialKey.Key)) return RefusalReason.CertificateKeyMismatch;

        // What the leaf's extension says of the key (§8.4.1).
        if (leaf.Extension(AndroidKeyDescription.Oid) is not { } extension) return RefusalReason.AndroidKeyDescriptionMissing;
        if (AndroidKeyDescription.Read(extension.Value).Refused(out why, out var description)) return why;
        if (!CryptographicOperations.FixedTimeEquals(description.Challenge.Span, subject.ClientDataHash.Span))
            return RefusalReason.AndroidChallengeMismatch;
        if (RefuseAuthorizations(description, subject.Expected.RequireTee) is { } unauthorized) return unauthorized;

        // Not in §8.4: a certificate that names a model vouches for no other.
        if (leaf.Aaguid is { } aaguid && aaguid != subject.Credential.Aaguid)
            return new Refusal(RefusalReason.CertificateAaguidMismatch, $"{aaguid}");

        // Attestation type Basic, if the root is known.
        return new AttestationFinding(subject.Object.Format, AttestationType.Certified, chain.Certificates);
    }

    private static RefusalReason? RefuseAuthorizations(AndroidKeyDescription description, bool requireTee)
    {
        var (software, tee) = (description.SoftwareEnforced, description.TeeEnforced);
        // Bound to one relying party, by either list.
        if (software.AllApplications || tee.AllApplications) return RefusalReason.AndroidAllApplications;

        // The attestation of the specification's own test vectors (§16) has two empty lists, and is to be accepted. Lists that speak at
        // all, or of which the hardware's is asked for, must say both things.
        if (!requireTee && software.IsEmpty && tee.IsEmpty) return null;

        // From the hardware's list alone where only keys kept by hardware are accepted, else from both: made there, and for signing only.
        AndroidAuthorizations[] lists = requireTee ? [tee] : [tee, software];
        var origins = lists.Where(list => list.Origin is not null).Select(list => list.Origin!.Value).ToList();
        if (origins is [] || origins.Exists(origin => origin != Generated)) return RefusalReason.AndroidOriginNotGenerated;
        var purposes = lists.SelectMany(list => list.Purposes).ToList();
        if (purposes is [] || purposes.Exists(purpose => purpose != Sign)) return RefusalReason.AndroidPurposeNotSign;
        return null;
    }

    private static Refusal Invalid(string detail) => new(RefusalReason.AttestationStatementInvalid, detail);
}
