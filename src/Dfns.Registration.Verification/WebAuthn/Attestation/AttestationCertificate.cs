using System.Formats.Asn1;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>An extension of a certificate (RFC 5280 §4.2).</summary>
/// <param name="IsCritical">Whether it is marked critical.</param>
/// <param name="Value">The content of its octet string, not decoded.</param>
internal sealed record AttestationCertificateExtension(bool IsCritical, ReadOnlyMemory<byte> Value);

/// <summary>The certificates of a statement, and the first of them, read.</summary>
/// <param name="Leaf">The attestation certificate.</param>
/// <param name="Certificates">All certificates as received, leaf first; all of them have the form of one.</param>
internal sealed record AttestationCertificateChain(AttestationCertificate Leaf, IReadOnlyList<ReceivedCertificate> Certificates);

/// <summary>
/// The facts of an X.509 attestation certificate (RFC 5280) that the formats' rules are about. Reading a certificate judges nothing
/// but its form; <see cref="Trust.CertificatePath"/> decides whom it leads to. Nothing is ever fetched: neither issuers nor revocation lists.
/// </summary>
internal sealed record AttestationCertificate
{
    private const string AlternativeNameOid = "2.5.29.17";

    // id-fido-gen-ce-aaguid (WebAuthn L3 §8.2.1).
    public const string AaguidOid = "1.3.6.1.4.1.45724.1.1.4";
    private const int AaguidSizeBytes = 16;

    /// <summary>The whole certificate as received, DER.</summary>
    public required ReadOnlyMemory<byte> Encoded { get; init; }

    /// <summary>Its fields; names are compared by their bytes.</summary>
    public required X509Structure Structure { get; init; }

    /// <summary>How many further authorities may stand below this one (basic constraints); null without a limit.</summary>
    public required int? MaxAuthoritiesBelow { get; init; }

    /// <summary>Whether the key usage allows to sign certificates; null without that extension.</summary>
    public required bool? SignsCertificates { get; init; }

    /// <summary>The subject; null when an attribute of the four is missing, occurs twice, or is no text.</summary>
    public required AttestationCertificateSubject? Subject { get; init; }

    /// <summary>The CA component of basic constraints; null without that extension.</summary>
    public required bool? IsAuthority { get; init; }

    /// <summary>The model that the AAGUID extension names; null without that extension.</summary>
    public required Guid? Aaguid { get; init; }

    /// <summary>The X.509 version: 3 for one with extensions.</summary>
    public int Version => Structure.Version;

    /// <summary>Whether the subject is the empty sequence.</summary>
    public bool SubjectIsEmpty => Structure.SubjectAttributes is [];

    /// <summary>Whether issuer and subject are one.</summary>
    public bool IsSelfIssued => Structure.Subject.Span.SequenceEqual(Structure.Issuer.Span);

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

        var certificates = new List<ReceivedCertificate>(items.Count);
        foreach (var item in items)
        {
            if (item is not ReadOnlyMemory<byte> der) return new Refusal(RefusalReason.AttestationStatementInvalid, "x5c");
            var certificate = new ReceivedCertificate(der);
            if (certificate.RefuseForm() is { } malformed) return malformed;
            certificates.Add(certificate);
        }

        return certificates[0].Read().Refused(out var why, out var leaf) ? why : new AttestationCertificateChain(leaf, certificates);
    }

    /// <summary>Reads one certificate.</summary>
    /// <param name="der">The DER encoding and nothing else.</param>
    /// <returns>
    /// The certificate, or <see cref="RefusalReason.CertificateTooLarge"/>, <see cref="RefusalReason.CertificateMalformed"/>,
    /// <see cref="RefusalReason.CertificateAaguidMalformed"/>, or what <see cref="SubjectPublicKeyInfo"/> refuses of its key.
    /// </returns>
    public static Outcome<AttestationCertificate> Read(ReadOnlyMemory<byte> der) => new ReceivedCertificate(der).Read();

    /// <summary>Reads what the fields of a certificate say.</summary>
    /// <param name="der">The certificate.</param>
    /// <param name="structure">Its fields.</param>
    /// <returns>
    /// The certificate, or <see cref="RefusalReason.CertificateMalformed"/>, <see cref="RefusalReason.CertificateAaguidMalformed"/>, or what
    /// <see cref="SubjectPublicKeyInfo"/> refuses of its key.
    /// </returns>
    public static Outcome<AttestationCertificate> ReadFacts(ReadOnlyMemory<byte> der, X509Structure structure)
    {
        var extensions = new Dictionary<string, AttestationCertificateExtension>(structure.Extensions.Count, StringComparer.Ordinal);
        foreach (var (oid, extension) in structure.Extensions)
            if (!extensions.TryAdd(oid, extension)) return RefusalReason.CertificateMalformed;

        if (ReadAaguid(extensions.GetValueOrDefault(AaguidOid)).Refused(out var why, out var aaguid)) return why;
        if (SubjectPublicKeyInfo.Read(structure.SubjectPublicKeyInfo).Refused(out why, out var key)) return why;
        try
        {
            var (notBefore, notAfter) = X509Time.ReadValidity(structure.Validity.Span);
            var constraints = X509Constraints.Read(extensions);
            return new AttestationCertificate
            {
                Encoded = der,
                Structure = structure,
                IsAuthority = constraints.IsAuthority,
                MaxAuthoritiesBelow = constraints.MaxAuthoritiesBelow,
                SignsCertificates = constraints.SignsCertificates,
                Subject = AttestationCertificateSubject.Read(structure.SubjectAttributes),
                Aaguid = aaguid.Value,
                Extensions = extensions,
                NotBefore = notBefore,
                NotAfter = notAfter,
                Key = key,
            };
        }
        catch (AsnContentException)
        {
            return RefusalReason.CertificateMalformed;
        }
    }

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

    private readonly record struct OptionalAaguid(Guid? Value);
}
