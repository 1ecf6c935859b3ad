using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Keys;
using PublicKey = Dfns.Registration.Verification.Keys.PublicKey;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>The subject attributes that WebAuthn L3 §8.2.1 asks for.</summary>
internal sealed record AttestationCertificateSubject(string Country, string Organisation, string OrganisationalUnit, string CommonName);

/// <summary>An extension of a certificate (RFC 5280 §4.2).</summary>
/// <param name="IsCritical">Whether it is marked critical.</param>
/// <param name="Value">The content of its octet string, not decoded.</param>
internal sealed record AttestationCertificateExtension(bool IsCritical, ReadOnlyMemory<byte> Value);

/// <summary>The certificates of a statement, and the first of them, read.</summary>
/// <param name="Leaf">The attestation certificate.</param>
/// <param name="Certificates">All certificates as received, leaf first.</param>
internal sealed record AttestationCertificateChain(AttestationCertificate Leaf, IReadOnlyList<ReadOnlyMemory<byte>> Certificates);

/// <summary>
/// The facts of an X.509 attestation certificate (RFC 5280) that the formats' rules are about. Reading a certificate judges nothing
/// but its form; <see cref="Trust.CertificatePath"/> decides whom it leads to. Nothing is ever fetched: neither issuers nor revocation lists.
/// </summary>
internal sealed record AttestationCertificate
{
    private const string CountryOid = "2.5.4.6";
    private const string OrganisationOid = "2.5.4.10";
    private const string OrganisationalUnitOid = "2.5.4.11";
    private const string CommonNameOid = "2.5.4.3";
    private const string AlternativeNameOid = "2.5.29.17";

    // id-fido-gen-ce-aaguid (WebAuthn L3 §8.2.1).
    public const string AaguidOid = "1.3.6.1.4.1.45724.1.1.4";
    private const int AaguidSizeBytes = 16;

    /// <summary>The whole certificate as received, DER.</summary>
    public required ReadOnlyMemory<byte> Encoded { get; init; }

    /// <summary>The subject's distinguished name, DER; names are compared by these bytes.</summary>
    public required ReadOnlyMemory<byte> SubjectName { get; init; }

    /// <summary>The issuer's distinguished name, DER.</summary>
    public required ReadOnlyMemory<byte> IssuerName { get; init; }

    /// <summary>How many further authorities may stand below this one (basic constraints); null without a limit.</summary>
    public required int? MaxAuthoritiesBelow { get; init; }

    /// <summary>The key usage; null without that extension.</summary>
    public required X509KeyUsageFlags? KeyUsage { get; init; }

    /// <summary>The X.509 version: 3 for one with extensions.</summary>
    public required int Version { get; init; }

    /// <summary>The subject; null when an attribute of the four is missing, occurs twice, or is no text.</summary>
    public required AttestationCertificateSubject? Subject { get; init; }

    /// <summary>Whether the subject is the empty sequence.</summary>
    public required bool SubjectIsEmpty { get; init; }

    /// <summary>The CA component of basic constraints; null without that extension.</summary>
    public required bool? IsAuthority { get; init; }

    /// <summary>The model that the AAGUID extension names; null without that extension.</summary>
    public required Guid? Aaguid { get; init; }

    /// <summary>All extensions, by object identifier.</summary>
    public required IReadOnlyDictionary<string, AttestationCertificateExtension> Extensions { get; init; }

    /// <summary>The first moment of validity, inclusive.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>The last moment of validity, inclusive.</summary>
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>The subject's public key.</summary>
    public required PublicKey Key { get; init; }

    /// <summary>Reads the member <c>x5c</c> of a statement: the attestation certificate, then its issuers.</summary>
    /// <param name="x5c">The decoded CBOR value.</param>
    /// <returns>
    /// The chain, or <see cref="RefusalReason.AttestationStatementInvalid"/>, <see cref="RefusalReason.CertificateChainTooLong"/>,
    /// <see cref="RefusalReason.CertificateTooLarge"/>, <see cref="RefusalReason.CertificateMalformed"/>,
    /// <see cref="RefusalReason.CertificateAaguidMalformed"/>, or what <see cref="SubjectPublicKeyInfo"/> refuses of the leaf's key.
    /// </returns>
    public static Outcome<AttestationCertificateChain> ReadChain(object x5c)
    {
        if (x5c is not IReadOnlyList<object> { Count: > 0 } items) return new Refusal(RefusalReason.AttestationStatementInvalid, "x5c");
        if (items.Count > VerificationLimits.MaxCertificates) return RefusalReason.CertificateChainTooLong;

        var certificates = new List<ReadOnlyMemory<byte>>(items.Count);
        foreach (var item in items)
        {
            if (item is not ReadOnlyMemory<byte> der) return new Refusal(RefusalReason.AttestationStatementInvalid, "x5c");
            if (RefuseForm(der) is { } malformed) return malformed;
            certificates.Add(der);
        }

        return ReadFacts(certificates[0]).Refused(out var why, out var leaf) ? why : new AttestationCertificateChain(leaf, certificates);
    }

    /// <summary>Reads one certificate.</summary>
    /// <param name="der">The DER encoding and nothing else.</param>
    /// <returns>
    /// The certificate, or <see cref="RefusalReason.CertificateTooLarge"/>, <see cref="RefusalReason.CertificateMalformed"/>,
    /// <see cref="RefusalReason.CertificateAaguidMalformed"/>, or what <see cref="SubjectPublicKeyInfo"/> refuses of its key.
    /// </returns>
    public static Outcome<AttestationCertificate> Read(ReadOnlyMemory<byte> der) => RefuseForm(der) is { } malformed ? malformed : ReadFacts(der);

    /// <summary>The extension of an object identifier; null without it.</summary>
    public AttestationCertificateExtension? Extension(string oid) => Extensions.GetValueOrDefault(oid);

    /// <summary>Whether a moment lies within the validity; both ends count.</summary>
    public bool IsValidAt(DateTimeOffset moment) => moment >= NotBefore && moment <= NotAfter;

    /// <summary>Whether the certified key is this one: equal keys have equal encodings.</summary>
    public bool Certifies(PublicKey key) => Key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo());

    /// <summary>Whether a host is among the DNS names of the certificate (RFC 5280 §4.2.1.6: [2], IA5String); wildcards are not expanded.</summary>
    public bool IsForHost(string host)
    {
        if (Extension(AlternativeNameOid) is not { } extension) return false;
        try
        {
            var outer = new AsnReader(extension.Value, AsnEncodingRules.DER);
            var names = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var dnsName = new Asn1Tag(TagClass.ContextSpecific, 2);
            var isForHost = false;
            while (names.HasData)
            {
                if (names.PeekTag() != dnsName) names.ReadEncodedValue();
                else isForHost |= string.Equals(names.ReadCharacterString(UniversalTagNumber.IA5String, dnsName), host, StringComparison.OrdinalIgnoreCase);
            }

            return isForHost;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static RefusalReason? RefuseForm(ReadOnlyMemory<byte> der)
    {
        if (der.Length > VerificationLimits.MaxCertificateSizeBytes) return RefusalReason.CertificateTooLarge;
        return DerStructure.IsDistinguished(der) && IsCertificate(der.Span) ? null : RefusalReason.CertificateMalformed;
    }

    private static bool IsCertificate(ReadOnlySpan<byte> der)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            // The loader takes PEM as well, and DER with more behind it.
            return certificate.RawDataMemory.Span.SequenceEqual(der);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static Outcome<AttestationCertificate> ReadFacts(ReadOnlyMemory<byte> der)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der.Span);
            var extensions = new Dictionary<string, AttestationCertificateExtension>(StringComparer.Ordinal);
            foreach (var extension in certificate.Extensions)
                if (!extensions.TryAdd(extension.Oid!.Value!, new(extension.Critical, extension.RawData))) return RefusalReason.CertificateMalformed;

            if (ReadAaguid(extensions.GetValueOrDefault(AaguidOid)).Refused(out var why, out var aaguid)) return why;
            if (SubjectPublicKeyInfo.Read(certificate.PublicKey.ExportSubjectPublicKeyInfo()).Refused(out why, out var key)) return why;

            var constraints = certificate.Extensions.OfType<X509BasicConstraintsExtension>().SingleOrDefault();
            return new AttestationCertificate
            {
                Encoded = der,
                SubjectName = certificate.SubjectName.RawData,
                IssuerName = certificate.IssuerName.RawData,
                MaxAuthoritiesBelow = constraints is { HasPathLengthConstraint: true } ? constraints.PathLengthConstraint : null,
                KeyUsage = certificate.Extensions.OfType<X509KeyUsageExtension>().SingleOrDefault()?.KeyUsages,
                Version = certificate.Version,
                Subject = ReadSubject(certificate.SubjectName),
                // An empty sequence has no content.
                SubjectIsEmpty = certificate.SubjectName.RawData is [0x30, 0x00],
                IsAuthority = constraints?.CertificateAuthority,
                Aaguid = aaguid.Value,
                Extensions = extensions,
                // The framework gives local time, and says so in Kind.
                NotBefore = new DateTimeOffset(certificate.NotBefore),
                NotAfter = new DateTimeOffset(certificate.NotAfter),
                Key = key,
            };
        }
        catch (CryptographicException)
        {
            return RefusalReason.CertificateMalformed;
        }
    }

    // The extension's own octet string holds a second one, and that the AAGUID (§8.2.1).
    private static Outcome<OptionalAaguid> ReadAaguid(AttestationCertificateExtension? extension)
    {
        if (extension is null) return new OptionalAaguid(null);
        try
        {
            var aaguid = AsnDecoder.ReadOctetString(extension.Value.Span, AsnEncodingRules.DER, out var consumed);
            return aaguid.Length == AaguidSizeBytes && consumed == extension.Value.Length
                ? new OptionalAaguid(new Guid(aaguid, bigEndian: true))
                : RefusalReason.CertificateAaguidMalformed;
        }
        catch (AsnContentException)
        {
            return RefusalReason.CertificateAaguidMalformed;
        }
    }

    private static AttestationCertificateSubject? ReadSubject(X500DistinguishedName name)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var relativeName in name.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (relativeName.HasMultipleElements || relativeName.GetSingleElementType().Value is not { } type) continue;
            if (type is not (CountryOid or OrganisationOid or OrganisationalUnitOid or CommonNameOid)) continue;
            if (relativeName.GetSingleElementValue() is not { } value || !attributes.TryAdd(type, value)) return null;
        }

        return attributes.Count == 4
            ? new(attributes[CountryOid], attributes[OrganisationOid], attributes[OrganisationalUnitOid], attributes[CommonNameOid])
            : null;
    }

    private readonly record struct OptionalAaguid(Guid? Value);
}
