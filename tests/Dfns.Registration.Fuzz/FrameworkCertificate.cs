using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfns.Registration.Verification.WebAuthn.Attestation;

namespace Dfns.Registration.Fuzz;

/// <summary>The framework's certificate loader as a second opinion: what is a certificate here is one there, and says the same.</summary>
internal static class FrameworkCertificate
{
    /// <summary>Compares.</summary>
    /// <returns>Null when both say the same; otherwise what they differ in.</returns>
    public static string? Contradicts(byte[] der, X509Structure read)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            if (!certificate.RawData.AsSpan().SequenceEqual(der)) return "its bytes";
            if (certificate.Version != read.Version) return "version";
            if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(read.Issuer.Span)) return "issuer";
            if (!certificate.SubjectName.RawData.AsSpan().SequenceEqual(read.Subject.Span)) return "subject";
            if (certificate.Extensions.Count != read.Extensions.Count) return "number of extensions";
            foreach (var (theirs, ours) in certificate.Extensions.Zip(read.Extensions))
            {
                if (theirs.Oid!.Value != ours.Key || theirs.Critical != ours.Value.IsCritical) return $"extension {ours.Key}";
                if (!theirs.RawData.AsSpan().SequenceEqual(ours.Value.Value.Span)) return $"value of extension {ours.Key}";
            }

            return ContradictsFacts(certificate, der);
        }
        catch (CryptographicException e)
        {
            return e.Message;
        }
    }

    private static string? ContradictsFacts(X509Certificate2 certificate, byte[] der)
    {
        if (AttestationCertificate.Read(der).Refused(out _, out var facts)) return null;
        if (!facts.Key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo())) return "key";
        if (facts.NotBefore != new DateTimeOffset(certificate.NotBefore) || facts.NotAfter != new DateTimeOffset(certificate.NotAfter)) return "validity";
        var constraints = certificate.Extensions.OfType<X509BasicConstraintsExtension>().SingleOrDefault(extension => extension.Oid!.Value == "2.5.29.19");
        if (facts.IsAuthority != constraints?.CertificateAuthority) return "authority";
        if (facts.MaxAuthoritiesBelow != (constraints is { HasPathLengthConstraint: true } ? constraints.PathLengthConstraint : null)) return "path length";
        var usage = certificate.Extensions.OfType<X509KeyUsageExtension>().SingleOrDefault();
        return facts.SignsCertificates == usage?.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign) ? null : "key usage";
    }
}
