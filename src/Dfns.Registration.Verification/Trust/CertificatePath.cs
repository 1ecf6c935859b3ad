using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Verification.Trust;

/// <summary>
/// The path from an attestation certificate to a trust anchor (RFC 5280 §6, as far as WebAuthn L3 §7.1 step 24 needs it). The certificates
/// are taken in the order they came in, each certified by the next; an anchor may end the path after any of them. The framework's chain
/// builder is not used: it would look into the system's stores and caches, and takes no intermediate authority as an anchor.
/// Revocation lists are not consulted, since nothing is fetched; the status reports of metadata stand in for them.
/// </summary>
internal static class CertificatePath
{
    // Extensions that may be critical (RFC 5280 §4.2), since they are processed here or restrict nothing that is asked for: basic
    // constraints, key usage, alternative name, extended key usage, policies (any will do, §6.1.1 (c)). Name constraints are not processed.
    private static readonly string[] Processed = ["2.5.29.19", "2.5.29.15", "2.5.29.17", "2.5.29.37", "2.5.29.32"];

    /// <summary>Walks up from the leaf to the first anchor.</summary>
    /// <param name="certificates">The certificates as received, leaf first; each is read when the path comes to it.</param>
    /// <param name="anchors">What is trusted.</param>
    /// <param name="now">The moment at which every certificate of the path, the anchor's among them, must be valid, UTC.</param>
    /// <returns>
    /// The anchor, or <see cref="RefusalReason.CertificateOutsideValidity"/>, <see cref="RefusalReason.CertificatePathInvalid"/> or
    /// <see cref="RefusalReason.CertificatePathNotTrusted"/>.
    /// </returns>
    public static Outcome<TrustAnchor> Find(
        IReadOnlyList<ReceivedCertificate> certificates, IReadOnlyCollection<TrustAnchor> anchors, DateTimeOffset now)
    {
        var authoritiesPassed = 0;
        for (var index = 0; index < certificates.Count; index++)
        {
            if (certificates[index].Read().Refused(out var why, out var certificate)) return Invalid(index, $"{why.Reason}");

            // §6.1.3 (a)(2): valid now.
            if (!certificate.IsValidAt(now)) return new Refusal(RefusalReason.CertificateOutsideValidity, $"certificate {index}");
            // §6.1.4 (o), §6.1.5 (f): no critical extension that is not processed.
            if (certificate.Extensions.FirstOrDefault(e => e.Value.IsCritical && !Processed.Contains(e.Key)).Key is { } oid)
                return Invalid(index, $"critical extension {oid}");

            // The end: it is trusted itself, or by one that is.
            if (anchors.FirstOrDefault(anchor => anchor.Encoded.Span.SequenceEqual(certificate.Encoded.Span)) is { } itself) return itself;
            if (CertificateSignature.Read(certificate.Structure) is not { } signature) return Invalid(index, "signature algorithm");
            var issuers = anchors.Where(anchor => MayCertifyAsAnchor(anchor.Certificate, authoritiesPassed) && IsBy(certificate, signature, anchor.Certificate)).ToList();
            if (issuers.Find(anchor => anchor.Certificate.IsValidAt(now)) is { } root) return root;
            if (issuers is not []) return new Refusal(RefusalReason.CertificateOutsideValidity, "root");

            // Or one further: the next certifies this one, and may.
            if (index + 1 == certificates.Count) break;
            if (certificates[index + 1].Read().Refused(out why, out var next)) return Invalid(index + 1, $"{why.Reason}");
            if (!IsBy(certificate, signature, next)) return Invalid(index, "not issued by the next");
            if (!MayCertify(next, authoritiesPassed)) return Invalid(index + 1, "not an authority for this");
            // §6.1.4 (l): certificates that an authority issued to itself do not count against the length.
            if (!next.IsSelfIssued) authoritiesPassed++;
        }

        return RefusalReason.CertificatePathNotTrusted;
    }

    // §6.1.3 (a)(1) and (4).
    private static bool IsBy(AttestationCertificate certificate, CertificateSignature signature, AttestationCertificate issuer) =>
        certificate.Structure.Issuer.Span.SequenceEqual(issuer.Structure.Subject.Span) && signature.IsBy(issuer.Key);

    // §6.1.4 (k), (m) and (n). Certificates before version 3 cannot say that they are an authority's, and so are none.
    private static bool MayCertify(AttestationCertificate issuer, int authoritiesBelow) =>
        issuer.IsAuthority is true
        && issuer.SignsCertificates is not false
        && (issuer.MaxAuthoritiesBelow is null || authoritiesBelow <= issuer.MaxAuthoritiesBelow);

    // §6.1.1 (d) takes a name and a key from an anchor, and asks nothing. Here it must be an authority as well, for attestation certificates
    // may be anchors too, and certify nobody. The roots of some makers say so otherwise than by basic constraints: they issued themselves,
    // and are of version 1, which knows no extensions, or say that their key signs certificates, which no attestation certificate may.
    private static bool MayCertifyAsAnchor(AttestationCertificate anchor, int authoritiesBelow) =>
        MayCertify(anchor, authoritiesBelow)
        || (anchor.IsAuthority is not true
            && anchor.IsSelfIssued
            && (anchor is { Version: 1, Extensions.Count: 0 } || anchor.SignsCertificates is true));

    private static Refusal Invalid(int index, string detail) => new(RefusalReason.CertificatePathInvalid, $"certificate {index}: {detail}");
}
