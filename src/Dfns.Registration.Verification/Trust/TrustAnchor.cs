using System.Security.Cryptography;
using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Verification.Trust;

/// <summary>
/// A certificate that is trusted because an operator, or a metadata statement, says so: that of a root or intermediate authority, or an
/// attestation certificate itself (WebAuthn L3 §7.1 step 24). Read once, and kept as long as it is trusted.
/// </summary>
public sealed class TrustAnchor
{
    private const string CertificateLabel = "CERTIFICATE";
    private const string BlockBegins = "-----BEGIN";

    private TrustAnchor(AttestationCertificate certificate) => Certificate = certificate;

    /// <summary>The certificate, DER.</summary>
    public ReadOnlyMemory<byte> Encoded => Certificate.Encoded;

    /// <summary>SHA-256 of the certificate, in hexadecimal: the name by which people compare certificates.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoded.Span));

    internal AttestationCertificate Certificate { get; }

    /// <summary>Reads one certificate.</summary>
    /// <param name="der">The DER encoding and nothing else.</param>
    /// <returns>The anchor, or one of the reasons that begin with Certificate, or one about public keys.</returns>
    public static Outcome<TrustAnchor> Read(ReadOnlyMemory<byte> der) =>
        AttestationCertificate.Read(der).Refused(out var why, out var certificate) ? why : new TrustAnchor(certificate);

    /// <summary>Reads every certificate of a PEM text (RFC 7468 §5); text around the blocks is commentary, as such files have it.</summary>
    /// <param name="pem">One block or several, all of them certificates.</param>
    /// <returns>At least one anchor, or <see cref="RefusalReason.CertificateMalformed"/>, or what <see cref="Read"/> refuses.</returns>
    public static Outcome<IReadOnlyList<TrustAnchor>> ReadPem(string pem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        var anchors = new List<TrustAnchor>();
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var block))
        {
            // The framework passes over a block that it cannot read; a root that an operator names must not be missing unnoticed.
            if (rest[..block.Location.Start].Contains(BlockBegins, StringComparison.Ordinal)) return Unreadable;
            if (!rest[block.Label].SequenceEqual(CertificateLabel)) return new Refusal(RefusalReason.CertificateMalformed, rest[block.Label].ToString());
            var der = new byte[block.DecodedDataLength];
            if (!Convert.TryFromBase64Chars(rest[block.Base64Data], der, out _)) return RefusalReason.CertificateMalformed;
            if (Read(der).Refused(out var why, out var anchor)) return why;
            anchors.Add(anchor);
            rest = rest[block.Location.End..];
        }

        // What is left begins no block, or one that cannot be read.
        if (anchors.Count == 0 || rest.Contains(BlockBegins, StringComparison.Ordinal)) return Unreadable;
        return anchors;
    }

    private static Refusal Unreadable => new(RefusalReason.CertificateMalformed, "no PEM certificate");
}
