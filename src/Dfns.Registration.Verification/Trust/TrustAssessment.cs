using System.Formats.Asn1;
using System.Security.Cryptography;
using Dfns.Registration.Verification.Trust.Metadata;
using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Verification.Trust;

/// <summary>
/// Decides whether a statement that verifies is also trustworthy: WebAuthn L3 §7.1 steps 23 and 24, and the use of metadata (FIDO MDS 3
/// §3.2). For a compound statement its strongest type decides what is asked; all its statements with certificates must then be trusted.
/// </summary>
internal static class TrustAssessment
{
    /// <summary>Assesses a finding.</summary>
    /// <param name="finding">What the statement proves by itself.</param>
    /// <param name="aaguid">The model that authenticator data names.</param>
    /// <param name="trust">The policy.</param>
    /// <param name="now">The moment of verification, UTC.</param>
    /// <returns>
    /// The verdict, or <see cref="RefusalReason.AttestationNoneNotAccepted"/>, <see cref="RefusalReason.AttestationSelfNotAccepted"/>,
    /// <see cref="RefusalReason.AaguidDenied"/>, <see cref="RefusalReason.AaguidNotAttested"/>, <see cref="RefusalReason.AaguidNotAllowed"/>,
    /// <see cref="RefusalReason.AuthenticatorStatusNotAccepted"/>, or what <see cref="CertificatePath"/> refuses.
    /// </returns>
    public static Outcome<AttestationVerdict> Assess(AttestationFinding finding, Guid aaguid, AttestationTrust trust, DateTimeOffset now)
    {
        // A model that is refused, be it only claimed.
        if (trust.DeniedAaguids.Contains(aaguid)) return new Refusal(RefusalReason.AaguidDenied, $"{aaguid}");
        if (RefuseStatus(trust.Metadata?.Find(aaguid), [], trust, now) is { } claimed) return claimed;

        // Step 24: whether the type is accepted.
        if (Decide(finding, aaguid, trust, now).Refused(out var why, out var verdict)) return why;

        // The list of models is about attested ones.
        if (trust.AllowedAaguids.Count == 0) return verdict;
        if (!verdict.AaguidAttested) return new Refusal(RefusalReason.AaguidNotAttested, $"{aaguid}");
        return trust.AllowedAaguids.Contains(aaguid) ? verdict : new Refusal(RefusalReason.AaguidNotAllowed, $"{aaguid}");
    }

    private static Outcome<AttestationVerdict> Decide(AttestationFinding finding, Guid aaguid, AttestationTrust trust, DateTimeOffset now)
    {
        switch (finding.Type)
        {
            case AttestationType.None:
                return trust.AcceptNone ? new AttestationVerdict(TrustVerdict.None) : RefusalReason.AttestationNoneNotAccepted;
            case AttestationType.Self:
                return trust.AcceptSelf ? new AttestationVerdict(TrustVerdict.Self) : RefusalReason.AttestationSelfNotAccepted;
        }

        if (!trust.AssessesPaths) return new AttestationVerdict(TrustVerdict.NotAssessed);
        if (finding.Parts.Count == 0) return FindRoot(finding, aaguid, trust, now);

        AttestationVerdict? whole = null;
        foreach (var part in finding.Parts.Where(part => part.Type == AttestationType.Certified))
        {
            if (FindRoot(part, aaguid, trust, now).Refused(out var why, out var verdict)) return why;
            whole = verdict with { AaguidAttested = verdict.AaguidAttested || whole is { AaguidAttested: true }, Root = whole?.Root ?? verdict.Root };
        }

        return whole!;
    }

    private static Outcome<AttestationVerdict> FindRoot(AttestationFinding finding, Guid aaguid, AttestationTrust trust, DateTimeOffset now)
    {
        if (finding.Certificates[0].Read().Refused(out var why, out var leaf)) return why;

        // Step 23: the trust anchors. Where metadata speaks of the model, no other model's roots will do.
        var entry = finding.Format == FidoU2fAttestation.Format
            ? trust.Metadata?.FindByKey(KeyIdentifier(leaf)) ?? trust.Metadata?.Find(leaf.Aaguid)
            : trust.Metadata?.Find(aaguid);
        var anchors = entry?.Roots ?? [.. (trust.Roots ?? []).Where(root => root.Format is null || root.Format == finding.Format).Select(root => root.Anchor)];

        // Step 24: the path.
        if (CertificatePath.Find(finding.Certificates, anchors, now).Refused(out why, out var root)) return why;
        if (RefuseStatus(entry, [.. finding.Certificates.Select(certificate => certificate.Encoded), root.Encoded], trust, now) is { } reported) return reported;
        return new AttestationVerdict(TrustVerdict.Trusted, IsModelAttested(finding.Format, leaf, aaguid, entry), root);
    }

    /// <summary>
    /// Whether a trusted statement vouches for the model, and not merely for the key. The certificate names it; or the root is one of those
    /// that metadata lists for it; or the format has the authenticator itself sign authenticator data (packed), or its maker (apple). A TPM or
    /// an Android device attests keys for whatever software asks, which writes authenticator data; and U2F does not sign the AAGUID at all.
    /// </summary>
    private static bool IsModelAttested(string format, AttestationCertificate leaf, Guid aaguid, MetadataEntry? entry)
    {
        if (aaguid == Guid.Empty) return false;
        if (leaf.Aaguid == aaguid || format is "packed" or "apple") return true;
        return entry is not null && entry.Aaguid == aaguid;
    }

    private static Refusal? RefuseStatus(
        MetadataEntry? entry, IReadOnlyList<ReadOnlyMemory<byte>> path, AttestationTrust trust, DateTimeOffset now)
    {
        foreach (var report in entry?.Statuses ?? [])
        {
            if (!trust.RefusedStatuses.Contains(report.Status, StringComparer.Ordinal) || report.EffectiveFrom > now) continue;
            // A report about one certificate is about the paths that it stands in.
            if (report.Certificate is { } certificate && !path.Any(der => CertificateSignature.IsOfSameContent(der, certificate))) continue;
            return new Refusal(RefusalReason.AuthenticatorStatusNotAccepted, report.Status);
        }

        return null;
    }

    // RFC 5280 §4.2.1.2, method 1: SHA-1 of the content of the key's bit string. It names a certificate and proves nothing.
    private static string KeyIdentifier(AttestationCertificate leaf)
    {
        var key = new AsnReader(leaf.Key.ExportSubjectPublicKeyInfo(), AsnEncodingRules.DER).ReadSequence();
        key.ReadEncodedValue();
        return Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.SHA1, key.ReadBitString(out _)));
    }
}
